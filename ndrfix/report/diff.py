"""What an item changes, as typed values (`diff`), and how a state is written for people (`state_text`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from ndrfix.exchange.values import documented
from ndrfix.report.text import Pen, amount
from ndrfix.resources import (
    OUT,
    QUEUE_DATA,
    Absent,
    Action,
    Artifact,
    Change,
    ComputerState,
    FileState,
    FileVersionState,
    FolderState,
    Item,
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
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    TreeState,
    Unreadable,
    Verb,
)
from ndrfix.secrets import MASK

Shown = State | Unreadable | ServiceStatus | StartType

_WORD_DIGITS = {RegistryType.DWORD: 8, RegistryType.QWORD: 16}
_BYTES_SHOWN = 16
_ITEMS_SHOWN = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One thing that an item changes.

    `subject` is what the thing belongs to (a registry key; empty when it stands alone), `name` the thing, `aspect`
    which side of it (`start type`). `before` and `after` are typed, with what they mean to Exchange beside them (empty:
    nothing is known); both are None where there is no state to compare, and `deed` says what is done.
    """

    subject: str
    name: str
    before: Shown | None = None
    after: Shown | None = None
    aspect: str = ""
    before_meaning: str = ""
    after_meaning: str = ""
    deed: str = ""


def diff(item: Item) -> tuple[DiffLine, ...]:
    """What the item changes; at least one line."""
    if isinstance(item, Action):
        watch = item.verb is Verb.WATCH
        deed = f"watched for {item.timeout:g} s" if watch else str(item.verb)
        return (DiffLine(subject="", name=item.resource.name, deed=deed),)
    if isinstance(item, Move):
        return (_move(item),)
    if isinstance(item, Artifact):
        size = amount(len(item.content), "byte")
        return (DiffLine(subject="", name=item.path, deed=f"a file of {size} for the run folder"),)
    return _change(item)


def _move(move: Move) -> DiffLine:
    if not move.at:
        return DiffLine(subject="", name=QUEUE_DATA, deed="moved away (the service makes it anew when it starts)")
    size = sum(max(file.size, 0) for file in move.files)
    what = f"{amount(len(move.files), 'message')}, {size_text(size)}"
    if move.back:
        return DiffLine(subject="", name=OUT, deed=f"{what} put back from quarantine {move.quarantine.run}")
    where = "" if move.kept == OUT else f", set aside in `{move.kept}`"
    return DiffLine(subject="", name=OUT, deed=f"{what} moved to quarantine {move.quarantine.run}{where}")


def size_text(size: int) -> str:
    """A number of bytes: `512 bytes`, `14 KB`, `96 MB`."""
    if size < 10_000:
        return amount(size, "byte")
    return f"{size // 1024:,} KB" if size < 10 * 1024 * 1024 else f"{size // (1024 * 1024):,} MB"


def _change(change: Change) -> tuple[DiffLine, ...]:
    resource = change.resource
    if isinstance(resource, RegistryValue):
        return (
            DiffLine(
                subject=str(resource.key),
                name=resource.name or "(default)",
                before=change.before,
                after=change.after,
                before_meaning=meaning(resource, change.before),
                after_meaning=meaning(resource, change.after),
            ),
        )
    if isinstance(resource, Quarantine):
        return (_quarantine(resource, change.before, change.after),)
    if isinstance(resource, RegistryKey):
        return (DiffLine(subject=str(resource), name="(key)", before=change.before, after=change.after),)
    return tuple(_service(resource, change.before, change.after))


def _quarantine(quarantine: Quarantine, before: State, after: State) -> DiffLine:
    if isinstance(before, QuarantineState) and isinstance(after, QuarantineState) and before.status is after.status:
        aspect, promised, now = "service at the end", before.promised, after.promised
        return DiffLine(subject="", name=str(quarantine), aspect=aspect, before=promised, after=now)
    return DiffLine(subject="", name=str(quarantine), before=before, after=after)


def _service(service: Service, before: State, after: State) -> Iterator[DiffLine]:
    if not (isinstance(before, ServiceState) and isinstance(after, ServiceState)):
        yield DiffLine(subject="", name=service.name, before=before, after=after)
        return
    if before.start != after.start:
        yield DiffLine(subject="", name=service.name, aspect="start type", before=before.start, after=after.start)
    if before.status != after.status or before.start == after.start:
        yield DiffLine(subject="", name=service.name, before=before.status, after=after.status)


def meaning(resource: RegistryValue, state: State) -> str:
    """What the state means to Exchange, in a word or two; empty when nothing is known about it."""
    known = documented(resource)
    if known is None or not isinstance(state, RegistryData):
        return ""
    if state.type is not known.type:
        return f"(documented as {known.type}, {known.source})"
    return known.label(state.data) if known.label and isinstance(state.data, int) else ""


def same(wanted: State, found: State | Unreadable | None) -> bool:
    """True when what was read back is what was wanted; of a service only status and start type are wanted, of a
    quarantine its status and promise.
    """
    if isinstance(wanted, QuarantineState) and isinstance(found, QuarantineState):
        return (wanted.status, wanted.promised) == (found.status, found.promised)
    if isinstance(wanted, ServiceState) and isinstance(found, ServiceState):
        return (wanted.status, wanted.start) == (found.status, found.start)
    return wanted == found


def state_text(state: Shown, pen: Pen) -> str:
    """The state in a few words: `absent`, `dword 0x00000100 (256)`, `running`, `binary, 2 bytes: 00ff`."""
    if isinstance(state, RegistryData):
        return _data_text(state, pen)
    if isinstance(state, ServiceState):
        return f"{_words(state.status)}, start type {_words(state.start)}"
    if isinstance(state, Unreadable):
        return f"not readable ({pen.line(state.reason)})"
    if isinstance(state, ServiceStatus | StartType):
        return _words(state)
    if isinstance(state, Absent | Present):
        return str(state)
    if isinstance(state, QueueState | FolderState | QuarantineState | QuarantinesState | MoveState):
        return pen.line(_queue_text(state))
    return pen.line(_thing_text(state))


def _thing_text(state: FileState | FileVersionState | ComputerState | TreeState) -> str:
    if isinstance(state, FileVersionState):
        return f"version {state.version or 'not given'}, {amount(state.size, 'byte')}"
    if isinstance(state, ComputerState):
        return f"{state.name}, Windows {state.os_version}"
    if isinstance(state, TreeState):
        return amount(len(state.keys), "key")
    return "a folder" if state.directory else f"{amount(state.size, 'byte')}, modified {state.modified}"


def _queue_text(state: QueueState | FolderState | QuarantineState | QuarantinesState | MoveState) -> str:
    match state:
        case QueueState(messages=messages):
            return amount(len(messages), "message")
        case FolderState(files=files, size=size):
            return f"{amount(files, 'file')}, {size_text(size)}"
        case QuarantineState(status=status, messages=messages, size=size):
            counts = "" if messages is None else f", {amount(messages, 'message')}, {size_text(size or 0)}"
            return f"{status}{counts}"
        case QuarantinesState(runs=runs):
            return f"quarantines of {amount(len(runs), 'run')}"
        case MoveState(moved=moved, left=left):
            return f"{moved:,} moved" + (f", {len(left):,} left" if left else "")


def _words(value: ServiceStatus | StartType) -> str:
    return value.word if isinstance(value, ServiceStatus) else value.value


def _data_text(value: RegistryData, pen: Pen) -> str:
    kind, data = value.type, value.data
    if isinstance(data, int):
        secret = pen.secret(str(data))
        return f"{kind} {MASK}" if secret else f"{kind} 0x{data:0{_WORD_DIGITS.get(kind, 1)}X} ({data})"
    if isinstance(data, bytes):
        return f"{kind}, {amount(len(data), 'byte')}{_bytes_text(data, pen)}"
    if isinstance(data, tuple):
        return f"{kind}, {amount(len(data), 'item')}"
    return f"{kind} {quoted(data, pen)}"


def _bytes_text(data: bytes, pen: Pen) -> str:
    if not data:
        return ""
    if pen.secret(data.hex()):
        return f": {MASK}"
    more = "…" if len(data) > _BYTES_SHOWN else ""
    return f": {data[:_BYTES_SHOWN].hex()}{more}"


def quoted(text: str, pen: Pen) -> str:
    """The text, in quotes (inner ones doubled) where it would be hard to tell from what stands around it."""
    masked = pen.masker(text)
    clear = masked.isprintable() and masked.strip() == masked != "" and not set(masked) & set('"→()')
    shown = pen.line(text)
    return shown if clear and masked not in ("absent", "present") else '"{}"'.format(shown.replace('"', '""'))


def item_lines(line: DiffLine, pen: Pen) -> tuple[str, ...]:
    """The items of a list that go (`- …`), come (`+ …`) or stay (counted); none when no side is a list."""
    before, after = _items(line.before), _items(line.after)
    if before is None and after is None:
        return ()
    old, new = before or (), after or ()
    lines: list[str] = []
    for _, *(start, end, first, last) in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old[start:end] == new[first:last]:
            lines.append(f"  {amount(end - start, 'item')} unchanged")
            continue
        lines += [f"- {quoted(item, pen)}" for item in old[start:end]]
        lines += [f"+ {quoted(item, pen)}" for item in new[first:last]]
    more = len(lines) - _ITEMS_SHOWN
    return (*lines[:_ITEMS_SHOWN], f"  … {amount(more, 'more line')}") if more > 0 else tuple(lines)


def _items(state: Shown | None) -> tuple[str, ...] | None:
    return state.data if isinstance(state, RegistryData) and isinstance(state.data, tuple) else None


def change_text(line: DiffLine, pen: Pen) -> str:
    """The line without its name: `absent → dword 0x00000100 (256) no_smtp_return_address`."""
    if line.before is None or line.after is None:
        return line.deed
    sides = ((line.before, line.before_meaning), (line.after, line.after_meaning))
    texts = [" ".join(filter(None, (state_text(state, pen), word))) for state, word in sides]
    return " ".join(filter(None, (line.aspect, " → ".join(texts))))
