"""What stands in the comments of a file."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from ndrfix.lint.document import Document

_Position = tuple[int, int]
"""A line, and a column from 0."""


def comments(document: Document, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """What a pattern finds, first on each line, with the number of the line; not what lies in the text of a value."""
    inside: _Texts | None = None
    for number, line in enumerate(document.lines, 1):
        if "#" not in line or not (found := pattern.search(line)):
            continue
        inside = inside or _texts(document.text)
        if not inside.holds((number, found.start())):
            yield number, found


@dataclass(frozen=True, slots=True)
class _Texts:
    """Where values stand in a file, from top to bottom: their first positions, and those behind them."""

    begins: Sequence[_Position]
    ends: Sequence[_Position]

    def holds(self, position: _Position) -> bool:
        """Whether a position is inside a value."""
        number = bisect.bisect_right(self.begins, position)
        return number > 0 and position < self.ends[number - 1]


def _texts(text: str) -> _Texts:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        tokens = [token for token in yaml.scan(text, Loader=loader) if isinstance(token, yaml.ScalarToken)]
    except yaml.YAMLError:
        return _Texts((), ())
    begins = [(token.start_mark.line + 1, token.start_mark.column) for token in tokens]
    return _Texts(begins, [(token.end_mark.line + 1, token.end_mark.column) for token in tokens])
