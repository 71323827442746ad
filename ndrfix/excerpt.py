"""The line that an error is about, with a caret, and without what may be a secret.

The file may be broken YAML, and nothing of it may be known to the mask yet: what is hidden is decided by the text
alone, rather too much than too little.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.place import Place
from ndrfix.secrets import MASK

_WIDTH = 110
_WORDS = ("password", "passwd", "passphrase", "pass", "pwd", "secret", "token", "apikey", "privatekey", "credential")
_LIKE = 0.75
_KEY = re.compile(r"""(?P<key>[^\W\d][\w.-]*)["']?\s*[:=]\s*""")
_NEXT_KEY = re.compile(r"""\s*,\s*(?=["']?[^\W\d][\w.-]*["']?\s*:\s)""")
_IN_FLOW = re.compile(r"[{,]\s*[\"']?$")
_KEYED = re.compile(r"""\s*(- +)*["']?[^\W\d][\w. -]*["']?\s*:(\s|$)""")
_EXPLICIT_VALUE = re.compile(r"\s*:\s")
_GLUED = re.compile(r"([^\W\d][\w.-]*)([:=])([^\s'\"]+)")


def excerpt(place: Place, *, hidden: bool = False) -> list[str]:
    """The line at a place and a caret below it; nothing when the file cannot be read or the place lies outside.

    Values under keys that look like secrets are masked, with `hidden` those under any key.
    """
    try:
        lines = Path(place.file).read_bytes().decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError):
        return []
    if not 0 < place.line <= len(lines) or not lines[place.line - 1].strip():
        return []
    line = _masked(lines, place.line - 1, hidden=hidden)
    column = line.column(place.column - 1)
    if place.column > len(lines[place.line - 1]) or column >= _WIDTH:
        return []
    number = f"{place.line:>5} | "
    shown = line.text[:_WIDTH].replace("\t", " ")
    return [f"{number}{shown}", " " * (len(number) - 2) + "| " + " " * column + "^"]


def without_values(text: str) -> str:
    """A sentence without what is stuck to a name that looks like a secret, as in `ansible_password:hunter2`."""
    return _GLUED.sub(lambda found: f"{found[1]}{found[2]}{MASK}" if looks_secret(found[1]) else found[0], text)


def looks_secret(key: str) -> bool:
    """Whether a key, mistyped ones too, may stand before a secret."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[.-]", "_", key).casefold().split("_")
    pairs = map("".join, itertools.pairwise(words))
    return any(difflib.get_close_matches(word.rstrip("0123456789"), _WORDS, 1, _LIKE) for word in (*words, *pairs))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of which the spans (begin, end) are masked."""

    written: str
    spans: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The line as it is shown."""
        parts, end = [], 0
        for begin, after in self.spans:
            parts += [self.written[end:begin], MASK]
            end = after
        return "".join((*parts, self.written[end:]))

    def column(self, column: int) -> int:
        """Where a column of the file is in the shown line: one in a masked part is where the mask begins."""
        moved = column
        for begin, after in self.spans:
            if column >= after:
                moved += len(MASK) - (after - begin)
            elif column >= begin:
                moved -= column - begin
        return moved


def _masked(lines: Sequence[str], number: int, *, hidden: bool) -> _Line:
    """The line with its secrets masked, also where they began on a line before it."""
    line = lines[number]
    begin = len(line) - len(line.lstrip())
    keyless = _EXPLICIT_VALUE.match(line) or (hidden and not _KEY.search(line))
    if keyless or _continues(lines[:number], line, hidden=hidden):
        return _Line(line, ((begin, len(line)),))
    return _Line(line, tuple(_spans(line, hidden=hidden)))


def _spans(line: str, *, hidden: bool) -> Iterator[tuple[int, int]]:
    """The values on a line that are not to be shown."""
    at = 0
    while found := _KEY.search(line, at):
        at = found.end()
        if (hidden or looks_secret(found["key"])) and at < len(line):
            end = _end(line, at, flow="{" in line[: found.start()])
            yield at, end
            at = end


def _end(line: str, begin: int, *, flow: bool) -> int:
    """Where a value ends: at its closing quote, before the next key of a flow mapping, else with the line."""
    if line[begin] in "\"'":
        close = line.find(line[begin], begin + 1)
        while close != -1 and line[close - 1] == "\\":
            close = line.find(line[begin], close + 1)
        if close != -1 and re.match(r"\s*(,|}|]|$|#)", line[close + 1 :]):
            return close + 1
    following = _NEXT_KEY.search(line, begin) if flow and line[begin] not in "\"'{[" else None
    return following.start() if following else len(line)


@dataclass(frozen=True, slots=True)
class _Open:
    """A value that goes on below its line: up to one of the signs `until`, without any while lines are indented deeper
    than its key, are items of a list below it, or begin with no key of their own.
    """

    column: int
    until: str = ""

    def holds(self, line: str) -> bool:
        """Whether a line after the first belongs to the value."""
        indent = len(line) - len(line.lstrip())
        item = indent == self.column and line.lstrip().startswith("- ")
        return bool(self.until) or indent > self.column or item or not _KEYED.match(line)

    def ends_on(self, line: str) -> bool:
        """Whether the value is over after this line."""
        return any(sign in line for sign in self.until)


def _continues(before: Sequence[str], line: str, *, hidden: bool) -> bool:
    """Whether a line belongs to a value that began on the lines before it."""
    value: _Open | None = None
    for each in before:
        if value is None or not value.holds(each):
            value = _opened(each, hidden=hidden)
        elif value.ends_on(each):
            value = None
    return value is not None and value.holds(line)


def _opened(line: str, *, hidden: bool) -> _Open | None:
    """The value that may go on below this line, None when there is no key of a secret in it. What is hidden whatever
    its key goes on only where it is a text of more lines.
    """
    for found in reversed(list(_KEY.finditer(line))):
        rest = line[found.end() :].strip()
        if looks_secret(found["key"]) or (hidden and rest[:1] in tuple("|>'\"")):
            return _Open(found.start("key"), _until(rest, in_flow=_IN_FLOW.search(line[: found.start()]) is not None))
    return None


def _until(rest: str, *, in_flow: bool) -> str:
    """The signs of which one ends a value that begins with `rest`; none when indentation does."""
    if rest[:1] in ("'", '"'):
        return rest[0] if rest.count(rest[0]) % 2 else ""
    if rest[:1] in ("{", "["):
        return "" if set(rest) & set("}]") else "}]"
    return ",}]" if in_flow and not set(rest) & set(",}]") else ""
