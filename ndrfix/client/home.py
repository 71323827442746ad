"""The client's folder: where the inventories of a run lie, and what is kept beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.client.loading import load_client
from ndrfix.client.model import Client
from ndrfix.errors import InputError
from ndrfix.owner import FILE, Owners

RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder in which runs and simulations are looked for, and its client (None: nobody is named).

    What lies in the folder of a client is for that client alone: `admit` refuses the files of every other one.
    """

    folder: Path
    client: Client | None
    _owners: Owners = field(default_factory=Owners, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The client's name, empty when nobody is named."""
        return self.client.name if self.client else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which runs may have been made for the client: today's, then those that it had before."""
        return (self.name, *(self.client.formerly if self.client else ()))

    def keeps(self, path: Path) -> bool:
        """Whether a path, where its links lead, lies in the client's folder; without a client only the runs do."""
        if self.client is None:
            return path.resolve() == self.folder.resolve() / RUNS
        return self.folder.resolve() in self._owners(path.resolve())

    def names_in(self, folder: Path) -> tuple[str, ...]:
        """The names under which runs in a folder count for the client: what names nobody only in the client's own."""
        return ("", *self.names) if self.keeps(folder) else self.names

    @property
    def runs(self) -> Path:
        """Where run folders are unless told otherwise."""
        return self.folder / RUNS

    def admits(self, path: Path) -> bool:
        """Whether a path is the client's, or in no client's folder."""
        return self._other(path) is None

    def admit(self, path: Path, what: str = "", next_step: str = "") -> None:
        """Make sure that a path may be used here. `what` tells what it is; without it, it is a file by its name.

        Raises:
            InputError: it lies in the folder of another client.
        """
        other = self._other(path)
        if other is not None:
            own = (
                f"this is for {self.name} ({_shown(self.client.file)})" if self.client else "the inventory is nobody's"
            )
            instead = f"one of {self.name} or one" if self.client else "one"
            name = _name(other)
            step = next_step or f"Give {instead} in no client's folder, or work with the files of {name} alone."
            raise InputError(
                f"{what or path}{_led(path, other)} is of client {name} ({_shown(other / FILE)}), and {own}",
                next_step=f"{step} {_ONE_CLIENT}" if name == self.name else step,
            )

    def _other(self, path: Path) -> Path | None:
        """The folder of another client that a path lies in."""
        own = self._owners(self.client.file) if self.client else ()
        return next((each for each in self._owners(path) if each not in own), None)


_ONE_CLIENT = "If both are one client's: keep one client.yml, in a folder above both."


def home_of(inventories: Sequence[str], *, own_runs: bool = True) -> Home:
    """The one folder that the inventories of a run belong to.

    A folder with a `client.yml`, or with runs (where they are kept in it: `own_runs`), is somebody's, and so is
    everything below a folder with a `client.yml`; inventories without either may come along.

    Raises:
        InputError: the inventories lie in folders of different clients; a `client.yml` that is wrong; runs beside an
            inventory that is not where the client's are kept.
    """
    owners = Owners()
    found: dict[Path, tuple[Path, str]] = {}
    for source in inventories:
        for folder in _folders(source, owners):
            found.setdefault(folder.resolve(), (folder, source))
    taken = [each for each in found.values() if _somebodys(each[0], own_runs=own_runs)]
    if len(taken) > 1:
        raise _two_clients(taken)
    folder, _ = (taken or list(found.values()))[0]
    home = Home(folder, load_client(folder), owners)
    if own_runs:
        for source in inventories:
            _require_no_runs_beside(source, home)
    return home


def _require_no_runs_beside(source: str, home: Home) -> None:
    """Runs from before there was a `client.yml` in a folder above: what they left owed would be seen no more."""
    runs = _beside(source) / RUNS
    if home.client and runs.resolve() != home.runs.resolve() and home.keeps(runs) and any(runs.glob("*/journal.jsonl")):
        raise InputError(
            f"there are runs in {runs}, and those of {home.name} ({_shown(home.client.file)}) are kept in "
            f"{_shown(home.runs)}",
            next_step=f"Move them there, or give --runs-dir {runs} to go on in that folder.",
        )


def _folders(source: str, owners: Owners) -> tuple[Path, ...]:
    """The folders of the clients that an inventory belongs to; without any the one it lies in."""
    own = _beside(source)
    return tuple(own if own.resolve() == each else each for each in owners(Path(source))) or (own,)


def _beside(source: str) -> Path:
    """The folder that an inventory lies in, or is."""
    path = Path(source)
    return path if path.is_dir() else path.parent


def _somebodys(folder: Path, *, own_runs: bool) -> bool:
    return (folder / FILE).is_file() or (own_runs and (folder / RUNS).is_dir())


def _two_clients(taken: Sequence[tuple[Path, str]]) -> InputError:
    names = [Home(folder, load_client(folder)).name for folder, _ in taken]
    sources = [
        f"{source}{_led(Path(source), folder)} ({name})" if name else source
        for (folder, source), name in zip(taken, names, strict=True)
    ]
    what, next_step = "different clients", "Give those of one client, and run again for the other."
    if not all(names):
        what = "folders that keep their runs apart"
        next_step = (
            f"Say where runs are kept, as in --runs-dir {_kept(taken, names)}, or give the inventories of one folder."
        )
    elif len(set(names)) == 1:
        what, next_step = f"two folders for {names[0]}", f"{next_step} {_ONE_CLIENT}"
    return InputError(
        f"one run is for one client: {' and '.join(sources)} belong to {what}",
        next_step=next_step,
    )


def _kept(taken: Sequence[tuple[Path, str]], names: Sequence[str]) -> Path:
    """The runs of the folder with a client, else of the first."""
    return next((folder for (folder, _), name in zip(taken, names, strict=True) if name), taken[0][0]) / RUNS


def _led(path: Path, folder: Path) -> str:
    """Where a path leads that lies in a folder only by a link."""
    spelled = Path(os.path.normpath(Path.cwd().resolve() / path))
    return "" if spelled.is_relative_to(folder.resolve()) else f", which leads to {_shown(path.resolve())},"


def clients_of(paths: Iterable[Path], owners: Owners) -> tuple[Client, ...]:
    """The clients whose files these are, each once; one whose `client.yml` is wrong is left out."""
    found = (_client(_shown(folder)) for folder in dict.fromkeys(each for path in paths for each in owners(path)))
    return tuple(each for each in found if each)


def _client(folder: Path) -> Client | None:
    try:
        return load_client(folder)
    except InputError:
        return None


def _name(folder: Path) -> str:
    """The name of the client whose folder it is; the folder's own where `client.yml` does not tell."""
    client = _client(folder)
    return client.name if client else folder.name


def _shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path
