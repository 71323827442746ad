"""A host at the start of a play: connected, known, and proved to be the right one before anything else happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ndrfix.engine.pending import Debt
from ndrfix.engine.plan import BoundTask
from ndrfix.engine.readings import Readings
from ndrfix.engine.result import Status, TaskResult
from ndrfix.errors import HostError
from ndrfix.resources import (
    COMPUTER,
    Action,
    Artifact,
    Change,
    ComputerState,
    MessageQueue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
    Unreadable,
    Verb,
    fold,
)
from ndrfix.steps.base import InRun


class WrongServerError(HostError):
    """Another computer answered than the one that is meant."""


def meet(host: str, readings: Readings, prefetch: Iterable[Resource], *, wanted: str, because: str) -> ComputerState:
    """The computer that answers, with everything in `prefetch` read in the same round trip.

    `wanted` is the computer name that must answer (empty: any), `because` where that name comes from.

    Raises:
        WrongServerError: it has another name, or does not say its name.
        UnreachableError: there is no session.
    """
    reading = readings.read([COMPUTER, *prefetch])[COMPUTER]
    if isinstance(reading, Unreadable) or not isinstance(reading, ComputerState):
        reason = reading.reason if isinstance(reading, Unreadable) else "no answer"
        raise WrongServerError(f"the computer does not say its name: {reason}", host=host)
    if wanted and fold(reading.name) != fold(wanted):
        raise WrongServerError(
            f"the wrong server: {reading.name} answers, {wanted} is expected ({because})",
            host=host,
            next_step="Check ansible_host and ndrfix_computer_name of this host. Nothing was read further or changed.",
        )
    return reading


def prefetch(tasks: Iterable[BoundTask]) -> Iterable[Resource]:
    """What the tasks will look at first; not the message queue, which takes long and may never be come to."""
    for task in tasks:
        probed = task.step.phases[0].probe(task.args)
        yield from (resource for resource in probed if not isinstance(resource, MessageQueue))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A task by what a report needs when it never came to it."""

    index: int
    name: str
    step: str
    handler: bool = False
    label: str = ""
    hidden: bool = False

    def ended(self, status: Status, message: str, next_step: str = "") -> TaskResult:
        """The task's result when it ended, or was passed over, for a reason that lies outside it."""
        return TaskResult(
            index=self.index,
            name=self.name,
            step=self.step,
            status=status,
            handler=self.handler,
            label=self.label,
            message=message,
            next_step=next_step,
            hidden=self.hidden,
        )


def named(bound: BoundTask) -> Named:
    """A bound task by its name."""
    return Named(
        index=bound.index,
        name=bound.name,
        step=bound.step.name,
        handler=bound.handler,
        label=bound.label,
        hidden=bound.hidden,
    )


def stopped_by(result: TaskResult) -> str:
    """Why the tasks after this one are not evaluated; empty when it does not stop its host."""
    if result.ignored:
        return ""
    reasons = {
        Status.FAILED: f"'{result.name}' failed before it",
        Status.DRIFTED: f"the host drifted from the plan at '{result.name}'",
        Status.UNREACHABLE: "there is no session with the host",
    }
    return reasons.get(result.status, "")


def passed_over(tasks: Sequence[Named], reason: str) -> tuple[TaskResult, ...]:
    """The results of tasks that were not come to."""
    return tuple(task.ended(Status.NOT_EVALUATED, reason) for task in tasks)


def resumed(bound: BoundTask, owed: Debt) -> BoundTask:
    """The task as it must be when an earlier run of its step broke off half way at a service that it is about."""
    resume = bound.step.resume
    if resume is None or owed.broken.isdisjoint(bound.step.phases[0].probe(bound.args)):
        return bound
    return replace(bound, args=resume(bound.args))


def in_run(bound: BoundTask, run: InRun) -> BoundTask:
    """The task as part of a run."""
    step = bound.step
    return bound if step.in_run is None else replace(bound, args=step.in_run(bound.args, run))


def acted_on(bound: BoundTask) -> list[Service]:
    """The services that an action step is about; none of any other step."""
    if bound.step.idempotent:
        return []
    return [resource for resource in bound.step.phases[0].probe(bound.args) if isinstance(resource, Service)]


class Starts:
    """When services were last started, counted in tasks, to tell which restarts are not needed any more."""

    def __init__(self) -> None:
        self._last: dict[Resource, tuple[int, str]] = {}

    def note(self, sequence: int, result: TaskResult) -> None:
        """Remember the services that this task started."""
        for service in _started(result):
            self._last[service] = (sequence, result.name)

    def since(self, bound: BoundTask, sequence: int) -> str:
        """The name of the task that started, after `sequence`, every service that an action step is about; else
        empty.
        """
        services = acted_on(bound)
        found = [self._last.get(service, (-1, "")) for service in services]
        return found[0][1] if found and all(last > sequence for last, _ in found) else ""


def _started(result: TaskResult) -> Iterable[Service]:
    if result.status not in (Status.CHANGED, Status.WOULD_CHANGE):
        return
    for phase in result.phases:
        for item in (item for item in phase.plan.items if not isinstance(item, Artifact)):
            if isinstance(item.resource, Service) and _starts(item):
                yield item.resource


def _starts(item: RemoteItem) -> bool:
    if isinstance(item, Action):
        return item.verb is Verb.RESTART
    return isinstance(item, Change) and _runs(item.after) and not _runs(item.before)


def _runs(state: State) -> bool:
    return isinstance(state, ServiceState) and state.status is ServiceStatus.RUNNING
