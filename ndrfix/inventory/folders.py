"""Variables files beside an inventory: which of `group_vars` and `host_vars` belong to a name, and their content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory.draft import PRIORITY
from ndrfix.inventory.model import Variable
from ndrfix.inventory.variables import Decrypt, SealedError, load_variables
from ndrfix.place import Place

EXTENSIONS = ("", ".yml", ".yaml", ".json")
_NOT_FILE_NAMES = frozenset(("", ".", ".."))


@dataclass(frozen=True, slots=True)
class Layer:
    """What the files of one name define; `sealed` tells why encrypted ones among them are not opened."""

    variables: dict[str, Variable] = field(default_factory=dict)
    sealed: tuple[SealedError, ...] = ()


class VariablesFolder:
    """The folder `group_vars` or `host_vars` below `base`; a file is read once. It remembers what nobody asked for."""

    def __init__(self, base: Path, name: str, *, decrypt: Decrypt | None = None) -> None:
        self._folder = base / name
        self._groups = name == "group_vars"
        self._decrypt = decrypt
        self._names = frozenset(_listing(self._folder))
        self._used: set[str] = set()

    def layer(self, name: str, faults: list[InputError]) -> Layer:
        """Return what the files of a group or host define, later files (by name) winning; faults are appended."""
        if name in _NOT_FILE_NAMES or "/" in name or "\\" in name:
            return Layer()
        found = [name + extension for extension in EXTENSIONS if name + extension in self._names]
        found = [each for each in found if each == name or (self._folder / each).is_file()]
        self._used.update(found)
        if len(found) > 1:
            faults.append(
                InventoryError(
                    f"{name!r} has {' and '.join(found)}, of which Ansible reads only the first",
                    place=Place(file=str(self._folder / found[1])),
                    next_step=f"Move the files into one folder {self._folder.name}/{name}/.",
                )
            )
        return self._read(self._folder / found[0], faults) if found else Layer()

    def unused(self) -> tuple[Place, ...]:
        """Return the files and folders that belong to no name asked for so far."""
        names = sorted(self._names - self._used)
        return tuple(Place(file=str(self._folder / name)) for name in names if _is_variables_name(name))

    def _read(self, top: Path, faults: list[InputError]) -> Layer:
        variables: dict[str, Variable] = {}
        sealed: list[SealedError] = []
        for path in _files(top):
            try:
                variables |= load_variables(path, decrypt=self._decrypt)
            except SealedError as fault:
                sealed.append(fault)
            except InputError as fault:
                faults.append(fault)
        if self._groups and (priority := variables.pop(PRIORITY, None)):
            faults.append(
                InventoryError(
                    f"{PRIORITY} has no effect in group_vars",
                    place=priority.place,
                    next_step="Set it in the inventory file, below 'vars:' of the group.",
                )
            )
        return Layer(variables, tuple(sealed))


def _listing(folder: Path) -> Iterable[str]:
    return (each.name for each in folder.iterdir()) if folder.is_dir() else ()


def _is_variables_name(name: str) -> bool:
    """Tell whether a file of that name is read: hidden files, backups (`~`, `.bak`, `.orig`) and notes are not."""
    return not name.startswith(".") and not name.endswith("~") and Path(name).suffix in EXTENSIONS


def _files(top: Path) -> Iterator[Path]:
    """Yield the file itself, or the files below a folder sorted by name at every level."""
    if not top.is_dir():
        yield top
        return
    for path in sorted(top.iterdir()):
        if not _is_variables_name(path.name):
            continue
        if not path.is_dir():
            yield path
        elif not path.suffix:
            yield from _files(path)
