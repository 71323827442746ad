"""Moving messages on a simulated host: each put on record first, and none taken that is not as it was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ndrfix.connections import manifest as form
from ndrfix.connections import rules
from ndrfix.connections.base import Progress
from ndrfix.connections.manifest import ManifestError
from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulated_copies import PAUSE, TRIES, Copies, is_data, joined
from ndrfix.connections.simulated_files import Files, written
from ndrfix.connections.simulated_operations import HeldError, Operations
from ndrfix.connections.simulated_runs import Runs
from ndrfix.connections.simulated_services import VirtualClock
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.resources import QUEUE_DATA, LeftFile, Move, MoveState, PendingMove, QuarantineStatus, QueueFile


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
    _copies: Copies = field(init=False)

    def __post_init__(self) -> None:
        self._copies = Copies(
            move=self.move,
            root=self.root,
            run=self.run,
            files=self.files,
            operations=self.operations,
            runs=self.runs,
            clock=self.clock,
            places=self._places,
            count=self._count,
            leave=self._leave,
        )

    def state(self) -> MoveState:
        """What it has come to so far."""
        return MoveState(moved=self._moved, size=self._size, left=tuple(self._left))

    def carry_out(self, tell: Callable[[Progress], None]) -> None:
        """Move the files.

        Raises:
            RefusedError: the quarantine is not open, or its manifest cannot be written, or `queue.dat` had to be left;
                what was moved till then stays.
        """
        self._began = self.clock.seconds
        self._check()
        self._copies.begin()
        try:
            self._all(tell)
        except RefusedError:
            self._copies.drop()
            raise
        self._copies.end()
        for left in self._left:
            if is_data(left.name) and not self.move.at and left.reason != rules.GONE:
                text = f"{QUEUE_DATA} cannot be moved: {left.reason}"
                raise RefusedError(text, "Look what keeps it, then `ndrfix resume`.")

    def _all(self, tell: Callable[[Progress], None]) -> None:
        files = self.move.files
        for start in range(0, len(files), form.BATCH):
            fit = [file for file in files[start : start + form.BATCH] if self._fits(file)]
            records = (PendingMove(self.move.at, self.move.kept, self.move.back, file) for file in fit)
            if fit:
                self.runs.append(self.run, "".join(map(form.record, records)))
                self._batch(fit)
            self._copies.settle()
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
        target = joined(self.root, self.move.at) if self.move.back else joined(self.run, self.move.kept)
        if not self.files.is_folder(target):
            self.files.put(SimulatedFile(path=target, directory=True))

    # --- one file ---------------------------------------------------------------------------------------------------

    def _places(self, name: str) -> tuple[str, str]:
        there = joined(self.root, self.move.at, name)
        kept = joined(self.run, self.move.kept, name)
        return (kept, there) if self.move.back else (there, kept)

    def _fits(self, wanted: QueueFile) -> bool:
        """Whether a file is to be put on record and moved; what is not is done with."""
        if self._copies.goes_on(wanted):
            return False
        here, there = map(self.files.find, self._places(wanted.name))
        if here is None:
            if there is not None and _is(there, wanted):
                self._count(there.bytes)
            else:
                self._leave(wanted, rules.GONE)
        elif here.directory:
            self._leave(wanted, "is a folder")
        elif not _is(here, wanted):
            self._leave(wanted, rules.CHANGED)
        elif there is not None and (there.directory or not self.move.replace):
            self._leave(wanted, rules.THERE)
        else:
            return True
        return False

    def _batch(self, files: list[QueueFile]) -> None:
        tries = 0
        while files:
            files = [file for file in files if not self._attempt(file)]
            tries += 1
            if self._elapsed >= self.move.timeout:
                for file in files:
                    self._leave(file, rules.HELD)
                return
            if tries == TRIES:
                for file in files:
                    if not is_data(file.name):
                        self._leave(file, rules.HELD)
                # The service may be ending yet: only time ends this.
                files = [file for file in files if is_data(file.name)]
            self.clock.seconds += PAUSE if files else 0.0

    def _attempt(self, wanted: QueueFile) -> bool:
        """Move a file; gives whether it is done with: False when it is held open."""
        source, target = self._places(wanted.name)
        file = self.files.find(source)
        if file is None:
            self._leave(wanted, rules.GONE)
            return True
        try:
            self._one(wanted, file, source, target)
        except HeldError:
            return False
        except FileNotFoundError:
            self._leave(wanted, rules.GONE)
        except RefusedError:
            self._leave(wanted, "access is denied")
        return True

    def _one(self, wanted: QueueFile, file: SimulatedFile, source: str, target: str) -> None:
        if file.held or (is_data(file.path) and not self.move.at and self.data_held()):
            raise HeldError
        if self.denied(source) or self.denied(target):
            raise RefusedError("access is denied")
        if self.files.volume(source) != self.files.volume(target):
            self._copies.copy(wanted, file)
            return
        self.operations.do(lambda: self._rename(source, target))
        self._count(file.bytes)

    def _rename(self, source: str, target: str) -> None:
        if self.files.find(source) is None:
            raise FileNotFoundError(source)
        if self.files.find(target):
            self.files.remove(target)
        self.files.rename(source, target)
        moved = self.files.find(target)
        if moved is not None and is_data(target):
            self.files.put(replace(moved, read_only=False))

    def _count(self, size: int) -> None:
        self._moved += 1
        self._size += size

    def _leave(self, file: QueueFile, reason: str) -> None:
        self._left.append(LeftFile(file.name, reason))


def _is(file: SimulatedFile, wanted: QueueFile) -> bool:
    return wanted.size < 0 or (file.bytes, written(file)) == (wanted.size, wanted.written)
