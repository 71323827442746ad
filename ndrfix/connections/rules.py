"""What Windows refuses and in which order it acts, as far as that follows from states alone.

The simulated host and the overlay of a dry run both decide by these functions, so that a plan and the run after it say
the same thing in the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Action,
    Change,
    Move,
    MoveState,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    Unreadable,
    Verb,
)

DWORD_MAX = 0xFFFF_FFFF
QWORD_MAX = 0xFFFF_FFFF_FFFF_FFFF

# Where a service arrives when nobody interferes.
SETTLES = {
    ServiceStatus.START_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.CONTINUE_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.STOP_PENDING: ServiceStatus.STOPPED,
    ServiceStatus.PAUSE_PENDING: ServiceStatus.PAUSED,
}

# The numbers of the registry value `Start` below a service's key.
START_NUMBERS = {
    StartType.BOOT: 0,
    StartType.SYSTEM: 1,
    StartType.AUTOMATIC: 2,
    StartType.MANUAL: 3,
    StartType.DISABLED: 4,
}

# Why a move leaves a file where it is; `queue.cs` says the same.
GONE = "is no longer there"
CHANGED = "was changed since it was looked at"
THERE = "a file of that name is there already"
HELD = "is held open by another program"
SENT = "was put back already, and is no longer in the queue: it may have been sent"


class RefusedError(Exception):
    """An item cannot be carried out. `message` is a sentence, `next_step` what the user can do.

    Never leaves a connection: it becomes an `Outcome`.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


# --- outcomes -------------------------------------------------------------------------------------------------------


def done(item: RemoteItem, before: Reading, after: Reading) -> Outcome:
    """The item was carried out and read back."""
    return Outcome(item=item, status=OutcomeStatus.DONE, before=before, after=after)


def read_back(item: RemoteItem, before: Reading, after: Reading) -> Outcome:
    """The outcome of an item that seemed to work: done only when what was wanted is what is there now."""
    if isinstance(item, Change) and not _same(item.after, after):
        error = RefusedError(f"{item.resource} was written, but something else was read back")
        return failed(item, error, before, after)
    return done(item, before, after)


def failed(item: RemoteItem, error: RefusedError, before: Reading, after: Reading) -> Outcome:
    """The item was refused or ended badly; `after` is what was read then."""
    return Outcome(
        item=item,
        status=OutcomeStatus.FAILED,
        before=before,
        after=after,
        message=error.message,
        next_step=error.next_step,
    )


def moved(move: Move, state: MoveState, error: RefusedError | None = None) -> Outcome:
    """The outcome of a move, whole or broken off by an error: before it nothing is read."""
    if error is None:
        return Outcome(item=move, status=OutcomeStatus.DONE, after=state)
    return Outcome(
        item=move, status=OutcomeStatus.FAILED, after=state, message=error.message, next_step=error.next_step
    )


def check_before(item: RemoteItem, found: Reading) -> Outcome | None:
    """The outcome of an item that must not be begun (unreadable, drifted, not to be written), None when it may."""
    if isinstance(found, Unreadable):
        return failed(item, RefusedError(f"cannot read {item.resource}: {found.reason}"), found, found)
    if isinstance(item, Move):
        return None  # each file of it is judged by itself
    if isinstance(item, Action):
        unknown = found == ABSENT
        return failed(item, RefusedError(f"there is no service {item.resource}"), found, found) if unknown else None
    if not _as_expected(item, found):
        return Outcome(
            item=item,
            status=OutcomeStatus.DRIFTED,
            before=found,
            after=found,
            message=f"{item.resource} is not as it was when this change was planned; nothing was written",
            next_step="Plan again.",
        )
    problem = _unfit(item)
    return failed(item, RefusedError(problem), found, found) if problem else None


def _as_expected(change: Change, found: Reading) -> bool:
    # A pending status may settle at any moment: where it leads counts as well as what was seen in passing.
    if isinstance(found, ServiceState) and _same(change.before, replace(found, status=settled(found.status))):
        return True
    return _same(change.before, found)


def _same(wanted: State, found: Reading) -> bool:
    if isinstance(wanted, QuarantineState) and isinstance(found, QuarantineState):
        counts = wanted.messages is None or (wanted.messages, wanted.size) == (found.messages, found.size)
        return counts and (wanted.status, wanted.promised) == (found.status, found.promised)
    if isinstance(wanted, ServiceState) and isinstance(found, ServiceState):
        return (wanted.status, wanted.start) == (found.status, found.start)
    return wanted == found


def _unfit(change: Change) -> str:
    match change.resource, change.after:
        case RegistryValue(), RegistryData() as data:
            return invalid_data(data)
        case (RegistryValue(), after) if after == ABSENT:
            return ""
        case (RegistryKey(), after) if after in (ABSENT, PRESENT):
            return ""
        case Service(), ServiceState() as wanted if isinstance(change.before, ServiceState):
            reachable = (ServiceStatus.RUNNING, ServiceStatus.STOPPED, change.before.status)
            return "" if wanted.status in reachable else f"a service cannot be brought to {wanted.status.upper()}"
        case Quarantine(), after:
            return _unfit_quarantine(change.before, after)
        case Service(), _:
            return "a service can be neither created nor removed"
        case _:
            return f"{change.resource} cannot be given a state of that kind ({type(change.after).__name__})"


def _unfit_quarantine(before: State, after: State) -> str:
    if before == after:
        return ""
    if any(state != ABSENT and not isinstance(state, QuarantineState) for state in (before, after)):
        return "a quarantine is absent, open or closed"
    opened = isinstance(before, QuarantineState) and before.status is QuarantineStatus.OPEN
    if not isinstance(after, QuarantineState):
        return "a quarantine that is open is not removed: a run broke off in it" if opened else ""
    if after.promised not in (ServiceStatus.RUNNING, ServiceStatus.STOPPED):
        return "a service is promised to be running or stopped"
    if after.status is QuarantineStatus.OPEN:
        return ""
    if not isinstance(before, QuarantineState):
        return "a quarantine begins as an open one"
    return "" if before.promised is after.promised else "what was promised is changed by opening a quarantine only"


def invalid_data(data: RegistryData) -> str:
    """Why the registry cannot hold the data, in a sentence; empty when it can."""
    kinds: dict[RegistryType, type] = {
        RegistryType.DWORD: int,
        RegistryType.QWORD: int,
        RegistryType.BINARY: bytes,
        RegistryType.NONE: bytes,
        RegistryType.MULTISTRING: tuple,
    }
    content = data.data
    if not isinstance(content, kinds.get(data.type, str)) or isinstance(content, bool):
        return f"{content!r} is no content for a value of type {data.type}"
    if isinstance(content, int):
        limit = DWORD_MAX if data.type is RegistryType.DWORD else QWORD_MAX
        return "" if 0 <= content <= limit else f"{content} does not fit in a {data.type} (0 to {limit})"
    texts = content if isinstance(content, tuple) else (content,)
    return "a text in the registry cannot hold a NUL" if any(_has_nul(text) for text in texts) else ""


def _has_nul(text: str | bytes) -> bool:
    return isinstance(text, str) and "\0" in text


def denied(resource: Resource) -> RefusedError:
    """The refusal to write for want of rights."""
    return RefusedError(f"access to {resource} is denied", "Use an account with the right to write there.")


def has_subkeys(key: RegistryKey) -> RefusedError:
    """The refusal to remove a key with others below it."""
    return RefusedError(f"{key} has keys below it and is not removed", "Remove those keys first.")


# --- services -------------------------------------------------------------------------------------------------------


class Control(StrEnum):
    """What the service control manager is asked for; `wait` is only for a pending service to settle."""

    WAIT = "wait"
    STOP = "stop"
    START = "start"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Request:
    """One control for one service."""

    control: Control
    service: Service


Look = Callable[[Service], tuple[Reading, tuple[str, ...]]]


def settled(status: ServiceStatus) -> ServiceStatus:
    """The status without its pending stage."""
    return SETTLES.get(status, status)


def requests_for(item: RemoteItem, found: ServiceState, look: Look) -> tuple[Request, ...]:
    """The controls, in order, that bring a service to what a change wants, or that restart it.

    `look` tells a service's state and the short names of those it depends on. A dependency that the host does not know
    is taken as met.

    Raises:
        RefusedError: the service control manager would refuse; nothing must be sent then.
    """
    service = item.resource
    if not isinstance(service, Service):
        return ()
    if isinstance(item, Move) or (isinstance(item, Action) and item.verb is not Verb.RESTART):
        return ()
    if isinstance(item, Action):
        started = _start_order(service, found.start, look, again=True)
        return (*_stop(service, found), *started)
    if not isinstance(item.after, ServiceState) or item.after.status is found.status:
        return ()
    if item.after.status is settled(found.status):
        return (Request(Control.WAIT, service),)
    if item.after.status is ServiceStatus.STOPPED:
        return _stop(service, found)
    if settled(found.status) is ServiceStatus.PAUSED:
        return (Request(Control.CONTINUE, service),)
    return _start_order(service, item.after.start, look)


def _stop(service: Service, found: ServiceState) -> tuple[Request, ...]:
    if found.status is ServiceStatus.STOPPED:
        return ()
    if settled(found.status) is ServiceStatus.STOPPED:
        return (Request(Control.WAIT, service),)
    if found.dependents:
        raise RefusedError(
            f"{service} cannot be stopped while services that depend on it run: {', '.join(found.dependents)}",
            "Stop those services first.",
        )
    return (Request(Control.STOP, service),)


def _start_order(
    service: Service, start: StartType, look: Look, *, again: bool = False, seen: tuple[Service, ...] = ()
) -> tuple[Request, ...]:
    if start is StartType.DISABLED:
        rest = ": it would not come back, so it was not stopped" if again else " and cannot be started"
        raise RefusedError(f"{service} is disabled{rest}", "Set its start type to manual or automatic first.")
    order: list[Request] = []
    for needed in (Service(name) for name in look(service)[1]):
        state = look(needed)[0]
        waits = isinstance(state, ServiceState) and settled(state.status) is ServiceStatus.STOPPED
        if isinstance(state, ServiceState) and waits and needed not in (service, *seen):
            below = _start_order(needed, state.start, look, seen=(service, *seen))
            order += [request for request in below if request not in order]
    return (*order, Request(Control.START, service))
