"""The registry of a simulated host: keys and values in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from ndrfix.connections import keys
from ndrfix.resources import (
    ABSENT,
    Absent,
    RegistryData,
    RegistryKey,
    RegistryValue,
    TreeKey,
    TreeState,
    fold,
)


@dataclass(slots=True)
class _Key:
    """A key that exists: its own name as spelled, and its values by folded name in the order of their making."""

    name: str
    values: dict[str, tuple[str, RegistryData]] = field(default_factory=dict)


class Registry:
    """Keys and values. The keys above one that exists, exist; a value keeps its first spelling, as in Windows."""

    def __init__(self) -> None:
        self._keys: dict[RegistryKey, _Key] = {}

    def exists(self, key: RegistryKey) -> bool:
        """Whether the key is there."""
        return key in self._keys

    def value(self, value: RegistryValue) -> RegistryData | Absent:
        """The data of a value."""
        key = self._keys.get(value.key)
        found = key.values.get(fold(value.name)) if key else None
        return found[1] if found else ABSENT

    def has_subkeys(self, key: RegistryKey) -> bool:
        """Whether a key lies below this one."""
        return any(keys.relative(other, key) for other in self._keys)

    def below(self, key: RegistryKey, depth: int) -> tuple[RegistryKey, ...]:
        """The key and those below it down to a depth, parents before children, each level by name."""
        places = {other: keys.relative(other, key) for other in self._keys}
        shown = [(place, other) for other, place in places.items() if place is not None and len(place) <= depth]
        return tuple(other for _, other in sorted(shown, key=lambda pair: pair[0]))

    def tree(self, key: RegistryKey, depth: int) -> TreeState | Absent:
        """The key with what lies below it."""
        if key not in self._keys:
            return ABSENT
        level = key.path.count("\\") + 1
        return TreeState(
            keys=tuple(
                TreeKey(path="\\".join(self._spelled(other)[level:]), values=tuple(self._keys[other].values.values()))
                for other in self.below(key, depth)
            )
        )

    def create(self, key: RegistryKey) -> None:
        """Make the key and those above it, as far as they are missing."""
        for each in keys.lineage(key):
            self._keys.setdefault(each, _Key(keys.last_name(each)))

    def delete(self, key: RegistryKey) -> None:
        """Remove the key with its values; what lies below it must be gone already."""
        self._keys.pop(key, None)

    def put(self, value: RegistryValue, data: RegistryData) -> None:
        """Write a value and make the keys that are missing."""
        self.create(value.key)
        values = self._keys[value.key].values
        name = values.get(fold(value.name), (value.name, data))[0]
        values[fold(value.name)] = (name, data)

    def remove(self, value: RegistryValue) -> None:
        """Remove a value; its key stays."""
        if value.key in self._keys:
            self._keys[value.key].values.pop(fold(value.name), None)

    def _spelled(self, key: RegistryKey) -> tuple[str, ...]:
        return tuple(self._keys[each].name for each in keys.lineage(key))
