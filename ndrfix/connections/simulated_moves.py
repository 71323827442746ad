"""Moving messages on a simulated host: each put on record first, and none taken that is not as it was seen."""

from __future__ import annotations

import ntpath
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ndrfix.connections import manifest as form
from ndrfix.connections import rules
from ndrfix.connections.base import Progress
from ndrfix.connections.manifest import ManifestError
from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulated_files import Files, seen, written
from ndrfix.connections.simulated_operations import HeldError, Operations
from ndrfix.connections.simulated_runs import Runs
from ndrfix.connections.simulated_services import VirtualClock
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.resources import QUEUE_DATA, LeftFile, Move, MoveState, PendingMove, QuarantineStatus, QueueFile, fold

_TRIES, _PAUSE = 3, 0.2  # how often what is held open is tried, and the seconds between
_LATE = "the time limit was reached"
_PART = ".ndrfix-part"


class _LeftError(Exception):
    """A file stays where it is; the message says why."""


@dataclass(slots=True, kw_only=True)
class Mover:
    """One move. `denied` tells whether a path may not be written, `data_held` whether the service holds `queue.dat`."""

    move: Move
    root: str
    run: str
    files: Files
    operations: Operations
    runs: Runs
    clock: VirtualClock
    denied: Callable[[str], bool]
    data_held: Callable[[], bool]
    _moved: int = 0
    _size: int = 0
    _left: list[LeftFile] = field(default_factory=list)
    _began: float = 0.0

    def state(self) -> MoveState:
        """What it has come to so far."""
        return MoveState(moved=self._moved, size=self._size, left=tuple(self._left))

    def carry_out(self, tell: Callable[[Progress], None]) -> None:
        """Move the files.

        Raises:
            RefusedError: the quarantine is not open, or its manifest cannot be written; what was moved till then stays.
        """
        self._began = self.clock.seconds
        self._check()
        files = self.move.files
        for start in range(0, len(files), form.BATCH):
            fit = [file for file in files[start : start + form.BATCH] if self._fits(file)]
            records = (PendingMove(self.move.at, self.move.kept, self.move.back, file) for file in fit)
            if fit:
                self.runs.append(self.run, "".join(map(form.record, records)))
                self._batch(fit)
            text = f"moving messages: {min(start + form.BATCH, len(files))} of {len(files)}"
            tell(Progress(item=self.move, text=text, elapsed=self._elapsed, limit=self.move.timeout))

    @property
    def _elapsed(self) -> float:
        return self.clock.seconds - self._began

    def _check(self) -> None:
        if self.denied(self.run):
            raise RefusedError(f"access to {self.run} is denied", "Use an account with the right to write there.")
        try:
            opened = self.runs.manifest(self.run).status is QuarantineStatus.OPEN
        except ManifestError:
            opened = False
        if not opened:
            raise RefusedError(f"{self.move.quarantine} is not open: nothing was moved", "Plan again.")
        if not self.files.is_folder(self.root):
            raise RefusedError("the folder of the queue does not exist")
        target = _joined(self.root, self.move.at) if self.move.back else _joined(self.run, self.move.kept)
        if not self.files.is_folder(target):
            self.files.put(SimulatedFile(path=target, directory=True))

    # --- one file ---------------------------------------------------------------------------------------------------

    def _places(self, name: str) -> tuple[str, str]:
        there = _joined(self.root, self.move.at, name)
        kept = _joined(self.run, self.move.kept, name)
        return (kept, there) if self.move.back else (there, kept)

    def _fits(self, wanted: QueueFile) -> bool:
        """Whether a file is to be put on record and moved; what is not is done with."""
        source, target = self._places(wanted.name)
        here, there = self.files.find(source), self.files.find(target)
        if here is None:
            if there is not None and _is(there, wanted):
                self._count(there.bytes)
            else:
                self._leave(wanted, rules.GONE)
        elif here.directory:
            self._leave(wanted, "is a folder")
        elif not _is(here, wanted):
            self._leave(wanted, rules.CHANGED)
        elif there is not None and _elsewhere(source, target) and _is(there, seen(here)):
            self._end_of_copy(wanted, source, here.bytes)
        elif there is not None and (there.directory or not self.move.replace):
            self._leave(wanted, rules.THERE)
        else:
            return True
        return False

    def _end_of_copy(self, wanted: QueueFile, source: str, size: int) -> None:
        """A copy to another volume broke off before its source was removed."""
        try:
            self.operations.do(lambda: self.files.remove(source))
        except HeldError:
            self._leave(wanted, rules.HELD)
        except RefusedError:
            self._leave(wanted, "access is denied")
        else:
            self._count(size)

    def _batch(self, files: list[QueueFile]) -> None:
        tries = 0
        while files:
            files = [file for file in files if not self._attempt(file)]
            tries += 1
            if self._elapsed >= self.move.timeout:
                for file in files:
                    self._leave(file, _LATE)
                return
            if tries == _TRIES:
                for file in files:
                    if not _is_data(file.name):
                        self._leave(file, rules.HELD)
                # The service may be ending yet: only time ends this.
                files = [file for file in files if _is_data(file.name)]
            self.clock.seconds += _PAUSE if files else 0.0

    def _attempt(self, wanted: QueueFile) -> bool:
        """Move a file; gives whether it is done with: False when it is held open."""
        source, target = self._places(wanted.name)
        file = self.files.find(source)
        if file is None:
            self._leave(wanted, rules.GONE)
            return True
        try:
            self._one(file, source, target)
        except HeldError:
            return False
        except RefusedError:
            self._leave(wanted, "access is denied")
        else:
            self._count(file.bytes)
        return True

    def _one(self, file: SimulatedFile, source: str, target: str) -> None:
        if file.held or (_is_data(file.path) and not self.move.at and self.data_held()):
            raise HeldError
        if self.denied(source) or self.denied(target):
            raise RefusedError("access is denied")
        if not _elsewhere(source, target):
            self.operations.do(lambda: self._rename(source, target))
            return
        copy = replace(file, path=target + _PART, read_only=False)
        self.operations.do(
            lambda: self.files.put(copy),
            partly=lambda: self.files.put(replace(copy, content=(copy.content or b"")[:1])),
        )
        self.operations.do(lambda: self._rename(copy.path, target, read_only=file.read_only))
        self.operations.do(lambda: self.files.remove(source))

    def _rename(self, source: str, target: str, *, read_only: bool | None = None) -> None:
        if self.files.find(target):
            self.files.remove(target)
        self.files.rename(source, target)
        moved = self.files.find(target)
        if moved is not None:
            attribute = moved.read_only if read_only is None else read_only
            self.files.put(replace(moved, read_only=attribute and not _is_data(target)))

    def _count(self, size: int) -> None:
        self._moved += 1
        self._size += size

    def _leave(self, file: QueueFile, reason: str) -> None:
        self._left.append(LeftFile(file.name, reason))


def _joined(*parts: str) -> str:
    return "\\".join(part for part in parts if part)


def _is_data(path: str) -> bool:
    return fold(ntpath.basename(path)) == fold(QUEUE_DATA)


def _elsewhere(source: str, target: str) -> bool:
    """Whether two paths lie on different volumes."""
    return fold(ntpath.splitdrive(source)[0]) != fold(ntpath.splitdrive(target)[0])


def _is(file: SimulatedFile, wanted: QueueFile) -> bool:
    return wanted.size < 0 or (file.bytes, written(file)) == (wanted.size, wanted.written)
