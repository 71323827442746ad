"""A whole run: every play over its hosts, planned or applied. The one place that decides what a run stands on.

A plan stands on `Overlay(connection)` without a recorder, an apply on the live connection with one; nothing below
knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from ndrfix.connections.base import Connection, Progress
from ndrfix.engine.applying import HostApply
from ndrfix.engine.fleet import Fleet, too_many_failed
from ndrfix.engine.locks import host_lock
from ndrfix.engine.overlay import Overlay
from ndrfix.engine.pending import NO_DEBT, Owed
from ndrfix.engine.plan import BoundTask, HostPlan, Plan, PlayPlan
from ndrfix.engine.readings import Readings
from ndrfix.engine.recorder import HostRecorder, Journal, NoRecorder, Recorder
from ndrfix.engine.result import HostResult, Mode, PlayResult, RunContext, RunResult, Status, TaskResult
from ndrfix.engine.snapshot import Snapshot
from ndrfix.engine.task import TaskRunner
from ndrfix.errors import HostError
from ndrfix.playbook import Play

# Each round of putting messages back takes seconds; more than this in one run is a round that leads nowhere.
_MOST_ROUNDS = 100_000

Listener = Callable[[str, BoundTask, Progress], None]
"""Told of signs of life: host, task, progress."""


class Planner(Protocol):
    """Plans one play on one host."""

    @property
    def name(self) -> str:
        """The host's inventory name."""
        ...

    def run(self, runner: TaskRunner, interrupted: Callable[[], bool]) -> HostPlan:
        """The host's plan. Never raises for what a host does or is."""
        ...

    def passed_over(self, reason: str) -> HostPlan:
        """The plan of a host that the play does not come to."""
        ...

    def crashed(self, message: str) -> HostPlan:
        """The plan of a host at which ndrfix itself failed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayJob:
    """A play by name, with its hosts in the batches that `serial` makes of them."""

    name: str
    batches: tuple[tuple[Planner, ...], ...]
    max_fail_percentage: float | None = None
    left_out: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Run:
    """What runs share. `connect` gives a connection to a host by name, not yet open; `clock` gives seconds.

    `finished` is told of each host that is through with a play. `resume` is the command line that finishes what a task
    leaves half done in a message queue (empty: none is told). `closed` gives the reason why an apply begins no further
    host (empty: it does); hosts that were begun are brought to their end, in later plays too.
    """

    context: RunContext
    fleet: Fleet
    connect: Callable[[str], Connection]
    clock: Callable[[], float]
    listen: Listener = lambda _host, _task, _progress: None
    finished: Callable[[str], None] = lambda _host: None
    owed: Owed = field(default_factory=dict)
    resume: str = ""
    closed: Callable[[], str] = lambda: ""
    _overlays: dict[str, Overlay] = field(default_factory=dict, init=False)
    _begun: set[str] = field(default_factory=set, init=False)

    def plan(self, jobs: Sequence[PlayJob]) -> Plan:
        """What every play finds and would do. A host that failed a play is passed over in the plays after it."""
        plays: list[PlayPlan] = []
        out: dict[str, str] = {}
        self._overlays.clear()
        for job in jobs:
            batches: list[tuple[HostPlan, ...]] = []
            stop = ""
            for batch in job.batches:
                ends = self._plan_batch(batch, stop, out)
                batches.append(ends)
                stop = stop or too_many_failed([_results(end) for end in ends], job.max_fail_percentage)
            play = PlayPlan(
                name=job.name,
                batches=tuple(batches),
                max_fail_percentage=job.max_fail_percentage,
                left_out=job.left_out,
            )
            out |= {host.host: f"it failed the play {play.name!r}" for host in play.hosts if _failed(_results(host))}
            plays.append(play)
        return Plan(context=self.context, plays=tuple(plays))

    def apply(self, plan: Plan, journal: Journal) -> RunResult:
        """What came of carrying out a plan: exactly what it holds, host by host."""
        began = self.clock()
        plays: list[PlayResult] = []
        out: dict[str, str] = {}
        for play in plan.plays:
            hosts: list[HostResult] = []
            stop = ""
            for batch in play.batches:
                work = [_Planned(host, stop or out.get(host.host, "")) for host in batch]
                ends = self.fleet.run(work, lambda host: self._apply(host, journal), _broken)
                hosts += ends
                stop = stop or too_many_failed([end.tasks for end in ends], play.max_fail_percentage)
            out |= {host.host: f"it failed the play {play.name!r}" for host in hosts if _failed(host.tasks)}
            plays.append(PlayResult(name=play.name, hosts=tuple(hosts), left_out=play.left_out))
        return RunResult(
            context=self.context,
            mode=Mode.APPLY,
            plays=tuple(plays),
            seconds=self.clock() - began,
            folder=str(journal.folder),
            interrupted=self.fleet.interrupt(),
        )

    def _plan_batch(self, batch: Sequence[Planner], stop: str, out: Mapping[str, str]) -> tuple[HostPlan, ...]:
        return self.fleet.run(batch, lambda host: self._plan(host, stop or out.get(host.name, "")), _crashed)

    def _plan(self, host: Planner, passed: str) -> HostPlan:
        if passed:
            return host.passed_over(passed)
        # One overlay for all plays, so that a later play sees what an earlier one would have changed.
        overlay = self._overlays.setdefault(host.name, Overlay(Snapshot(lambda: self.connect(host.name))))
        try:
            plan = host.run(self._runner(host.name, overlay, NoRecorder()), self.fleet.interrupt)
        finally:
            overlay.close()
        self.finished(host.name)
        return plan

    def _apply(self, host: _Planned, journal: Journal) -> HostResult:
        if host.passed or host.plan.computer is None:
            return host.untouched()
        if host.name not in self._begun and (late := self.closed()):
            return host.late(late)
        try:
            with host_lock(journal.folder.parent, host.name), self._connection(host.name) as connection:
                runner = self._runner(host.name, connection, HostRecorder(journal, host.name))
                owed = self.owed.get(host.name, NO_DEBT)
                result = HostApply(
                    plan=host.plan,
                    runner=runner,
                    interrupted=self.fleet.interrupt,
                    begin=lambda: self._begin(host.name),
                    owed=owed,
                ).run()
        except HostError as error:
            result = host.refused(error.what, error.next_step)
        self.finished(host.name)
        return result

    def _begin(self, host: str) -> str:
        """Why the host is not begun any more; empty when it is, or was in an earlier play."""
        reason = "" if host in self._begun else self.closed()
        if not reason:
            self._begun.add(host)
        return reason

    def _runner(self, host: str, connection: Connection, recorder: Recorder) -> TaskRunner:
        live = not isinstance(recorder, NoRecorder)
        return TaskRunner(
            host=host,
            readings=Readings(connection),
            recorder=recorder,
            on_event=lambda task, progress: self.listen(host, task, progress),
            on_bug=self.fleet.bugs.append,
            clock=self.clock,
            run_id=self.context.run_id,
            client=self.context.client,
            resume=self.resume,
            rounds=_MOST_ROUNDS if live else 1,
            interrupted=self.fleet.interrupt,
            rescues=live,
        )

    @contextmanager
    def _connection(self, host: str) -> Iterator[Connection]:
        connection = self.connect(host)
        try:
            yield connection
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class _Planned:
    """A host of a plan, and why it is passed over (empty: it is not)."""

    plan: HostPlan
    passed: str

    @property
    def name(self) -> str:
        return self.plan.host

    def untouched(self) -> HostResult:
        """The host's result when nothing is done on it: what the plan said, or why it is passed over."""
        tasks = tuple(task.result for task in self.plan.tasks)
        if self.passed:
            tasks = tuple(_not_evaluated(task, self.passed) for task in tasks)
        return HostResult(host=self.name, computer=None, tasks=tasks)

    def late(self, reason: str) -> HostResult:
        """The host's result when the time was up before it could be begun."""
        tasks = tuple(_not_evaluated(task.result, reason) for task in self.plan.tasks)
        return HostResult(host=self.name, computer=None, tasks=tasks, late=True)

    def refused(self, what: str, next_step: str) -> HostResult:
        """The host's result when it could not be worked on: its first task says why."""
        first, *rest = (task.result for task in self.plan.tasks)
        told = replace(_not_evaluated(first, what), status=Status.FAILED, next_step=next_step)
        return HostResult(
            host=self.name,
            computer=self.plan.computer,
            tasks=(told, *(_not_evaluated(task, f"'{first.name}' failed before it") for task in rest)),
        )


def _not_evaluated(task: TaskResult, reason: str) -> TaskResult:
    return TaskResult(
        index=task.index,
        name=task.name,
        step=task.step,
        status=Status.NOT_EVALUATED,
        handler=task.handler,
        label=task.label,
        message=reason,
        hidden=task.hidden,
    )


def _results(host: HostPlan) -> tuple[TaskResult, ...]:
    return tuple(task.result for task in host.tasks)


def _failed(tasks: Sequence[TaskResult]) -> bool:
    bad = (Status.FAILED, Status.UNREACHABLE, Status.DRIFTED)
    return any(task.status in bad and not task.ignored for task in tasks)


def _crashed(host: Planner, message: str) -> HostPlan:
    return host.crashed(message)


def _broken(host: _Planned, message: str) -> HostResult:
    return host.refused(
        f"a bug in ndrfix: {message}",
        "The journal in the run's folder says what was carried out. Please report the bug.",
    )


def result_of(plan: Plan, seconds: float, *, interrupted: bool = False) -> RunResult:
    """A plan as a report draws it."""
    plays = tuple(
        PlayResult(
            name=play.name,
            left_out=play.left_out,
            hosts=tuple(
                HostResult(host=host.host, computer=host.computer, tasks=_results(host)) for host in play.hosts
            ),
        )
        for play in plan.plays
    )
    return RunResult(context=plan.context, mode=Mode.PLAN, plays=plays, seconds=seconds, interrupted=interrupted)


P = TypeVar("P", bound=Planner)


def batches(hosts: Sequence[P], play: Play) -> tuple[tuple[P, ...], ...]:
    """The hosts in the batches that the play's `serial` asks for; the last size holds for the rest."""
    if not play.serial:
        return (tuple(hosts),)
    found: list[tuple[P, ...]] = []
    left = list(hosts)
    while left:
        size = play.serial[min(len(found), len(play.serial) - 1)].size(len(hosts))
        found.append(tuple(left[:size]))
        left = left[size:]
    return tuple(found)
