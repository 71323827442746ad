"""The quarantines of runs on a simulated host: their manifests, and opening, closing and removing them."""

from __future__ import annotations

import ntpath
from collections.abc import Callable
from dataclasses import dataclass

from ndrfix.connections import manifest as form
from ndrfix.connections.base import Reading
from ndrfix.connections.manifest import Manifest, ManifestError
from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulated_files import Files
from ndrfix.connections.simulated_operations import HeldError, Operations
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.connections.winpath import full, joined
from ndrfix.resources import (
    ABSENT,
    BAD,
    OUT,
    PART,
    QUEUE_DATA,
    REPLACED,
    Change,
    Located,
    PendingMove,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    State,
    Unreadable,
    fold,
)

# The time of a simulated host: quarantines are as old as the files that ndrfix makes.
BEGAN = "2004-05-03T12:00:00Z"
_FOLDERS = (BAD, OUT, PART, REPLACED)
SET_ASIDE = "messages that stopped the service were set aside in `bad`, so nothing was deleted"


@dataclass(slots=True)
class Runs:
    """Quarantines on the files of a host. `find` resolves a path (None: what it begins with is missing)."""

    files: Files
    operations: Operations
    find: Callable[[str | Located], str | None]

    def folder(self, quarantine: Quarantine) -> str:
        """The folder of a run.

        Raises:
            RefusedError: it is not known where it would be.
        """
        above = self.find(quarantine.folder)
        if above is None:
            raise RefusedError("the folder of quarantines is not known", "Find out what RootDir is, on the host.")
        return full(joined(above, f"\\{quarantine.run}"))

    # --- reading ----------------------------------------------------------------------------------------------------

    def one(self, quarantine: Quarantine) -> Reading:
        """One run's quarantine."""
        above = self.find(quarantine.folder)
        return ABSENT if above is None else self._state(full(joined(above, f"\\{quarantine.run}")))

    def all(self, quarantines: Quarantines) -> Reading:
        """All runs below a folder."""
        above = self.find(quarantines.folder)
        if above is None or not self.files.is_folder(above):
            return ABSENT
        runs: list[tuple[str, QuarantineState]] = []
        unreadable: list[tuple[str, str]] = []
        for folder in self.files.inside(above):
            name = ntpath.basename(folder.path)
            found = self._state(folder.path) if folder.directory else ABSENT
            if isinstance(found, QuarantineState):
                runs.append((name, found))
            elif isinstance(found, Unreadable):
                unreadable.append((name, found.reason))
        in_order = tuple(sorted(runs, key=lambda each: each[0]))
        return QuarantinesState(path=above, runs=in_order, unreadable=tuple(sorted(unreadable)))

    def _state(self, path: str) -> Reading:
        if not self._exists(path):
            return ABSENT
        try:
            found = self.manifest(path)
        except ManifestError as error:
            return Unreadable(reason=str(error))
        files = [file for file in self.files.inside(f"{path}\\{OUT}") if not file.directory]
        pending = [move for key, move in found.records.items() if key in found.copied or self._is_pending(path, move)]
        return QuarantineState(
            status=found.status,
            promised=found.promised,
            messages=len(files),
            size=sum(file.bytes for file in files),
            began=found.began,
            pending=tuple(sorted(pending, key=lambda each: each.file.name)),
            data=self.files.find(f"{path}\\{QUEUE_DATA}") is not None,
            garbled=found.garbled,
        )

    def _exists(self, path: str) -> bool:
        """Whether anything lies there that makes it a run: empty folders are none."""
        own = {fold(name) for name in _FOLDERS}
        return any(
            not file.directory or fold(ntpath.basename(file.path)) not in own or self.files.inside(file.path)
            for file in self.files.inside(path)
        )

    def _is_pending(self, path: str, move: PendingMove) -> bool:
        kept = f"{path}\\{move.kept}" if move.kept else path
        return (self.files.find(f"{kept}\\{move.file.name}") is not None) is move.back

    def manifest(self, path: str) -> Manifest:
        """The manifest in the folder of a run.

        Raises:
            ManifestError: there is none, or it cannot be understood.
        """
        file = self.files.find(f"{path}\\{form.NAME}")
        if file is None:
            raise ManifestError(f"there is no {form.NAME} in it")
        return Manifest.parse((file.content or b"").decode("ascii", "replace"))

    # --- writing ----------------------------------------------------------------------------------------------------

    def change(self, change: Change) -> None:
        """Open, close or remove a quarantine.

        Raises:
            RefusedError: it cannot be done; `_purge` may have removed a part.
        """
        quarantine = change.resource
        if not isinstance(quarantine, Quarantine):
            raise TypeError(f"{quarantine} is no quarantine")
        path = self.folder(quarantine)
        if change.after == ABSENT:
            self._purge(path)
        elif isinstance(change.after, QuarantineState):
            line = _line(change.before, change.after)
            if change.before != ABSENT:
                self.append(path, line)
                return
            self._make(path)
            self.append(path, form.header(quarantine.run, BEGAN) + line)
            self._make(f"{path}\\{OUT}")

    def _make(self, folder: str) -> None:
        self._do(lambda: self.files.put(SimulatedFile(path=folder, directory=True, modified=BEGAN)), folder)

    def append(self, path: str, lines: str) -> None:
        """Add lines to the manifest, on the disk.

        Raises:
            RefusedError: somebody else writes it, or may not be written.
        """
        name = f"{path}\\{form.NAME}"
        file = self.files.find(name)
        text = (file.content or b"") if file else b""

        def put(added: str) -> None:
            self.files.put(SimulatedFile(path=name, content=form.appended(text, added), modified=BEGAN))

        if file is not None and file.held:
            raise _busy()
        try:
            self.operations.do(lambda: put(lines), partly=lambda: put(lines[: len(lines) // 2]))
        except HeldError as error:
            raise _busy() from error

    def _purge(self, path: str) -> None:
        if self.files.inside(f"{path}\\{BAD}"):
            raise RefusedError(SET_ASIDE)
        own = {fold(name) for name in _FOLDERS}
        names: list[str] = []
        for file in self.files.inside(path):
            name = ntpath.basename(file.path)
            below = self.files.inside(file.path) if file.directory else ()
            strange = next((each.path for each in below if each.directory), None)
            if strange is None and fold(name) not in (own if file.directory else (fold(QUEUE_DATA), fold(form.NAME))):
                strange = file.path
            if strange is not None:
                inside = strange[len(path) + 1 :]
                raise RefusedError(f"{inside} in the quarantine is not from ndrfix, so nothing was deleted")
            names += [each.path for each in below]
        names += [f"{path}\\{name}" for name in (QUEUE_DATA, *_FOLDERS, form.NAME)]
        for name in (*names, path):
            if self.files.find(name) is not None:
                self._do(lambda: self.files.remove(name), name)  # noqa: B023 - it is called at once

    def _do(self, act: Callable[[], None], path: str) -> None:
        try:
            self.operations.do(act)
        except HeldError as error:
            raise RefusedError(f"{path} is held open by another program") from error


def _line(before: State, after: QuarantineState) -> str:
    """What the manifest says of a quarantine from now on."""
    if after.status is QuarantineStatus.CLOSED:
        return form.closed()
    is_open = isinstance(before, QuarantineState) and before.status is QuarantineStatus.OPEN
    return form.promised(after.promised) if is_open else form.opened(after.promised)


def _busy() -> RefusedError:
    return RefusedError("another run is at work in this quarantine", "Wait until it is through, then `ndrfix resume`.")
