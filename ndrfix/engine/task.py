"""One bound task on one host: phase by phase, look, plan, carry out, look again."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from ndrfix.connections.base import Outcome, OutcomeStatus, Progress, Reading
from ndrfix.engine.aftermath import (
    GO_ON,
    UP,
    Rescue,
    Standing,
    abandoned,
    ended_early,
    failed,
    in_flight,
    lost,
    moved_on,
    promised,
    put_back,
    standing,
    starts,
)
from ndrfix.engine.ended import EndedError, ended_by
from ndrfix.engine.plan import BoundTask
from ndrfix.engine.readings import Readings
from ndrfix.engine.recorder import Recorder, RecordError
from ndrfix.engine.result import Down, PhaseResult, Status, TaskResult
from ndrfix.errors import HostError
from ndrfix.exchange.layout import IMS
from ndrfix.resources import (
    Artifact,
    Change,
    Item,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    Unreadable,
)
from ndrfix.steps.base import InRun, MovedOnError, NotReadableError, Observed, Phase, StepPlan

_Planned = Callable[[Any, Observed], StepPlan]


class StepBugError(Exception):
    """A step broke its contract: the step's author must mend it, not the user."""


@dataclass(slots=True, kw_only=True)
class TaskRunner:
    """Carries out bound tasks on `host`, over whatever connection the readings stand on.

    `on_event` gets signs of life of items that take their time, `on_bug` the traceback of what must never happen;
    `clock` gives seconds for durations. `run_id` is that of the run for the `client`, `resume` the command line that
    finishes what it leaves half done in a queue, `rounds` how many rounds a repeated phase may take: one in a dry run,
    which cannot know what a round leads to; `interrupted` ends them early. `rescues`: what a task leaves half done is
    put right and told; a dry run leaves nothing half done.
    """

    host: str
    readings: Readings
    recorder: Recorder
    on_event: Callable[[BoundTask, Progress], None]
    on_bug: Callable[[str], None]
    clock: Callable[[], float]
    run_id: str = ""
    client: str = ""
    resume: str = ""
    rounds: int = 1
    interrupted: Callable[[], bool] = lambda: False
    rescues: bool = True
    _paths: set[str] = field(default_factory=set, init=False)
    _seen: dict[Resource, Reading] = field(default_factory=dict, init=False)

    def within(self, elsewhere: tuple[str, ...]) -> InRun:
        """What steps may know of the run, after others that worked in the folders `elsewhere`."""
        return InRun(run_id=self.run_id, host=self.host, client=self.client, elsewhere=elsewhere)

    def run(self, bound: BoundTask, expected: Sequence[StepPlan] | None = None) -> TaskResult:
        """What came of the task, whatever happened: `changed` when an item was carried out, and read back where it is a
        state.

        `expected` are the plans that were shown: when a phase plans anything else, the task is `drifted` and nothing of
        that phase is carried out. Never raises.
        """
        began = self.clock()
        done: list[PhaseResult] = []
        ended: EndedError | None = None
        early = ""
        try:
            for number, phase in enumerate(bound.step.phases):
                shown = None if expected is None else expected[number : number + 1]
                early = self._phase(bound, phase, shown, done) or early
            self._runs_as_promised(promised(done), early or "the work is done")
            if early:
                ended = EndedError(status=Status.FAILED, message=early, next_step=GO_ON, told=True)
        except EndedError as end:
            ended = end
        except HostError as error:
            ended = ended_by(error)
        except Exception as error:  # noqa: BLE001 - one task's bug must not hide what was done before it
            self.on_bug(f"{self.host}:\n{_traceback(error, hidden=bound.hidden)}")
            ended = EndedError(
                status=Status.FAILED,
                message=f"a bug in ndrfix: {type(error).__name__}: {error}",
                next_step="What was sent before is in the journal of the run's folder. Please report the bug.",
            )
        if ended is not None and self.rescues and not ended.told:
            ended = self._abandoned(bound, done, ended)
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
            down=ended.down if ended else (),
            ignored=bound.ignore_errors and ended is not None and ended.status is Status.FAILED,
            hidden=bound.hidden,
            seconds=self.clock() - began,
        )

    def _phase(
        self, bound: BoundTask, phase: Phase[Any], shown: Sequence[StepPlan] | None, done: list[PhaseResult]
    ) -> str:
        """Go through a phase; gives what is said of rounds that ended before they were through, empty of others."""
        before = len(done)
        plan = self._look(bound, phase)
        self._round(bound, phase, self._settled(phase, shown, plan, done), done)
        if phase.again is None or self.rounds == 1:
            return ""
        for _ in range(self.rounds - 1):
            plan = self._look(bound, phase, _after(phase.again, done[-1].plan))
            if not plan.items and not plan.failed:
                done[-1] = replace(done[-1], plan=replace(done[-1].plan, note=plan.note or done[-1].plan.note))
                return ""
            if self.interrupted() and not plan.failed:
                why = "the run was interrupted"
                break
            self._round(bound, phase, plan, done)
        else:
            why = f"not through after {self.rounds:,} rounds"
        while phase.early is not None:
            self._round(bound, phase, self._look(bound, phase, _after(phase.early, done[-1].plan)), done)
            if done[-1].plan.carry is None:
                break
        return ended_early(why, done[before:])

    def _settled(
        self, phase: Phase[Any], shown: Sequence[StepPlan] | None, plan: StepPlan, done: list[PhaseResult]
    ) -> StepPlan:
        """What is done of a plan, by what was shown."""
        if shown is None:
            return plan
        try:
            return _settle(phase, shown, plan)
        except MovedOnError as error:
            done.append(PhaseResult(plan=replace(plan, items=(), on_failure=())))
            what = f": {error}" if str(error) else moved_on(shown, plan)
            carried_out = any(phase.outcomes for phase in done)
            raise EndedError(
                status=Status.DRIFTED,
                message="the host is not as it was when the plan was shown" + what,
                next_step=(
                    "What was carried out before is above; the rest was not. Plan again."
                    if carried_out
                    else "Nothing of this task was carried out. Plan again."
                ),
            ) from error

    def _round(self, bound: BoundTask, phase: Phase[Any], plan: StepPlan, done: list[PhaseResult]) -> None:
        done.append(PhaseResult(plan=plan))
        if plan.failed:
            failed = [check for check in plan.checks if not check.ok]
            text = "; ".join(check.text for check in failed)
            raise EndedError(status=Status.FAILED, message=text, next_step=failed[0].next_step)
        outcomes: list[Outcome] = []
        try:
            for outcome in self._carry_out(bound, plan.items):
                outcomes.append(outcome)
                done[-1] = PhaseResult(plan=plan, outcomes=tuple(outcomes))
            bad = next((each for each in outcomes if each.status is not OutcomeStatus.DONE), None)
            if bad and not (phase.again and _refused_start(bad)):
                self._rescue(bound, plan, bad, done)
        except HostError as error:
            raise self._lost(error, outcomes, plan, done) from error
        if outcomes and phase.again is None:
            self._converged(bound, phase, done)

    def _plan(self, bound: BoundTask, phase: Phase[Any], planned: _Planned | None = None) -> StepPlan:
        found = self.readings.read(phase.probe(bound.args))
        self._seen |= {resource: each for resource, each in found.items() if isinstance(resource, Service)}
        observed = Observed(found)
        try:
            if phase.further is not None:
                more = self.readings.read(phase.further(bound.args, observed))
                observed = Observed({**found, **more})
            plan = (planned or phase.plan)(bound.args, observed)
        except NotReadableError as error:
            denied = error.unreadable.denied
            hint = (
                "Give the account the right to read it." if denied else "Check how it is spelled, and look at the host."
            )
            raise EndedError(status=Status.FAILED, message=str(error), next_step=hint) from error
        if plan.failed and plan.items:
            raise StepBugError(f"step {bound.step.name} plans items although a check failed")
        return plan

    def _look(self, bound: BoundTask, phase: Phase[Any], planned: _Planned | None = None) -> StepPlan:
        """The plan of a round (its first one, unless `planned` makes it), its files placed."""
        plan = self._plan(bound, phase, planned)
        return replace(plan, items=tuple(self._placed(item) for item in plan.items))

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
        yield from self._sent(bound, items)

    def _sent(self, bound: BoundTask, items: Sequence[RemoteItem]) -> Iterator[Outcome]:
        """The outcomes, all of them: what was sent is carried out, also when a trace of it can no longer be stored."""
        unkept: RecordError | None = None
        for outcome in self.readings.apply(items, lambda progress: self.on_event(bound, progress)):
            try:
                self.recorder.outcome(bound.name, outcome, hidden=bound.hidden)
            except RecordError as error:
                unkept = error
            if isinstance(outcome.item.resource, Service) and (last := outcome.after or outcome.before):
                self._seen[outcome.item.resource] = last
            yield outcome
        if unkept is not None:
            raise unkept

    # --- a task that does not come to its end -----------------------------------------------------------------------

    def _lost(
        self, error: HostError, outcomes: Sequence[Outcome], plan: StepPlan, done: list[PhaseResult]
    ) -> EndedError:
        """The end of a task whose call failed. What may be at work on the host yet is left to end by itself; otherwise
        `_abandoned` goes on.
        """
        text = lost(error, outcomes, plan)
        if not in_flight(error):
            return ended_by(error, text)
        stands = replace(standing(done, self.host, self.resume, in_flight=True), seen=self._seen)
        hint = stands.resume or error.next_step or "Run the plan again: it shows what the host is like now."
        return ended_by(error, text + stands.loud(), hint, told=True, down=stands.down())

    def _rescue(self, bound: BoundTask, plan: StepPlan, bad: Outcome, done: list[PhaseResult]) -> None:
        """Try what the step wants tried after a failure, then end the task with what went wrong."""
        rescue = self._tried(bound, plan.on_failure)
        stands = self._standing(done)
        message, next_step = failed(bad, rescue, stands)
        status = Status.DRIFTED if bad.status is OutcomeStatus.DRIFTED else Status.FAILED
        down = stands.down(rescue.righted)
        raise EndedError(status=status, message=message, next_step=next_step, told=True, down=down)

    def _abandoned(self, bound: BoundTask, done: list[PhaseResult], ended: EndedError) -> EndedError:
        """Start again what the task stopped before it ended between two phases, as far as that can be, and say how the
        host stands.
        """
        rescue = self._tried(bound, put_back(done))
        stands = self._standing(done)
        next_step = " ".join(filter(None, (ended.first, stands.resume))) if stands.resume else ended.next_step
        message = abandoned(ended.message, rescue, stands)
        down = stands.down(rescue.righted)
        return EndedError(status=ended.status, message=message, next_step=next_step, told=True, down=down)

    def _tried(self, bound: BoundTask, items: Sequence[RemoteItem]) -> Rescue:
        """Carry out what puts the host right, also when the journal cannot be written: nothing depends on it."""
        outcomes: list[Outcome] = []
        broke: HostError | None = None
        if items:
            with suppress(RecordError):
                self.recorder.intent(bound.name, items, bound.notify, hidden=bound.hidden)
            try:
                outcomes.extend(self._sent(bound, items))
            except HostError as error:
                broke = None if isinstance(error, RecordError) else error
        return Rescue(outcomes=tuple(outcomes), error=broke)

    def _standing(self, done: list[PhaseResult]) -> Standing:
        """How the host stands, with the services that are to run as they are now, as far as they can be read."""
        stands = standing(done, self.host, self.resume)
        if not stands.stake:
            return stands
        self.readings.forget()
        try:
            found = self.readings.read(stands.stake)
        except HostError:
            return replace(stands, seen=self._seen)
        if any(isinstance(each, Unreadable) for each in found.values()):
            return replace(stands, seen=self._seen)
        return replace(stands, seen=found, read=True)

    def _runs_as_promised(self, wish: ServiceStatus | None, so_far: str) -> None:
        """Whoever works on the queue looks at the service last of all, and does not end well while that is stopped."""
        if not self.rescues or wish is not ServiceStatus.RUNNING:
            return
        found = self.readings.read((IMS,))[IMS]
        if isinstance(found, ServiceState) and found.status not in UP:
            state = f"IS {found.status.upper()}"
            raise EndedError(
                status=Status.FAILED,
                message=f"{so_far}, but {IMS} did not stay started: it {state} on {self.host}",
                down=(Down(service=IMS, words=state),),
                next_step="Look in the event log of the host (4116, 4182 name a bad message), then start it.",
                told=True,
            )

    def _converged(self, bound: BoundTask, phase: Phase[Any], done: list[PhaseResult]) -> None:
        """What was carried out is proved by planning again: no change may be left."""
        left = [item for item in self._plan(bound, phase).items if isinstance(item, Change)]
        if promised(done) is None and any(item.resource == IMS and starts(item) for item in left):
            self._runs_as_promised(ServiceStatus.RUNNING, "the work is done")
        if left:
            what = ", ".join(str(item.resource) for item in left)
            raise EndedError(
                status=Status.FAILED,
                message=f"not converged: after the change {what} is still not as wanted",
                next_step="Something on the host sets it back, or it was not stored. Look there, then plan again.",
            )


def _after(planned: Callable[[Any, Observed, StepPlan], StepPlan], last: StepPlan) -> _Planned:
    """The planning of a round that comes after the last one."""
    return lambda args, observed: planned(args, observed, last)


def _refused_start(outcome: Outcome) -> bool:
    """Whether a service did not start, or stopped again: in a repeated phase the next round deals with that."""
    item = outcome.item
    wanted = item.after if isinstance(item, Change) else None
    running = isinstance(wanted, ServiceState) and wanted.status is ServiceStatus.RUNNING
    return running and outcome.status is OutcomeStatus.FAILED


def _settle(phase: Phase[Any], shown: Sequence[StepPlan], plan: StepPlan) -> StepPlan:
    if not shown:
        raise MovedOnError
    return phase.settle(shown[0], plan)


def _status(done: Sequence[PhaseResult]) -> Status:
    items = [item for phase in done for item in phase.plan.items]
    if any(not isinstance(item, Artifact) for item in items):
        return Status.CHANGED
    return Status.MANUAL if any(phase.plan.instruction for phase in done) else Status.OK


def file_name(text: str) -> str:
    """The text as a name that every file system takes (an IPv6 address has colons)."""
    return "".join(char if char.isalnum() or char in "-._" else "_" for char in text)


def would(result: TaskResult) -> TaskResult:
    """The result of a dry run in its own word: what was carried out in memory would change."""
    return replace(result, status=Status.WOULD_CHANGE) if result.status is Status.CHANGED else result


def _traceback(error: Exception, *, hidden: bool) -> str:
    """Where the error was raised and why; of a `hidden` task not why, since the text may hold its values."""
    if not hidden:
        return "".join(traceback.format_exception(error))
    return "".join(traceback.format_tb(error.__traceback__)) + f"{type(error).__name__}: hidden by no_log\n"
