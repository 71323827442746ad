"""One bound task on one host: phase by phase, look, plan, carry out, look again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.engine.plan import BoundTask
from ndrfix.engine.readings import Readings
from ndrfix.engine.recorder import Recorder
from ndrfix.engine.result import PhaseResult, Status, TaskResult
from ndrfix.errors import FarSideError, HostError, UnreachableError
from ndrfix.resources import Action, Artifact, Change, Item, RemoteItem
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

    `on_event` gets signs of life of items that take their time; `clock` gives seconds for durations.
    """

    host: str
    readings: Readings
    recorder: Recorder
    on_event: Callable[[BoundTask, Progress], None]
    clock: Callable[[], float]

    def run(self, bound: BoundTask, expected: Sequence[StepPlan] | None = None) -> TaskResult:
        """What came of the task: `changed` when an item was carried out, and read back where it is a state.

        `expected` are the plans that were shown: when a phase plans anything else, the task is `drifted` and nothing of
        that phase is carried out.

        Raises:
            HostError: the session was lost, or the host refused a call as a whole; says what is known of the items.
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
        done.append(PhaseResult(plan=plan))
        if shown is not None and (not shown or shown[0] != plan):
            raise _EndedError(
                status=Status.DRIFTED,
                message="the host is not as it was when the plan was shown",
                next_step="Look at what this task finds now, then plan again.",
            )
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
            hint = "Give the account the right to read it." if error.unreadable.denied else ""
            raise _EndedError(status=Status.FAILED, message=str(error), next_step=hint) from error
        if plan.failed and plan.items:
            raise StepBugError(f"step {bound.step.name} plans items although a check failed")
        return replace(plan, items=tuple(self._placed(item) for item in plan.items))

    def _placed(self, item: Item) -> Item:
        """A file of the run folder under a folder of its host's own; everything else as it is."""
        if not isinstance(item, Artifact):
            return item
        folder, _, name = item.path.rpartition("/")
        return replace(item, path="/".join(part for part in (folder, file_name(self.host), name) if part))

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
    certain = [str(outcome.item.resource) for outcome in outcomes]
    unknown = [str(item.resource) for item in remote[len(outcomes) :]]
    text = error.what + (f"; done and read back before: {', '.join(certain)}" if certain else "")
    # Only a session that was lost before anything went out is sure to have changed nothing.
    sent = error.sent if isinstance(error, UnreachableError) else True
    if unknown:
        text += ("; not known whether it was carried out: " if sent else "; not sent: ") + ", ".join(unknown)
    hint = error.next_step or "Run the plan again: it shows what the host is like now."
    if isinstance(error, UnreachableError):
        return UnreachableError(text, host=error.host, next_step=hint, sent=sent)
    return FarSideError(text, host=error.host, next_step=hint)


def file_name(text: str) -> str:
    """The text as a name that every file system takes (an IPv6 address has colons)."""
    return "".join(char if char.isalnum() or char in "-._" else "_" for char in text)


def would(result: TaskResult) -> TaskResult:
    """The result of a dry run in its own word: what was carried out in memory would change."""
    return replace(result, status=Status.WOULD_CHANGE) if result.status is Status.CHANGED else result
