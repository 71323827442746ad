"""How a text is written in YAML: which character of the file each of its characters comes from."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache

_Unit = tuple[str, int, int]
"""A character that is no white space, where in the file its spelling begins, and where that ends."""

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_BLOCK_HEAD = re.compile(r"[|>][^\n]*")
_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<sign>.|\n))", re.DOTALL
)
_SIGNS = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b"}
_BLANKS = frozenset("\n\r\x85\u2028\u2029 \ttnvfr_NLP")
"""What stands behind a backslash for white space, or for nothing at the end of a line."""


@lru_cache(maxsize=8)
def positions(source: str, start: int, text: str) -> Sequence[int] | None:
    """For each character of a text, and for its end, where it stands in the YAML of a file; white space counts as what
    follows it. None when what begins at `start` is not this text.

    White space may be written in other ways than it is read (folded lines, indentation, escapes), all else has one
    spelling: it is followed character by character, so that no position is a guess.
    """
    units = _units(source, start)
    found = array("L", bytes(array("L").itemsize * (len(text) + 1)))
    end = start
    pending = 0
    for index, char in enumerate(text):
        if char.isspace():
            continue
        read, begin, after = next(units, ("", 0, 0))
        if read != char:
            return None
        for before in range(pending, index + 1):
            found[before] = begin
        pending, end = index + 1, after
    for rest in range(pending, len(text) + 1):
        found[rest] = end
    return found


def _units(source: str, start: int) -> Iterator[_Unit]:
    properties = _PROPERTIES.match(source, start)
    begin = properties.end() if properties else start
    sign = source[begin : begin + 1]
    if sign == "'":
        return _single(source, begin + 1)
    if sign == '"':
        return _double(source, begin + 1)
    head = _BLOCK_HEAD.match(source, begin)
    return _as_is(source, head.end() if head else begin)


def _as_is(source: str, begin: int) -> Iterator[_Unit]:
    for at in range(begin, len(source)):
        if not source[at].isspace():
            yield source[at], at, at + 1


def _single(source: str, begin: int) -> Iterator[_Unit]:
    at = begin
    while at < len(source):
        if source[at] == "'":
            if not source.startswith("''", at):
                return
            yield "'", at, at + 2
            at += 1
        elif not source[at].isspace():
            yield source[at], at, at + 1
        at += 1


def _double(source: str, begin: int) -> Iterator[_Unit]:
    at = begin
    while at < len(source) and source[at] != '"':
        escape = _ESCAPE.match(source, at)
        after = escape.end() if escape else at + 1
        char = _escaped(escape) if escape else source[at]
        if not char.isspace():
            yield char, at, after
        at = after


def _escaped(escape: re.Match[str]) -> str:
    number = escape[1] or escape[2] or escape[3]
    if number:
        code = int(number, 16)
        return chr(code) if code <= 0x10FFFF else ""
    sign = escape[4]
    return " " if sign in _BLANKS else _SIGNS.get(sign, sign)
