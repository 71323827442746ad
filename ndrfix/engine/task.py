"""One bound task on one host: phase by phase, look, plan, carry out, look again."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.engine.plan import BoundTask
from ndrfix.engine.readings import Readings
from ndrfix.engine.recorder import Recorder
from ndrfix.engine.result import PhaseResult, Status, TaskResult
from ndrfix.errors import FarSideError, HostError, UnreachableError
from ndrfix.exchange.values import describe
from ndrfix.resources import (
    Action,
    Artifact,
    Change,
    Item,
    RegistryValue,
    RemoteItem,
    Resource,
    ServiceState,
    State,
)
from ndrfix.steps.base import NotReadableError, Observed, Phase, StepPlan


class _EndedError(Exception):
    """How a task ended before its last phase was through."""

    def __init__(self, *, status: Status, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.next_step = next_step


class StepBugError(Exception):
    """A step broke its contract: the step's author must mend it, not the user."""


@dataclass(slots=True, kw_only=True)
class TaskRunner:
    """Carries out bound tasks on `host`, over whatever connection the readings stand on.

    `on_event` gets signs of life of items that take their time, `on_bug` the traceback of what must never happen;
    `clock` gives seconds for durations.
    """

    host: str
    readings: Readings
    recorder: Recorder
    on_event: Callable[[BoundTask, Progress], None]
    on_bug: Callable[[str], None]
    clock: Callable[[], float]
    _paths: set[str] = field(default_factory=set, init=False)

    def run(self, bound: BoundTask, expected: Sequence[StepPlan] | None = None) -> TaskResult:
        """What came of the task, whatever happened: `changed` when an item was carried out, and read back where it is a
        state.

        `expected` are the plans that were shown: when a phase plans anything else, the task is `drifted` and nothing of
        that phase is carried out. Never raises.
        """
        began = self.clock()
        done: list[PhaseResult] = []
        ended: _EndedError | None = None
        try:
            for number, phase in enumerate(bound.step.phases):
                shown = None if expected is None else expected[number : number + 1]
                self._phase(bound, phase, shown, done)
        except _EndedError as end:
            ended = end
        except HostError as error:
            status = Status.UNREACHABLE if isinstance(error, UnreachableError) else Status.FAILED
            ended = _EndedError(status=status, message=error.what, next_step=error.next_step)
        except Exception as error:  # noqa: BLE001 - one task's bug must not hide what was done before it
            self.on_bug(f"{self.host}:\n" + "".join(traceback.format_exception(error)))
            ended = _EndedError(
                status=Status.FAILED,
                message=f"a bug in ndrfix: {type(error).__name__}: {error}",
                next_step="What was sent before is in the journal of the run's folder. Please report the bug.",
            )
        return TaskResult(
            index=bound.index,
            name=bound.name,
            step=bound.step.name,
            status=ended.status if ended else _status(done),
            handler=bound.handler,
            label=bound.label,
            phases=tuple(done),
            message=ended.message if ended else "",
            next_step=ended.next_step if ended else "",
            ignored=bound.ignore_errors and ended is not None and ended.status is Status.FAILED,
            hidden=bound.hidden,
            seconds=self.clock() - began,
        )

    def _phase(
        self, bound: BoundTask, phase: Phase[Any], shown: Sequence[StepPlan] | None, done: list[PhaseResult]
    ) -> None:
        plan = self._plan(bound, phase)
        plan = replace(plan, items=tuple(self._placed(item) for item in plan.items))
        if shown is not None and (not shown or shown[0] != plan):
            done.append(PhaseResult(plan=replace(plan, items=())))
            raise _EndedError(
                status=Status.DRIFTED,
                message="the host is not as it was when the plan was shown" + _moved(shown, plan),
                next_step="Nothing of this task was carried out. Plan again.",
            )
        done.append(PhaseResult(plan=plan))
        if plan.failed:
            failed = [check for check in plan.checks if not check.ok]
            text = "; ".join(check.text for check in failed)
            raise _EndedError(status=Status.FAILED, message=text, next_step=failed[0].next_step)
        outcomes: list[Outcome] = []
        try:
            for outcome in self._carry_out(bound, plan.items):
                outcomes.append(outcome)
                done[-1] = PhaseResult(plan=plan, outcomes=tuple(outcomes))
            if bad := next((each for each in outcomes if each.status is not OutcomeStatus.DONE), None):
                self._rescue(bound, plan, bad)
        except HostError as error:
            raise _lost(error, outcomes, plan) from error
        if outcomes:
            self._converged(bound, phase)

    def _plan(self, bound: BoundTask, phase: Phase[Any]) -> StepPlan:
        observed = Observed(self.readings.read(phase.probe(bound.args)))
        try:
            plan = phase.plan(bound.args, observed)
        except NotReadableError as error:
            denied = error.unreadable.denied
            hint = (
                "Give the account the right to read it." if denied else "Check how it is spelled, and look at the host."
            )
            raise _EndedError(status=Status.FAILED, message=str(error), next_step=hint) from error
        if plan.failed and plan.items:
            raise StepBugError(f"step {bound.step.name} plans items although a check failed")
        return plan

    def _placed(self, item: Item) -> Item:
        """A file of the run folder in a folder of its host's own, never over another; everything else as it is."""
        if not isinstance(item, Artifact):
            return item
        folder, _, name = item.path.rpartition("/")
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        names = (name if number == 1 else f"{stem}-{number}{suffix}" for number in itertools.count(1))
        paths = ("/".join(part for part in (folder, file_name(self.host), each) if part) for each in names)
        path = next(path for path in paths if path.casefold() not in self._paths)
        self._paths.add(path.casefold())
        return replace(item, path=path)

    def _carry_out(self, bound: BoundTask, items: Sequence[Item]) -> Iterator[Outcome]:
        """Artifacts are kept here, everything else goes to the host, in the order planned."""
        for local, group in itertools.groupby(items, key=lambda item: isinstance(item, Artifact)):
            if local:
                for item in group:
                    if isinstance(item, Artifact):
                        self.recorder.artifact(item)
                continue
            for outcome in self._send(bound, [item for item in group if not isinstance(item, Artifact)]):
                yield outcome
                if outcome.status is not OutcomeStatus.DONE:
                    return

    def _send(self, bound: BoundTask, items: Sequence[RemoteItem]) -> Iterator[Outcome]:
        self.recorder.intent(bound.name, items, bound.notify, hidden=bound.hidden)
        for outcome in self.readings.apply(items, lambda progress: self.on_event(bound, progress)):
            self.recorder.outcome(bound.name, outcome, hidden=bound.hidden)
            yield outcome

    def _rescue(self, bound: BoundTask, plan: StepPlan, bad: Outcome) -> None:
        """Try what the step wants tried after a failure, then end the task with what went wrong."""
        rescued = list(self._send(bound, plan.on_failure)) if plan.on_failure else []
        message = bad.message or f"{bad.item.resource} could not be changed"
        if rescued and all(each.status is OutcomeStatus.DONE for each in rescued):
            message += "; afterwards " + ", ".join(f"{each.item.resource} was put right" for each in rescued)
        elif rescued:
            message += "; trying to put things right failed too: " + rescued[-1].message
        if bad.status is OutcomeStatus.DRIFTED:
            next_step = bad.next_step or "Somebody else changed it after the plan. Plan again."
            raise _EndedError(status=Status.DRIFTED, message=message, next_step=next_step)
        raise _EndedError(status=Status.FAILED, message=message, next_step=bad.next_step)

    def _converged(self, bound: BoundTask, phase: Phase[Any]) -> None:
        """What was carried out is proved by planning again: no change may be left."""
        left = [item for item in self._plan(bound, phase).items if isinstance(item, Change)]
        if left:
            what = ", ".join(str(item.resource) for item in left)
            raise _EndedError(
                status=Status.FAILED,
                message=f"not converged: after the change {what} is still not as wanted",
                next_step="Something on the host sets it back, or it was not stored. Look there, then plan again.",
            )


def _status(done: Sequence[PhaseResult]) -> Status:
    items = [item for phase in done for item in phase.plan.items]
    if any(isinstance(item, Change | Action) for item in items):
        return Status.CHANGED
    return Status.MANUAL if any(phase.plan.instruction for phase in done) else Status.OK


def _lost(error: HostError, outcomes: Sequence[Outcome], plan: StepPlan) -> HostError:
    """The call failed while items were under way: say which of them are certain and which are not."""
    remote = [item for item in plan.items if not isinstance(item, Artifact)]
    certain = [_named(outcome.item) for outcome in outcomes]
    unknown = [_named(item) for item in remote[len(outcomes) :]]
    text = error.what + (f"; done and read back before: {', '.join(certain)}" if certain else "")
    # Only a session that was lost before anything went out is sure to have changed nothing.
    sent = error.sent if isinstance(error, UnreachableError) else True
    if unknown:
        text += ("; not known whether it was carried out: " if sent else "; not sent: ") + ", ".join(unknown)
    hint = error.next_step or "Run the plan again: it shows what the host is like now."
    if isinstance(error, UnreachableError):
        return UnreachableError(text, host=error.host, next_step=hint, sent=sent)
    return FarSideError(text, host=error.host, next_step=hint)


def _named(item: RemoteItem) -> str:
    return f"the restart of {item.resource}" if isinstance(item, Action) else str(item.resource)


def _moved(shown: Sequence[StepPlan], plan: StepPlan) -> str:
    """What differs between the plan that was shown and the one that fits now."""
    before = {item.resource: item for item in (shown[0].items if shown else ()) if isinstance(item, Change)}
    now = {item.resource: item for item in plan.items if isinstance(item, Change)}
    parts = []
    for resource, change in before.items():
        found = now[resource].before if resource in now else change.after
        if found != change.before:
            parts.append(f"{resource} was {state_words(resource, change.before)}, is {state_words(resource, found)}")
    parts += [check.text for check in plan.checks if not shown or check not in shown[0].checks]
    return ": " + "; ".join(parts) if parts else ""


def state_words(resource: Resource, state: State) -> str:
    """A state in one line, for messages."""
    if isinstance(resource, RegistryValue):
        return describe(resource, state)
    return f"{state.status}, start type {state.start}" if isinstance(state, ServiceState) else str(state)


def file_name(text: str) -> str:
    """The text as a name that every file system takes (an IPv6 address has colons)."""
    return "".join(char if char.isalnum() or char in "-._" else "_" for char in text)


def would(result: TaskResult) -> TaskResult:
    """The result of a dry run in its own word: what was carried out in memory would change."""
    return replace(result, status=Status.WOULD_CHANGE) if result.status is Status.CHANGED else result
