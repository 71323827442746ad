"""One host's part of a plan: what its tasks find, and what they would do, over a connection that keeps writes in
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ndrfix.engine.binding import LATER, Binder, Numbered, distinct, known_early, numbered_handlers
from ndrfix.engine.pending import BEFORE, NO_DEBT, Debt
from ndrfix.engine.plan import BoundTask, HostPlan, PlannedTask
from ndrfix.engine.records import Record, state_record
from ndrfix.engine.result import Status, TaskResult
from ndrfix.engine.session import Starts, WrongServerError, acted_on, in_run, meet, named, prefetch, resumed, stopped_by
from ndrfix.engine.task import TaskRunner, would
from ndrfix.errors import HostError, InputError, UnreachableError
from ndrfix.playbook import Play, Registered, Scope
from ndrfix.resources import Change, ComputerState
from ndrfix.secrets import sealed
from ndrfix.steps.base import AnyStep


@dataclass(slots=True, kw_only=True)
class HostPlanner:
    """Plans one play on one host.

    `tasks` are the selected tasks of the play; `computer_name` is the name that must answer (empty: any); `owed`
    holds what earlier runs left undone.
    """

    name: str
    play: Play
    tasks: tuple[Numbered, ...]
    scope: Scope
    steps: Mapping[str, AnyStep]
    computer_name: str = ""
    owed: Debt = NO_DEBT
    _early: dict[int, tuple[BoundTask | PlannedTask, ...]] = field(default_factory=dict, init=False)
    _runtime: dict[str, Any] = field(default_factory=dict, init=False)
    _notified: dict[str, int] = field(default_factory=dict, init=False)
    _starts: Starts = field(default_factory=Starts, init=False)
    _done: list[PlannedTask] = field(default_factory=list, init=False)

    def prepare(self) -> None:
        """Bind what can be bound without the host, so that wrong input is found before any host is reached.

        Raises:
            InputError: with all faults that were found; of the host only if there are no others.
        """
        registered = {each.task.register for each in self.tasks if each.task.register}
        faults: list[InputError] = []
        for numbered in (*self.tasks, *numbered_handlers(self.play)):
            try:
                if known_early(numbered.task, self.scope, LATER | registered):
                    self._early[numbered.index] = Binder(self.steps).bind(numbered, self.scope)
            except InputError as error:
                faults.append(error)
        if faults:
            raise distinct([each for each in faults if not each.of_host] or faults)

    def passed_over(self, reason: str) -> HostPlan:
        """The plan of a host that this play does not come to."""
        results = (numbered.named().ended(Status.NOT_EVALUATED, reason) for numbered in self.tasks)
        return HostPlan(
            host=self.name, computer=None, tasks=tuple(PlannedTask(bound=None, result=result) for result in results)
        )

    def crashed(self, message: str) -> HostPlan:
        """The plan of a host at which ndrfix itself failed."""
        return self._unmet(HostError(f"a bug in ndrfix: {message}", next_step="Please report it."))

    def run(self, runner: TaskRunner, interrupted: Callable[[], bool]) -> HostPlan:
        """The host's plan. Never raises for what a host does or is."""
        self._notified = dict.fromkeys((name for name in self.owed.handlers if self._has_handler(name)), BEFORE)
        try:
            computer = self._meet(runner)
        except HostError as error:
            return self._unmet(error)
        self._runtime["ndrfix_host"] = {"computer_name": computer.name, "os_version": computer.os_version}
        reason = ""
        for numbered in self.tasks:
            reason = self._task(numbered, runner, reason or ("the run was interrupted" if interrupted() else ""))
        for numbered in numbered_handlers(self.play):
            if numbered.task.name in self._notified:
                reason = self._task(numbered, runner, reason)
        return HostPlan(host=self.name, computer=computer, tasks=tuple(self._done))

    def _has_handler(self, name: str) -> bool:
        return any(handler.name == name for handler in self.play.handlers)

    def _meet(self, runner: TaskRunner) -> ComputerState:
        early = [each for numbered in self.tasks for each in self._early.get(numbered.index, ())]
        bound = [each for each in early if isinstance(each, BoundTask)]
        return meet(
            self.name, runner.readings, prefetch(bound), wanted=self.computer_name, because="ndrfix_computer_name"
        )

    def _unmet(self, error: HostError) -> HostPlan:
        """The plan of a host that was not reached, or is the wrong one: its first task says so, the rest is not
        evaluated.
        """
        if not self.tasks:
            return HostPlan(host=self.name, computer=None, tasks=())
        first, *rest = self.tasks
        status = Status.UNREACHABLE if isinstance(error, UnreachableError) else Status.FAILED
        reason = "there is no session with the host" if status is Status.UNREACHABLE else "the host was refused"
        if isinstance(error, WrongServerError):
            reason = "another computer answered"
        results = [first.named().ended(status, error.what, error.next_step)]
        results += [numbered.named().ended(Status.NOT_EVALUATED, reason) for numbered in rest]
        return HostPlan(
            host=self.name, computer=None, tasks=tuple(PlannedTask(bound=None, result=result) for result in results)
        )

    def _task(self, numbered: Numbered, runner: TaskRunner, reason: str) -> str:
        """Plan one task, all items of its loop; return why the tasks after it are not evaluated, empty if they are."""
        if reason:
            self._keep(None, numbered.named().ended(Status.NOT_EVALUATED, reason))
            return reason
        sequence = len(self._done)
        try:
            bindings = self._early.get(numbered.index)
            if bindings is None:
                bindings = Binder(self.steps).bind(numbered, self.scope.child(runtime=self._runtime))
        except InputError as error:
            result = numbered.named().ended(Status.FAILED, str(error), error.next_step)
            self._keep(None, replace(result, ignored=numbered.task.ignore_errors))
            return stopped_by(self._done[-1].result)
        for binding in bindings:
            if reason and isinstance(binding, BoundTask):
                self._keep(None, named(binding).ended(Status.NOT_EVALUATED, reason))
            else:
                reason = self._one(binding, runner) or reason
        self._register(numbered, [task.result for task in self._done[sequence:]])
        return reason

    def _one(self, binding: BoundTask | PlannedTask, runner: TaskRunner) -> str:
        if isinstance(binding, PlannedTask):
            self._done.append(binding)
            return ""
        sequence = len(self._done)
        if binding.handler and (by := self._starts.since(binding, self._notified.get(binding.name, sequence))):
            text = f"not needed: the service is started by {by!r}, after the change"
            self._keep(binding, named(binding).ended(Status.OK, text))
            return ""
        owed = binding.handler and self._notified.get(binding.name) == BEFORE
        if owed and (run := self.owed.started_by(binding.name, acted_on(binding))):
            text = f"not needed: the service was started by run {run}, after the change"
            self._keep(binding, named(binding).ended(Status.OK, text))
            return ""
        binding = in_run(resumed(binding, self.owed), runner.within(self.owed.elsewhere))
        result = would(runner.run(binding))
        if binding.handler and binding.name in self.owed.handlers and result.status is not Status.FAILED:
            result = replace(result, message=f"owed since run {self.owed.handlers[binding.name]}")
        self._keep(binding, result)
        self._starts.note(sequence, result)
        if result.status is Status.WOULD_CHANGE:
            self._notified.update(dict.fromkeys(binding.notify, sequence))
        return stopped_by(result)

    def _keep(self, bound: BoundTask | None, result: TaskResult) -> None:
        self._done.append(PlannedTask(bound=bound, result=result))

    def _register(self, numbered: Numbered, results: Sequence[TaskResult]) -> None:
        name = numbered.task.register
        if not name:
            return
        each = [_registered(name, result) for result in results]
        if numbered.task.loop is None:
            self._runtime[name] = each[0]
            return
        self._runtime[name] = Registered(
            name=name,
            changed=any(one.changed for one in each),
            failed=any(one.failed for one in each),
            skipped=all(one.skipped for one in each),
            results=tuple(each),
        )


def _registered(name: str, result: TaskResult) -> Registered:
    """A result as later expressions see it: only what a dry run can predict. Of a hidden task what it shows nobody is
    secret, so that whatever is made of it is hidden, too.
    """
    plans = [phase.plan for phase in result.phases]
    checks = [check for plan in plans for check in plan.checks]
    changes = [item for plan in plans for item in plan.items if isinstance(item, Change)]
    return Registered(
        name=name,
        changed=result.status is Status.WOULD_CHANGE,
        failed=result.status is Status.FAILED,
        skipped=result.status in (Status.SKIPPED, Status.NOT_EVALUATED),
        verdict=next((check.verdict.value for check in checks if check.verdict), None),
        checks=tuple(
            {"ok": check.ok, "text": sealed(check.text) if result.hidden else check.text, "verdict": check.verdict}
            for check in checks
        ),
        before={str(change.resource): _state(change, hidden=result.hidden) for change in changes},
    )


def _state(change: Change, *, hidden: bool) -> Record:
    record = state_record(change.before)
    return record | {"data": sealed(record["data"])} if hidden and "data" in record else record


def tasks_of(play: Play, wanted: Callable[[Iterable[str]], bool]) -> tuple[Numbered, ...]:
    """The tasks of a play whose tags are wanted, with their numbers."""
    return tuple(
        Numbered(index=index, task=task) for index, task in enumerate(play.tasks) if wanted(play.tags | task.tags)
    )
