"""YAML with positions: every value of an inventory or playbook knows where it stands in its file.

PyYAML composes the tree; scalars get their Python values by YAML 1.1 rules as Ansible users expect them. Duplicate keys are
an error that names both places. Only plain YAML is accepted: no tags but `!vault` (kept as an opaque `Vaulted`) and `!unsafe`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ndrfix.errors import InputError
from ndrfix.place import Place

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Vaulted:
    """The text of a `!vault` value, still encrypted."""

    text: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf: `value` is the Python value (str, int, float, bool, None, date, `Vaulted`), `text` as it stands in the file;
    `quoted` tells that it was written as text on purpose (quotes or a block)."""

    place: Place
    value: Any
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping with its value."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Map:
    """A mapping; `entries` in file order, keys unique, merge keys (`<<`) already applied."""

    place: Place
    entries: tuple[Entry, ...]
    _by_key: dict[Any, Entry] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_key.update((entry.key.value, entry) for entry in self.entries)

    def get(self, key: object) -> Node | None:
        """The value under a key, None when there is none."""
        entry = self._by_key.get(key)
        return entry.value if entry else None

    def entry(self, key: object) -> Entry | None:
        """The entry under a key, None when there is none."""
        return self._by_key.get(key)


@dataclass(frozen=True, slots=True)
class List:
    """A sequence."""

    place: Place
    items: tuple[Node, ...]


Node = Scalar | Map | List


def plain(node: Node) -> Any:
    """The node as ordinary Python values: dict, list and scalars."""
    if isinstance(node, Map):
        return {entry.key.value: plain(entry.value) for entry in node.entries}
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    return node.value


def find(node: Node, path: tuple[str | int, ...]) -> Node:
    """The deepest node on a path of keys and indexes (as in a pydantic `loc`); stops where the path leaves the tree."""
    for step in path:
        below: Node | None = None
        if isinstance(node, Map):
            below = node.get(step)
        elif isinstance(node, List) and isinstance(step, int) and 0 <= step < len(node.items):
            below = node.items[step]
        if below is None:
            return node
        node = below
    return node


def kind(node: Node) -> str:
    """What the node is, for an error message: `a mapping`, `a list`, `nothing`, `text`, `a number`, …"""
    if isinstance(node, Map):
        return "a mapping"
    if isinstance(node, List):
        return "a list"
    names = {bool: "a yes/no value", int: "a number", float: "a number", str: "text", type(None): "nothing"}
    return names.get(type(node.value), f"a {type(node.value).__name__}")


def load_file(path: Path, *, shown: str | None = None) -> Node | None:
    """The document in a UTF-8 file (a byte order mark is dropped), None when it holds nothing.

    `shown` is the file's name in places, by default the path as given.

    Raises:
        InputError: no such file, not UTF-8, not YAML, more than one document, a duplicate key, an unknown tag.
    """
    name = shown or str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text (byte {error.start})", place=Place(file=name), next_step="Save it as UTF-8."
        ) from error
    except OSError as error:
        raise InputError(
            f"cannot read {name}: {error.strerror}", place=Place(file=name), next_step="Check the name and the rights."
        ) from error
    return load_text(text, name)


def load_text(text: str, name: str) -> Node | None:
    """The document in a text; see `load_file`."""
    try:
        root = yaml.compose(text.removeprefix(_BOM), Loader=yaml.SafeLoader)
        return None if root is None else _Builder(name).node(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(name, mark) if mark else Place(file=name)
        raise InputError(
            f"not valid YAML: {error.problem or error.context}", place=place, next_step=_yaml_hint(str(error.problem))
        ) from error
    except yaml.reader.ReaderError as error:
        raise InputError(
            f"not valid YAML: the character #x{ord(str(error.character)):04x} is not allowed",
            place=_place_at(name, text, error.position),
        ) from error


def _place(name: str, mark: yaml.Mark) -> Place:
    return Place(file=name, line=mark.line + 1, column=mark.column + 1)


def _place_at(name: str, text: str, position: int) -> Place:
    before = text[:position]
    return Place(file=name, line=before.count("\n") + 1, column=position - (before.rfind("\n") + 1) + 1)


def _yaml_hint(problem: str) -> str:
    if "\\t" in problem or "'\t'" in problem:
        return "YAML is indented with blanks, never with tabs."
    if "mapping values are not allowed" in problem:
        return "A text that holds ': ' needs quotes."
    return ""


class _Builder:
    """Turns PyYAML's node tree into ours."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._scalars = yaml.SafeLoader("")

    def node(self, raw: yaml.Node) -> Node:
        place = _place(self._name, raw.start_mark)
        if isinstance(raw, yaml.MappingNode):
            self._require_tag(raw, "tag:yaml.org,2002:map", place)
            return Map(place, tuple(self._entries(raw)))
        if isinstance(raw, yaml.SequenceNode):
            self._require_tag(raw, "tag:yaml.org,2002:seq", place)
            return List(place, tuple(self.node(item) for item in raw.value))
        return self._scalar(raw, place)

    def _require_tag(self, raw: yaml.Node, tag: str, place: Place) -> None:
        if raw.tag != tag:
            raise InputError(f"the tag {raw.tag} is not known here", place=place, next_step="Remove the tag.")

    def _scalar(self, raw: yaml.Node, place: Place) -> Scalar:
        if raw.tag in ("!vault", "!vault-encrypted"):
            return Scalar(place, Vaulted(raw.value), raw.value, quoted=True)
        if raw.tag == "!unsafe":
            return Scalar(place, raw.value, raw.value, quoted=True)
        if not raw.tag.startswith("tag:yaml.org,2002:"):
            self._require_tag(raw, "", place)
        try:
            value = self._scalars.construct_object(raw, deep=True)
        except (ValueError, yaml.YAMLError) as error:
            raise InputError(f"{raw.value!r} cannot be read as a value: {error}", place=place) from error
        return Scalar(place, value, raw.value, quoted=raw.style is not None)

    def _entries(self, raw: yaml.MappingNode) -> Iterator[Entry]:
        own: dict[Any, Entry] = {}
        merged: dict[Any, Entry] = {}
        for key_node, value_node in raw.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                self._merge(merged, self.node(value_node))
                continue
            key = self.node(key_node)
            if not isinstance(key, Scalar):
                raise InputError(f"a key must be text, not {kind(key)}", place=key.place)
            if key.value in own:
                first = own[key.value].key.place
                raise InputError(
                    f"the key {key.text!r} is given twice, first in line {first.line}",
                    place=key.place,
                    next_step="Remove one of the two.",
                )
            own[key.value] = Entry(key, self.node(value_node))
        yield from own.values()
        yield from (entry for key, entry in merged.items() if key not in own)

    def _merge(self, merged: dict[Any, Entry], source: Node) -> None:
        for each in source.items if isinstance(source, List) else (source,):
            if not isinstance(each, Map):
                raise InputError(f"'<<' needs a mapping, not {kind(each)}", place=each.place)
            for entry in each.entries:
                merged.setdefault(entry.key.value, entry)
