"""Inventories loaded: the sources, the variables files beside them, and Ansible's precedence over both."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ndrfix.encrypted import Decrypt
from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory.assembly import Assembly
from ndrfix.inventory.draft import Draft
from ndrfix.inventory.folders import VariablesFolder
from ndrfix.inventory.model import Inventory
from ndrfix.inventory.sources import find_source, read_source
from ndrfix.place import Place
from ndrfix.source import raise_faults


def load_inventory(
    paths: Sequence[Path | str],
    *,
    decrypt: Decrypt | None = None,
    beside: Sequence[Path] = (),
) -> Inventory:
    """Return the inventory that the sources give together, a later source winning over an earlier one.

    A source is a YAML or INI file, a folder (its files and those in folders below, sorted by name) or a text with
    commas (`mail01,mail02,`). `group_vars` and `host_vars` are read beside each source, and in the folders `beside`
    (those of the playbooks), which win over the former. Precedence, weakest first: variables of groups in the files,
    `group_vars/all`, other `group_vars`, variables of hosts in the files, `host_vars`. Among groups the deeper wins,
    then the higher `ansible_group_priority`, then the later name. `decrypt` opens files that are encrypted as a whole;
    without it, or when it fails, the hosts concerned are `sealed`.

    Raises:
        InputError: no file, neither YAML nor INI, or no inventory; `others` holds the further faults.
    """
    if not paths:
        raise InventoryError("no inventory is given", next_step="Name one with -i inventory.yml.")
    with _collector_paused():
        return _loaded(paths, decrypt, beside)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Spare Python's collector of cycles the walks over what is being built: nothing here makes cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _loaded(paths: Sequence[Path | str], decrypt: Decrypt | None, beside: Sequence[Path]) -> Inventory:
    draft = Draft()
    bases: list[Path] = []
    for path in paths:
        source = find_source(path, draft)
        for file in source.files:
            read_source(file, draft, decrypt)
        bases.extend(source.bases)
    draft.finish(Place(file=str(paths[0])))
    raise_faults(sorted(draft.faults, key=_position))
    folders = _strongest([*bases, *beside])
    groups = [VariablesFolder(base, "group_vars", decrypt=decrypt) for base in folders]
    hosts = [VariablesFolder(base, "host_vars", decrypt=decrypt) for base in folders]
    return Assembly(draft, groups, hosts).inventory(tuple(str(path) for path in paths))


def _position(fault: InputError) -> tuple[str, int, int]:
    place = fault.place or Place(file="")
    return place.file, place.line, place.column


def _strongest(bases: Iterable[Path]) -> tuple[Path, ...]:
    """Return each folder once, where it counts most: the last time that it is named."""
    last: dict[Path, Path] = {}
    for base in bases:
        key = base.resolve()
        last.pop(key, None)
        last[key] = base
    return tuple(last.values())
