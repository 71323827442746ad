"""What is said of a task that did not come to its end: what is certain, what is not, and how the host stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.engine.result import PhaseResult
from ndrfix.errors import FarSideError, HostError, UnreachableError
from ndrfix.exchange.backlog import counted
from ndrfix.exchange.values import describe
from ndrfix.resources import (
    Action,
    Artifact,
    Change,
    Move,
    MoveState,
    Quarantine,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
)
from ndrfix.steps.base import StepPlan

GO_ON = "Give the same command again: it goes on with what is left."
"""What to do next after rounds that ended early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a task left its host half way: services that it `stopped` and did not start again, and the command that
    finishes the work on the queue (empty: there is none). `unmoved`: no message of the queue was touched.
    """

    host: str
    stopped: tuple[Service, ...] = ()
    resume: str = ""
    unmoved: bool = False

    @property
    def loud(self) -> str:
        """What must not be overlooked."""
        unmoved = "; no message was moved" if self.unmoved else ""
        return unmoved + "".join(f"; {service.name} IS STOPPED on {self.host}" for service in self.stopped)


def standing(done: Sequence[PhaseResult], host: str, resume: str) -> Standing:
    """How the host stands after the phases so far, the last of which may have ended half way; `resume` is the command
    line that finishes work on a queue.
    """
    stopped: dict[Service, None] = {}
    for outcome in (each for phase in done for each in phase.outcomes):
        item = outcome.item
        if outcome.status is not OutcomeStatus.DONE or not isinstance(item.resource, Service):
            continue
        if _runs(outcome.after):
            stopped.pop(item.resource, None)
        elif isinstance(item, Change) and _runs(outcome.before):
            stopped[item.resource] = None
    items = _remote(done)
    queue = any(isinstance(item, Move) or isinstance(item.resource, Quarantine) for item in items)
    moves = any(isinstance(item, Move) for item in items)
    told = f"`{resume} -l {host}` finishes it." if queue and resume else ""
    return Standing(host=host, stopped=tuple(stopped), resume=told, unmoved=queue and not moves)


def _runs(state: Reading | None) -> bool:
    return isinstance(state, ServiceState) and state.status is not ServiceStatus.STOPPED


def _remote(done: Sequence[PhaseResult]) -> tuple[RemoteItem, ...]:
    items = (item for phase in done for item in phase.plan.items)
    return tuple(item for item in items if not isinstance(item, Artifact))


def failed(bad: Outcome, rescued: Sequence[Outcome], stands: Standing) -> tuple[str, str]:
    """What is said when an item failed and what was to be tried then has been tried, and what to do next."""
    message = bad.message or f"{bad.item.resource} could not be changed"
    right = [each for each in rescued if _put_right(each)]
    if rescued and len(right) == len(rescued):
        message += "; afterwards " + ", ".join(f"{each.item.resource} was put right" for each in rescued)
    elif rescued:
        message += "; trying to put things right failed too: " + rescued[-1].message
    righted = {each.item.resource for each in right}
    left = replace(stands, stopped=tuple(each for each in stands.stopped if each not in righted))
    message += left.loud
    steps = [bad.next_step]
    if bad.status is OutcomeStatus.DRIFTED and not bad.next_step:
        steps = ["Somebody else changed it after the plan. Plan again."]
    return message, " ".join(filter(None, (*steps, stands.resume)))


def put_back(done: Sequence[PhaseResult], stopped: Sequence[Service]) -> tuple[Change, ...]:
    """The changes that start again what a task stopped before it ended between two phases."""
    outcomes = [outcome for phase in done for outcome in phase.outcomes if outcome.status is OutcomeStatus.DONE]
    stops = (outcome.item for outcome in outcomes if outcome.item.resource in stopped)
    return tuple(stop.reversed() for stop in stops if isinstance(stop, Change) and not _runs(stop.after))


def abandoned(message: str, next_step: str, rescued: Sequence[Outcome], stands: Standing) -> tuple[str, str]:
    """What is said when a task ended between two phases, and what to do next."""
    right = [each.item.resource for each in rescued if _put_right(each)]
    if right:
        message += "; afterwards " + ", ".join(f"{each} was started again" for each in right)
    left = replace(stands, stopped=tuple(each for each in stands.stopped if each not in right))
    return message + left.loud, stands.resume or next_step


def ended_early(why: str, rounds: Sequence[PhaseResult]) -> str:
    """What is said when rounds ended before they were through; the last of them tells what is left: empty when that is
    nothing.
    """
    if not rounds[-1].plan.checks:
        return ""
    back = sum(_came_back(outcome) for each in rounds for outcome in each.outcomes)
    left = (check.text for check in rounds[-1].plan.checks)
    return "; ".join((f"{why}: {counted(back)} went back to the queue", *left))


def _came_back(outcome: Outcome) -> int:
    """How many messages a move brought into the queue; less than 0 for those that it took out."""
    move, state = outcome.item, outcome.after
    if not isinstance(move, Move) or not isinstance(state, MoveState) or not move.at:
        return 0
    return state.moved if move.back else -state.moved


def _put_right(outcome: Outcome) -> bool:
    """Whether what was wanted after a failure is so: done, or so already."""
    if outcome.status is OutcomeStatus.DONE:
        return True
    item, found = outcome.item, outcome.before
    if not isinstance(item, Change) or not isinstance(item.after, ServiceState) or not isinstance(found, ServiceState):
        return False
    return (found.status, found.start) == (item.after.status, item.after.start)


def lost(error: HostError, outcomes: Sequence[Outcome], plan: StepPlan, stands: Standing) -> HostError:
    """The call failed while items were under way: say which of them are certain and which are not."""
    remote = [item for item in plan.items if not isinstance(item, Artifact)]
    certain = [named(outcome.item) for outcome in outcomes]
    unknown = [named(item) for item in remote[len(outcomes) :]]
    text = error.what + (f"; done and read back before: {', '.join(certain)}" if certain else "")
    # Only a session that was lost before anything went out is sure to have changed nothing.
    sent = error.sent if isinstance(error, UnreachableError) else True
    if unknown:
        text += ("; not known whether it was carried out: " if sent else "; not sent: ") + ", ".join(unknown)
    text += stands.loud
    hint = stands.resume or error.next_step or "Run the plan again: it shows what the host is like now."
    if isinstance(error, UnreachableError):
        return UnreachableError(text, host=error.host, next_step=hint, sent=sent)
    return FarSideError(text, host=error.host, next_step=hint)


def named(item: RemoteItem) -> str:
    """An item in a few words."""
    if isinstance(item, Action):
        return f"the {item.verb} of {item.resource}"
    if isinstance(item, Move):
        what = "queue.dat" if not item.at else f"{len(item.files):,} message{'s' if len(item.files) != 1 else ''}"
        return f"the move of {what} {'back' if item.back else 'to quarantine'}"
    return str(item.resource)


def moved_on(shown: Sequence[StepPlan], plan: StepPlan) -> str:
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
