"""Where exactly inside a value a word stands, found by looking into the file: an error should point at the word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.source import read_text

_LINES_SEARCHED = 200


def narrow(place: Place, text: str, word: str, at: int) -> Place:
    """The place of the word that stands at an offset of a value's text, or the value's own place if it is not found.

    The value may be quoted, escaped or folded in the file, so the word is looked for from the value's beginning on,
    skipping as many equal words as stand before it in the text.
    """
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    before = sum(1 for found in pattern.finditer(text) if found.start() < at)
    return next(islice(_occurrences(place, pattern), before, None), place)


def _occurrences(place: Place, pattern: re.Pattern[str]) -> Iterator[Place]:
    try:
        lines = read_text(Path(place.file)).splitlines()
    except InputError:  # the value does not come from a file, or the file is gone
        return
    start = place.line - 1
    for number, line in enumerate(lines[start : start + _LINES_SEARCHED], place.line):
        for found in pattern.finditer(line, place.column - 1 if number == place.line else 0):
            yield Place(file=place.file, line=number, column=found.start() + 1)
