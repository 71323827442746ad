"""Sources of an inventory: which files `-i` names, and each read into the draft as what it is, YAML or INI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ndrfix.encrypted import Decrypt, is_encrypted
from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory.draft import Draft
from ndrfix.inventory.ini import looks_like_ini, read_ini
from ndrfix.inventory.members import add_host
from ndrfix.inventory.model import UNGROUPED
from ndrfix.inventory.tree import read_tree
from ndrfix.inventory.variables import decrypted
from ndrfix.owner import FILE as CLIENT
from ndrfix.place import Place
from ndrfix.source import List, Map, Node, Scalar, kind, load_text, read_text

_YAML = (".yml", ".yaml", ".json")
# What Ansible does not read in a folder of inventories (its INVENTORY_IGNORE_EXTS), and folders of variables.
_IGNORED_ENDINGS = (
    *(".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst"),
    *(".orig", ".cfg", ".retry"),
)
# simulation.yml describes simulated hosts, client.yml whose hosts these are, runs holds what was done to them; they lie
# beside the inventory.
_INVENTORIES = ("inventory", "hosts")
_IGNORED_NAMES = ("host_vars", "group_vars", "vars_plugins", "simulation.yml", "runs", CLIENT)
_BEGIN = "Begin with 'all:' and below it 'hosts:' with one host a line."
_CONVERT = (
    "Let Ansible write what it says to a file: ansible-inventory -i {} --list --export --yaml --output inventory.yml"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A source: its files in the order in which they are read, and the folders that may hold `group_vars`."""

    files: tuple[Path, ...] = ()
    bases: tuple[Path, ...] = ()


def find_source(source: Path | str, draft: Draft) -> Source:
    """Return what a source stands for; the hosts of an inline list (`a,b,`) go straight into the draft.

    The folder of a client, which `client.yml` tells, stands for its `own_inventories`: beside them lie playbooks, runs
    and passwords.

    Raises:
        InventoryError: a folder without an inventory file, or a source that names nothing.
    """
    path = Path(source)
    if isinstance(source, str) and not source.strip(" ,"):
        raise InventoryError("an inventory without a name", next_step="Say which with -i inventory.yml.")
    if isinstance(source, str) and "," in source and not path.exists():
        if file := _file_among(source):
            raise InventoryError(
                f"a text with commas is a list of hosts, and {file} is a file",
                place=Place(file="-i"),
                next_step=f"Give -i for each inventory: -i {' -i '.join(_parts(source))}",
            )
        _inline(source, draft)
        return Source()
    if not path.is_dir():
        return Source((path,), (path.parent,))
    if (path / CLIENT).is_file() and (own := own_inventories(path)):
        found = [find_source(each, draft) for each in own]
        return Source(
            tuple(chain(*(source.files for source in found))), tuple(chain(*(source.bases for source in found)))
        )
    files = tuple(_files(path))
    if not files:
        raise InventoryError(
            f"the folder {source} holds no inventory file",
            place=Place(file=str(source)),
            next_step="Name a file, or put one with the ending .yml or .ini into the folder.",
        )
    return Source(files, (path,))


def own_inventories(folder: Path) -> tuple[Path, ...]:
    """The inventories in the folder of a client, by their names: `inventory.yml` or the like, without any `hosts.yml`
    or the like.
    """
    there = sorted(each for each in folder.iterdir() if each.suffix in ("", ".ini", *_YAML))
    named = (tuple(each for each in there if each.stem == stem) for stem in _INVENTORIES)
    return next(filter(None, named), ())


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (each.strip() for each in text.split(","))))


def _file_among(text: str) -> str:
    """The first of the names with commas that can be no host: it is a file with the ending of an inventory, or a path;
    empty when there is none.
    """
    named = (each for each in _parts(text) if "/" in each or Path(each).suffix in (".ini", *_YAML))
    return next((each for each in named if Path(each).exists()), "")


def _inline(text: str, draft: Draft) -> None:
    place = Place(file="-i")
    ungrouped = draft.group(UNGROUPED, place)
    for pattern in _parts(text):
        for name in add_host(pattern, place, draft):
            ungrouped.hosts.setdefault(name, place)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and in the folders below, sorted by name at every level."""
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        if path.name.startswith(".") or path.name in _IGNORED_NAMES or path.name.endswith(_IGNORED_ENDINGS):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def read_source(path: Path, draft: Draft, decrypt: Decrypt | None) -> None:
    """Read a file into the draft; what is wrong with it is noted there.

    The ending says what it is: `.yml`, `.yaml` and `.json` are YAML, a file without ending is YAML if it is a mapping,
    every other is INI.
    """
    try:
        _read(path, draft, decrypt)
    except InputError as fault:
        draft.faults.extend((fault, *fault.others))


def _read(path: Path, draft: Draft, decrypt: Decrypt | None) -> None:
    start = Place(file=str(path))
    text = read_text(path)
    if is_encrypted(text):
        text = decrypted(text, start, decrypt)
    if text.startswith("#!") or path.suffix == ".toml":
        what = "a program" if text.startswith("#!") else "TOML"
        raise InventoryError(
            f"the inventory is {what}, only YAML and INI are read", place=start, next_step=_CONVERT.format(path)
        )
    if path.suffix in _YAML:
        _tree(_yaml(path, text), text, draft, start)
    elif path.suffix or _is_ini(path, text):
        _ini(text, draft, start)
    else:
        _tree(load_text(text, str(path)), text, draft, start)


def _yaml(path: Path, text: str) -> Node | None:
    try:
        return load_text(text, str(path))
    except InputError as fault:
        if looks_like_ini(text):
            raise _misnamed(Place(file=str(path))) from fault
        raise


def _is_ini(path: Path, text: str) -> bool:
    """Tell whether a file without ending is INI: for YAML its lines are one text, or nothing at all."""
    try:
        root = load_text(text, str(path))
    except InputError:
        return looks_like_ini(text)
    return (isinstance(root, Scalar) and isinstance(root.value, str)) or (
        not isinstance(root, Map) and looks_like_ini(text)
    )


def _ini(text: str, draft: Draft, start: Place) -> None:
    if not any(line.strip() and line.strip()[0] not in ";#" for line in text.splitlines()):
        raise InventoryError("the inventory is empty", place=start, next_step="Write one host a line.")
    read_ini(text, start.file, draft)


def _tree(root: Node | None, text: str, draft: Draft, start: Place) -> None:
    if not isinstance(root, Map):
        raise _not_a_tree(root, text, start)
    if (plugin := root.get("plugin")) is not None and isinstance(plugin, Scalar):
        raise InventoryError(
            "the file configures an inventory plugin, ndrfix runs none",
            place=plugin.place,
            next_step=_CONVERT.format(start.file),
        )
    read_tree(root, draft)


def _misnamed(place: Place) -> InventoryError:
    return InventoryError(
        "the file looks like an INI inventory, its name says YAML",
        place=place,
        next_step="Give it the ending .ini.",
    )


def _not_a_tree(root: Node | None, text: str, start: Place) -> InventoryError:
    if isinstance(root, List) and root.items and isinstance(play := root.items[0], Map) and play.get("hosts"):
        return InventoryError(
            "the file is a playbook, no inventory",
            place=start,
            next_step=f"Name the file that holds the hosts. Of a folder with {CLIENT} only its inventory is read.",
        )
    if root is None or (isinstance(root, Scalar) and root.value is None):
        what, place = "the inventory is empty", start
    elif looks_like_ini(text):
        return _misnamed(start)
    else:
        what, place = f"the inventory is {kind(root)}, a mapping of groups is needed", root.place
    return InventoryError(what, place=place, next_step=_BEGIN)
