"""Tells what is left for people to do once work on the message queue that broke off is finished. Used by
`ndrfix resume`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ConfigDict

from ndrfix.exchange.backlog import Backlog, backlog, counted
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import BAD, FolderState, MessageKind, Quarantine, QueueState, Resource, kept_folder, kept_queue
from ndrfix.steps.base import Args, Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.finish_queue import FinishQueueArgs, inside, meant_runs, naming, standing_still, unreadable
from ndrfix.steps.torn_manifest import copies_told


class QueueLeftArgs(Args):
    """`places` are where work was finished; from the quarantines in `returned` a restore was putting messages back."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    places: tuple[FinishQueueArgs, ...]
    returned: tuple[Quarantine, ...] = ()


def _probe(args: QueueLeftArgs) -> tuple[Resource, ...]:
    return (QUEUE, IMS, *(place.quarantines for place in args.places), *_returned(args))


def _returned(args: QueueLeftArgs) -> Iterator[Resource]:
    for quarantine in args.returned:
        yield kept_queue(quarantine)
        yield kept_folder(quarantine, BAD)


def _further(args: QueueLeftArgs, observed: Observed) -> tuple[Resource, ...]:
    return tuple(resource for place in args.places for resource in inside(place, observed))


def _plan(args: QueueLeftArgs, observed: Observed) -> StepPlan:
    checks = [*standing_still(observed), *_queue(observed)]
    for quarantine in args.returned:
        checks += (*_kept(quarantine, observed), *_aside(quarantine, observed))
    for place in args.places:
        checks += unreadable(place, observed)
    runs = (each for place in args.places for each in meant_runs(place, observed))
    return StepPlan(checks=tuple(checks), risks=copies_told(runs, observed))


def _queue(observed: Observed) -> Iterator[Check]:
    state = observed.state(QUEUE)
    if isinstance(state, QueueState):
        found = backlog(state.messages)
        reports = found.of(MessageKind.NDR)[0]
        text = f"{counted(found.messages)} in the queue, {reports:,} of them reports"
        yield Check(ok=True, text=text + (": `ndrfix plan clear-queue` shows them" if reports else ""))


def _kept(quarantine: Quarantine, observed: Observed) -> Iterator[Check]:
    """What a restore that broke off has not put back, mail of users first of all."""
    state = observed.state(kept_queue(quarantine))
    found = backlog(state.messages) if isinstance(state, QueueState) else Backlog()
    mail = found.messages - found.of(MessageKind.NDR)[0]
    if not found.messages:
        return
    lie = "lies" if found.messages == 1 else "lie"
    text = f"{counted(found.messages)} {lie} in {quarantine} yet, {mail:,} of them no reports"
    kinds = ", `kinds: [user, bounce, receipt, unknown]`" if mail else ""
    yield Check(ok=True, text=f"{text}: `restore_queue` with {naming(quarantine)}{kinds} puts them back")


def _aside(quarantine: Quarantine, observed: Observed) -> Iterator[Check]:
    """What a restore set aside: no step puts it back."""
    state = observed.state(kept_folder(quarantine, BAD))
    if isinstance(state, FolderState) and state.files:
        lie, them = ("lies", "it") if state.files == 1 else ("lie", "them")
        text = f"{counted(state.files)} {lie} in `{BAD}` of {quarantine}, as the service stops with {them}: no step"
        yield Check(ok=True, text=f"{text} puts {them} back; look at {them} there, and move {them} away by hand")


def _settled(_shown: StepPlan, now: StepPlan) -> StepPlan:
    """It only tells how things are."""
    return now


STEP = Step(
    name="queue_left",
    args=QueueLeftArgs,
    phases=(Phase(probe=_probe, plan=_plan, further=_further, settle=_settled),),
    page=__doc__,
)
