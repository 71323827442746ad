"""The message queue and its quarantines on a simulated host: what reading and moving them does."""

from __future__ import annotations

import ntpath
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from ndrfix.connections import manifest as form
from ndrfix.connections.base import Progress, Reading
from ndrfix.connections.manifest import Manifest, ManifestError
from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulated_files import Files, written
from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulated_operations import HeldError, Operations
from ndrfix.connections.simulation import SimulatedFile, SimulatedQueue
from ndrfix.connections.winpath import full
from ndrfix.exchange.extract import LIMIT, Extract
from ndrfix.exchange.messages import closed, told
from ndrfix.exchange.ndr import Verdict, classify
from ndrfix.resources import (
    ABSENT,
    BAD,
    OUT,
    QUEUE_DATA,
    REPLACED,
    Change,
    Folder,
    FolderState,
    LeftFile,
    Located,
    Message,
    MessageKind,
    MessageQueue,
    Move,
    MoveState,
    PendingMove,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    Unreadable,
    fold,
)

_TRIES = 3
# The time of a simulated host: quarantines are as old as the files that ndrfix makes.
BEGAN = "2004-05-03T12:00:00Z"


class _LeftError(Exception):
    """A file stays where it is; the message says why."""


@dataclass(slots=True)
class Queues:
    """Queues and quarantines on the files of a host. `find` resolves a path (None: what it begins with is missing),
    `service_runs` tells whether the Internet Mail Service holds its `queue.dat`.
    """

    files: Files
    operations: Operations
    made: SimulatedQueue
    find: Callable[[str | Located], str | None]
    service_runs: Callable[[], bool]
    starts: int = 1

    # --- the service ------------------------------------------------------------------------------------------------

    def fill(self, queue: MessageQueue) -> None:
        """Put the messages that the description tells of in place, and `queue.dat`."""
        root = self.find(queue.root) if self.made.messages else None
        if root is not None:
            for file in mailbox(f"{root}\\{OUT}", dict(self.made.messages)):
                self.files.put(file)
            self.files.put(SimulatedFile(path=f"{root}\\{QUEUE_DATA}", content=b"queue", read_only=True))

    def started(self, queue: MessageQueue, *, suppressed: bool) -> bool:
        """What the service does when it starts; gives whether it goes on running."""
        root = self.find(queue.root)
        if root is None or self.files.find(f"{root}\\{OUT}") is None:
            return True
        data = f"{root}\\{QUEUE_DATA}"
        if self.files.find(data) is None:
            self.files.put(SimulatedFile(path=data, content=b"queue", modified=BEGAN))
        for file in mailbox(
            f"{root}\\{OUT}", {MessageKind.NDR: 0 if suppressed else self.made.refill}, seed=self.starts
        ):
            self.files.put(file)
        self.starts += 1
        bad = {fold(name) for name in self.made.chokes_on}
        return not any(fold(ntpath.basename(file.path)) in bad for file in self.files.inside(f"{root}\\{OUT}"))

    def delivered(self, queue: MessageQueue) -> None:
        """Mail of users has left the queue."""
        found = self.queue(queue) if self.made.delivers else ABSENT
        if isinstance(found, QueueState):
            for message in found.messages:
                if message.kind is MessageKind.USER:
                    self.files.remove(f"{found.path}\\{OUT}\\{message.name}")

    # --- reading ----------------------------------------------------------------------------------------------------

    def queue(self, queue: MessageQueue) -> Reading:
        """The messages in `out`, each told by its content."""
        root = self.find(queue.root)
        if root is None or self.files.find(f"{root}\\{OUT}") is None:
            return ABSENT
        messages = sorted(
            (_message(file) for file in self.files.inside(f"{root}\\{OUT}") if not file.directory),
            key=lambda message: message.name,
        )
        data = self.files.find(f"{root}\\{QUEUE_DATA}")
        return QueueState(path=root, messages=tuple(messages), data=_seen(data) if data else None)

    def contents(self, queue: MessageQueue) -> dict[str, bytes]:
        """What the first bytes of each message are, by name; for a far side that tells them as extracts."""
        root = self.find(queue.root)
        found = self.files.inside(f"{root}\\{OUT}") if root else ()
        return {
            ntpath.basename(file.path): file.content or b"" for file in found if not file.directory and not file.held
        }

    def folder(self, folder: Folder) -> Reading:
        """The files of a folder, counted."""
        path = self.find(folder.path)
        if path is None or (self.files.find(path) is None and len(path) > len("C:\\")):
            return ABSENT
        files = [file for file in self.files.inside(path) if not file.directory]
        return FolderState(path=path, files=len(files), size=sum(file.bytes for file in files), free=self.made.free)

    def quarantine(self, quarantine: Quarantine) -> Reading:
        """One run's quarantine."""
        folder = self.find(quarantine.folder)
        return ABSENT if folder is None else self._quarantine(f"{folder}\\{quarantine.run}")

    def quarantines(self, quarantines: Quarantines) -> Reading:
        """All runs below a folder."""
        folder = self.find(quarantines.folder)
        if folder is None or self.files.find(folder) is None:
            return ABSENT
        runs: list[tuple[str, QuarantineState]] = []
        unreadable: list[tuple[str, str]] = []
        for file in self.files.inside(folder):
            if not file.directory:
                continue
            name = ntpath.basename(file.path)
            found = self._quarantine(f"{folder}\\{name}")
            if isinstance(found, QuarantineState):
                runs.append((self._own_name(f"{folder}\\{name}"), found))
            elif isinstance(found, Unreadable):
                unreadable.append((name, found.reason))
        return QuarantinesState(
            path=folder, runs=tuple(sorted(runs, key=lambda each: each[0])), unreadable=tuple(sorted(unreadable))
        )

    def _own_name(self, path: str) -> str:
        return self._manifest(path).run

    def _quarantine(self, path: str) -> Reading:
        if self.files.find(path) is None:
            return ABSENT
        try:
            found = self._manifest(path)
        except ManifestError as error:
            return Unreadable(reason=str(error))
        files = [file for file in self.files.inside(f"{path}\\{OUT}") if not file.directory]
        return QuarantineState(
            status=found.status,
            promised=found.promised,
            messages=len(files),
            size=sum(file.bytes for file in files),
            began=found.began,
            pending=tuple(
                sorted(
                    (move for move in found.records.values() if self._is_pending(path, move)),
                    key=lambda each: each.file.name,
                )
            ),
            data=self.files.find(f"{path}\\{QUEUE_DATA}") is not None,
        )

    def _pending(self, path: str, found: Manifest) -> tuple[PendingMove, ...]:
        pending = (move for move in found.records.values() if self._is_pending(path, move))
        return tuple(sorted(pending, key=lambda each: each.file.name))

    def _is_pending(self, path: str, move: PendingMove) -> bool:
        there = self.files.find(_joined(path, move.kept, move.file.name)) is not None
        return there is move.back

    def _manifest(self, path: str) -> Manifest:
        file = self.files.find(f"{path}\\{form.NAME}")
        if file is None:
            raise ManifestError("it holds no manifest")
        return Manifest.parse((file.content or b"").decode("ascii", "replace"))

    # --- quarantines ------------------------------------------------------------------------------------------------

    def change(self, change: Change) -> None:
        """Open, close or remove a quarantine.

        Raises:
            RefusedError: it cannot be done; nothing was.
        """
        quarantine = change.resource
        folder = self.find(quarantine.folder) if isinstance(quarantine, Quarantine) else None
        if folder is None or not isinstance(quarantine, Quarantine):
            raise RefusedError(f"{quarantine}: there is no folder for it")
        path = full(f"{folder}\\{quarantine.run}")
        if change.after == ABSENT:
            self._purge(path)
        elif isinstance(change.after, QuarantineState):
            lines = "" if change.before != ABSENT else form.header(quarantine.run, BEGAN)
            opens = change.after.status is QuarantineStatus.OPEN
            self._append(path, lines + (form.opened(change.after.promised) if opens else form.closed()))
            self.files.put(SimulatedFile(path=f"{path}\\{OUT}", directory=True))

    def _append(self, path: str, lines: str) -> None:
        name = f"{path}\\{form.NAME}"
        file = self.files.find(name)
        text = (file.content or b"").decode("ascii") if file else ""
        made = SimulatedFile(path=name, content=form.appended(text, lines).encode("ascii"), modified=BEGAN)
        try:
            self.operations.do(lambda: self.files.put(made))
        except HeldError as error:
            raise RefusedError(
                "another run is at work in this quarantine", "Wait until it is through, then `ndrfix resume`."
            ) from error

    def _purge(self, path: str) -> None:
        own = {fold(name) for name in (OUT, BAD, REPLACED)}
        for file in self.files.inside(path):
            name = fold(ntpath.basename(file.path))
            known = name in own if file.directory else name in (fold(QUEUE_DATA), fold(form.NAME))
            if not known:
                raise RefusedError(f"{file.path} is nothing that ndrfix made: nothing was removed")
        folders = [f"{path}\\{name}" for name in (OUT, BAD, REPLACED)]
        names = [file.path for folder in folders for file in self.files.inside(folder)]
        names += [f"{path}\\{name}" for name in (QUEUE_DATA, form.NAME)]
        for name in names:
            if self.files.find(name):
                self._delete(name)
        for folder in (*folders, path):
            self.files.remove(folder)

    def _delete(self, path: str) -> None:
        try:
            self.operations.do(lambda: self.files.remove(path))
        except HeldError as error:
            raise RefusedError(f"{path} is held open by another program") from error

    # --- moving -----------------------------------------------------------------------------------------------------

    def move(self, move: Move, tell: Callable[[Progress], None]) -> MoveState:
        """Move files, each on record before.

        Raises:
            RefusedError: the queue or the quarantine cannot be reached, or the quarantine is not open.
        """
        root, folder = self.find(move.queue.root), self.find(move.quarantine.folder)
        if root is None or folder is None:
            raise RefusedError("where the queue lies is not known", "Find out what RootDir is, on the host.")
        path = f"{folder}\\{move.quarantine.run}"
        found = self._quarantine(path)
        if not isinstance(found, QuarantineState) or found.status is not QuarantineStatus.OPEN:
            raise RefusedError(f"{move.quarantine} is not open: nothing was moved", "Plan again.")
        done: list[QueueFile] = []
        left: list[LeftFile] = []
        for start in range(0, len(move.files), form.BATCH):
            batch = move.files[start : start + form.BATCH]
            self._append(path, "".join(form.record(PendingMove(move.at, move.kept, move.back, file)) for file in batch))
            self._batch(move, batch, (root, path), done, left)
            text = f"moving messages: {start + len(batch)} of {len(move.files)}"
            tell(Progress(item=move, text=text, elapsed=0.0, limit=move.timeout))
        return MoveState(moved=len(done), size=sum(max(file.size, 0) for file in done), left=tuple(left))

    def _batch(
        self,
        move: Move,
        batch: tuple[QueueFile, ...],
        places: tuple[str, str],
        done: list[QueueFile],
        left: list[LeftFile],
    ) -> None:
        held = list(batch)
        for attempt in range(_TRIES):
            again: list[QueueFile] = []
            for file in held:
                try:
                    size = self._one(move, file, *places)
                    done.append(replace(file, size=size))
                except HeldError:
                    again.append(file)
                except _LeftError as error:
                    left.append(LeftFile(file.name, str(error)))
            held = again
            if not held or attempt == _TRIES - 1:
                break
        left += (LeftFile(file.name, "is held open by another program") for file in held)

    def _one(self, move: Move, wanted: QueueFile, root: str, path: str) -> int:
        source, target = _joined(root, move.at, wanted.name), _joined(path, move.kept, wanted.name)
        if move.back:
            source, target = target, source
        here, there = self.files.find(source), self.files.find(target)
        if here is None:
            if there is not None and _is(there, wanted):
                return there.bytes
            raise _LeftError("is no longer there")
        if not _is(here, wanted):
            raise _LeftError("was changed since it was looked at")
        if there is not None and not move.replace:
            raise _LeftError("a file of that name is there already")
        if here.held or (not move.at and self.service_runs()):
            raise HeldError
        try:
            self.operations.do(lambda: self._rename(source, target))
        except RefusedError as error:
            raise _LeftError("access is denied") from error
        return here.bytes

    def _rename(self, source: str, target: str) -> None:
        if self.files.find(target):
            self.files.remove(target)
        self.files.rename(source, target)
        file = self.files.find(target)
        if file is not None and file.read_only and ntpath.basename(target).casefold() == QUEUE_DATA:
            self.files.put(replace(file, read_only=False))


def _joined(*parts: str) -> str:
    return "\\".join(part for part in parts if part)


def _seen(file: SimulatedFile) -> QueueFile:
    return QueueFile(ntpath.basename(file.path), file.bytes, written(file))


def _is(file: SimulatedFile, wanted: QueueFile) -> bool:
    return wanted.size < 0 or (file.bytes, written(file)) == (wanted.size, wanted.written)


def _message(file: SimulatedFile) -> Message:
    if file.held:
        return closed(_seen(file), "is held open by another program")
    content = file.content if file.content is not None else b""
    return told(_seen(file), _verdict(content, file.bytes))


@lru_cache(maxsize=5000)
def _verdict(content: bytes, size: int) -> Verdict:
    return classify(Extract.of(content[:LIMIT], size))
