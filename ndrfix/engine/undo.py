"""Taking a run back: its changes in reverse order, each only where the host is still as the run left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ConfigDict

from ndrfix.engine.aftermath import state_words
from ndrfix.engine.errand import Errand
from ndrfix.engine.history import HostHistory
from ndrfix.engine.pending import NO_DEBT, Debt, Owed
from ndrfix.engine.plan import BoundTask, PlannedTask
from ndrfix.engine.removal import Removal, removed_from
from ndrfix.engine.result import Status
from ndrfix.engine.session import Named, acted_on, resumed
from ndrfix.exchange.layout import IMS
from ndrfix.resources import (
    ABSENT,
    Change,
    Quarantine,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
    TreeState,
)
from ndrfix.steps import removed_messages
from ndrfix.steps.base import AnyStep, Args, Check, Observed, Phase, Risk, Step, StepPlan
from ndrfix.steps.clearing import runs_on, watch
from ndrfix.steps.restoring_args import TakeBackArgs

_SETTLED = {
    ServiceStatus.START_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.CONTINUE_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.STOP_PENDING: ServiceStatus.STOPPED,
    ServiceStatus.PAUSE_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.PAUSED: ServiceStatus.RUNNING,
}


BY_HAND = "Changes that the journal does not hold"


class PutBackArgs(Args):
    """A change of an earlier run; `sure` is False when its outcome is not known."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    change: Change
    sure: bool = True


def _probe(args: PutBackArgs) -> tuple[Resource, ...]:
    resource = args.change.resource
    return (resource, RegistryTree(resource, 1)) if isinstance(resource, RegistryKey) else (resource,)


def _plan(args: PutBackArgs, observed: Observed) -> StepPlan:
    """Back to before, only from what the run made of it; whatever else is there is somebody else's work."""
    change = args.change
    now = observed.state(change.resource)
    target = _target(now, change.before)
    if _same(now, target):
        note = "as before the run" if args.sure else "as before the run: the change was not carried out"
        return StepPlan(note=note)
    if isinstance(change.resource, RegistryKey) and target == ABSENT and (held := _held(change.resource, observed)):
        return StepPlan(checks=(held,))
    if _same(now, change.after):
        return _back(Change(resource=change.resource, before=now, after=target, timeout=change.timeout))
    return StepPlan(
        checks=(
            Check(
                ok=False,
                text=f"{change.resource} is neither as the run left it nor as before it: somebody changed it since; "
                f"now {state_words(change.resource, now)}, left as {state_words(change.resource, change.after)}, "
                f"before {state_words(change.resource, change.before)}",
                next_step="Decide by hand what is right.",
            ),
        )
    )


def _back(change: Change) -> StepPlan:
    """A change on the way back; where mail stands still after it, that is told, and whoever starts it sees whether it
    stays started.
    """
    after = change.after
    if change.resource != IMS or not isinstance(after, ServiceState):
        return StepPlan(items=(change,))
    if after.status is not ServiceStatus.STOPPED:
        return StepPlan(items=(change, watch()) if _starts(change) else (change,))
    text = f"{IMS} was stopped before the run and is stopped again"
    return StepPlan(
        items=(change,),
        checks=(Check(ok=True, text=text, standstill=True),),
        risks=(Risk(text=f"{text}: mail stands still", grave=True),),
    )


def _starts(change: Change) -> bool:
    """Whether a change leads a service from where it does not run to where it does."""
    before, after = change.before, change.after
    if not isinstance(before, ServiceState) or not isinstance(after, ServiceState):
        return False
    return runs_on(after.status) and not runs_on(before.status)


def _held(key: RegistryKey, observed: Observed) -> Check | None:
    """The failed check for a key that the run made and that holds something by now; None when it is empty."""
    tree = observed.state(RegistryTree(key, 1))
    if not isinstance(tree, TreeState) or (len(tree.keys) == 1 and not tree.keys[0].values):
        return None
    return Check(
        ok=False,
        text=f"{key} was made by the run, but holds values or keys that the run did not put there",
        next_step="Decide by hand whether the key can go.",
    )


def _same(one: State, other: State) -> bool:
    """Whether two states are the same in what can be written."""
    if isinstance(one, ServiceState) and isinstance(other, ServiceState):
        return (one.status, one.start) == (other.status, other.start)
    return one == other


def _target(now: State, before: State) -> State:
    """The state to go back to: of a service only what can be written, on its way to somewhere counts as arrived."""
    if isinstance(now, ServiceState) and isinstance(before, ServiceState):
        return replace(now, status=_SETTLED.get(before.status, before.status), start=before.start)
    return before


PUT_BACK: AnyStep = Step(
    name="put_back",
    args=PutBackArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page="Puts back what a run changed. Used by `ndrfix undo`, not in playbooks.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WayBack:
    """The way back on one host.

    Messages come back first, while reports are still suppressed. Services that the run restarted are restarted after
    registry values were put back, since they read them only when they start; `owed` holds restarts that an earlier undo
    of the same run left. `removed` is what any run is known to have removed of quarantines. `numbers` gives a task the
    same number on all hosts.
    """

    history: HostHistory
    steps: Mapping[str, AnyStep]
    numbers: Mapping[str, int]
    owed: Debt = NO_DEBT
    removed: Sequence[Removal] = ()

    def errand(self) -> Errand:
        """What is to be put back, newest first, and the restarts after it."""
        services = restarted(self.history)
        restarts = tuple(self._restart(service) for service in services)
        names = tuple(task.name for task in restarts)
        unsure = {change.resource for change in self.history.unsure}
        back = (self._put_back(change, change.resource not in unsure, names) for change in ways_back(self.history))
        messages = (self._messages(quarantine) for quarantine in _emptied(self.history))
        return Errand(
            name=self.history.host,
            computer=self.history.computer,
            because="the run was on it",
            tasks=(*messages, *back, *restarts),
            told=self._by_hand(),
            needed=self._needed,
        )

    def _messages(self, quarantine: Quarantine) -> BoundTask:
        name = messages_name(quarantine)
        # A journal that lies elsewhere is not among those of all runs.
        known = {(each.by, each.messages, each.left): each for each in (*self.removed, *self.history.lost)}
        lost = removed_from(quarantine, known.values(), self.history.mail[quarantine])
        args = TakeBackArgs(
            run=quarantine.run,
            started=any(change.resource == IMS and _starts(change.reversed()) for change in ways_back(self.history)),
            elsewhere=self.owed.elsewhere,
            quarantine=quarantine.folder if isinstance(quarantine.folder, str) else None,
            removed_by=lost.by,
            removed=lost.messages,
            lost=lost.sure,
            unsure=lost.unsure,
            mail=lost.mail,
        )
        # What it did not take, or took and removed whole, is not its to put back.
        taken = quarantine in self.history.quarantined
        step = self.steps["restore_queue"] if taken else removed_messages.STEP
        return BoundTask(index=self.numbers[name], name=name, step=step, args=args)

    def _put_back(self, change: Change, sure: bool, restarts: tuple[str, ...]) -> BoundTask:
        name = back_name(change)
        notify = restarts if isinstance(change.resource, RegistryValue) else ()
        args = PutBackArgs(change=change, sure=sure)
        hidden = change.resource in self.history.veiled
        return BoundTask(index=self.numbers[name], name=name, step=PUT_BACK, args=args, notify=notify, hidden=hidden)

    def _restart(self, service: Service) -> BoundTask:
        name = restart_name(service)
        step = self.steps["restart_service"]
        args = step.args.model_validate({"name": service.name})
        broken = self.owed.broken | set(self.history.broken)
        # It ran before the run: where the run may have left it stopped, the way back ends with it running.
        task = BoundTask(index=self.numbers[name], name=name, step=step, args=args, handler=True)
        return resumed(task, Debt(broken=frozenset(broken)))

    def _needed(self, restart: BoundTask, done: Sequence[PlannedTask]) -> bool:
        """Whether a service is to be restarted: values went back, it is owed, or the run left it in the middle."""
        if not restart.handler:
            return True
        broken = {restart_name(service) for service in self.history.broken}
        owed = restart.name in self.owed.handlers and not self.owed.started_by(restart.name, acted_on(restart))
        return restart.name in broken or owed or _values_go_back(done)

    def _by_hand(self) -> tuple[PlannedTask, ...]:
        """What the journal cannot tell: values that no_log kept out of it."""
        if not self.history.hidden:
            return ()
        several = self.history.hidden > 1
        task = Named(index=self.numbers[BY_HAND], name=BY_HAND, step=PUT_BACK.name)
        many = f"{self.history.hidden} of the run's changes {'are' if several else 'is'}"
        step = "Put them back by hand, from what you know or from a backup."
        if self.history.locked:
            text = f"{many} sealed in its journal (no_log, or a secret in it), and the key is not here"
            step = f"Undo as the user and on the computer that made the run. Otherwise: {step}"
        else:
            text = f"{many} not in its journal: no_log, or a secret in it, kept the values out"
        result = task.ended(Status.FAILED, text, step)
        return (PlannedTask(bound=None, result=replace(result, ignored=True)),)


def _values_go_back(done: Sequence[PlannedTask]) -> bool:
    """Whether the plan so far puts a registry value back."""
    changes = (item for task in done for plan in task.plans for item in plan.items)
    return any(isinstance(item, Change) and isinstance(item.resource, RegistryValue) for item in changes)


def ways_back(history: HostHistory) -> tuple[Change, ...]:
    """What the run made of each resource, newest first: several changes of one count as one from first to last."""
    net: dict[Resource, Change] = {}
    for change in (*history.changes, *history.unsure):
        earlier = net.pop(change.resource, None)
        net[change.resource] = replace(change, before=earlier.before) if earlier else change
    return tuple(change for change in reversed(net.values()) if not _same(change.before, change.after))


def restarted(history: HostHistory) -> tuple[Service, ...]:
    """The services that run with what the run made of their values: restarted, or stopped and started again."""
    same = {change.resource for change in history.changes} - {change.resource for change in ways_back(history)}
    cycled = (resource for resource in same if isinstance(resource, Service))
    return tuple(dict.fromkeys((*history.restarted, *history.broken, *sorted(cycled, key=str))))


def _emptied(history: HostHistory) -> tuple[Quarantine, ...]:
    """The quarantines into which the run took messages, or which it removed, the last one first."""
    gone = (each.quarantine for each in history.lost)
    return tuple(reversed(dict.fromkeys((*gone, *history.quarantined))))


def back_name(change: Change) -> str:
    """The name of the task that puts a change back."""
    return f"Put back {change.resource}"


def restart_name(service: Service) -> str:
    """The name of the task that restarts a service afterwards."""
    return f"Restart {service.name}"


def messages_name(quarantine: Quarantine) -> str:
    """The name of the task that puts messages back."""
    return f"Put the messages of {quarantine.run} back into the queue"


def undo_planners(
    histories: Sequence[HostHistory],
    steps: Mapping[str, AnyStep],
    owed: Owed,
    removed: Mapping[str, Sequence[Removal]],
) -> tuple[Errand, ...]:
    """The way back on each host, in the order given. `removed` is what was removed of quarantines on each host."""
    messages = (messages_name(quarantine) for each in histories for quarantine in _emptied(each))
    back = (back_name(change) for each in histories for change in ways_back(each))
    restarts = (restart_name(service) for each in histories for service in restarted(each))
    numbers = {name: number for number, name in enumerate(dict.fromkeys((BY_HAND, *messages, *back, *restarts)))}
    return tuple(
        _WayBack(
            history=each,
            steps=steps,
            numbers=numbers,
            owed=owed.get(each.host, NO_DEBT),
            removed=removed.get(each.host, ()),
        ).errand()
        for each in histories
    )
