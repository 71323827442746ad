"""The line that an error is about, with a caret, and without what may be a secret.

The file may be broken YAML, and nothing of it may be known to the mask yet: what is hidden is decided by the text
alone, rather too much than too little.
"""

from __future__ import annotations

import difflib
import functools
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


class Excerpts:
    """The lines that errors are about, for many places: each file is read once, as it is when it is first asked for."""

    def __init__(self) -> None:
        self._texts: dict[str, _Text] = {}

    def at(self, place: Place, *, hidden: bool = False) -> list[str]:
        """The line at a place and a caret below it; nothing when the file cannot be read or the place lies outside.

        Values under keys that look like secrets are masked, with `hidden` those under any key.
        """
        text = self._texts.get(place.file) or self._texts.setdefault(place.file, _Text(_lines(place.file)))
        if not 0 < place.line <= len(text.lines) or not text.lines[place.line - 1].strip():
            return []
        line = text.masked(place.line - 1, hidden=hidden)
        column = line.column(place.column - 1)
        if place.column > len(line.written) + 1 or column >= _WIDTH:
            return []
        number = f"{place.line:>5} | "
        shown = line.text[:_WIDTH].replace("\t", " ")
        return [f"{number}{shown}", " " * (len(number) - 2) + "| " + " " * column + "^"]


def excerpt(place: Place, *, hidden: bool = False) -> list[str]:
    """The excerpt at a single place."""
    return Excerpts().at(place, hidden=hidden)


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_bytes().decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError):
        return []


def without_values(text: str) -> str:
    """A sentence without what is stuck to a name that looks like a secret, as in `ansible_password:hunter2`."""
    return _GLUED.sub(lambda found: f"{found[1]}{found[2]}{MASK}" if looks_secret(found[1]) else found[0], text)


@functools.lru_cache(maxsize=4096)
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


class _Text:
    """A file's lines; what belongs to a value that began above it is found out down to where it is asked."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._continued = {hidden: (_continued(lines, hidden=hidden), list[bool]()) for hidden in (False, True)}

    def masked(self, number: int, *, hidden: bool) -> _Line:
        """The line of that number, from 0, with its secrets masked, also where they began on a line before it."""
        line = self.lines[number]
        begin = len(line) - len(line.lstrip())
        keyless = _EXPLICIT_VALUE.match(line) or (hidden and not _KEY.search(line))
        if keyless or self._continues(number, hidden=hidden):
            return _Line(line, ((begin, len(line)),))
        return _Line(line, tuple(_spans(line, hidden=hidden)))

    def _continues(self, number: int, *, hidden: bool) -> bool:
        more, known = self._continued[hidden]
        known.extend(itertools.islice(more, max(0, number + 1 - len(known))))
        return known[number]


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


def _continued(lines: Sequence[str], *, hidden: bool) -> Iterator[bool]:
    """For each line, whether it belongs to a value that began on the lines before it."""
    value: _Open | None = None
    for line in lines:
        held = value is not None and value.holds(line)
        yield held
        if not held:
            value = _opened(line, hidden=hidden)
        elif value is not None and value.ends_on(line):
            value = None


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
