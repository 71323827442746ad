"""Tasks on one host that come from no playbook: taking a run back, finishing what broke off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ndrfix.engine.plan import BoundTask, HostPlan, PlannedTask
from ndrfix.engine.result import Status
from ndrfix.engine.session import Named, meet, named, prefetch, stopped_by
from ndrfix.engine.task import TaskRunner, would
from ndrfix.errors import HostError, UnreachableError

Needed = Callable[[BoundTask, Sequence[PlannedTask]], bool]
"""Whether a task is to run, after the tasks planned so far."""


def _always(_task: BoundTask, _done: Sequence[PlannedTask]) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Plans them. `computer` is the name that must answer (empty: any), `because` where it comes from.

    `told` are results that are known before the host is met; tasks are planned where they are `needed`.
    """

    name: str
    computer: str
    because: str
    tasks: tuple[BoundTask, ...]
    told: tuple[PlannedTask, ...] = ()
    needed: Needed = _always

    def passed_over(self, reason: str) -> HostPlan:
        """The plan of a host that is not come to."""
        results = [named(task).ended(Status.NOT_EVALUATED, reason) for task in self.tasks]
        return HostPlan(
            host=self.name, computer=None, tasks=tuple(PlannedTask(bound=None, result=each) for each in results)
        )

    def crashed(self, message: str) -> HostPlan:
        """The plan of a host at which ndrfix itself failed."""
        return self._unmet(HostError(f"a bug in ndrfix: {message}", next_step="Please report it."))

    def run(self, runner: TaskRunner, interrupted: Callable[[], bool]) -> HostPlan:
        """The host's plan. Never raises for what a host does or is."""
        try:
            computer = meet(
                self.name, runner.readings, prefetch(self.tasks), wanted=self.computer, because=self.because
            )
        except HostError as error:
            return self._unmet(error)
        done: list[PlannedTask] = []
        reason = ""
        for task in self.tasks:
            reason = reason or ("the run was interrupted" if interrupted() else "")
            if not self.needed(task, done):
                continue
            done.append(_planned(task, runner, reason))
            reason = reason or stopped_by(done[-1].result)
        return HostPlan(host=self.name, computer=computer, tasks=(*self.told, *done))

    def _unmet(self, error: HostError) -> HostPlan:
        """The plan of a host that was not reached, or is the wrong one: its first task says so."""
        status = Status.UNREACHABLE if isinstance(error, UnreachableError) else Status.FAILED
        reason = "there is no session with the host" if status is Status.UNREACHABLE else "the host was refused"
        plan = self.passed_over(reason)
        results = [task.result for task in plan.tasks] or [task.result for task in self.told]
        first, *rest = results or [Named(index=0, name="Meet the host", step="").ended(status, "")]
        told = replace(first, status=status, message=error.what, next_step=error.next_step, ignored=False)
        return replace(plan, tasks=tuple(PlannedTask(bound=None, result=result) for result in (told, *rest)))


def _planned(task: BoundTask, runner: TaskRunner, reason: str) -> PlannedTask:
    if reason:
        return PlannedTask(bound=None, result=named(task).ended(Status.NOT_EVALUATED, reason))
    return PlannedTask(bound=task, result=would(runner.run(task)))
