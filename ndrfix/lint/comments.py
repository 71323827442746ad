"""What stands in the comments of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ndrfix.lint.document import Document


def comments(document: Document, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """What a pattern finds, first on each line, with the number of the line; not what lies in the text of a value."""
    inside: list[tuple[tuple[int, int], tuple[int, int]]] | None = None
    for number, line in enumerate(document.lines, 1):
        if "#" not in line or not (found := pattern.search(line)):
            continue
        if inside is None:
            inside = _texts(document.text)
        if not any(begin <= (number, found.start()) < end for begin, end in inside):
            yield number, found


def _texts(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where values stand, each as its first and its last position (line, column from 0)."""
    try:
        tokens = [token for token in yaml.scan(text, Loader=yaml.SafeLoader) if isinstance(token, yaml.ScalarToken)]
    except yaml.YAMLError:
        return []
    return [
        ((token.start_mark.line + 1, token.start_mark.column), (token.end_mark.line + 1, token.end_mark.column))
        for token in tokens
    ]
