"""A plan as a value: what every host was found to be and what would be done to it, bound and complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ndrfix.engine.result import RunContext, Status, TaskResult
from ndrfix.resources import Artifact, ComputerState, RemoteItem
from ndrfix.secrets import Secret
from ndrfix.steps.base import AnyStep, Args, Risk, StepPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTask:
    """A task, or one item of its loop, with nothing left to work out: a step and its arguments.

    `index` counts the play's tasks from 0, handlers after them; `label` is the loop item's text. `notify` holds the
    handlers to run when it changes something; `secrets` are those that the arguments were made from.
    """

    index: int
    name: str
    step: AnyStep
    args: Args
    label: str = ""
    handler: bool = False
    notify: tuple[str, ...] = ()
    ignore_errors: bool = False
    hidden: bool = False
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """A task as planned for one host. `bound` is None when it was skipped or could not be evaluated."""

    bound: BoundTask | None
    result: TaskResult

    @property
    def plans(self) -> tuple[StepPlan, ...]:
        """The plan of each phase that was reached, in order."""
        return tuple(phase.plan for phase in self.result.phases)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """One host in one play. `computer` is None when the host was not reached: such a host is not touched by an
    apply.
    """

    host: str
    computer: ComputerState | None
    tasks: tuple[PlannedTask, ...]

    def changes(self) -> Iterator[RemoteItem]:
        """What an apply of this plan does on the host, in order."""
        for task in self.tasks:
            if task.result.status is Status.WOULD_CHANGE:
                for plan in task.plans:
                    yield from (item for item in plan.items if not isinstance(item, Artifact))

    def risks(self) -> Iterator[Risk]:
        """What a person must know before it is applied, in order."""
        for task in self.tasks:
            if not task.result.hidden:
                yield from (risk for plan in task.plans for risk in plan.risks)

    def files(self) -> Iterator[Artifact]:
        """What an apply of this plan keeps of the host in the run folder, in order."""
        for task in self.tasks:
            if task.bound is not None:
                for plan in task.plans:
                    yield from (item for item in plan.items if isinstance(item, Artifact))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayPlan:
    """One play; hosts in inventory order, in the batches that `serial` makes of them. `left_out` as in `PlayResult`."""

    name: str
    batches: tuple[tuple[HostPlan, ...], ...]
    max_fail_percentage: float | None = None
    left_out: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[HostPlan, ...]:
        """All hosts of the play, in the order in which they are worked on."""
        return tuple(host for batch in self.batches for host in batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was shown, and all that an apply may do."""

    context: RunContext
    plays: tuple[PlayPlan, ...]

    @property
    def changed_tasks(self) -> int:
        """The number of tasks that would change something, over all hosts."""
        return sum(
            task.result.status is Status.WOULD_CHANGE
            for play in self.plays
            for host in play.hosts
            for task in host.tasks
        )

    @property
    def changed_hosts(self) -> tuple[str, ...]:
        """The hosts on which something would change, in inventory order, each once."""
        names = (host.host for play in self.plays for host in play.hosts if next(host.changes(), None) is not None)
        return tuple(dict.fromkeys(names))

    @property
    def files(self) -> int:
        """The number of files that would be saved, over all hosts."""
        return sum(1 for play in self.plays for host in play.hosts for _ in host.files())

    @property
    def saved_hosts(self) -> tuple[str, ...]:
        """The hosts of which files would be saved, in inventory order, each once."""
        names = (host.host for play in self.plays for host in play.hosts if next(host.files(), None) is not None)
        return tuple(dict.fromkeys(names))

    @property
    def secrets(self) -> frozenset[Secret]:
        """Every secret that arguments of the plan were made from."""
        tasks = (task for play in self.plays for host in play.hosts for task in host.tasks)
        return frozenset(secret for task in tasks if task.bound for secret in task.bound.secrets)
