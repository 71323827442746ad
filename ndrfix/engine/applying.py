"""One host's part of an apply: what the plan holds is done, in its order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ndrfix.engine.pending import BEFORE, NO_DEBT, Debt
from ndrfix.engine.plan import BoundTask, HostPlan, PlannedTask
from ndrfix.engine.recorder import RecordError
from ndrfix.engine.result import HostResult, Status, TaskResult
from ndrfix.engine.session import (
    Named,
    Starts,
    WrongServerError,
    acted_on,
    meet,
    named,
    passed_over,
    prefetch,
    stopped_by,
)
from ndrfix.engine.task import TaskRunner
from ndrfix.errors import HostError, UnreachableError
from ndrfix.resources import ComputerState


@dataclass(slots=True, kw_only=True)
class HostApply:
    """Goes through the plan of a host that was reached. `owed` holds what earlier runs left undone.

    `begin` is asked once the host has answered, before its first task: it gives the reason why the host is not begun
    any more (empty: it is).
    """

    plan: HostPlan
    runner: TaskRunner
    interrupted: Callable[[], bool]
    begin: Callable[[], str] = lambda: ""
    owed: Debt = NO_DEBT
    _notified: dict[str, int] = field(default_factory=dict, init=False)
    _starts: Starts = field(default_factory=Starts, init=False)

    def run(self) -> HostResult:
        """What came of the host. Never raises for what a host does."""
        self._notified = dict.fromkeys(self.owed.handlers, BEFORE)
        results: list[TaskResult] = []
        computer: ComputerState | None = None
        reason = ""
        for sequence, task in enumerate(self.plan.tasks):
            if reason or self.interrupted():
                results.extend(passed_over([_named(task)], reason or "the run was interrupted"))
                continue
            try:
                if computer is None:
                    computer = self._meet()
                    if late := self.begin():
                        return self._late(computer, late)
                result = self._task(sequence, task)
            except HostError as error:
                result = _failed(_named(task), error)
            results.append(result)
            reason = stopped_by(result)
        return HostResult(host=self.plan.host, computer=computer, tasks=tuple(results))

    def _late(self, computer: ComputerState | None, reason: str) -> HostResult:
        """The host's result when it is not begun."""
        tasks = passed_over([_named(task) for task in self.plan.tasks], reason)
        return HostResult(host=self.plan.host, computer=computer, tasks=tasks, late=True)

    def _meet(self) -> ComputerState:
        bound = [task.bound for task in self.plan.tasks if task.bound is not None]
        name = self.plan.computer.name if self.plan.computer else ""
        computer = meet(
            self.plan.host, self.runner.readings, prefetch(bound), wanted=name, because="the plan was made for it"
        )
        self.runner.recorder.met(computer.name)
        return computer

    def _task(self, sequence: int, task: PlannedTask) -> TaskResult:
        bound = task.bound
        if bound is None:
            return task.result
        if bound.handler:
            return self._handler(sequence, bound, task)
        result = self.runner.run(bound, task.plans)
        self._starts.note(sequence, result)
        if result.status is Status.CHANGED:
            self._notified.update(dict.fromkeys(bound.notify, sequence))
        return result

    def _handler(self, sequence: int, bound: BoundTask, task: PlannedTask) -> TaskResult:
        """A handler that the plan shows runs when it is owed; one that is satisfied by now, as the plan says, does
        not.
        """
        since = self._notified.get(bound.name)
        if since is None:
            return _named(task).ended(Status.SKIPPED, "nothing notified it")
        if not task.result.phases:
            before = self.owed.started_by(bound.name, acted_on(bound)) if since == BEFORE else ""
            if before or self._starts.since(bound, since):
                return self._handled(bound, task.result)
            return _named(task).ended(
                Status.DRIFTED,
                "the start that the plan counted on did not happen",
                "Plan again: the handler is still owed.",
            )
        # An action has no state to compare before it is carried out: what it acts on is looked at now.
        self.runner.readings.forget()
        result = self.runner.run(bound, task.plans)
        self._starts.note(sequence, result)
        return self._handled(bound, result) if result.status in (Status.CHANGED, Status.OK) else result

    def _handled(self, bound: BoundTask, result: TaskResult) -> TaskResult:
        """The result, once it is on record that the handler is not owed any more."""
        try:
            self.runner.recorder.handled(bound.name)
        except RecordError as error:
            return replace(result, status=Status.FAILED, message=error.what, next_step=error.next_step)
        return result


def _named(task: PlannedTask) -> Named:
    if task.bound is not None:
        return named(task.bound)
    result = task.result
    return Named(
        index=result.index,
        name=result.name,
        step=result.step,
        handler=result.handler,
        label=result.label,
        hidden=result.hidden,
    )


def _failed(task: Named, error: HostError) -> TaskResult:
    """The result of the task at which the host as a whole went wrong."""
    if isinstance(error, UnreachableError):
        return task.ended(Status.UNREACHABLE, error.what, error.next_step)
    status = Status.DRIFTED if isinstance(error, WrongServerError) else Status.FAILED
    return task.ended(status, error.what, error.next_step)
