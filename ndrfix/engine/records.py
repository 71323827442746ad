"""States, items and outcomes as plain JSON values, and back: the form in which a journal or a saved plan keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ndrfix.connections.base import Outcome, Reading
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    Action,
    Change,
    ComputerState,
    FileState,
    FileVersionState,
    FolderState,
    Located,
    MessageQueue,
    Move,
    MoveState,
    Present,
    Quarantine,
    QuarantinesState,
    QuarantineState,
    QueueState,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    TreeState,
    Unreadable,
)

Record = dict[str, Any]


def not_sealed(_text: str) -> str:
    """Nothing: there is no key to seal a text with."""
    return ""


def not_opened(_sealed: str) -> str | None:
    """None: there is no key to open what was sealed."""
    return None


def item_record(item: RemoteItem, *, hidden: bool = False, seal: Callable[[str], str] = not_sealed) -> Record:
    """An item; with `hidden` (no_log) its values are sealed, or left out where `seal` gives nothing."""
    record: Record = {"resource": resource_record(item.resource)}
    if isinstance(item, Action):
        return {"action": item.verb.value, **record}
    if isinstance(item, Move):
        return {"move": "back" if item.back else "to quarantine", **record, **_move_record(item)}
    states = {"before": state_record(item.before), "after": state_record(item.after)}
    if hidden:
        return {"change": "hidden by no_log", **record, **_sealed(record | states, seal)}
    return {"change": "state", **record, **states}


def _move_record(move: Move) -> Record:
    """A move by the names of its files, which tell a client what was taken; none of them is a secret."""
    return {
        "quarantine": resource_record(move.quarantine),
        "at": move.at,
        "kept": move.kept,
        "files": [(file.name, file.size, file.written) for file in move.files],
        **({"mail": sorted(move.mail)} if move.mail else {}),
    }


def outcome_record(
    outcome: Outcome, mask: Callable[[str], str], *, hidden: bool = False, seal: Callable[[str], str] = not_sealed
) -> Record:
    """An outcome, its text masked; with `hidden` (no_log) without texts of the host, its states sealed or left out."""
    record: Record = {"resource": resource_record(outcome.item.resource), "status": outcome.status.value}
    states = {"before": outcome.before, "after": outcome.after}
    known: Record = {name: state_record(state) for name, state in states.items() if state is not None}
    if hidden:
        return record | (_sealed({"resource": record["resource"], **known}, seal) if known else {})
    return record | ({"message": mask(outcome.message)} if outcome.message else {}) | known


def _sealed(values: Record, seal: Callable[[str], str]) -> Record:
    sealed = seal(json.dumps(values))
    return {"sealed": sealed} if sealed else {}


def opened_record(record: Record, unseal: Callable[[str], str | None]) -> Record:
    """A record with the values that were sealed in it, unchanged where there are none or `unseal` cannot open them.

    It keeps its entry `sealed`, by which it is known that its values are not to be shown.

    Raises:
        ValueError: what was sealed belongs to another record.
    """
    text = unseal(record["sealed"]) if "sealed" in record else None
    if text is None:
        return record
    values: Record = json.loads(text)
    if values["resource"] != record["resource"]:
        raise ValueError("the values sealed in it are those of another resource")
    return record | ({"change": "state"} if "change" in record else {}) | values


def holds_secret(told: RemoteItem | Outcome, mask: Callable[[str], str]) -> bool:
    """Whether a state of an item or outcome holds a known secret. Numbers hold none: they only look like one."""
    if isinstance(told, Outcome):
        own = holds_secret(told.item, mask)
        return own or any(_masked(state, mask) for state in (told.before, told.after))
    return isinstance(told, Change) and any(_masked(state, mask) for state in (told.before, told.after))


def _masked(state: Reading | None, mask: Callable[[str], str]) -> bool:
    if isinstance(state, Unreadable):
        return mask(state.reason) != state.reason
    if not isinstance(state, RegistryData) or isinstance(state.data, int):
        return False
    data = state.data
    if isinstance(data, bytes):
        data = (data.hex(), data.decode("utf-8", "replace"), data.decode("utf-16-le", "replace"))
    return any(mask(text) != text for text in (data if isinstance(data, tuple) else (data,)))


def resource_record(resource: RegistryValue | RegistryKey | Service | Quarantine | MessageQueue) -> Record:
    """A resource that can be written."""
    match resource:
        case RegistryValue():
            return {"kind": "registry_value", "key": str(resource.key), "name": resource.name}
        case RegistryKey():
            return {"kind": "registry_key", "key": str(resource)}
        case Service():
            return {"kind": "service", "name": resource.name}
        case Quarantine():
            return {"kind": "quarantine", "folder": _path_record(resource.folder), "run": resource.run}
        case MessageQueue():
            return {"kind": "queue", "root": _path_record(resource.root)}


def _path_record(path: str | Located) -> Record:
    if isinstance(path, str):
        return {"path": path}
    return {"below": resource_record(path.base), "tail": path.tail}


def state_record(state: Reading) -> Record:
    """A state, or why there is none."""
    match state:
        case Absent() | Present():
            return {"state": str(state)}
        case Unreadable():
            return {"state": "unreadable", "reason": state.reason}
        case RegistryData():
            return {"type": state.type.value, "data": _data_record(state.data)}
        case ServiceState():
            return {
                "status": state.status.value,
                "start": state.start.value,
                "display_name": state.display_name,
                "image_path": state.image_path,
                "dependents": list(state.dependents),
            }
        case FileState():
            return {"path": state.path, "size": state.size, "modified": state.modified}
        case FileVersionState():
            return {"path": state.path, "version": state.version, "size": state.size, "modified": state.modified}
        case ComputerState():
            return {"computer": state.name, "os_version": state.os_version, "powershell": state.powershell}
        case TreeState():
            return {"keys": len(state.keys), "values": sum(len(key.values) for key in state.keys)}
        case _:
            return _queue_record(state)


def _queue_record(state: QueueState | FolderState | QuarantineState | QuarantinesState | MoveState) -> Record:
    match state:
        case QueueState():
            return {"queue": state.path, "messages": len(state.messages)}
        case FolderState():
            return {"folder": state.path, "files": state.files, "size": state.size}
        case QuarantineState():
            counts = {} if state.messages is None else {"messages": state.messages, "size": state.size}
            return {"quarantine": state.status.value, "promised": state.promised.value, **counts}
        case QuarantinesState():
            return {"quarantines": [run for run, _ in state.runs]}
        case MoveState():
            left = [[file.name, file.reason] for file in state.left]
            return {"moved": state.moved, "size": state.size, "left": left}


def _data_record(data: str | int | bytes | tuple[str, ...]) -> Any:
    if isinstance(data, bytes):
        return data.hex()
    return list(data) if isinstance(data, tuple) else data


def change_of(record: Record, *, timeout: float = 600.0) -> Change:
    """The change that `item_record` wrote.

    Raises:
        ValueError, KeyError: the record is of something else, or hidden by no_log.
    """
    resource = _resource_of(record["resource"])
    return Change(
        resource=resource, before=_state_of(record["before"]), after=_state_of(record["after"]), timeout=timeout
    )


def quarantine_of(record: Record) -> Quarantine:
    """The quarantine that `resource_record` wrote.

    Raises:
        ValueError, KeyError: the record is of something else.
    """
    folder = record["folder"]
    if "path" in folder:
        return Quarantine(str(folder["path"]), str(record["run"]))
    base = _resource_of(folder["below"])
    if isinstance(base, RegistryKey):
        raise ValueError("a folder lies below a registry key")  # noqa: TRY004 - damaged input is a ValueError here
    return Quarantine(Located(base, str(folder["tail"])), str(record["run"]))


def _resource_of(record: Record) -> RegistryValue | RegistryKey | Service:
    match record["kind"]:
        case "registry_value":
            return RegistryValue(RegistryKey.parse(record["key"]), record["name"])
        case "registry_key":
            return RegistryKey.parse(record["key"])
        case "service":
            return Service(record["name"])
    raise ValueError(f"unknown resource {record['kind']!r}")


def _state_of(record: Record) -> State:
    match record:
        case {"state": "absent"}:
            return ABSENT
        case {"state": "present"}:
            return PRESENT
        case {"type": kind, "data": data}:
            return RegistryData(RegistryType(kind), _data_of(RegistryType(kind), data))
        case {"status": status, "start": start}:
            return ServiceState(
                status=ServiceStatus(status),
                start=StartType(start),
                display_name=record.get("display_name", ""),
                image_path=record.get("image_path", ""),
                dependents=tuple(record.get("dependents", ())),
            )
    raise ValueError(f"not a state that can be written: {sorted(record)}")


def _data_of(kind: RegistryType, data: Any) -> str | int | bytes | tuple[str, ...]:
    if kind in (RegistryType.BINARY, RegistryType.NONE):
        return bytes.fromhex(data)
    return tuple(data) if kind is RegistryType.MULTISTRING else data
