"""Who: hosts, groups and the variables that they carry, each with the place where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ndrfix.errors import InputError, SealedError
from ndrfix.place import Place
from ndrfix.secrets import Secret, in_url

ALL = "all"
UNGROUPED = "ungrouped"
_TOLD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable as written.

    `value` is made of str, int, float, bool, None, date, list and dict; it may hold Jinja text that nobody has
    evaluated yet. Texts under a name that looks like a password are `Secret` unless they hold Jinja; encrypted values
    are `Vaulted`; `UnsafeText` is never to be templated. All three may also stand inside lists and dicts.
    """

    value: Any
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The variables that one part of a file gives; `origin` says of what (`group acme`, `group_vars of acme`,
    `host ex01`, `host_vars of ex01`).

    `sealed` tells why the file, which is encrypted, is not opened: there are no variables then.
    """

    origin: str
    variables: Mapping[str, Variable]
    sealed: SealedError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host. `groups` from weakest to strongest, `all` first; `variables` are the winners by Ansible's precedence.

    `layers` are all that define a variable of the host, weakest first. `sealed` tells of each encrypted variables file
    of the host why it is not opened: what it defines is unknown, so `variables` is incomplete.
    """

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, Variable]
    place: Place
    sealed: tuple[SealedError, ...] = ()
    layers: tuple[Layer, ...] = ()

    def require_open(self) -> None:
        """Make sure that all variables of the host are known; to be called before the host is worked on.

        Raises:
            SealedError: a variables file of it is encrypted and is not opened.
        """
        for fault in self.sealed:
            raise fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group. `hosts` and `children` are its direct members in file order; `depth` is the longest way from `all`.

    `priority` decides between groups of one depth, the higher wins; it is not inherited by children.
    """

    name: str
    hosts: tuple[str, ...]
    children: tuple[str, ...]
    depth: int
    priority: int
    variables: Mapping[str, Variable]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All hosts in the order in which the files name them, and all groups by name (`all` and `ungrouped` always).

    `files` are the sources as the user spelled them; `unused` tells of variables files that belong to no host or group.
    """

    hosts: tuple[Host, ...]
    groups: Mapping[str, Group]
    files: tuple[str, ...]
    unused: tuple[InputError, ...] = ()
    _memberships: dict[str, list[str]] = field(init=False, default_factory=dict, repr=False, compare=False)

    def find(self, name: str) -> Host | None:
        """Return the host of that name, None when there is none."""
        return next((host for host in self.hosts if host.name == name), None)

    def names_told(self) -> str:
        """Return the names of groups and hosts for an error message, some of them when there are many."""
        groups = [name for name, group in self.groups.items() if name not in (ALL, UNGROUPED)]
        hosts = [host.name for host in self.hosts]
        parts = [f"{what}: {shortened(names)}." for what, names in (("Groups", groups), ("Hosts", hosts)) if names]
        return " ".join(parts) or "There is no host in it."

    def lined_up(self, group: str) -> tuple[str, ...]:
        """Return the names of a group's hosts as positions count them: its own, then level by level those below."""
        names: dict[str, None] = {}
        level, seen = [group], {group}
        while level:
            names.update((host, None) for name in level for host in self.groups[name].hosts)
            below = [child for name in level for child in self.groups[name].children]
            if UNGROUPED in below:
                below.sort(key=lambda name: name != UNGROUPED)  # it is there before any file is read
            level = list(dict.fromkeys(child for child in below if child not in seen))
            seen.update(level)
        return tuple(names)

    def members(self, group: str) -> tuple[Host, ...]:
        """Return the hosts of a group and of the groups below it, in inventory order."""
        return tuple(host for host in self.hosts if group in host.groups)

    def memberships(self) -> Mapping[str, list[str]]:
        """Return for each group the names of its `members`. Made once: each host of a run is given the same object."""
        if not self._memberships:
            found: dict[str, list[str]] = {name: [] for name in self.groups}
            for host in self.hosts:
                for group in host.groups:
                    found[group].append(host.name)
            self._memberships.update(found)
        return self._memberships

    def secrets(self) -> Iterator[Secret]:
        """Yield every secret that is readable in the inventory, hidden ones too, for the mask over all output."""
        layers = {id(layer): layer.variables for host in self.hosts for layer in host.layers}
        groups, hosts = (group.variables for group in self.groups.values()), (host.variables for host in self.hosts)
        for variables in (*layers.values(), *groups, *hosts):
            for variable in variables.values():
                yield from secrets_in(variable.value)


def shortened(names: Sequence[str]) -> str:
    """Return the first names with commas, and how many there are when these are not all."""
    if len(names) <= _TOLD:
        return ", ".join(names)
    return f"{', '.join(names[:_TOLD])}, … ({len(names):,} in all)"


def secrets_in(value: object) -> Iterator[Secret]:
    """Yield the secrets in a variable's value, however deep; the password in the address of a proxy is one."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, str):
        yield from in_url(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_in(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from secrets_in(each)
