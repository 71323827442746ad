"""YAML with positions: every value of an inventory or playbook knows where it stands in its file.

libyaml reads the text, or PyYAML itself where that is missing or complains; `Builder` makes the tree. Scalars get their
Python values by YAML 1.1 rules as Ansible users expect them. Duplicate keys are an error that names both places. Only
plain YAML is accepted: no tags but `!vault` (kept as an opaque `Vaulted`) and `!unsafe`. Faults that leave the rest
readable are collected and raised together. No message shows a value: it could be a password.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import yaml

from ndrfix.building import Builder
from ndrfix.errors import InputError, did_you_mean
from ndrfix.fence import FENCE
from ndrfix.nodes import Entry, List, Map, Node, Scalar, UnsafeText, Vaulted, find, kind, plain
from ndrfix.place import Place

__all__ = [
    "Entry",
    "List",
    "Map",
    "Node",
    "Scalar",
    "UnsafeText",
    "Vaulted",
    "absent",
    "find",
    "kind",
    "load_file",
    "load_text",
    "offset_of",
    "parse_text",
    "place_at",
    "plain",
    "raise_faults",
    "read_text",
]

_BOM = "\ufeff"
_LOOSE = re.compile(r"\t|[|>][-+0-9]*#")


def raise_faults(faults: Sequence[InputError]) -> None:
    """Raise the first fault with the others in its `others`; nothing happens when there are none."""
    found = {id(each): each for fault in faults for each in (fault, *fault.others)}
    if found:
        first, *others = found.values()
        first.others = tuple(others)
        raise first


def load_file(path: Path, *, shown: str | None = None) -> Node | None:
    """The document in a UTF-8 file (a byte order mark is dropped), None when it holds nothing.

    `shown` is the file's name in places, by default the path as given.

    Raises:
        InputError: no such file, not UTF-8, not YAML, more than one document, a duplicate key, an unknown tag.
    """
    name = shown or str(path)
    return load_text(read_text(path, shown=name), name)


def read_text(path: Path, *, shown: str | None = None) -> str:
    """The text of a UTF-8 file without its byte order mark.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or the fence keeps it.
    """
    name = shown or str(path)
    FENCE.admit(path)
    raw = b""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"the file is not UTF-8 text (byte {error.start})",
            place=Place(file=name, line=line),
            next_step="Save it as UTF-8.",
        ) from error
    except FileNotFoundError as error:
        raise absent(path, name) from error
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}",
            place=Place(file=name),
            next_step="Check the name and the rights.",
        ) from error


def absent(path: Path, name: str) -> InputError:
    """The error that a file is not there, with the nearest name beside it; `name` is the file's in messages."""
    if path.parent.is_dir():
        near = did_you_mean(path.name, sorted(each.name for each in path.parent.iterdir() if each.name != path.name))
        why = f"there is no file of that name{near}"
    else:
        why = f"there is no folder {path.parent}"
    return InputError(f"the file cannot be read: {why}", place=Place(file=name), next_step="Check the name.")


def load_text(text: str, name: str) -> Node | None:
    """The document in a text; see `load_file`."""
    node, faults = parse_text(text, name)
    raise_faults(faults)
    return node


def parse_text(text: str, name: str) -> tuple[Node | None, tuple[InputError, ...]]:
    """The document in a text as far as it can be read, and the faults that leave the rest readable.

    Raises:
        InputError: it is not YAML, or more than one document.
    """
    text = text.removeprefix(_BOM)
    if name.endswith(".json"):
        text = text.replace("\t", " ")  # JSON may be indented with tabs; inside its strings they cannot stand
    node, faults = _fast(text, name) or _careful(text, name)
    return node, tuple(faults)


_Read = tuple[Node | None, list[InputError]]


def _fast(text: str, name: str) -> _Read | None:
    """The document as libyaml reads it, ten times as fast; None where that is missing or is not content with the text.

    It lets tabs pass where YAML has none, and drops what follows in `>#text`, so such texts are not left to it.
    """
    if not yaml.__with_libyaml__ or _LOOSE.search(text):
        return None
    try:
        builder = Builder(name, yaml.CSafeLoader(text).get_event)
        return builder.document(), builder.faults
    except (yaml.YAMLError, ValueError):
        return None


def _careful(text: str, name: str) -> _Read:
    """The document as PyYAML itself reads it, with messages that tell what is wrong and where.

    Raises:
        InputError: the text is no YAML.
    """
    try:
        builder = Builder(name, yaml.SafeLoader(text).get_event)
        return builder.document(), builder.faults
    except yaml.MarkedYAMLError as error:
        _raise_marked(name, error)
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise InputError(
            f"not valid YAML: the character #x{code:04x} is not allowed",
            place=place_at(text, error.position, name),
            rule="yaml[syntax]",
        ) from error
    except ValueError as error:  # PyYAML hands the number of an escape to chr()
        raise InputError(
            "not valid YAML: a \\U escape that is no character",
            place=Place(file=name),
            next_step="In double quotes a backslash starts an escape: use single quotes.",
            rule="yaml[syntax]",
        ) from error


def _place(name: str, mark: yaml.Mark) -> Place:
    return Place(file=name, line=mark.line + 1, column=mark.column + 1)


@lru_cache(maxsize=8)
def _line_starts(text: str) -> Sequence[int]:
    return (0, *itertools.accumulate(map(len, text.splitlines(keepends=True))))


def offset_of(text: str, place: Place) -> int:
    """How many characters of a file's text stand before a place in it; all of them when it is too short."""
    starts = _line_starts(text)
    return starts[place.line - 1] + place.column - 1 if place.line < len(starts) else len(text)


def place_at(text: str, offset: int, name: str) -> Place:
    """The place of the character at an offset of the text of the file `name`."""
    starts = _line_starts(text)
    line = max(1, min(bisect.bisect_right(starts, offset), len(starts) - 1))
    return Place(file=name, line=line, column=offset - starts[line - 1] + 1)


# PyYAML's words, ours where its own would quote what may be a password, and what to do about it.
_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (r"undefined alias", "an alias ('*name') without its anchor ('&name')", "A text that begins with * needs quotes."),
    (r"alphabetic or numeric", "a name is missing after '*' or '&'", "A text that begins with * or & needs quotes."),
    (r"tag handle", "an unknown tag", "A text that begins with ! needs quotes."),
    (r"character '\\t'", "", "YAML is indented with blanks, never with tabs."),
    (r"character '[%@`]'", "", "A text that begins with %, @ or ` needs quotes."),
    (r"mapping values are not", "", "A text that holds ': ' needs quotes; otherwise check the indentation."),
    (r"unknown escape", "", "In double quotes a backslash starts an escape: use single quotes."),
    (r"hexadecimal numbers", "", "In double quotes a backslash starts an escape: use single quotes."),
    (r"indentation indicators", "", "A text that begins with | or > needs quotes."),
    (r"another document", "a second document begins here", "Keep one document in a file."),
    (r"found '<scalar>'", "", "A text that begins with a quote or with {{ needs quotes around the whole of it."),
)


def _raise_marked(name: str, error: yaml.MarkedYAMLError) -> NoReturn:
    problem, hint = str(error.problem or error.context), ""
    for pattern, words, advice in _PROBLEMS:
        if re.search(pattern, problem):
            problem, hint = words or problem, advice
            break
    mark = error.problem_mark or error.context_mark
    place = _place(name, mark) if mark else Place(file=name)
    raise InputError(f"not valid YAML: {problem}", place=place, next_step=hint, rule="yaml[syntax]") from error
