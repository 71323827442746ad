"""What is said of a task that did not come to its end: what is certain, what is not, and how the host stands now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.engine.recorder import RecordError
from ndrfix.engine.result import Down, PhaseResult
from ndrfix.engine.unfinished import left_open
from ndrfix.errors import HostError, UnreachableError
from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import IMS
from ndrfix.exchange.values import describe
from ndrfix.resources import (
    ABSENT,
    Action,
    Artifact,
    Change,
    Move,
    MoveState,
    Quarantine,
    QuarantineState,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
    Verb,
)
from ndrfix.steps.base import StepPlan

GO_ON = "Give the same command again: it goes on with what is left."
"""What to do next after rounds that ended early."""
_REST = "What is left there `purge_quarantine` removes, and `ndrfix undo` of the run that took it puts back."
_LAST_SEEN = "was stopped when last seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a task left its host half way. `stake` are the services that are to run; the task may have stopped the
    `doubtful` ones. `seen` is how services were last seen; `read` tells that this was at the very end. `resume` names
    the command that finishes the work on the queue (empty: there is none). `unmoved`: no message of the queue was
    touched. `flying`: the host may be at work yet.
    """

    host: str
    stake: tuple[Service, ...] = ()
    doubtful: tuple[Service, ...] = ()
    seen: Mapping[Resource, Reading] = field(default_factory=dict)
    read: bool = False
    resume: str = ""
    unmoved: bool = False
    flying: bool = False

    def loud(self, righted: Collection[Resource] = ()) -> str:
        """What must not be overlooked; the services in `righted` were started again."""
        unmoved = "; no message was moved" if self.unmoved else ""
        told = ((each, "" if each.words == _LAST_SEEN else f" on {self.host}") for each in self.down(righted))
        return unmoved + "".join(f"; {each.service} {each.words}{where}" for each, where in told)

    def down(self, righted: Collection[Resource] = ()) -> tuple[Down, ...]:
        """The services that are to run and do not, or perhaps not; those in `righted` were started again."""
        found = (self._down(service, righted) for service in self.stake)
        return tuple(each for each in found if each)

    def _down(self, service: Service, righted: Collection[Resource]) -> Down | None:
        """How a service stands, as far as it is known; None for one that runs, or of which nothing is known."""
        found = self.seen.get(service)
        state = found.status if isinstance(found, ServiceState) else ServiceStatus.RUNNING
        if self.read and state is not ServiceStatus.RUNNING:  # one that is starting may hang there
            return Down(service=service, words=f"IS {state.upper()}", sure=state not in UP)
        if state not in UP and service not in righted:
            return Down(service=service, words=_LAST_SEEN, sure=not self.flying)
        doubtful = service in self.doubtful and not self.read
        return Down(service=service, words="may be stopped", sure=False) if doubtful else None


UP = (ServiceStatus.RUNNING, ServiceStatus.START_PENDING, ServiceStatus.CONTINUE_PENDING)
"""A service that runs, or is about to."""


def standing(done: Sequence[PhaseResult], host: str, resume: str, *, in_flight: bool = False) -> Standing:
    """How the host stands after the phases so far, the last of which may have ended half way; `resume` is the command
    line that finishes work on a queue. `in_flight`: the items of the last phase without an outcome were sent.
    """
    items = _remote(done)
    queue = any(isinstance(item, Move) or isinstance(item.resource, Quarantine) for item in items)
    moves = any(isinstance(item, Move) for item in items)
    left = bool(resume) and left_open(done, in_flight=in_flight)
    told = f"`{resume} -l {host}` finishes it." if left else ""
    wish = promised(done)
    restarts = _restarts(done[-1]) if done and in_flight else ()
    stake = (*stopped(done), *restarts) if wish is None else (IMS,) * (wish is ServiceStatus.RUNNING)
    return Standing(
        host=host,
        stake=tuple(dict.fromkeys((*stake, *_hanging(done)))),
        doubtful=(*_doubtful(done[-1]), *restarts) if done and in_flight else (),
        resume=told,
        unmoved=queue and not moves and not any(map(_removes, items)),
        flying=in_flight,
    )


def stopped(done: Sequence[PhaseResult]) -> tuple[Service, ...]:
    """The services that a task stopped and did not start again, and those that did not start."""
    found: dict[Service, None] = {}
    for outcome in (each for phase in done for each in phase.outcomes):
        item = outcome.item
        if not isinstance(item.resource, Service):
            continue
        if outcome.status is not OutcomeStatus.DONE:
            if outcome.status is OutcomeStatus.FAILED and starts(item) and not _has_started(outcome.after):
                found[item.resource] = None
            continue
        if _runs(outcome.after):
            found.pop(item.resource, None)
        elif isinstance(item, Change) and _runs(outcome.before):
            found[item.resource] = None
    return tuple(found)


def _hanging(done: Sequence[PhaseResult]) -> tuple[Service, ...]:
    """The service that did not come to the end of a stop: that is told, whatever it was to be."""
    last = next((outcome for phase in reversed(done) for outcome in reversed(phase.outcomes)), None)
    if last is None or not isinstance(last.item.resource, Service) or not isinstance(last.after, ServiceState):
        return ()
    return (last.item.resource,) if last.after.status is ServiceStatus.STOP_PENDING else ()


def starts(item: RemoteItem) -> bool:
    """Whether a service is to run after an item."""
    if isinstance(item, Action):
        return item.verb is Verb.RESTART
    return isinstance(item, Change) and isinstance(item.after, ServiceState) and item.after.status in UP


def promised(done: Sequence[PhaseResult]) -> ServiceStatus | None:
    """The state in which work on the queue is to leave the service; None for a task that does not work on the queue."""
    changes = [item for item in _remote(done) if isinstance(item, Change) and isinstance(item.resource, Quarantine)]
    states = [state for change in changes for state in (change.before, change.after)]
    found = [state.promised for state in states if isinstance(state, QuarantineState)]
    return found[-1] if found else None


def _doubtful(phase: PhaseResult) -> tuple[Service, ...]:
    """The services that items without an outcome stop."""
    rest = _remote([phase])[len(phase.outcomes) :]
    stops = (each for each in rest if isinstance(each, Change) and not _runs(each.after))
    return tuple(dict.fromkeys(each.resource for each in stops if isinstance(each.resource, Service)))


def _restarts(phase: PhaseResult) -> tuple[Service, ...]:
    """The services that items without an outcome restart."""
    rest = _remote([phase])[len(phase.outcomes) :]
    return tuple(each.resource for each in rest if isinstance(each, Action) and each.verb is Verb.RESTART)


def _runs(state: Reading | None) -> bool:
    return isinstance(state, ServiceState) and state.status is not ServiceStatus.STOPPED


def _has_started(state: Reading | None) -> bool:
    return isinstance(state, ServiceState) and state.status is ServiceStatus.RUNNING


def _removes(item: RemoteItem) -> bool:
    """Whether an item deletes what lies in a quarantine."""
    return isinstance(item, Change) and isinstance(item.resource, Quarantine) and item.after == ABSENT


def _remote(done: Sequence[PhaseResult]) -> tuple[RemoteItem, ...]:
    items = (item for phase in done for item in phase.plan.items)
    return tuple(item for item in items if not isinstance(item, Artifact))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """What was tried to put a host right: the outcomes, and why it broke off (None: it did not)."""

    outcomes: tuple[Outcome, ...] = ()
    error: HostError | None = None

    @property
    def righted(self) -> tuple[Resource, ...]:
        """What is as it should be."""
        return tuple(outcome.item.resource for outcome in self.outcomes if _put_right(outcome))

    @property
    def trouble(self) -> str:
        """What went wrong; empty when nothing did."""
        if self.error:
            return self.error.what
        tried = (each for each in reversed(self.outcomes) if each.status is not OutcomeStatus.DRIFTED)
        return next((each.message for each in tried if not _put_right(each)), "")


def failed(bad: Outcome, rescue: Rescue, stands: Standing) -> tuple[str, str]:
    """What is said when an item failed and what was to be tried then has been tried, and what to do next."""
    message = (bad.message or f"{bad.item.resource} could not be changed") + _removed(bad)
    if rescue.trouble:
        message += "; trying to put things right failed too: " + rescue.trouble
    elif rescue.righted:
        message += "; afterwards " + ", ".join(f"{each} was put right" for each in rescue.righted)
    message += stands.loud(rescue.righted)
    steps = [bad.next_step, _REST if _removed(bad) else ""]
    if bad.status is OutcomeStatus.DRIFTED and not bad.next_step:
        steps = ["Somebody else changed it after the plan. Plan again."]
    return message, " ".join(filter(None, (*steps, stands.resume)))


def _removed(bad: Outcome) -> str:
    """What a removal of a quarantine that failed came to, in words; empty for anything else."""
    if not _removes(bad.item) or bad.status is not OutcomeStatus.FAILED or not isinstance(bad.before, QuarantineState):
        return ""
    count, left = bad.before.messages or 0, 0 if bad.after == ABSENT else None
    if isinstance(bad.after, QuarantineState):
        left = bad.after.messages
    if left is None:
        return f"; how many of the {counted(count)} in {bad.item.resource} are gone for good is not known"
    gone = f"{count - left:,} of the {counted(count)}" if left else f"all of the {counted(count)}"
    return f"; {gone} in {bad.item.resource} are gone for good, {left:,} lie there yet"


def put_back(done: Sequence[PhaseResult]) -> tuple[Change, ...]:
    """The changes that start again what a task stopped before it ended between two phases, where it is to run."""
    if promised(done) is not ServiceStatus.RUNNING:
        return ()
    outcomes = [outcome for phase in done for outcome in phase.outcomes if outcome.status is OutcomeStatus.DONE]
    stops = {outcome.item.resource: outcome.item for outcome in outcomes if outcome.item.resource in stopped(done)}
    return tuple(stop.reversed() for stop in stops.values() if isinstance(stop, Change) and not _runs(stop.after))


def abandoned(message: str, rescue: Rescue, stands: Standing) -> str:
    """What is said when a task ended between two phases."""
    good = [each for each in rescue.outcomes if each.item.resource in rescue.righted]
    if good:
        words = {True: "was started again", False: "runs again"}  # somebody else may have started it
        told = (f"{each.item.resource} {words[each.status is OutcomeStatus.DONE]}" for each in good)
        message += "; afterwards " + ", ".join(told)
    return message + stands.loud(rescue.righted)


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


def lost(error: HostError, outcomes: Sequence[Outcome], plan: StepPlan) -> str:
    """What is said of items when their call failed: which are certain and which are not."""
    remote = [item for item in plan.items if not isinstance(item, Artifact)]
    certain = [named(outcome.item) for outcome in outcomes if outcome.status is OutcomeStatus.DONE]
    rest = [named(item) for item in remote[len(outcomes) :]]
    text = error.what + (f"; done and read back before: {', '.join(certain)}" if certain else "")
    if rest:
        text += ("; not known whether it was carried out: " if in_flight(error) else "; not sent: ") + ", ".join(rest)
    return text


def in_flight(error: HostError) -> bool:
    """Whether items may be at work on the host when a call failed: not when the session was lost before anything went
    out, nor when it was not sent since no trace of it could be stored.
    """
    if isinstance(error, RecordError):
        return False
    return error.sent if isinstance(error, UnreachableError) else True


def named(item: RemoteItem) -> str:
    """An item in a few words."""
    if isinstance(item, Action):
        return f"the {item.verb} of {item.resource}"
    if _removes(item):
        return f"the removal of {item.resource}"
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
    if isinstance(state, QuarantineState):
        return f"{state.status} with {IMS} to be {state.promised.word} at the end"
    return f"{state.status.word}, start type {state.start}" if isinstance(state, ServiceState) else str(state)
