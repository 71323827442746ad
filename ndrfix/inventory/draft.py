"""The tree of groups while files are read into it, and its check for loops."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory.model import ALL, UNGROUPED, Variable
from ndrfix.place import Place

PRIORITY = "ansible_group_priority"
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")


@dataclass(slots=True)
class GroupDraft:
    """A group as far as it is read; the members are names with the place where they were first named.

    `layers` are its variables as they were read, the later winning.
    """

    name: str
    place: Place
    hosts: dict[str, Place] = field(default_factory=dict)
    children: dict[str, Place] = field(default_factory=dict)
    layers: list[Mapping[str, Variable]] = field(default_factory=list)
    priority: int = 1
    depth: int = 0


@dataclass(slots=True)
class HostDraft:
    """A host as far as it is read; `port` is that behind its name where it was first named (`mail01:5985`)."""

    name: str
    place: Place
    port: int | None = None
    layers: list[Mapping[str, Variable]] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """All groups and hosts read so far, in the order in which the files name them, and the faults found."""

    groups: dict[str, GroupDraft] = field(default_factory=dict)
    hosts: dict[str, HostDraft] = field(default_factory=dict)
    faults: list[InputError] = field(default_factory=list)

    def fault(self, what: str, place: Place, next_step: str) -> None:
        """Note a fault; reading goes on."""
        self.faults.append(InventoryError(what, place=place, next_step=next_step))

    def group(self, name: str, place: Place) -> GroupDraft:
        """Return the group of that name, a new one when it is named for the first time."""
        return self.groups.setdefault(name, GroupDraft(name, place))

    def may_hold(self, group: str, child: str, place: Place) -> bool:
        """Tell whether a group can stand below another one; note why it cannot."""
        if child == ALL:
            what, step = "it is above every group", "Remove it."
        elif child == UNGROUPED and group != ALL:
            what, step = "it holds the hosts that are in no other group", f"Name its hosts in {group!r} instead."
        else:
            return True
        self.fault(f"{child!r} cannot stand below {group!r}: {what}", place, step)
        return False

    def define(self, group: GroupDraft, variables: dict[str, Variable]) -> None:
        """Give a group variables, of which `ansible_group_priority` is none: it decides between groups."""
        priority = variables.pop(PRIORITY, None)
        if variables:
            group.layers.append(variables)
        if priority is None:
            return
        text = str(priority.value).strip()
        if _WHOLE.fullmatch(text):
            group.priority = int(text)
        else:
            what = f"{PRIORITY} of {group.name!r} must be a whole number"
            self.fault(what, priority.place, f"Write it as one: {PRIORITY}: 10.")

    def finish(self, place: Place) -> None:
        """Add the implicit groups, hang every group below `all`, and check names and loops.

        Afterwards every group's `depth` is the longest way from `all`, unless there are faults.
        """
        top = self.group(ALL, place)
        self.group(UNGROUPED, place)
        below = {child for group in self.groups.values() if group is not top for child in group.children}
        for name, group in self.groups.items():
            if name not in below and group is not top:
                top.children.setdefault(name, group.place)
            if name in self.hosts:
                self.fault(
                    f"{name!r} is a host and a group", self.hosts[name].place, "Give one of the two another name."
                )
        self._settle_ungrouped()
        self._measure()

    def _settle_ungrouped(self) -> None:
        """Keep in `ungrouped` exactly the hosts that no other group but `all` names, those first that it names."""
        ungrouped = self.groups[UNGROUPED]
        grouped = {name for group in self.groups.values() if group.name not in (ALL, UNGROUPED) for name in group.hosts}
        members = ungrouped.hosts | {name: host.place for name, host in self.hosts.items()}
        ungrouped.hosts = {name: place for name, place in members.items() if name not in grouped}

    def _measure(self) -> None:
        """Set the depths, parents before children; what is never reached that way is part of a loop or below one."""
        waiting = dict.fromkeys(self.groups, 0)
        for group in self.groups.values():
            for child in group.children:
                waiting[child] += 1
        ready = [name for name, count in waiting.items() if count == 0]
        while ready:
            group = self.groups[ready.pop()]
            del waiting[group.name]
            for child in group.children:
                self.groups[child].depth = max(self.groups[child].depth, group.depth + 1)
                waiting[child] -= 1
                if waiting[child] == 0:
                    ready.append(child)
        self._report_loops(waiting)

    def _report_loops(self, unreached: dict[str, int]) -> None:
        parents = {child: name for name in unreached for child in self.groups[name].children if child in unreached}
        reported: set[str] = set()
        for start in unreached:
            path, name = [start], parents[start]  # what was not reached has a parent that was not reached
            while name not in path:
                path.append(name)
                name = parents[name]
            loop = path[path.index(name) :]
            if reported.isdisjoint(loop):
                reported.update(loop)
                shown = " > ".join((loop[0], *reversed(loop)))
                place = self.groups[parents[loop[0]]].children[loop[0]]
                self.fault(f"the groups form a loop: {shown}", place, "Remove one of the 'children' entries.")
