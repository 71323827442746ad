"""Messages that go to another volume of a simulated host: copied aside, on record as copied, then the source goes."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ndrfix.connections import manifest as form
from ndrfix.connections import rules
from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulated_files import Files, written
from ndrfix.connections.simulated_operations import HeldError, Operations
from ndrfix.connections.simulated_runs import Runs
from ndrfix.connections.simulated_services import VirtualClock
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.exchange.layout import PARTS
from ndrfix.resources import OUT, PART, QUEUE_DATA, Move, PendingMove, QueueFile, fold

TRIES, PAUSE = 3, 0.2
"""How often what is held open is tried, and the seconds between."""


@dataclass(slots=True, kw_only=True)
class Copies:
    """What one move copies. `places` gives where a file comes from and where it goes to; `count` gets the size of each
    that came to its end, `leave` each that is left with the reason.
    """

    move: Move
    root: str
    run: str
    files: Files
    operations: Operations
    runs: Runs
    clock: VirtualClock
    places: Callable[[str], tuple[str, str]]
    count: Callable[[int], None]
    leave: Callable[[QueueFile, str], None]
    _known: set[str] = field(default_factory=set)
    _free: set[str] = field(default_factory=set)  # the names of which the source was deleted by ndrfix
    _fresh: list[QueueFile] = field(default_factory=list)
    _ready: list[QueueFile] = field(default_factory=list)
    _done: list[QueueFile] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Where the copies lie until they are whole: on the volume to which they go."""
        return f"{self.root}\\{PARTS}\\{ntpath.basename(self.run)}" if self.move.back else f"{self.run}\\{PART}"

    def begin(self) -> None:
        """Take in what the manifest says was copied, and remove every other copy: it need not be whole. But where lines
        of the manifest say nothing, one of which there is no other is kept.
        """
        found = self.runs.manifest(self.run)
        moves = [move for key, move in found.records.items() if key in found.copied and move.back is self.move.back]
        over = [move for move in moves if self._is_over(move)]
        if over:
            self.runs.append(self.run, "".join(map(form.done, over)))
        self._known = {fold(_name(move.kept, move.file.name)) for move in moves if move not in over}
        for file in self.files.inside(self.folder):
            name = ntpath.basename(file.path)
            if fold(name) not in self._known and not (found.garbled and self._is_last(name)):
                self._discard(file.path)

    def _is_last(self, name: str) -> bool:
        """Whether a copy is all that there is of a message."""
        kept, _, message = name.partition(".")
        places = (f"{self.root}\\{OUT}", f"{self.run}\\{kept}")
        return not is_data(message or name) and all(self.files.find(f"{each}\\{message}") is None for each in places)

    def _is_over(self, move: PendingMove) -> bool:
        """Whether a copy got into its place; a `queue.dat` that lies there again was made since."""
        if self.files.find(f"{self.folder}\\{_name(move.kept, move.file.name)}") is not None:
            return False
        source = joined(self.run, move.kept) if move.back else joined(self.root, move.at)
        return is_data(move.file.name) or self.files.find(f"{source}\\{move.file.name}") is None

    def end(self) -> None:
        """Remove the folders that are empty."""
        above = (self.folder, ntpath.dirname(self.folder)) if self.move.back else (self.folder,)
        for folder in above:
            if self.files.is_folder(folder) and not self.files.inside(folder):
                self.files.remove(folder)

    def drop(self) -> None:
        """Remove the copies that are not on record, and what `end` removes."""
        for file in self._fresh:
            self._discard(self._part(file.name))
        self._fresh = []
        self.end()

    # --- one file ---------------------------------------------------------------------------------------------------

    def goes_on(self, wanted: QueueFile) -> bool:
        """Whether nothing but the end is left of a copy, or it is left alone."""
        if not self._is_known(wanted):
            return False
        source, target = map(self.files.find, self.places(wanted.name))
        part = self.files.find(self._part(wanted.name))
        if source is not None and is_data(wanted.name):
            return False  # made anew since
        if part is not None or (target is not None and _alike(target, wanted)):
            self._ready.append(wanted)
            self._free.add(fold(wanted.name))
        elif self.move.back:
            self.leave(wanted, rules.SENT)
        else:
            return False
        return True

    def copy(self, wanted: QueueFile, file: SimulatedFile) -> None:
        """Copy a file aside.

        Raises:
            HeldError: it is held open.
            RefusedError: access is denied.
        """
        read_only = file.read_only and not is_data(wanted.name)
        copy = replace(file, path=self._part(wanted.name), read_only=read_only)
        half = replace(copy, content=(copy.content or b"")[:1])
        try:
            self.operations.do(lambda: self.files.put(copy), partly=lambda: self.files.put(half))
        except (HeldError, RefusedError):
            self._discard(copy.path)
            raise
        self._fresh.append(wanted)

    def settle(self) -> None:
        """Bring to its end what was copied: on record, then the source goes, and the copy gets into its place.

        Raises:
            RefusedError: the manifest cannot be written, or a copy whose source is gone cannot get into its place.
        """
        # From here on they may be on record, even if that cannot be told: the next move finds out.
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._record(form.copied, fresh)
        self._ready += fresh
        for tries in range(TRIES):
            self.clock.seconds += PAUSE if tries and self._ready else 0.0
            self._ready = [file for file in self._ready if not self._placed(file)]
        kept = [file for file in self._ready if self._source(file) is not None]
        stuck = [file for file in self._ready if file not in kept]
        for file in kept:
            self._void(file, rules.HELD)
        if self._done:
            self._record(form.done, self._done)
            self._done = []
        self._ready = []
        if stuck:
            text = f"cannot put {stuck[0].name} in its place: it lies in {self.folder}"
            raise RefusedError(text, "Look what keeps it, then `ndrfix resume`.")

    def _placed(self, file: QueueFile) -> bool:
        """Whether a file has come to its end, there or where it was."""
        source, target = self.places(file.name)
        part = self._part(file.name)
        free = fold(file.name) in self._free
        try:
            taken = self._source(file) is not None and self.operations.do(lambda: self._take(source))
        except HeldError:
            return False
        except RefusedError:
            self._void(file, "access is denied")
            return True
        if not taken and not free:  # others took it while it was copied
            self._discard(part)
            self._done.append(file)
            self.leave(file, rules.GONE)
            return True
        self._free.add(fold(file.name))
        try:
            if self.files.find(part) is not None:
                self.operations.do(lambda: self._place(part, target))
        except (HeldError, RefusedError):
            return False
        self._done.append(file)
        placed = self.files.find(target)
        self.count(placed.bytes if placed else 0)
        return True

    def _take(self, source: str) -> bool:
        """Delete a source; gives whether it was there."""
        there = self.files.find(source) is not None
        self.files.remove(source)
        return there

    def _place(self, part: str, target: str) -> None:
        if self.files.find(target):
            self.files.remove(target)
        self.files.rename(part, target)

    def _source(self, file: QueueFile) -> SimulatedFile | None:
        """What was copied, if it is still there."""
        found = self.files.find(self.places(file.name)[0])
        return found if found is not None and _alike(found, file) else None

    def _void(self, file: QueueFile, reason: str) -> None:
        """The file stays where it is: its copy does not count any more."""
        self._record(form.record, [file])
        self._discard(self._part(file.name))
        self.leave(file, reason)

    def _record(self, line: Callable[[PendingMove], str], files: Iterable[QueueFile]) -> None:
        moves = (PendingMove(self.move.at, self.move.kept, self.move.back, file) for file in files)
        self.runs.append(self.run, "".join(map(line, moves)))

    def _discard(self, part: str) -> None:
        """Remove a copy that does not count; one that cannot be removed is removed by the next move."""
        if self.files.find(part) is None:
            return
        try:
            self.operations.do(lambda: self.files.remove(part))
        except (HeldError, RefusedError):
            return

    def _part(self, name: str) -> str:
        return f"{self.folder}\\{_name(self.move.kept, name)}"

    def _is_known(self, wanted: QueueFile) -> bool:
        return fold(_name(self.move.kept, wanted.name)) in self._known


def _name(kept: str, name: str) -> str:
    """The name of a copy; queue.dat itself lies beside the folders."""
    return f"{kept}.{name}" if kept else name


def is_data(path: str) -> bool:
    """Whether a file is `queue.dat`."""
    return fold(ntpath.basename(path)) == fold(QUEUE_DATA)


def joined(*parts: str) -> str:
    """A path of these, of which some may be empty."""
    return "\\".join(part for part in parts if part)


def _alike(file: SimulatedFile, wanted: QueueFile) -> bool:
    return wanted.size < 0 or (file.bytes, written(file)) == (wanted.size, wanted.written)
