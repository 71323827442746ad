"""Variables files beside an inventory: which of `group_vars` and `host_vars` belong to a name, and their content."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ndrfix.encrypted import Decrypt
from ndrfix.errors import InputError, InventoryError, SealedError, did_you_mean
from ndrfix.inventory.draft import PRIORITY
from ndrfix.inventory.model import Layer, Variable
from ndrfix.inventory.variables import load_variables
from ndrfix.place import Place

EXTENSIONS = ("", ".yml", ".yaml", ".json")
_NOT_FILE_NAMES = frozenset(("", ".", ".."))


class VariablesFolder:
    """The folder `group_vars` or `host_vars` below `base`; a file is read once. It remembers what nobody asked for."""

    def __init__(self, base: Path, name: str, *, decrypt: Decrypt | None = None) -> None:
        self._folder = base / name
        self._groups = name == "group_vars"
        self._decrypt = decrypt
        self._names = frozenset(_listing(self._folder))
        self._used: set[str] = set()

    def layers(self, name: str, origin: str, faults: list[InputError]) -> tuple[Layer, ...]:
        """Return what the files of a group or host define, one layer a file, later files (by name) winning.

        Faults are appended.
        """
        if not self._names or name in _NOT_FILE_NAMES or "/" in name or "\\" in name:
            return ()
        found = [name + extension for extension in EXTENSIONS if name + extension in self._names]
        self._used.update(found)
        if len(found) > 1:
            faults.append(
                InventoryError(
                    f"{name!r} has {' and '.join(found)}, of which Ansible reads only the first",
                    place=Place(file=str(self._folder / found[1])),
                    next_step=f"Move the files into one folder {self._folder.name}/{name}/.",
                )
            )
        return tuple(self._read(self._folder / found[0], origin, faults)) if found else ()

    def unused(self, groups: Collection[str], hosts: Collection[str]) -> Iterator[InventoryError]:
        """Yield for each file or folder that belongs to no name asked for so far what to say about it."""
        known, others = (groups, hosts) if self._groups else (hosts, groups)
        kind, other, where = ("group", "host", "host_vars") if self._groups else ("host", "group", "group_vars")
        for name in sorted(self._names - self._used):
            if not _is_variables_name(name):
                continue
            stem = _stem(name)
            misplaced = stem in others
            hint = f": {stem} is a {other}" if misplaced else did_you_mean(stem, known)
            yield InventoryError(
                f"the {'folder' if (self._folder / name).is_dir() else 'file'} belongs to no {kind}{hint}",
                place=Place(file=str(self._folder / name)),
                next_step=f"Move it to {where}." if misplaced else f"Rename it after a {kind}, or remove it.",
            )

    def _read(self, top: Path, origin: str, faults: list[InputError]) -> Iterator[Layer]:
        for path in _files(top):
            variables: dict[str, Variable] = {}
            try:
                _require_file(path)
                variables = load_variables(path, decrypt=self._decrypt)
            except SealedError as fault:
                yield Layer(origin=origin, variables=variables, sealed=fault)
            except InputError as fault:
                faults.extend((fault, *fault.others))
            if self._groups and (priority := variables.pop(PRIORITY, None)):
                faults.append(
                    InventoryError(
                        f"{PRIORITY} has no effect in group_vars",
                        place=priority.place,
                        next_step="Set it in the inventory file, below 'vars:' of the group.",
                    )
                )
            if variables:
                yield Layer(origin=origin, variables=variables)


def _listing(folder: Path) -> Iterable[str]:
    if folder.is_dir():
        return (each.name for each in folder.iterdir())
    if folder.exists():
        raise InventoryError(
            f"{folder.name} is a file, a folder is needed",
            place=Place(file=str(folder)),
            next_step=f"Move it into the folder, for example as {folder.name}/all.yml.",
        )
    return ()


def _require_file(path: Path) -> None:
    """Nothing, unless something else than a file is there: a pipe would be waited for without an end."""
    if path.exists() and not path.is_file():
        raise InventoryError(
            "it is neither a file nor a folder", place=Place(file=str(path)), next_step="Take it out of this folder."
        )


def _stem(name: str) -> str:
    """The name of the group or host that a file or folder is meant for."""
    ending = Path(name).suffix
    return name.removesuffix(ending) if ending in EXTENSIONS else name


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
