"""What clearing the queue, finishing it and putting messages back share: the moves, the service, the guards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import CLUSTER, IMS, QUEUE, ROOT_DIR
from ndrfix.resources import (
    ABSENT,
    OUT,
    QUEUE_DATA,
    REPLACED,
    Action,
    Change,
    Message,
    MessageKind,
    Move,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    RegistryData,
    RemoteItem,
    Resource,
    ServiceState,
    ServiceStatus,
    StartType,
    Verb,
)
from ndrfix.steps.base import Check, Observed, Risk, StepPlan
from ndrfix.steps.service_name import held_by_dependents, missing_service

GUARDED: tuple[Resource, ...] = (ROOT_DIR, IMS, CLUSTER)
"""What `guards` looks at."""
# The service writes it until it has stopped: whatever is there then is moved.
_DATA = QueueFile(QUEUE_DATA, -1, 0)
_AT_WORK = "a run that is still at work from elsewhere looks as if it had broken off: make sure that it is not"
# Renames take a few milliseconds each, over the network too; a limit that no honest host reaches.
_MOVE_SECONDS, _FILE_SECONDS = 120.0, 0.05
RUNNING, STOPPED = ServiceStatus.RUNNING, ServiceStatus.STOPPED
WATCHED = 60.0
"""Seconds to watch the service after a start, where nobody says how many: a bad message stops it only after a while."""


def guards(observed: Observed, *, starts: bool = False) -> tuple[Check, ...]:
    """The failed checks of a host on which the queue cannot be worked on; none when it can. `starts`: a service that is
    stopped is to run afterwards.
    """
    root = observed.state(ROOT_DIR)
    if not isinstance(root, RegistryData) or not root.data:
        what = "empty" if isinstance(root, RegistryData) else "absent"
        text = f"{ROOT_DIR} is {what}: where the queue lies is not known"
        return (
            Check(ok=False, text=text, next_step="Check that the Internet Mail Service is installed on this host."),
        )
    state = observed.state(IMS)
    if not isinstance(state, ServiceState):
        return (missing_service(IMS.name),)
    found = (_clustered(observed), held_by_dependents(IMS, state), _would_not_return(state, starts=starts))
    return tuple(check for check in found if check)


def _clustered(observed: Observed) -> Check | None:
    cluster = observed.state(CLUSTER)
    if not isinstance(cluster, ServiceState) or (cluster.status is STOPPED and cluster.start is StartType.DISABLED):
        return None
    return Check(
        ok=False,
        text=f"this host is part of a cluster ({CLUSTER} is {cluster.status.word}): stopping {IMS} makes it fail over",
        next_step="Stop and start the service in Cluster Administrator and clear the queue by hand (Q179258, Q148727).",
    )


def _would_not_return(state: ServiceState, *, starts: bool) -> Check | None:
    stopped = state.status is STOPPED
    if state.start is not StartType.DISABLED or (stopped and not starts):
        return None
    why = (
        " and disabled: it cannot be started"
        if stopped
        else ", but disabled: once stopped it could not be started again"
    )
    return Check(
        ok=False,
        text=f"{IMS} is {state.status.word}{why}",
        next_step="Set its start type first, with set_service and start_mode: auto.",
    )


def too_many(count: int, most: int) -> Check | None:
    """The failed check for more messages than may be taken."""
    if count <= most:
        return None
    return Check(
        ok=False,
        text=f"{counted(count)} would be taken, more than max_messages allows ({most:,})",
        next_step="Look at the queue with check_queue; raise max_messages if the number is right.",
    )


def service(observed: Observed) -> ServiceState:
    """The Internet Mail Service, after `guards` found it."""
    state = observed.state(IMS)
    if not isinstance(state, ServiceState):
        raise TypeError("the service was to be there")
    return state


def runs_on(status: ServiceStatus) -> bool:
    """Whether a service runs, in whatever way, and is not about to stop."""
    return status not in (STOPPED, ServiceStatus.STOP_PENDING)


def brought_to(state: ServiceState, status: ServiceStatus, timeout: float) -> tuple[Change, ...]:
    """The change that brings the service to a status; none when it is there."""
    if state.status is status:
        return ()
    return (Change(resource=IMS, before=state, after=replace(state, status=status, dependents=()), timeout=timeout),)


def watch(seconds: float = WATCHED) -> Action:
    """The service watched, for no longer than it runs; the engine tells when it did not stay started."""
    return Action(verb=Verb.WATCH, resource=IMS, timeout=seconds)


def paused_until_now(state: ServiceState, promised: ServiceStatus) -> tuple[Risk, ...]:
    """That a service which is paused does not return to that: nothing brings it there but a person."""
    if state.status is not ServiceStatus.PAUSED or promised is not RUNNING:
        return ()
    return (Risk(text=f"{IMS} is paused: it is running at the end; pause it again if it is to be so"),)


def moved_on(shown: StepPlan, now: StepPlan) -> str:
    """What is said of a plan that opens a quarantine with another promise than the one that was shown; empty when that
    is the same.
    """
    before, after = _promise(shown), _promise(now)
    if before is None or after is None or before is after:
        return ""
    ran, runs = ("ran" if before is RUNNING else "did not run"), ("runs" if after is RUNNING else "does not run")
    return f"{IMS} {ran} when the plan was shown, and {runs} now"


def _promise(plan: StepPlan) -> ServiceStatus | None:
    changes = (item.after for item in plan.items if isinstance(item, Change))
    return next((after.promised for after in changes if isinstance(after, QuarantineState)), None)


def opened(quarantine: Quarantine, before: QuarantineState | None, promised: ServiceStatus) -> Change:
    """The quarantine opened, or opened again, with the promise to which status the service returns."""
    after = QuarantineState(status=QuarantineStatus.OPEN, promised=promised)
    return Change(resource=quarantine, before=core(before) if before else ABSENT, after=after)


def _promised_anew(quarantine: Quarantine, found: QuarantineState, promised: ServiceStatus) -> tuple[Change, ...]:
    """The promise of an open quarantine changed, before anything is done by it; none when it is that already."""
    if found.promised is promised:
        return ()
    before = core(found)
    return (Change(resource=quarantine, before=before, after=replace(before, promised=promised)),)


def closed(quarantine: Quarantine, promised: ServiceStatus) -> Change:
    """The quarantine closed: the work on it has come to its end."""
    before = QuarantineState(status=QuarantineStatus.OPEN, promised=promised)
    return Change(resource=quarantine, before=before, after=replace(before, status=QuarantineStatus.CLOSED))


def core(state: QuarantineState) -> QuarantineState:
    """What of a quarantine is compared when it is opened or closed."""
    return QuarantineState(status=state.status, promised=state.promised)


def moved(
    quarantine: Quarantine,
    files: Sequence[QueueFile],
    *,
    at: str = OUT,
    kept: str = OUT,
    back: bool = False,
) -> tuple[Move, ...]:
    """The move of these files; none when there are none."""
    if not files:
        return ()
    limit = _MOVE_SECONDS + _FILE_SECONDS * len(files)
    plain = tuple(QueueFile(file.name, file.size, file.written) for file in files)
    told = (file for file in files if isinstance(file, Message))
    mail = frozenset(message.name for message in told if message.kind is not MessageKind.NDR)
    return (
        Move(queue=QUEUE, quarantine=quarantine, files=plain, at=at, kept=kept, back=back, mail=mail, timeout=limit),
    )


def data_moved(quarantine: Quarantine, *, restoring: bool = False) -> Move:
    """`queue.dat` moved away; it is made anew from the files when the service starts (Q148727, Q312443)."""
    return Move(
        queue=QUEUE,
        quarantine=quarantine,
        files=(_DATA,),
        at="",
        kept=REPLACED if restoring else "",
        replace=restoring,
        timeout=_MOVE_SECONDS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What finishes interrupted work: the items in order, what to try when one fails, what was found, and what a person
    must make sure of. `problem` is the failed check for what stands in the way of it.
    """

    items: tuple[RemoteItem, ...]
    on_failure: tuple[RemoteItem, ...]
    texts: tuple[str, ...]
    risks: tuple[Risk, ...]
    problem: Check | None


def finish(
    runs: Iterable[tuple[Quarantine, QuarantineState]],
    state: ServiceState,
    *,
    service_timeout: float,
    watched: float = WATCHED,
) -> Finish:
    """Finish what earlier runs left open: files on record are moved, the service gets the status that was promised. One
    that runs is left running, whatever was promised: somebody has started it since, or it was never stopped. Where it
    is to run it is watched, for the seconds in `watched`, before the last one is closed; also when it ran already: that
    may be since a moment ago.
    """
    items: list[RemoteItem] = []
    texts: list[str] = []
    now = state
    for quarantine, found in runs:
        moves = _pending(quarantine, found)
        texts.append(_told(quarantine, found, now, moves=bool(moves)))
        promised = RUNNING if runs_on(now.status) else found.promised
        items += _promised_anew(quarantine, found, promised)
        if moves and now.status is not STOPPED:
            items += brought_to(now, STOPPED, service_timeout)
            now = replace(now, status=STOPPED, dependents=())
        items += moves
        items += brought_to(now, promised, service_timeout)
        now = replace(now, status=promised, dependents=())
        items.append(closed(quarantine, promised))
    rescue: tuple[Change, ...] = ()
    if items and now.status is RUNNING:
        items.insert(-1, watch(watched))
        rescue = brought_to(replace(state, status=STOPPED, dependents=()), RUNNING, service_timeout)
    risks = (Risk(text=_AT_WORK), *paused_until_now(state, now.status)) if texts else ()
    problem = _would_not_return(state, starts=bool(rescue))
    return Finish(items=tuple(items), on_failure=rescue, texts=tuple(texts), risks=risks, problem=problem)


def _pending(quarantine: Quarantine, found: QuarantineState) -> list[Move]:
    """The moves on record that did not happen, and that of `queue.dat`, without which the service counts on files that
    are gone.
    """
    pending = found.pending
    ways = dict.fromkeys((each.at, each.kept, each.back) for each in pending if each.at)
    moves: list[Move] = []
    for at, kept, back in ways:
        files = [each.file for each in pending if (each.at, each.kept, each.back) == (at, kept, back)]
        moves += moved(quarantine, files, at=at, kept=kept, back=back)
    # The one that the service made since must not stay because one lies in the quarantine already.
    again = found.data or any(back for _, _, back in ways) or any(each.kept == REPLACED for each in pending)
    if moves or any(not each.at for each in pending) or (found.messages and not found.data):
        moves.insert(0, data_moved(quarantine, restoring=again))
    return moves


def _told(quarantine: Quarantine, found: QuarantineState, now: ServiceState, *, moves: bool) -> str:
    waiting = sum(1 for each in found.pending if each.at)
    count = found.messages or 0
    lie = "message lies" if count == 1 else "messages lie"
    text = f"run {quarantine.run} broke off here: {count:,} {lie} in its quarantine"
    if waiting:
        text += f", {waiting:,} on record {'was' if waiting == 1 else 'were'} not moved"
    if now.status is found.promised:
        return text
    if found.promised is STOPPED and runs_on(now.status):
        stays = "running at the end" if now.status is ServiceStatus.PAUSED else "left running"
        how = "stopped for the moves and started again" if moves else stays
        return f"{text}; {IMS} is {now.status.word} though it was to be stopped at the end: it is {how}"
    return f"{text}; {IMS} is {now.status.word} and was to be {found.promised.word}"
