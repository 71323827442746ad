"""The client's folder: where the inventories of a run lie, and what is kept beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.client.loading import FILE, load_client
from ndrfix.client.model import Client
from ndrfix.errors import InputError

RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder in which runs and simulations are looked for, and its client (None: nobody is named)."""

    folder: Path
    client: Client | None

    @property
    def name(self) -> str:
        """The client's name, empty when nobody is named."""
        return self.client.name if self.client else ""

    @property
    def runs(self) -> Path:
        """Where run folders are unless told otherwise."""
        return self.folder / RUNS


def home_of(inventories: Sequence[str], *, own_runs: bool = True) -> Home:
    """The one folder that the inventories of a run belong to.

    A folder with a `client.yml`, or with runs (where they are kept in it: `own_runs`), is somebody's, and so is
    everything below a folder with a `client.yml`; inventories without either may come along.

    Raises:
        InputError: the inventories lie in folders of different clients; a `client.yml` that is wrong.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for source in inventories:
        found.setdefault(_folder(source).resolve(), (_folder(source), source))
    taken = [each for each in found.values() if _somebodys(each[0], own_runs=own_runs)]
    if len(taken) > 1:
        raise _two_clients(taken)
    folder, _ = (taken or list(found.values()))[0]
    return Home(folder, load_client(folder))


def _folder(source: str) -> Path:
    """The nearest folder with a `client.yml` from where an inventory lies upwards; without any the one it lies in."""
    path = Path(source)
    own = path if path.is_dir() else path.parent
    if (own / FILE).is_file():
        return own
    above = own.resolve()
    return next((each for each in above.parents if (each / FILE).is_file()), own)


def _somebodys(folder: Path, *, own_runs: bool) -> bool:
    return (folder / FILE).is_file() or (own_runs and (folder / RUNS).is_dir())


def _two_clients(taken: Sequence[tuple[Path, str]]) -> InputError:
    names = [Home(folder, load_client(folder)).name for folder, _ in taken]
    sources = [f"{source} ({name})" if name else source for (_, source), name in zip(taken, names, strict=True)]
    what = "different clients" if all(names) else "folders that keep their runs apart"
    return InputError(
        f"one run is for one client: {' and '.join(sources)} belong to {what}",
        next_step="Give the inventories of one client, and run again for the other."
        if any(names)
        else "Give the inventories of one folder, or say with --runs-dir where runs are kept.",
    )
