"""Inventories loaded from YAML files: the tree, the variables files beside it, and Ansible's precedence over both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory.draft import ALL, Draft, GroupDraft
from ndrfix.inventory.folders import EXTENSIONS, Layer, VariablesFolder
from ndrfix.inventory.model import Group, Host, Inventory, Variable
from ndrfix.inventory.tree import add_host, read_tree
from ndrfix.inventory.variables import Decrypt, decrypted, is_vaulted_text
from ndrfix.place import Place
from ndrfix.source import Map, Node, Scalar, kind, load_text, raise_faults, read_text

_INI_SECTION = re.compile(r"^\s*\[[^\[\]\n,]+\]\s*([#;].*)?$", re.MULTILINE)
_INI_LINE = re.compile(r"^[\w.\-]+[ \t]+[\w.]+=", re.MULTILINE)
_INI_NEXT = (
    "Write it as YAML ('exchange:' / '  hosts:' / '    mail01:' / '      ansible_host: …'), or let Ansible convert it: "
    "ansible-inventory -i FILE --list --yaml --output inventory.yml"
)


def load_inventory(
    paths: Sequence[Path | str],
    *,
    decrypt: Decrypt | None = None,
    beside: Sequence[Path] = (),
) -> Inventory:
    """Return the inventory that the sources give together, a later source winning over an earlier one.

    A source is a YAML file, a folder (its YAML files, sorted by name) or a text with commas (`mail01,mail02,`).
    `group_vars` and `host_vars` are read beside each file, and in the folders `beside` (those of the playbooks), which
    win over the former. Precedence, weakest first: variables of groups in the files, `group_vars/all`, other
    `group_vars`, variables of hosts in the files, `host_vars`. Among groups the deeper wins, then the higher
    `ansible_group_priority`, then the later name. `decrypt` opens files that are encrypted as a whole; without
    it, or when it fails, the hosts concerned are `sealed`.

    Raises:
        InputError: no file, no YAML, or a structure that is no inventory; `others` holds the further faults.
    """
    draft = Draft()
    files = [path for source in paths for path in _sources(source, draft)]
    for path in files:
        _read(path, draft, decrypt)
    if not paths:
        raise InventoryError("no inventory is given", next_step="Name one with -i inventory.yml.")
    draft.finish(Place(file=str(paths[0])))
    raise_faults(sorted(draft.faults, key=_position))
    bases = dict.fromkeys([*(path.parent for path in files), *beside])
    return _Assembly(draft, tuple(bases), decrypt).inventory(tuple(str(path) for path in paths))


def _position(fault: InputError) -> tuple[str, int, int]:
    place = fault.place or Place(file="")
    return place.file, place.line, place.column


def _sources(source: Path | str, draft: Draft) -> Iterator[Path]:
    """Yield the files of a source; the hosts of an inline list go straight into the draft."""
    path = Path(source)
    if isinstance(source, str) and "," in source and not path.exists():
        for name in filter(None, (each.strip() for each in source.split(","))):
            add_host(name, Place(file="-i"), draft)
    elif path.is_dir():
        found = sorted(each for each in path.iterdir() if each.is_file() and _is_inventory_name(each.name))
        if not found:
            raise InventoryError(
                f"the folder {source} holds no inventory file",
                place=Place(file=str(source)),
                next_step="Name a YAML file, or put one with the ending .yml into the folder.",
            )
        yield from found
    else:
        yield path


def _is_inventory_name(name: str) -> bool:
    # simulation.yml describes simulated hosts, client.yml whose hosts these are; both lie beside the inventory.
    return (
        name not in ("simulation.yml", "client.yml")
        and not name.startswith(".")
        and not name.endswith("~")
        and Path(name).suffix in EXTENSIONS
    )


def _read(path: Path, draft: Draft, decrypt: Decrypt | None) -> None:
    text, start = read_text(path), Place(file=str(path))
    if is_vaulted_text(text):
        text = decrypted(text, start, decrypt)
    try:
        root = load_text(text, str(path))
    except InputError as fault:
        if _looks_like_ini(text):
            raise _ini(start) from fault
        draft.faults.extend((fault, *fault.others))
        return
    if isinstance(root, Map):
        read_tree(root, draft)
    else:
        raise _not_a_tree(root, text, start)


def _looks_like_ini(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";"))]
    return bool(lines) and bool(_INI_SECTION.search("\n".join(lines)) or _INI_LINE.match(lines[0]))


def _ini(place: Place) -> InventoryError:
    return InventoryError("the file looks like an INI inventory, only YAML is read", place=place, next_step=_INI_NEXT)


def _not_a_tree(root: Node | None, text: str, start: Place) -> InventoryError:
    if root is None or (isinstance(root, Scalar) and root.value is None):
        what, place = "the inventory is empty", start
    elif _looks_like_ini(text):
        return _ini(start)
    else:
        what, place = f"the inventory is {kind(root)}, a mapping of groups is needed", root.place
    return InventoryError(what, place=place, next_step="Begin with 'all:' and below it 'hosts:' with one host a line.")


class _Assembly:
    """The variables of a draft put together by precedence."""

    def __init__(self, draft: Draft, bases: tuple[Path, ...], decrypt: Decrypt | None) -> None:
        self._draft = draft
        self._faults: list[InputError] = []
        self._group_folders = [VariablesFolder(base, "group_vars", decrypt=decrypt) for base in bases]
        self._host_folders = [VariablesFolder(base, "host_vars", decrypt=decrypt) for base in bases]
        names = sorted(draft.groups.values(), key=lambda group: (group.depth, group.priority, group.name))
        self._order = {group.name: index for index, group in enumerate(names)}
        self._group_layers = {name: _layers(self._group_folders, name, self._faults) for name in draft.groups}
        self._parents: dict[str, list[str]] = {name: [] for name in draft.groups}
        for group in draft.groups.values():
            for child in group.children:
                self._parents[child].append(group.name)

    def inventory(self, files: tuple[str, ...]) -> Inventory:
        """Return the finished inventory."""
        hosts = self._hosts()
        raise_faults(self._faults)
        return Inventory(
            hosts=hosts,
            groups={name: self._group(group) for name, group in self._draft.groups.items()},
            files=files,
            unused=tuple(place for folder in (*self._group_folders, *self._host_folders) for place in folder.unused()),
        )

    def _group(self, group: GroupDraft) -> Group:
        variables = dict(group.variables)
        for layer in self._group_layers[group.name]:
            variables |= layer.variables
        return Group(
            name=group.name,
            hosts=tuple(group.hosts),
            children=tuple(group.children),
            depth=group.depth,
            priority=group.priority,
            variables=variables,
            place=group.place,
        )

    def _hosts(self) -> tuple[Host, ...]:
        direct: dict[str, list[str]] = {name: [ALL] for name in self._draft.hosts}
        for group in self._draft.groups.values():
            for name in group.hosts:
                direct[name].append(group.name)
        above: dict[frozenset[str], tuple[str, ...]] = {}  # most hosts share their set of groups
        hosts = []
        for name, groups in direct.items():
            key = frozenset(groups)
            if key not in above:
                above[key] = self._ancestry(key)
            hosts.append(self._host(name, above[key]))
        return tuple(hosts)

    def _ancestry(self, names: frozenset[str]) -> tuple[str, ...]:
        """Return the groups and all above them, weakest first."""
        found, waiting = set(names), list(names)
        while waiting:
            parents = [name for name in self._parents[waiting.pop()] if name not in found]
            found.update(parents)
            waiting.extend(parents)
        return tuple(sorted(found, key=self._order.__getitem__))

    def _host(self, name: str, groups: tuple[str, ...]) -> Host:
        draft = self._draft.hosts[name]
        variables: dict[str, Variable] = {}
        for group in groups:
            variables |= self._draft.groups[group].variables
        layers = self._files_of_groups(groups)
        host_layers = _layers(self._host_folders, name, self._faults)
        for layer in layers:
            variables |= layer.variables
        variables |= draft.variables
        for layer in host_layers:
            variables |= layer.variables
        sealed = tuple(fault for layer in (*layers, *host_layers) for fault in layer.sealed)
        return Host(name=name, groups=groups, variables=variables, place=draft.place, sealed=sealed)

    def _files_of_groups(self, groups: tuple[str, ...]) -> list[Layer]:
        """Return the layers of `group_vars`: `all` first, then folder by folder, in each the groups weakest first."""
        others = [group for group in groups if group != ALL]
        folders = range(len(self._group_folders))
        return [
            *self._group_layers[ALL],
            *(self._group_layers[group][index] for index in folders for group in others),
        ]


def _layers(folders: Sequence[VariablesFolder], name: str, faults: list[InputError]) -> list[Layer]:
    return [folder.layer(name, faults) for folder in folders]
