"""Text as reports write it: foreign text made harmless, amounts and times in words, and colour.

Texts that come from a host may hold anything: escape sequences, line breaks that fake a line of the report, a megabyte
in one line. Whatever a report prints goes through a `Pen`, which masks secrets first (one that was cut in the middle
would not be recognised any more), then makes the rest visible, then shortens it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_MOST_LINES = 200
_WHOLE = 20_000


class Colour(StrEnum):
    """The parameters of the SGR sequences in use."""

    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"
    RED = "31"
    BOLD = "1"


def visible(text: str) -> str:
    """The text in one line, with what does not print (controls, escape sequences, text direction) spelled out."""
    return text if text.isprintable() else "".join(map(_spelled, text))


def _spelled(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code <= 0xFF:
        return _ESCAPES.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shortened(text: str, limit: int) -> str:
    """The text, or its first `limit` characters and how many there are."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def amount(number: int, noun: str, plural: str = "") -> str:
    """`1 task`, `2 tasks`, `13,907 messages`; the plural is the noun with an s unless given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """How long something took: `2.1 s`, `3 min 05 s`, `2 h 03 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def clock(seconds: float) -> str:
    """A time as a stop watch shows it: `0:05`, `1:40`, `1:00:00`; fractions are dropped."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """How one report writes text. `masker` takes out secrets, `limit` is the longest text in characters."""

    masker: Callable[[str], str] = str
    colour: bool = False
    limit: int = 400

    def line(self, text: str) -> str:
        """The text without secrets, harmless, in one line, not longer than the limit."""
        return shortened(visible(self.masker(text)), self.limit)

    def whole(self) -> Pen:
        """A pen for texts that must not be cut, since a person acts on them."""
        return replace(self, limit=_WHOLE)

    def lines(self, text: str) -> tuple[str, ...]:
        """The same for a text of several lines; blanks around it are dropped. Draw every line indented."""
        found = self.masker(text).strip().splitlines()
        shown = tuple(shortened(visible(line.rstrip()), self.limit) for line in found[:_MOST_LINES])
        return (*shown, f"… ({len(found):,} lines)") if len(found) > _MOST_LINES else shown

    def secret(self, text: str) -> bool:
        """True when the text holds a secret."""
        return self.masker(text) != text

    def paint(self, text: str, colour: Colour) -> str:
        """The text in a colour, or as it is when colours are off."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and text else text
