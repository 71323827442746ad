"""The message queue and its quarantines as a dry run sees them: what would have been moved is gone from its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from ndrfix.connections import rules
from ndrfix.connections.base import Reading
from ndrfix.connections.rules import RefusedError
from ndrfix.resources import (
    ABSENT,
    OUT,
    QUEUE_DATA,
    Absent,
    Change,
    Folder,
    FolderState,
    LeftFile,
    Located,
    Message,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    fold,
    kept_queue,
)

Ask = Callable[[MessageQueue | Quarantine], Reading]


@dataclass(slots=True)
class _Moved:
    """What would be gone from a queue, and what would have come, by folded name; `emptied`: nothing would be left of
    what the host has.
    """

    gone: dict[str, Message] = field(default_factory=dict)
    came: dict[str, Message] = field(default_factory=dict)
    data: QueueFile | Absent | None = None
    emptied: bool = False

    def knows(self, folded: str) -> bool:
        """Whether what became of a message was decided here, and not on the host."""
        return folded in self.gone or folded in self.came


@dataclass(slots=True)
class QueuePatches:
    """What was written in memory."""

    _queues: dict[MessageQueue, _Moved] = field(default_factory=dict)
    _quarantines: dict[Quarantine, QuarantineState | Absent] = field(default_factory=dict)

    def quarantine(self, quarantine: Quarantine) -> QuarantineState | Absent | None:
        """The quarantine as it was written; None: the host knows."""
        return self._quarantines.get(quarantine)

    def shown(self, resource: MessageQueue | Quarantines | Folder, found: Reading) -> Reading:
        """What the host told, with what was written here."""
        match resource:
            case MessageQueue():
                return self._queue(resource, found)
            case Quarantines():
                return self._all(resource, found)
            case Folder():
                return self._folder(resource, found)

    def _folder(self, folder: Folder, found: Reading) -> Reading:
        """The folder `out` of a queue from which messages would be gone, or to which they would have come."""
        for queue, moved in self._queues.items():
            if isinstance(found, FolderState) and folder == Folder(_below(queue.root, OUT)):
                files = len(moved.came) - len(moved.gone)
                size = sum(each.size for each in moved.came.values()) - sum(each.size for each in moved.gone.values())
                return replace(found, files=max(found.files + files, 0), size=max(found.size + size, 0))
        return found

    def _queue(self, queue: MessageQueue, found: Reading) -> Reading:
        moved = self._queues.get(queue)
        if moved is None or not (found == ABSENT or isinstance(found, QueueState)):
            return found
        before = found if isinstance(found, QueueState) and not moved.emptied else QueueState(path="")
        messages = [each for each in before.messages if not moved.knows(fold(each.name))]
        messages += moved.came.values()
        data = before.data if moved.data is None else None if isinstance(moved.data, Absent) else moved.data
        return replace(before, messages=tuple(sorted(messages, key=lambda each: each.name)), data=data)

    def _all(self, quarantines: Quarantines, found: Reading) -> Reading:
        mine = {each.run: state for each, state in self._quarantines.items() if Quarantines(each.folder) == quarantines}
        if not mine or not (found == ABSENT or isinstance(found, QuarantinesState)):
            return found
        before = found if isinstance(found, QuarantinesState) else QuarantinesState(path="")
        runs = {run: state for run, state in before.runs if fold(run) not in {fold(name) for name in mine}}
        runs |= {run: state for run, state in mine.items() if isinstance(state, QuarantineState)}
        return replace(before, runs=tuple(sorted(runs.items(), key=lambda each: each[0])))

    def change(self, change: Change, found: Reading) -> None:
        """Open, close or remove a quarantine."""
        if not isinstance(change.resource, Quarantine):
            return
        if isinstance(change.after, QuarantineState):
            before = (
                found
                if isinstance(found, QuarantineState)
                else QuarantineState(status=change.after.status, promised=change.after.promised, messages=0, size=0)
            )
            status, promised = change.after.status, change.after.promised
            self._quarantines[change.resource] = replace(before, status=status, promised=promised)
        else:
            self._quarantines[change.resource] = ABSENT
            self._queues[kept_queue(change.resource)] = _Moved(emptied=True)

    def move(self, move: Move, ask: Ask) -> MoveState:
        """Move every file.

        Raises:
            RefusedError: the quarantine is not open.
        """
        own = ask(move.quarantine)
        if not isinstance(own, QuarantineState) or own.status is not QuarantineStatus.OPEN:
            raise RefusedError(f"{move.quarantine} is not open: nothing was moved", "Plan again.")
        if not move.at:
            return self._move_data(move, own, ask)
        kept = kept_queue(move.quarantine)
        source, target = (kept, move.queue) if move.back else (move.queue, kept)
        if move.back and move.kept != OUT:
            # What lies beside the messages of a run is not read: it is taken to be as it was put on record.
            return MoveState(moved=len(move.files), size=sum(file.size for file in move.files))
        here = _by_name(ask(source))
        # A quarantine without messages need not be read for those that are in the way.
        there = _by_name(ask(target)) if move.back or (move.kept == OUT and own.messages) else {}
        left = tuple(
            LeftFile(file.name, reason)
            for file in move.files
            if (reason := _why_left(move, file, here.get(fold(file.name)), there.get(fold(file.name))))
        )
        stay = {fold(file.name) for file in left}
        going = [fold(file.name) for file in move.files if fold(file.name) not in stay]
        messages = {name: here[name] for name in going if name in here}
        self._take(source, messages)
        if move.kept == OUT:
            self._give(target, messages)
            self._quarantines[move.quarantine] = _counted(own, messages.values(), -1 if move.back else 1)
        size = sum((here.get(name) or there[name]).size for name in going)
        return MoveState(moved=len(going), size=size, left=left)

    def _move_data(self, move: Move, own: QuarantineState, ask: Ask) -> MoveState:
        kept = kept_queue(move.quarantine)
        source, target = (kept, move.queue) if move.back else (move.queue, kept)
        data = _data(ask(source))
        # What lies beside the messages of a run is not read: one that is replaced goes where nothing is known.
        there = _data(ask(target)) if not move.kept and (move.back or own.data) else None
        if data is None and there is not None:
            return MoveState(moved=1, size=there.size)
        if data is None:
            return MoveState(moved=0, size=0, left=(LeftFile(QUEUE_DATA, rules.GONE),))
        if there is not None and not move.replace:
            return MoveState(moved=0, size=0, left=(LeftFile(QUEUE_DATA, rules.THERE),))
        self._queues.setdefault(source, _Moved()).data = ABSENT
        if not move.kept:
            self._queues.setdefault(target, _Moved()).data = data
            self._quarantines[move.quarantine] = replace(own, data=not move.back)
        return MoveState(moved=1, size=data.size)

    def _take(self, queue: MessageQueue, messages: Mapping[str, Message]) -> None:
        moved = self._queues.setdefault(queue, _Moved())
        for name, message in messages.items():
            if moved.came.pop(name, None) is None:
                moved.gone[name] = message

    def _give(self, queue: MessageQueue, messages: Mapping[str, Message]) -> None:
        moved = self._queues.setdefault(queue, _Moved())
        for name, message in messages.items():
            if moved.gone.pop(name, None) is None:
                moved.came[name] = message

    def started(self, queue: MessageQueue) -> None:
        """The service makes `queue.dat` anew when it starts."""
        moved = self._queues.get(queue)
        if moved is not None and isinstance(moved.data, Absent):
            moved.data = QueueFile(QUEUE_DATA, 0, 0)


def _below(folder: str | Located, name: str) -> str | Located:
    if isinstance(folder, Located):
        return Located(folder.base, f"{folder.tail}\\{name}")
    return f"{folder}\\{name}"


def _by_name(found: Reading) -> dict[str, Message]:
    return {fold(each.name): each for each in found.messages} if isinstance(found, QueueState) else {}


def _data(found: Reading) -> QueueFile | None:
    return found.data if isinstance(found, QueueState) else None


def _counted(own: QuarantineState, messages: Collection[Message], sign: int) -> QuarantineState:
    size = sum(message.size for message in messages)
    return replace(own, messages=(own.messages or 0) + sign * len(messages), size=(own.size or 0) + sign * size)


def _why_left(move: Move, file: QueueFile, here: Message | None, there: Message | None) -> str:
    """Why a file stays where it is, empty when it goes or has gone already."""
    if here is None:
        return "" if there is not None and _is(there, file) else rules.GONE
    if not _is(here, file):
        return rules.CHANGED
    return rules.THERE if there is not None and not move.replace else ""


def _is(message: Message, file: QueueFile) -> bool:
    return file.size < 0 or (message.size, message.written) == (file.size, file.written)
