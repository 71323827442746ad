"""The variables of an inventory put together by Ansible's precedence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ndrfix.errors import InputError
from ndrfix.inventory.draft import Draft, GroupDraft
from ndrfix.inventory.folders import VariablesFolder
from ndrfix.inventory.model import ALL, Group, Host, Inventory, Layer, Variable
from ndrfix.source import raise_faults


class Assembly:
    """The groups and hosts of a draft with their variables: those in the files, and those in the folders beside them.

    `group_folders` and `host_folders` go from weak to strong.
    """

    def __init__(
        self, draft: Draft, group_folders: Sequence[VariablesFolder], host_folders: Sequence[VariablesFolder]
    ) -> None:
        self._draft = draft
        self._faults: list[InputError] = []
        self._group_folders = group_folders
        self._host_folders = host_folders
        names = sorted(draft.groups.values(), key=lambda group: (group.depth, group.priority, group.name))
        self._order = {group.name: index for index, group in enumerate(names)}
        self._own = {name: _in_files(f"group {name}", group.layers) for name, group in draft.groups.items()}
        self._beside = {name: self._layers(group_folders, name, "group_vars") for name in draft.groups}
        self._parents: dict[str, list[str]] = {name: [] for name in draft.groups}
        for group in draft.groups.values():
            for child in group.children:
                self._parents[child].append(group.name)

    def inventory(self, files: tuple[str, ...]) -> Inventory:
        """Return the finished inventory.

        Raises:
            InputError: a variables file is wrong.
        """
        hosts = self._hosts()
        raise_faults(self._faults)
        return Inventory(
            hosts=hosts,
            groups={name: self._group(group) for name, group in self._draft.groups.items()},
            files=files,
            unused=tuple(
                fault
                for folder in (*self._group_folders, *self._host_folders)
                for fault in folder.unused(self._draft.groups, self._draft.hosts)
            ),
        )

    def _layers(self, folders: Iterable[VariablesFolder], name: str, kind: str) -> list[tuple[Layer, ...]]:
        """Return for each folder what its files say about a name."""
        return [folder.layers(name, f"{kind} of {name}", self._faults) for folder in folders]

    def _group(self, group: GroupDraft) -> Group:
        layers = [*self._own[group.name], *(layer for each in self._beside[group.name] for layer in each)]
        return Group(
            name=group.name,
            hosts=tuple(group.hosts),
            children=tuple(group.children),
            depth=group.depth,
            priority=group.priority,
            variables=_merged(layers),
            place=group.place,
        )

    def _hosts(self) -> tuple[Host, ...]:
        direct: dict[str, list[str]] = {name: [ALL] for name in self._draft.hosts}
        for group in self._draft.groups.values():
            for name in group.hosts:
                direct[name].append(group.name)
        shared: dict[frozenset[str], _Shared] = {}  # most hosts share their set of groups
        hosts = []
        for name, groups in direct.items():
            key = frozenset(groups)
            if key not in shared:
                shared[key] = self._shared(key)
            hosts.append(self._host(name, shared[key]))
        return tuple(hosts)

    def _shared(self, names: frozenset[str]) -> _Shared:
        groups = self._ancestry(names)
        layers = self._of_groups(groups)
        return _Shared(groups, layers, _merged(layers))

    def _ancestry(self, names: frozenset[str]) -> tuple[str, ...]:
        """Return the groups and all above them, weakest first."""
        found, waiting = set(names), list(names)
        while waiting:
            parents = [name for name in self._parents[waiting.pop()] if name not in found]
            found.update(parents)
            waiting.extend(parents)
        return tuple(sorted(found, key=self._order.__getitem__))

    def _of_groups(self, groups: tuple[str, ...]) -> tuple[Layer, ...]:
        """Return the layers of groups, weakest first: those in the files; of `group_vars` first `all`, then folder by
        folder, in each the groups weakest first.
        """
        others = [group for group in groups if group != ALL]
        folders = range(len(self._group_folders))
        beside = [*self._beside[ALL], *(self._beside[group][index] for index in folders for group in others)]
        own = (layer for group in groups for layer in self._own[group])
        return (*own, *(layer for each in beside for layer in each))

    def _host(self, name: str, shared: _Shared) -> Host:
        draft = self._draft.hosts[name]
        beside = self._layers(self._host_folders, name, "host_vars")
        own = (*_in_files(f"host {name}", draft.layers), *(layer for each in beside for layer in each))
        variables = dict(shared.variables)
        for layer in own:
            variables.update(layer.variables)
        layers = (*shared.layers, *own) if own else shared.layers
        sealed = tuple(layer.sealed for layer in layers if layer.sealed)
        return Host(
            name=name, groups=shared.groups, variables=variables, place=draft.place, sealed=sealed, layers=layers
        )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all hosts of a set of groups have in common."""

    groups: tuple[str, ...]
    layers: tuple[Layer, ...]
    variables: Mapping[str, Variable]


def _in_files(origin: str, layers: Iterable[Mapping[str, Variable]]) -> tuple[Layer, ...]:
    return tuple(Layer(origin=origin, variables=variables) for variables in layers)


def _merged(layers: Iterable[Layer]) -> dict[str, Variable]:
    variables: dict[str, Variable] = {}
    for layer in layers:
        variables.update(layer.variables)
    return variables
