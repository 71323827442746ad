"""The wire between ndrfix and `agent.ps1`: requests are tables of escaped texts, every answer is one line of text.

A line consists of fields, a field may hold a state, a state may hold rows, rows hold cells, a cell may hold a list.
Each level has a separator of its own, so that splitting never needs a parser:

    target|STAGE|CODE|MESSAGE|SMB1|PIPES                      the end of Connect-Ndrfix; an empty stage: it worked
    message|INDEX|NAME|SIZE|WRITTEN|EXTRACT                   a message of the queue that is asked for at INDEX
    same|INDEX|NAME                                           a message as this session told it before
    state|INDEX|STATE                                         an answer to a read, after all its messages
    slow|MS                                                   the longest wait for service control of another computer
    progress|INDEX|ELAPSED MS|LIMIT MS|TEXT                   a sign of life of an item
    outcome|INDEX|STATUS|BEFORE|AFTER|MESSAGE|NEXT STEP       the end of an item; an empty state was not read
    z|BASE64                                                  lines `message` and `same`, packed (`packing.py`)

A request about another computer than the one that answers (`target_request`) comes before the first read of a session.
There, `unreadable>DENIED>REASON` has a fourth part, the number of the Windows error (0: none).

Texts are escaped in both directions (`escape`): a lone surrogate cannot be carried by PSRP's XML at all, and control
characters are expensive there. Packed are the messages of a queue, 256 KB of lines at a time, and the long lists of
files of a move; `Session.call` unpacks lines. How states are spelled stands in `wire_states.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ndrfix.connections.base import OutcomeStatus, Reading
from ndrfix.connections.packing import packed
from ndrfix.connections.wire_states import (
    CELL,
    ELEMENT,
    PART,
    ROW,
    message_count,
    parse_state,
    queue_file_cells,
    state_text,
    windows_error,
)
from ndrfix.connections.wire_text import WireError, escape, unescape
from ndrfix.exchange.extract import CUT, Extract
from ndrfix.exchange.messages import classified, closed
from ndrfix.resources import (
    Action,
    Computer,
    File,
    FileVersion,
    Folder,
    Located,
    Message,
    MessageQueue,
    Move,
    Quarantine,
    Quarantines,
    QueueFile,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
)
from ndrfix.secrets import Secret

__all__ = [
    "CELL",
    "ELEMENT",
    "FIELD",
    "PART",
    "ROW",
    "TARGET_COMMAND",
    "TARGET_END",
    "TARGET_PASSWORD",
    "Line",
    "OutcomeLine",
    "ProgressLine",
    "Request",
    "SlowLine",
    "StateLine",
    "Target",
    "TargetLine",
    "apply_request",
    "parse_line",
    "parse_state",
    "read_request",
    "state_text",
    "target_request",
]

FIELD = "|"
_LONG = 1000  # characters of a list of files, from which on it is packed

Request = dict[str, str | int]


# --- requests -------------------------------------------------------------------------------------------------------

TARGET_COMMAND = "Connect-Ndrfix"
TARGET_END = "Disconnect-Ndrfix"
TARGET_PASSWORD = "Password"  # noqa: S105 - the name of a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    r"""The computer that a session on a management host is about.

    `name` is its inventory name, `machine` what Windows calls it in `\\MACHINE`. `user` and `password` are for it
    (None: the session's own identity is used). `via` is the inventory name of the management host, `via_computer`
    the computer name that must answer there (empty: any).
    """

    name: str
    machine: str
    via: str
    via_computer: str = ""
    user: str | None = None
    password: Secret | None = field(default=None, repr=False)


def target_request(target: Target) -> Request:
    """The table that makes a computer the target of a session. With a password, the session adds it as the cell
    `TARGET_PASSWORD`, which is a SecureString and never a text.
    """
    return {
        "Machine": escape(target.machine),
        "Through": escape(target.via_computer),
        "User": escape(target.user or ""),
    }


def _key_cells(key: RegistryKey) -> Request:
    return {"Hive": key.hive.value, "Path": escape(key.path)}


def _value_cells(value: RegistryValue) -> Request:
    return {**_key_cells(value.key), "Name": escape(value.name)}


def _path_cells(path: str | Located) -> Request:
    if isinstance(path, str):
        return {"Base": "", "Tail": escape(path)}
    if isinstance(path.base, Service):
        return {"Base": "service", "Name": escape(path.base.name), "Tail": escape(path.tail)}
    return {"Base": "value", **_value_cells(path.base), "Tail": escape(path.tail)}


def read_request(resource: Resource) -> Request:
    """The table that asks the far side for one resource."""
    match resource:
        case RegistryValue():
            return {"Kind": "value", **_value_cells(resource)}
        case RegistryKey():
            return {"Kind": "key", **_key_cells(resource)}
        case RegistryTree():
            return {"Kind": "tree", **_key_cells(resource.key), "Depth": resource.depth}
        case Service():
            return {"Kind": "service", "Name": escape(resource.name)}
        case File():
            return {"Kind": "file", **_path_cells(resource.path)}
        case FileVersion():
            return {"Kind": "version", **_path_cells(resource.path)}
        case Computer():
            return {"Kind": "computer"}
        case MessageQueue() | Folder() | Quarantine() | Quarantines():
            return _queue_request(resource)


def _queue_request(resource: MessageQueue | Folder | Quarantine | Quarantines) -> Request:
    match resource:
        case MessageQueue():
            return {"Kind": "queue", **_path_cells(resource.root), "Cut": CUT}
        case Folder():
            return {"Kind": "folder", **_path_cells(resource.path)}
        case Quarantine():
            return {"Kind": "quarantine", **_path_cells(resource.folder), "Run": escape(resource.run)}
        case Quarantines():
            return {"Kind": "quarantines", **_path_cells(resource.folder)}


def apply_request(item: RemoteItem) -> Request:
    """The table that tells the far side to carry out one item.

    Raises:
        ValueError: a state that cannot be written.
    """
    limit = max(1, round(item.timeout * 1000))
    if isinstance(item, Action):
        return {"Kind": item.verb.value, "Name": escape(item.resource.name), "Timeout": limit}
    if isinstance(item, Move):
        return {**_move_cells(item), "Timeout": limit}
    states: Request = {"Before": state_text(item.before), "After": state_text(item.after), "Timeout": limit}
    return {**read_request(item.resource), **states}


def _move_cells(move: Move) -> Request:
    target = {f"To{name}": cell for name, cell in _path_cells(move.quarantine.folder).items()}
    files = "".join(queue_file_cells(file) + ROW for file in move.files)
    return {
        "Kind": "move",
        **_path_cells(move.queue.root),
        **target,
        "Run": escape(move.quarantine.run),
        "At": escape(move.at),
        "Kept": escape(move.kept),
        "Back": int(move.back),
        "Replace": int(move.replace),
        "Files": packed(files) if len(files) > _LONG else files,
    }


# --- answers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLine:
    """The answer to the read request at `index`; `code` is the Windows error behind an `Unreadable` of a target,
    `count` the number of messages that were told before it.
    """

    index: int
    reading: Reading
    code: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """A message of the queue that is asked for by the read request at `index`."""

    index: int
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SameLine:
    """A message that is as the session told it before."""

    index: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLine:
    """How the way from a management host to the target went.

    `stage` is where it ended: `host` (the management host is the wrong one, `message` its name), `logon`, `registry`,
    or empty when it worked; `code` the Windows error. `smb1`: the management host has an SMB1 client; `pipes`: it
    asks for service control by named pipes alone.
    """

    stage: str
    code: int
    message: str
    smb1: bool
    pipes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowLine:
    """The longest that service control of the target took to answer, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressLine:
    """A sign of life of the item at `index`; times in seconds."""

    index: int
    elapsed: float
    limit: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeLine:
    """The end of the item at `index`."""

    index: int
    status: OutcomeStatus
    before: Reading | None
    after: Reading | None
    message: str
    next_step: str


Line = StateLine | MessageLine | SameLine | ProgressLine | OutcomeLine | TargetLine | SlowLine


def _state_or_none(text: str) -> Reading | None:
    return parse_state(text) if text else None


def _outcome(index: str, status: str, before: str, after: str, message: str, step: str) -> OutcomeLine:
    return OutcomeLine(
        index=int(index),
        status=OutcomeStatus(status),
        before=_state_or_none(before),
        after=_state_or_none(after),
        message=unescape(message),
        next_step=unescape(step),
    )


def _progress(index: str, elapsed: str, limit: str, text: str) -> ProgressLine:
    return ProgressLine(index=int(index), elapsed=int(elapsed) / 1000, limit=int(limit) / 1000, text=unescape(text))


def _state(index: str, state: str) -> StateLine:
    return StateLine(
        index=int(index), reading=parse_state(state), code=windows_error(state), count=message_count(state)
    )


def _message(index: str, name: str, size: str, written: str, extract: str) -> MessageLine:
    file = QueueFile(unescape(name), int(size), int(written))
    if extract.startswith("!"):
        return MessageLine(index=int(index), message=closed(file, unescape(extract[1:])))
    return MessageLine(index=int(index), message=classified(file, Extract.decode(extract)))


def _target(stage: str, code: str, message: str, smb1: str, pipes: str) -> TargetLine:
    return TargetLine(stage=stage, code=int(code), message=unescape(message), smb1=smb1 == "1", pipes=pipes == "1")


_LINES: dict[str, Callable[..., Line]] = {
    "message": _message,
    "same": lambda index, name: SameLine(index=int(index), name=unescape(name)),
    "state": _state,
    "target": _target,
    "slow": lambda milliseconds: SlowLine(seconds=int(milliseconds) / 1000),
    "progress": _progress,
    "outcome": _outcome,
}


def parse_line(text: str) -> Line:
    """What one line of the far side says.

    Raises:
        WireError: the line follows none of the forms.
    """
    kind, *fields = text.split(FIELD)
    try:
        return _LINES[kind](*fields)
    except WireError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"a line {kind!r} with {len(fields)} fields: {error}") from error
