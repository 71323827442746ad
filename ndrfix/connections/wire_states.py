"""How states are spelled on the wire. One state has exactly one spelling: the far side compares states as texts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

from ndrfix.connections.base import Reading
from ndrfix.connections.wire_text import WireError, escape, unescape
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    ComputerState,
    FileState,
    FileVersionState,
    FolderState,
    LeftFile,
    MoveState,
    PendingMove,
    Present,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RegistryData,
    RegistryType,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    TreeKey,
    TreeState,
    Unreadable,
)

PART, ROW, CELL, ELEMENT = ">", "<", "*", "?"
_INNER = "/"  # in the elements of a list; no name of a file holds one


def _items(text: str, separator: str) -> list[str]:
    """The parts of a text in which each part is ended by the separator: an empty text has none."""
    if not text:
        return []
    if not text.endswith(separator):
        raise WireError("a list without an end")
    return text[:-1].split(separator)


def _data_cells(data: RegistryData) -> tuple[str, str]:
    content = data.data
    if isinstance(content, bytes):
        return (data.type, base64.b64encode(content).decode())
    if isinstance(content, tuple):
        return (data.type, "".join(escape(text) + ELEMENT for text in content))
    return (data.type, str(content) if isinstance(content, int) else escape(content))


def _parse_data(name: str, text: str) -> RegistryData:
    kind = RegistryType(name)
    if kind in (RegistryType.DWORD, RegistryType.QWORD):
        return RegistryData(kind, int(text))
    if kind in (RegistryType.BINARY, RegistryType.NONE):
        return RegistryData(kind, base64.b64decode(text, validate=True))
    if kind is RegistryType.MULTISTRING:
        return RegistryData(kind, tuple(unescape(element) for element in _items(text, ELEMENT)))
    return RegistryData(kind, unescape(text))


def state_text(state: State) -> str:
    """The one spelling of a state that can be written: a registry value, a key, a service (status, start type), or a
    quarantine (status, promise, and messages and size where they are given).

    Raises:
        ValueError: a state that no item can have before or after it.
    """
    match state:
        case Absent():
            return "absent"
        case Present():
            return "present"
        case RegistryData():
            return PART.join(("data", *_data_cells(state)))
        case ServiceState(status=status, start=start):
            return PART.join(("service", status, start))
        case QuarantineState(status=status, promised=promised, messages=messages, size=size):
            counts = () if messages is None or size is None else (str(messages), str(size))
            return PART.join(("quarantine", status, promised, *counts))
    raise ValueError(f"{type(state).__name__} is no state that an item can write")


def _service(status: str, start: str, display: str, image: str, dependents: str) -> ServiceState:
    return ServiceState(
        status=ServiceStatus(status),
        start=StartType(start),
        display_name=unescape(display),
        image_path=unescape(image),
        dependents=tuple(unescape(name) for name in _items(dependents, ELEMENT)),
    )


def _file(path: str, size: str, modified: str, read_only: str, directory: str) -> FileState:
    return FileState(
        path=unescape(path), size=int(size), modified=modified, read_only=read_only == "1", directory=directory == "1"
    )


def _version(path: str, version: str, size: str, modified: str) -> FileVersionState:
    return FileVersionState(path=unescape(path), version=version, size=int(size), modified=modified)


def _computer(name: str, os_version: str, powershell: str, administrator: str, bits: str) -> ComputerState:
    return ComputerState(
        name=unescape(name),
        os_version=unescape(os_version),
        powershell=unescape(powershell),
        administrator=administrator == "1",
        bits=int(bits),
    )


def _tree(rows: str) -> TreeState:
    keys: list[tuple[str, list[tuple[str, RegistryData]]]] = []
    for row in _items(rows, ROW):
        kind, *cells = row.split(CELL)
        if kind == "k" and len(cells) == 1:
            keys.append((unescape(cells[0]), []))
        elif kind == "v" and len(cells) == 3 and keys:
            keys[-1][1].append((unescape(cells[0]), _parse_data(cells[1], cells[2])))
        else:
            raise WireError("a row of a tree that is neither a key nor a value")
    return TreeState(keys=tuple(TreeKey(path=path, values=tuple(values)) for path, values in keys))


def queue_file(cells: str) -> QueueFile:
    """The file that a row names: name, size and time.

    Raises:
        ValueError: there are not three cells, or they hold no numbers.
    """
    name, size, written = cells.split(CELL)
    return QueueFile(unescape(name), int(size), int(written))


def queue_file_cells(file: QueueFile) -> str:
    """A file as a row."""
    return CELL.join((escape(file.name), str(file.size), str(file.written)))


def _queue(path: str, _count: str, data: str) -> QueueState:
    return QueueState(path=unescape(path), data=queue_file(data) if data else None)


def _folder(path: str, files: str, size: str, free: str, volume: str) -> FolderState:
    return FolderState(
        path=unescape(path),
        files=int(files),
        size=int(size),
        free=int(free) if free else None,
        volume=unescape(volume),
    )


def _quarantine(status: str, promised: str, *rest: str) -> QuarantineState:
    core = QuarantineState(status=QuarantineStatus(status), promised=ServiceStatus(promised))
    if not rest:
        return core
    messages, size, *about = rest
    core = replace(core, messages=int(messages), size=int(size))
    if not about:
        return core
    began, data, pending, garbled = about
    moves = tuple(sorted((_pending(element) for element in _items(pending, ELEMENT)), key=lambda each: each.file.name))
    return replace(core, began=began, data=data == "1", pending=moves, garbled=int(garbled))


def _pending(element: str) -> PendingMove:
    at, kept, back, name, size, written = element.split(_INNER)
    return PendingMove(unescape(at), unescape(kept), back == "1", QueueFile(unescape(name), int(size), int(written)))


def pending_element(move: PendingMove) -> str:
    """A pending move as an element of a list, its end included."""
    file = move.file
    cells = (
        escape(move.at),
        escape(move.kept),
        str(int(move.back)),
        escape(file.name),
        str(file.size),
        str(file.written),
    )
    return _INNER.join(cells) + ELEMENT


def _quarantines(path: str, rows: str) -> QuarantinesState:
    runs: list[tuple[str, QuarantineState]] = []
    unreadable: list[tuple[str, str]] = []
    for row in _items(rows, ROW):
        run, *cells = row.split(CELL)
        if len(cells) == 1:
            unreadable.append((unescape(run), unescape(cells[0])))
        else:
            runs.append((unescape(run), _quarantine(*cells)))
    return QuarantinesState(
        path=unescape(path),
        runs=tuple(sorted(runs, key=lambda each: each[0])),
        unreadable=tuple(sorted(unreadable)),
    )


def _moved(count: str, size: str, left: str) -> MoveState:
    rows = (row.split(CELL) for row in _items(left, ROW))
    return MoveState(
        moved=int(count),
        size=int(size),
        left=tuple(LeftFile(unescape(name), unescape(reason)) for name, reason in rows),
    )


_PARSERS: dict[str, Callable[..., Reading]] = {
    "absent": lambda: ABSENT,
    "present": lambda: PRESENT,
    "data": _parse_data,
    "service": _service,
    "file": _file,
    "version": _version,
    "computer": _computer,
    "tree": _tree,
    "queue": _queue,
    "folder": _folder,
    "quarantine": _quarantine,
    "quarantines": _quarantines,
    "moved": _moved,
    "unreadable": lambda denied, reason, _code="0": Unreadable(reason=unescape(reason), denied=denied == "1"),
}


def message_count(state: str) -> int:
    """How many messages belong to the text of a queue's state, else 0."""
    kind, *parts = state.split(PART)
    return int(parts[1]) if kind == "queue" and len(parts) == 3 else 0


def windows_error(state: str) -> int:
    """The number of the Windows error in the text of an unreadable state of a target, else 0."""
    kind, *parts = state.split(PART)
    return int(parts[2]) if kind == "unreadable" and len(parts) == 3 else 0


def parse_state(text: str) -> Reading:
    """The state that a text of the far side means.

    Raises:
        WireError: the text follows none of the forms.
    """
    kind, *parts = text.split(PART)
    try:
        return _PARSERS[kind](*parts)
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"{kind!r} with {len(parts)} parts is no state: {error}") from error
