"""The wire as its far side sees it: requests become resources and items, readings and outcomes become lines.

The reverse of `protocol.py`; `agent.ps1` does the same on Windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ndrfix.connections.base import Outcome, Progress, Reading
from ndrfix.connections.packing import unpacked
from ndrfix.connections.protocol import (
    CELL,
    ELEMENT,
    FIELD,
    PART,
    ROW,
    SlowLine,
    TargetLine,
    parse_state,
    state_text,
)
from ndrfix.connections.wire_states import pending_element, queue_file, queue_file_cells
from ndrfix.connections.wire_text import WireError, escape, unescape
from ndrfix.exchange.extract import Extract
from ndrfix.resources import (
    COMPUTER,
    Action,
    Change,
    ComputerState,
    File,
    FileState,
    FileVersion,
    FileVersionState,
    Folder,
    FolderState,
    Hive,
    Located,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QueueFile,
    QueueState,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    TreeState,
    Unreadable,
    Verb,
)

Row = Mapping[str, object]

_FILES = 100_000_000  # characters of a move's list of files, enough for a million

# --- requests -------------------------------------------------------------------------------------------------------


def _text(row: Row, name: str) -> str:
    return unescape(str(row[name]))


def _number(row: Row, name: str) -> int:
    return int(str(row[name]))


def _key(row: Row) -> RegistryKey:
    return RegistryKey(Hive(str(row["Hive"])), _text(row, "Path"))


def _value(row: Row) -> RegistryValue:
    return RegistryValue(_key(row), _text(row, "Name"))


def _path(row: Row) -> str | Located:
    tail = _text(row, "Tail")
    match row["Base"]:
        case "":
            return tail
        case "service":
            return Located(Service(_text(row, "Name")), tail)
        case "value":
            return Located(_value(row), tail)
    raise WireError(f"a path cannot begin with {row['Base']!r}")


def _resource(row: Row) -> Resource:
    match row["Kind"]:
        case "value":
            return _value(row)
        case "key":
            return _key(row)
        case "tree":
            return RegistryTree(_key(row), _number(row, "Depth"))
        case "service" | "restart" | "watch":
            return Service(_text(row, "Name"))
        case "file":
            return File(_path(row))
        case "version":
            return FileVersion(_path(row))
        case "computer":
            return COMPUTER
    return _queue_resource(row)


def _queue_resource(row: Row) -> Resource:
    match row["Kind"]:
        case "queue" | "move":
            return MessageQueue(_path(row))
        case "folder":
            return Folder(_path(row))
        case "quarantine":
            return Quarantine(_path(row), _text(row, "Run"))
        case "quarantines":
            return Quarantines(_path(row))
    raise WireError(f"unknown kind {row['Kind']!r}")


def requested_resource(row: Row) -> Resource:
    """The resource that a table asks for.

    Raises:
        WireError: a kind or a base that is unknown, or a column that is missing or wrong.
    """
    try:
        return _resource(row)
    except WireError:
        raise
    except (KeyError, ValueError) as error:
        raise WireError(f"a request {dict(row)!r}: {error!r}") from error


def _state(text: str) -> State:
    kind, *parts = text.split(PART)
    if kind == "service" and len(parts) == 2:
        return ServiceState(status=ServiceStatus(parts[0]), start=StartType(parts[1]))
    found = parse_state(text)
    if isinstance(found, Unreadable):
        raise WireError("an item cannot expect something unreadable")
    return found


def requested_item(row: Row) -> RemoteItem:
    """The item that a table tells to carry out.

    Raises:
        WireError: a kind or a state that no item can have, or a column that is missing or wrong.
    """
    resource = requested_resource(row)
    try:
        timeout = _number(row, "Timeout") / 1000
        if row["Kind"] in set(Verb) and isinstance(resource, Service):
            return Action(verb=Verb(str(row["Kind"])), resource=resource, timeout=timeout)
        if isinstance(resource, MessageQueue):
            return _move(row, resource, timeout)
        if isinstance(resource, RegistryValue | RegistryKey | Service | Quarantine):
            before, after = _state(str(row["Before"])), _state(str(row["After"]))
            return Change(resource=resource, before=before, after=after, timeout=timeout)
    except WireError:
        raise
    except (KeyError, ValueError) as error:
        raise WireError(f"an item {dict(row)!r}: {error!r}") from error
    raise WireError(f"{resource} cannot be written")


def _move(row: Row, queue: MessageQueue, timeout: float) -> Move:
    if row["Kind"] != "move":
        raise WireError("a queue is changed by moves only")
    target = _path({name.removeprefix("To"): cell for name, cell in row.items() if name.startswith("To")})
    return Move(
        queue=queue,
        quarantine=Quarantine(target, _text(row, "Run")),
        files=tuple(queue_file(cells) for cells in unpacked(str(row["Files"]), _FILES).split(ROW)[:-1]),
        at=_text(row, "At"),
        kept=_text(row, "Kept"),
        back=_number(row, "Back") == 1,
        replace=_number(row, "Replace") == 1,
        timeout=timeout,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedTarget:
    r"""The computer that a session is to be about: `\\MACHINE`, through the computer `through` (empty: any), with the
    account `user` (empty: that of the session).
    """

    machine: str
    through: str
    user: str


def requested_target(row: Row) -> RequestedTarget:
    """The target that a table names; the password in it is no text and is left alone.

    Raises:
        WireError: a column that is missing or wrong.
    """
    try:
        return RequestedTarget(machine=_text(row, "Machine"), through=_text(row, "Through"), user=_text(row, "User"))
    except KeyError as error:
        raise WireError(f"a target without {error}") from error


# --- answers --------------------------------------------------------------------------------------------------------


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _list(texts: tuple[str, ...]) -> str:
    return "".join(escape(text) + ELEMENT for text in texts)


def _cells(data: RegistryData) -> str:
    # Data have the same cells in a tree as on their own, but for what stands between them.
    return state_text(data).removeprefix(f"data{PART}").replace(PART, CELL)


def _tree(state: TreeState) -> str:
    rows: list[str] = []
    for key in state.keys:
        rows.append(CELL.join(("k", escape(key.path))))
        rows += (CELL.join(("v", escape(name), _cells(data))) for name, data in key.values)
    return "".join(row + ROW for row in rows)


def _quarantine(state: QuarantineState) -> tuple[str, ...]:
    counts = (str(state.messages or 0), str(state.size or 0))
    pending = "".join(pending_element(move) for move in state.pending)
    return (state.status, state.promised, *counts, state.began, _flag(state.data), pending, str(state.garbled))


def _quarantines(state: QuarantinesState) -> str:
    rows = [CELL.join((escape(run), *_quarantine(quarantine))) for run, quarantine in state.runs]
    rows += (CELL.join((escape(run), escape(reason))) for run, reason in state.unreadable)
    return "".join(row + ROW for row in rows)


def reading_text(reading: Reading, code: int | None = None) -> str:
    """The spelling of any state, or of why it cannot be read; `protocol.parse_state` reads it.

    What cannot be read on a target is spelled with the Windows error behind it: `code`, 0 for none.
    """
    match reading:
        case ServiceState():
            about = (escape(reading.display_name), escape(reading.image_path), _list(reading.dependents))
            return PART.join(("service", reading.status, reading.start, *about))
        case FileState():
            flags = (_flag(reading.read_only), _flag(reading.directory))
            return PART.join(("file", escape(reading.path), str(reading.size), reading.modified, *flags))
        case FileVersionState():
            return PART.join(
                ("version", escape(reading.path), reading.version, str(reading.size), reading.modified),
            )
        case ComputerState():
            names = (escape(reading.name), escape(reading.os_version), escape(reading.powershell))
            return PART.join(("computer", *names, _flag(reading.administrator), str(reading.bits)))
        case TreeState():
            return PART.join(("tree", _tree(reading)))
        case QueueState() | FolderState() | QuarantineState() | QuarantinesState() | MoveState():
            return _queue_text(reading)
        case Unreadable():
            number = () if code is None else (str(code),)
            return PART.join(("unreadable", _flag(reading.denied), escape(reading.reason), *number))
        case _:
            return state_text(reading)


def _queue_text(reading: QueueState | FolderState | QuarantineState | QuarantinesState | MoveState) -> str:
    match reading:
        case QueueState(path=path, messages=messages, data=data):
            about = (escape(path), str(len(messages)), queue_file_cells(data) if data else "")
            return PART.join(("queue", *about))
        case FolderState(path=path, files=files, size=size, free=free, volume=volume):
            room = "" if free is None else str(free)
            return PART.join(("folder", escape(path), str(files), str(size), room, escape(volume)))
        case QuarantineState():
            return PART.join(("quarantine", *_quarantine(reading)))
        case QuarantinesState(path=path):
            return PART.join(("quarantines", escape(path), _quarantines(reading)))
        case MoveState(moved=moved, size=size, left=left):
            rows = "".join(CELL.join((escape(file.name), escape(file.reason))) + ROW for file in left)
            return PART.join(("moved", str(moved), str(size), rows))


def message_line(index: int, file: QueueFile, extract: Extract | str) -> str:
    """A message of the queue asked for at `index`; in place of an extract, the reason why it could not be opened."""
    text = f"!{escape(extract)}" if isinstance(extract, str) else extract.encode()
    return FIELD.join(("message", str(index), escape(file.name), str(file.size), str(file.written), text))


def same_line(index: int, name: str) -> str:
    """A message that is as it was told before."""
    return FIELD.join(("same", str(index), escape(name)))


def state_line(index: int, reading: Reading, code: int | None = None) -> str:
    """The answer to the read request at `index`; `code` as in `reading_text`."""
    return FIELD.join(("state", str(index), reading_text(reading, code)))


def target_line(said: TargetLine) -> str:
    """How the way from a management host to the target went."""
    facts = (_flag(said.smb1), _flag(said.pipes))
    return FIELD.join(("target", said.stage, str(said.code), escape(said.message), *facts))


def slow_line(said: SlowLine) -> str:
    """The longest that service control of the target took."""
    return FIELD.join(("slow", str(round(said.seconds * 1000))))


def progress_line(index: int, progress: Progress) -> str:
    """A sign of life of the item at `index`."""
    times = (str(round(progress.elapsed * 1000)), str(round(progress.limit * 1000)))
    return FIELD.join(("progress", str(index), *times, escape(progress.text)))


def outcome_line(index: int, outcome: Outcome) -> str:
    """The end of the item at `index`."""
    states = ("" if reading is None else reading_text(reading) for reading in (outcome.before, outcome.after))
    said = (escape(outcome.message), escape(outcome.next_step))
    return FIELD.join(("outcome", str(index), outcome.status, *states, *said))
