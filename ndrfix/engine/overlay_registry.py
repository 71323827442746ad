"""The registry as it would be: patches of keys and values over what a host really holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ndrfix.connections import keys
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    Present,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    State,
    TreeKey,
    TreeState,
    fold,
)


@dataclass(slots=True)
class _Patch:
    """What differs in one key.

    `exists` is False once the key was removed; `hides` tells that nothing of what the host has there shows through,
    which stays so when the key is made again. Values are by folded name: `replaced` keep the host's place and spelling,
    `added` come after them.
    """

    name: str
    exists: bool = True
    hides: bool = False
    replaced: dict[str, RegistryData] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    added: dict[str, tuple[str, RegistryData]] = field(default_factory=dict)

    def values_over(self, values: tuple[tuple[str, RegistryData], ...]) -> tuple[tuple[str, RegistryData], ...]:
        shown = ((name, self.replaced.get(fold(name), data)) for name, data in values if fold(name) not in self.removed)
        return (*shown, *self.added.values())


class RegistryPatches:
    """Changes of registry keys and values that were made in memory only."""

    def __init__(self) -> None:
        self._patches: dict[RegistryKey, _Patch] = {}

    # --- reading ----------------------------------------------------------------------------------------------------

    def value(self, value: RegistryValue) -> RegistryData | Absent | None:
        """The value as patched, None when the host has the say."""
        patch, name = self._patches.get(value.key), fold(value.name)
        if patch and name in patch.added:
            return patch.added[name][1]
        if patch and name in patch.replaced:
            return patch.replaced[name]
        return ABSENT if self._hidden(value.key) or (patch and name in patch.removed) else None

    def key(self, key: RegistryKey) -> Present | Absent | None:
        """Whether the key is there as patched, None when the host has the say."""
        patch = self._patches.get(key)
        if patch:
            return PRESENT if patch.exists else ABSENT
        return ABSENT if self._hidden(key) else None

    def tree(self, tree: RegistryTree, below: State) -> TreeState | Absent:
        """The tree as patched over what the host holds."""
        shown = dict(self._from_host(tree, below))
        new = [(place, patch) for place, patch in self._inside(tree) if patch.exists and place not in shown]
        for place, patch in new:
            parent = shown[place[:-1]].path if len(place) > 1 else ""
            path = f"{parent}\\{patch.name}".lstrip("\\") if place else ""
            shown[place] = TreeKey(path=path, values=tuple(patch.added.values()))
        if () not in shown:
            return ABSENT
        return TreeState(keys=tuple(shown[place] for place in sorted(shown)))

    def _from_host(self, tree: RegistryTree, below: State) -> Iterator[tuple[tuple[str, ...], TreeKey]]:
        for found in below.keys if isinstance(below, TreeState) else ():
            key = keys.below(tree.key, found.path)
            if self._hidden(key):
                continue
            patch = self._patches.get(key)
            values = patch.values_over(found.values) if patch else found.values
            yield tuple(fold(found.path).split("\\")) if found.path else (), TreeKey(path=found.path, values=values)

    def _inside(self, tree: RegistryTree) -> list[tuple[tuple[str, ...], _Patch]]:
        places = ((keys.relative(key, tree.key), patch) for key, patch in self._patches.items())
        inside = [(place, patch) for place, patch in places if place is not None and len(place) <= tree.depth]
        return sorted(inside, key=lambda each: len(each[0]))

    def _hidden(self, key: RegistryKey) -> bool:
        return any(self._patches[each].hides for each in keys.lineage(key) if each in self._patches)

    # --- writing ----------------------------------------------------------------------------------------------------

    def set_value(self, value: RegistryValue, data: RegistryData, *, found: State) -> None:
        """Write a value, and make the keys that are missing; `found` is the value as read through the patches."""
        self.make_key(value.key)
        patch, name = self._patches[value.key], fold(value.name)
        if name in patch.added:
            patch.added[name] = (patch.added[name][0], data)
        elif isinstance(found, RegistryData):
            patch.replaced[name] = data
        else:
            patch.added[name] = (value.name, data)

    def remove_value(self, value: RegistryValue) -> None:
        """Remove a value that is there; its key stays."""
        self.make_key(value.key)
        patch, name = self._patches[value.key], fold(value.name)
        patch.added.pop(name, None)
        patch.replaced.pop(name, None)
        patch.removed.add(name)

    def make_key(self, key: RegistryKey) -> None:
        """Make the key and those above it, as far as they are missing."""
        for each in keys.lineage(key):
            patch = self._patches.setdefault(each, _Patch(keys.last_name(each)))
            if not patch.exists:
                patch.exists, patch.name = True, keys.last_name(each)

    def remove_key(self, key: RegistryKey) -> None:
        """Remove a key that has none below it, with its values."""
        self._patches[key] = _Patch(keys.last_name(key), exists=False, hides=True)
