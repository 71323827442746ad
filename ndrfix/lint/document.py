"""A file as the linter sees it: its text, what sort it is, and its nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ndrfix.encrypted import is_encrypted
from ndrfix.errors import InputError
from ndrfix.lint.model import Sort
from ndrfix.place import Place
from ndrfix.playbook.keywords import PLAY_KEYWORDS
from ndrfix.source import Entry, List, Map, Node, Scalar, offset_of, parse_text, read_text
from ndrfix.steps import STEPS

_VARIABLE_FOLDERS = frozenset({"group_vars", "host_vars", "vars"})
_PLAY_WORDS = frozenset(PLAY_KEYWORDS) - {"name", "vars", "tags"}  # names that files of other programs have, too
_STEP_NAMES = frozenset(step.name for step in STEPS) - {"manual"}
_GROUP_WORDS = frozenset({"hosts", "vars", "children"})
_YAML_ENDINGS = (".yml", ".yaml", ".json")
_INI_ENDING = ".ini"
_NO_ENDING = frozenset({"hosts", "inventory"})
_INI_OF_OURS = re.compile(r"(?m)^\[[^\]\s]+:(vars|children)\]|\b(ansible|ndrfix)_\w+\s*=")
_INVENTORY_NAME = re.compile(r"(?i)(inventory|hosts)\b[^/]*$")
_CLIENT = "client.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that was read. `shown` is how it is called; `node` is None when it is empty or nothing of it is readable.

    Of an INI inventory the node is a mapping of all its variables. `vaulted` tells that the file is encrypted as a
    whole: nothing in it can be looked at.
    """

    path: Path
    shown: str
    text: str
    node: Node | None
    faults: tuple[InputError, ...]
    vaulted: bool = False
    ini: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return self.text.splitlines()

    @property
    def top(self) -> Place:
        """The first character of the file."""
        return Place(file=self.shown)

    def called(self, place: Place) -> Place:
        """The place with the file called as it is here, whoever read it."""
        return replace(place, file=self.shown) if place.file == str(self.path) else place

    def offset(self, place: Place) -> int:
        """How many characters of the text stand before a place in it."""
        return offset_of(self.text, place)


def read_document(path: Path, shown: str) -> Document:
    """The document in a file; what is wrong with it is among its `faults`, nothing is raised."""
    try:
        text = read_text(path, shown=shown)
    except InputError as error:
        return Document(path=path, shown=shown, text="", node=None, faults=(error,))
    if is_encrypted(text):
        return Document(path=path, shown=shown, text=text, node=None, faults=(), vaulted=True)
    if path.suffix.casefold() not in _YAML_ENDINGS and (entries := _ini_entries(path, shown, text)) is not None:
        whole = Map(Place(file=shown), entries)
        return Document(path=path, shown=shown, text=text, node=whole, faults=(), ini=True)
    try:
        node, faults = parse_text(text, shown)
    except InputError as error:
        return Document(path=path, shown=shown, text=text, node=None, faults=(error, *error.others))
    return Document(path=path, shown=shown, text=text, node=node, faults=faults)


def _ini_entries(path: Path, shown: str, text: str) -> tuple[Entry, ...] | None:
    """The variables in an INI inventory, None when the file is none."""
    from ndrfix.inventory.ini import ini_entries, looks_like_ini

    is_ini = path.suffix.casefold() == _INI_ENDING or looks_like_ini(text)
    return ini_entries(text, shown) if is_ini else None


def sort_of(document: Document) -> Sort | None:
    """What the file is, by its folder and by what is in it; None when it is none of ours.

    A list of mappings of which one has `hosts`, `tasks` or steps is a playbook wherever it lies; so is, elsewhere than
    among variables, a play without its dash. A mapping of groups is an inventory.
    """
    if document.ini:
        ours = document.path.stem in _NO_ENDING or _INI_OF_OURS.search(document.text)
        return Sort.INVENTORY if ours else None
    if document.path.name == _CLIENT:
        return Sort.CLIENT
    node = document.node
    if isinstance(node, List) and any(isinstance(item, Map) and _is_play(item) for item in node.items):
        return Sort.PLAYBOOK
    if _VARIABLE_FOLDERS.intersection(part.casefold() for part in document.path.parent.parts[-2:]):
        return Sort.VARIABLES
    return _sort_of_mapping(document, node) if isinstance(node, Map) and node.entries else None


def _sort_of_mapping(document: Document, node: Map) -> Sort | None:
    schema = node.get("schema")
    if isinstance(schema, Scalar) and str(schema.value).startswith("ndrfix.run/"):
        return Sort.RESULT
    if _is_bare_play(node):
        return Sort.PLAYBOOK
    groups = [entry.value for entry in node.entries]
    known = [group for group in groups if isinstance(group, Map) and _is_group(group)]
    empty = [group for group in groups if isinstance(group, Scalar) and group.value is None]
    if any(isinstance(group, Map) and isinstance(group.get("computer"), Map) for group in groups):
        return Sort.SIMULATION
    called_so = _INVENTORY_NAME.match(document.path.name) is not None
    return Sort.INVENTORY if called_so or (known and len(known) + len(empty) == len(groups)) else None


def _is_play(item: Map) -> bool:
    """Whether an item of a list is a play, or a task or a play with misspelt keys: then it has steps."""
    return bool(item.get("hosts") or item.get("tasks")) or _is_task(item) or _has_steps(item)


def _is_bare_play(node: Map) -> bool:
    """Whether a mapping is a play without the dash before it: it has steps, or tasks beside another word of plays."""
    words = [entry.key.value for entry in node.entries if entry.key.value in _PLAY_WORDS]
    listed = any(isinstance(node.get(word), List) for word in ("tasks", "handlers"))
    return _has_steps(node) or (listed and len(words) > 1)


def _has_steps(node: Map) -> bool:
    """Whether one of the lists in a mapping has a task of ours."""
    lists = [entry.value for entry in node.entries if isinstance(entry.value, List)]
    return any(isinstance(item, Map) and _is_task(item) for each in lists for item in each.items)


def _is_task(node: Map) -> bool:
    return any(entry.key.value in _STEP_NAMES for entry in node.entries)


def _is_group(node: Map) -> bool:
    return any(isinstance(entry.key.value, str) and entry.key.value in _GROUP_WORDS for entry in node.entries)


def may_be_ours(path: Path) -> bool:
    """Whether a file in a folder is worth opening: YAML, JSON, INI, or without an ending an inventory by its usual name
    or a variables file.
    """
    if path.suffix.casefold() in (*_YAML_ENDINGS, _INI_ENDING) or path.name in _NO_ENDING:
        return True
    return not path.suffix and path.parent.name.casefold() in ("group_vars", "host_vars")
