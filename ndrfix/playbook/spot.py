"""Where exactly inside a value something stands, found by looking into the file: an error should point at the word."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.playbook.written import positions
from ndrfix.source import offset_of, place_at, read_text


def inside(place: Place, text: str, offset: int) -> Place:
    """The place of the character at an offset of a value's text, however the file writes it: plain, quoted, escaped,
    folded or literal. For the text's end the place behind its last character.

    The value's own place where the file does not hold the text: it comes from a variable, or the file was changed.
    """
    source = _source(place.file)
    begin = offset_of(source, place)
    found = positions(source, begin, text) if source and begin < len(source) else None
    return place_at(source, found[min(offset, len(text))], place.file) if found is not None else place


def _source(file: str) -> str:
    """The text of a file, empty when it is none or cannot be read."""
    try:
        state = Path(file).stat()
        return _read(file, (state.st_ino, state.st_mtime_ns, state.st_size))
    except (OSError, ValueError, InputError):
        return ""


@lru_cache(maxsize=2)
def _read(file: str, _version: tuple[int, int, int]) -> str:
    """The text of a file in that version: a file with many faults is read once."""
    return read_text(Path(file))
