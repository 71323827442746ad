"""The values of a YAML file, each with its place: mappings, lists and leaves."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from ndrfix.place import Place


@dataclass(frozen=True, slots=True)
class Vaulted:
    """The text of a `!vault` value, or of a `whole` file, still encrypted."""

    text: str
    whole: bool = False

    @property
    def noun(self) -> str:
        """What it is, for an error message."""
        return "file" if self.whole else "value"


class UnsafeText(str):
    """The text of an `!unsafe` value: it is never templated, whatever braces it holds."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf: `value` is the Python value, `text` as it stands in the file.

    The value is a str, int, float, bool, None, date, datetime, `Vaulted` or `UnsafeText`. `quoted` tells that it was
    written as text on purpose (quotes or a block).
    """

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
    """A mapping; keys unique; what a merge key (`<<`) brings in comes first, the mapping's own keys in file order."""

    place: Place
    entries: tuple[Entry, ...]
    _by_key: dict[tuple[bool, object], Entry] = field(init=False, default_factory=dict, repr=False, compare=False)

    def get(self, key: object) -> Node | None:
        """The value under a key, None when there is none."""
        entry = self.entry(key)
        return entry.value if entry else None

    def entry(self, key: object) -> Entry | None:
        """The entry under a key, None when there is none."""
        if not self._by_key and self.entries:  # most mappings are only gone through
            self._by_key.update((comparable(entry.key.value), entry) for entry in self.entries)
        return self._by_key.get(comparable(key))


@dataclass(frozen=True, slots=True)
class List:
    """A sequence."""

    place: Place
    items: tuple[Node, ...]


Node = Scalar | Map | List


def comparable(value: object) -> tuple[bool, object]:
    """The value as a key: keeps `1` and `true` apart, which Python takes for the same."""
    return isinstance(value, bool), value


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
    """What the node is, for an error message: `a mapping`, `a list`, `nothing`, `text`, `a number` and so on."""
    if isinstance(node, Map):
        return "a mapping"
    if isinstance(node, List):
        return "a list"
    names = {bool: "a yes/no value", int: "a number", float: "a number", type(None): "nothing"}
    names |= {str: "text", UnsafeText: "text", Vaulted: "an encrypted value", datetime.date: "a date"}
    return names.get(type(node.value), "a date with a time")
