"""Escapes: how a text reads once what other programs escaped in it is undone, and where in the text that stands."""

from __future__ import annotations

import html.entities
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_LAYERS = 3  # JSON in JSON in a URL
_FOUR = "[0-9A-Fa-f]{4}"
_HIGH, _LOW = "[dD][89abAB][0-9A-Fa-f]{2}", "[dD][c-fC-F][0-9A-Fa-f]{2}"  # surrogates; a pair is one character
_BACKSLASH = (  # JSON, Python, C, shells
    rf"\\(?:u{_HIGH}\\u{_LOW}|u{_FOUR}|U000[0-9A-Fa-f]{{5}}|x[0-9A-Fa-f]{{2}}|[0-7]{{3}}|[abfnrtv0]|[^\w\r\n])"
)
_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,6});"  # HTML and XML
_PERCENT = rf"%(?:u{_HIGH}%u{_LOW}|u{_FOUR}|[0-9A-Fa-f]{{2}})"  # addresses; each byte becomes a character
_IN_NAME = rf"_x{_FOUR}_"  # the XML of PowerShell
_QUOTED = r"`[^\w\s]|\^[&<>|^%()\"!]"  # PowerShell and cmd
_DIGITS = "[A-Za-z0-9+/_-]"
_BREAK = rf"(?:\n(?<={_DIGITS}{{20}}\n)|\r\n(?<={_DIGITS}{{20}}\r\n))(?=[A-Za-z0-9+/_=-])"  # in a base64 text
_ANY = re.compile(f"{_BACKSLASH}|{_ENTITY}|{_PERCENT}|{_IN_NAME}|{_QUOTED}|{_BREAK}")
_ALONE = tuple(map(re.compile, (_BACKSLASH, _ENTITY, _PERCENT)))
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_LAST = 0x10FFFF
_PAIR = 11  # characters of a pair of surrogates behind its first sign


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it reads without its escapes. `begins` are where in `text` those begin that were undone, `escapes` for
    each where it ends there, and where it begins and ends in the text that was read; that is `under`, if it is a
    reading itself.
    """

    text: str
    begins: tuple[int, ...]
    escapes: tuple[tuple[int, int, int], ...]
    under: Reading | None = field(default=None, repr=False)

    def place(self, begin: int, end: int) -> tuple[int, int]:
        """Where in the text as it was written a part of this one, which is not empty, begins and ends."""
        placed = self._characters(begin)[0], self._characters(end - 1)[1]
        return self.under.place(*placed) if self.under else placed

    def _characters(self, at: int) -> tuple[int, int]:
        """The characters that one of this text was read from."""
        found = bisect_right(self.begins, at) - 1
        if found < 0:
            return at, at + 1
        behind, begin, end = self.escapes[found]
        if at < behind:
            return begin, end
        return end + at - behind, end + at - behind + 1


def readings(text: str) -> Iterator[Reading]:
    """Each other way in which a text reads: without all escapes, again as long as some are left, and without those of
    one kind only, as what is an escape to one program is plain text to another.
    """
    reading = _read(text, _ANY, None)
    if reading is None:
        return
    yield from (each for kind in _ALONE if (each := _read(text, kind, None)) and each.text != reading.text)
    for _ in range(_LAYERS):
        yield reading
        under = reading
        reading = _read(under.text, _ANY, under)
        if reading is None:
            return


def _read(text: str, escape: re.Pattern[str], under: Reading | None) -> Reading | None:
    """The text without its escapes, None if it has none."""
    parts: list[str] = []
    begins: list[int] = []
    escapes: list[tuple[int, int, int]] = []
    size = at = 0
    for found in escape.finditer(text):
        begin, end = found.span()
        plain = _character(found[0])
        parts += [text[at:begin], plain]
        size += begin - at
        begins.append(size)
        size += len(plain)
        escapes.append((size, begin, end))
        at = end
    return Reading("".join((*parts, text[at:])), tuple(begins), tuple(escapes), under) if parts else None


@lru_cache(maxsize=4096)
def _character(escape: str) -> str:
    """What an escape stands for; one that stands for nothing is left as it is."""
    kind, rest = escape[0], escape[1:]
    if kind in "\r\n":
        return ""
    if kind == "&":
        return _entity(escape, rest[:-1])
    if kind == "_":
        return chr(int(rest[1:-1], 16))
    if len(rest) == _PAIR and kind != "&":
        return chr(0x10000 + ((int(rest[1:5], 16) - 0xD800) << 10) + int(rest[7:], 16) - 0xDC00)
    if kind == "%":
        return chr(int(rest.lstrip("u"), 16))
    return _behind_backslash(rest) if kind == "\\" else rest


def _entity(escape: str, name: str) -> str:
    if not name.startswith("#"):
        return html.entities.html5.get(f"{name};", escape)
    number = int(f"0{name[1:]}", 16 if name[1] in "xX" else 10)
    return chr(number) if number <= _LAST else escape


def _behind_backslash(rest: str) -> str:
    if rest[0] in "uUx" and len(rest) > 1:
        return chr(int(rest[1:], 16))
    if len(rest) > 1:
        return chr(int(rest, 8))
    return _LETTERS.get(rest, rest)
