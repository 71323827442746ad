"""Putting messages back a few at a time, and finding the one that makes the service stop: the rounds of
`restore_queue`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import (
    BAD,
    Action,
    Change,
    Item,
    Message,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    Resource,
    ServiceState,
    ServiceStatus,
    Verb,
    fold,
)
from ndrfix.steps.base import Check, Observed, StepPlan
from ndrfix.steps.clearing import RUNNING, STOPPED, brought_to, closed, data_moved, moved, runs_on, service
from ndrfix.steps.restoring_args import RestoreQueueArgs

_LOOK_EVERY = 5.0  # seconds


# Seconds that each batch is watched for at least: one after which nobody looks could stop the service unseen.
_LEAST = 1.0
# So many messages of which none can be moved, one batch after the other: something keeps them all, and every batch
# costs a stop and a start.
_GIVES_UP = 30
_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """What a round hands on: the names of messages that were put back, as far as they may still wait in the queue.

    When the service stops by itself, a message of the last `batch` made it stop, or one that was put back `earlier`:
    the service tries what waits again and again. `trusted` are those with which it stayed started since it stopped last
    (`searching`: so did the batch, once it is through).

    `waited` are the seconds since the batch went back. `once_more`: the service has been started once more with just
    these messages; `unexplained`: it was, though none of them waited. `blamed` are those set aside of which it is not
    yet known whether the service stays started without them.

    `stuck` are those that could not be moved, and stay in quarantine; `idle` is how many of these came one after the
    other, whole batches of them.
    """

    batch: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    searching: bool = False
    waited: float = 0.0
    once_more: bool = False
    unexplained: bool = False
    blamed: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    idle: int = 0

    def seen(self, kept: Collection[str]) -> PutBack:
        """The same once it is known which names lie in quarantine yet."""
        before = set(self.stuck)
        stuck = tuple(name for name in self.batch if name in kept and name not in before)
        moved = len(self.batch) > sum(1 for name in self.batch if name in kept)
        return replace(self, stuck=(*self.stuck, *stuck), idle=0 if moved else self.idle + len(stuck))

    def then(self, **found: Any) -> PutBack:
        """What the next round is handed: what was found, and what cannot be moved."""
        return PutBack(stuck=self.stuck, idle=self.idle, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What is known in a round: what lies in quarantine, is `chosen` and can be moved, and what is in the queue."""

    args: RestoreQueueArgs
    state: ServiceState
    own: QuarantineState
    chosen: Sequence[Message]
    queue: Sequence[Message]
    last: PutBack

    def waiting(self, names: Iterable[str]) -> tuple[Message, ...]:
        """Those that are in the queue, and not in quarantine: there may be another message of that name."""
        wanted = set(names) - {message.name for message in self.chosen} - set(self.last.stuck)
        return tuple(message for message in self.queue if message.name in wanted)

    @property
    def start(self) -> tuple[Change, ...]:
        """The service started, from where it is once it has stopped."""
        stopped = replace(self.state, status=STOPPED, dependents=())
        return brought_to(stopped, RUNNING, self.args.service_timeout)

    @property
    def stop(self) -> tuple[Change, ...]:
        """The service stopped, if it is not; on its way there it may arrive at any moment, and is only waited for."""
        if self.state.status is ServiceStatus.STOP_PENDING:
            there = replace(self.state, status=STOPPED, dependents=())
            return (Change(resource=IMS, before=there, after=there, timeout=self.args.service_timeout),)
        return brought_to(self.state, STOPPED, self.args.service_timeout)


def probe(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    """What every round looks at."""
    return (args.kept, args.own, IMS, QUEUE)


def first(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    """The first round."""
    known = _known(args, observed, PutBack())
    return _round(known) if known else StepPlan()


def again(args: RestoreQueueArgs, observed: Observed, last: StepPlan) -> StepPlan:
    """Every other round; the last one fails where something could not be put back."""
    put_back = _handed_on(last)
    known = _known(args, observed, put_back)
    return _round(known) if known else _stuck(args, observed, put_back)


def ended_early(args: RestoreQueueArgs, observed: Observed, last: StepPlan) -> StepPlan:
    """What is done before a restore ends in the middle: the service must stay started without anybody's help, so that
    what may have made it stop is taken out again.
    """
    known = _known(args, observed, _handed_on(last))
    if known is None:
        return StepPlan()
    put_back = known.last
    waiting = known.waiting((*put_back.batch, *put_back.earlier, *put_back.trusted))
    runs = runs_on(known.state.status)
    if runs and waiting and not put_back.waited:
        return _watched(known)
    if runs or known.own.promised is STOPPED:
        waiting = ()
    left = len(known.chosen) + len(put_back.stuck) + len(waiting)
    text = f"{counted(left)} of those chosen {'lies' if left == 1 else 'lie'} in {args.own} yet"
    items: tuple[Item, ...] = (
        *known.stop,
        data_moved(args.own, restoring=True),
        *moved(args.own, waiting),
        *known.start,
    )
    return StepPlan(checks=(Check(ok=True, text=text),) if left else (), items=items if waiting else ())


def _handed_on(last: StepPlan) -> PutBack:
    return last.carry if isinstance(last.carry, PutBack) else PutBack()


def _known(args: RestoreQueueArgs, observed: Observed, last: PutBack) -> _Round | None:
    """None when the quarantine is not open: there is nothing to do."""
    own, queue, kept = observed.state(args.own), observed.state(QUEUE), observed.state(args.kept)
    if not isinstance(own, QuarantineState) or own.status is not QuarantineStatus.OPEN:
        return None
    chosen = args.chosen(kept.messages) if isinstance(kept, QueueState) else []
    last = last.seen({message.name for message in chosen})
    stuck = set(last.stuck)
    return _Round(
        args=args,
        state=service(observed),
        own=own,
        chosen=[message for message in chosen if message.name not in stuck],
        queue=queue.messages if isinstance(queue, QueueState) else (),
        last=last,
    )


def _round(known: _Round) -> StepPlan:
    last, args = known.last, known.args
    if known.state.status is ServiceStatus.STOP_PENDING:
        return StepPlan(items=known.stop, carry=last)  # it stops by itself; what that means shows when it has
    if known.own.promised is STOPPED:
        return _all_at_once(known)
    if known.state.status is STOPPED:
        return _stopped(known)
    untried = last.searching and not last.waited  # a search must see whether the service stays started
    if known.waiting(last.batch) and (untried or last.waited < max(args.drain_timeout, _LEAST)):
        return _watched(known)
    return _next_batch(known)


def _watched(known: _Round) -> StepPlan:
    watch = Action(verb=Verb.WATCH, resource=IMS, timeout=_LOOK_EVERY)
    seen = replace(known.last, waited=known.last.waited + _LOOK_EVERY, unexplained=False, blamed=())
    return StepPlan(items=(watch,), carry=seen)


# --- putting back ---------------------------------------------------------------------------------------------------


def _all_at_once(known: _Round) -> StepPlan:
    if not known.chosen:
        return _through(known)
    own = known.args.own
    items: tuple[Item, ...] = (*known.stop, data_moved(own, restoring=True), *moved(own, known.chosen, back=True))
    return StepPlan(items=items, carry=known.last.then(batch=_names(known.chosen)))


def _next_batch(known: _Round) -> StepPlan:
    batch, last, own = _batch(known), known.last, known.args.own
    if not batch:
        # With no `drain_timeout` too the service is not left before it had time to stop over the last batch.
        return _watched(known) if known.waiting(last.batch) and not last.waited else _through(known)
    waiting = _names(known.waiting((*last.batch, *last.earlier, *last.trusted)))
    put_back = last.then(batch=_names(batch), earlier=waiting)
    if last.searching:  # the service stayed started with all that waits now
        put_back = last.then(batch=_names(batch), trusted=waiting)
    items: tuple[Item, ...] = (
        *known.stop,
        data_moved(own, restoring=True),
        *moved(own, batch, back=True),
        *known.start,
    )
    return StepPlan(items=items, on_failure=known.start, carry=put_back)


def _batch(known: _Round) -> Sequence[Message]:
    """What is put back next: those last, and all of them at once, that cannot since their name is taken in the queue;
    none, when it seems that none can be moved.
    """
    if known.last.idle >= _GIVES_UP:
        return ()
    taken = {fold(message.name) for message in known.queue}
    free = [message for message in known.chosen if fold(message.name) not in taken]
    return free[: known.args.batch] or known.chosen


def _through(known: _Round) -> StepPlan:
    """The end of what can be put back; before it is told what cannot, the quarantine is closed."""
    if not known.last.stuck:
        return StepPlan()
    own, promised = known.args.own, known.own.promised
    start = brought_to(known.state, promised, known.args.service_timeout)
    return StepPlan(items=(*start, closed(own, promised)), carry=known.last)


def _stuck(args: RestoreQueueArgs, observed: Observed, last: PutBack) -> StepPlan:
    """The failed check for messages that could not be moved; nothing without any."""
    names, kept = last.stuck, observed.state(args.kept)
    if not names:
        return StepPlan()
    there = {message.name for message in args.chosen(kept.messages)} if isinstance(kept, QueueState) else set()
    stay, more = "stays" if len(names) == 1 else "stay", ", …" if len(names) > _NAMED else ""
    text = f"{counted(len(names))} could not be put back, and {stay} in quarantine: {', '.join(names[:_NAMED])}{more}"
    untried = len(there - set(names))
    text += (
        f"; after these {counted(untried, 'other')} were not tried"
        if untried
        else "; no other of those chosen lies there yet"
    )
    advice = "See above what keeps each from being moved (`left:`), mend that, and give the same command again."
    return StepPlan(checks=(Check(ok=False, text=text, next_step=advice),))


# --- the service stopped by itself ----------------------------------------------------------------------------------


def _stopped(known: _Round) -> StepPlan:
    """A message that was put back is bad, or the service cannot run at all."""
    last = known.last
    batch, earlier, trusted = (known.waiting(names) for names in (last.batch, last.earlier, last.trusted))
    if not (batch or earlier or trusted):
        return _without_reason(known)
    if not last.once_more:  # a start can be refused for other reasons than a message
        return StepPlan(items=known.start, carry=replace(last, once_more=True, waited=0.0))
    if not (batch or earlier):
        earlier, trusted = trusted, ()
    if batch and earlier:  # the batch is the likely one; but were it one of these, a message of the batch would pay
        return _taken_out(known, keep=earlier, out=batch, trusted=trusted)
    suspects = batch or earlier
    if len(suspects) == 1:
        return _blamed(known, suspects, trusted)
    middle = len(suspects) // 2
    return _taken_out(known, keep=suspects[:middle], out=suspects[middle:], trusted=trusted)


def _without_reason(known: _Round) -> StepPlan:
    last, own = known.last, known.args.own
    if not last.unexplained:
        return StepPlan(items=known.start, carry=replace(last, unexplained=True))
    if last.blamed:  # the service does not stay started without them either
        blamed = [QueueFile(name, -1, 0) for name in last.blamed]
        items = (*moved(own, blamed, kept=BAD, back=True), *moved(own, blamed))
        return StepPlan(items=items, carry=replace(last, blamed=()))
    text = f"{IMS} IS STOPPED and does not stay started, though no message that was put back waits in the queue"
    check = Check(ok=False, text=text, next_step="Look in the event log of the host, then `ndrfix resume`.")
    return StepPlan(checks=(check,))


def _taken_out(
    known: _Round, *, keep: Sequence[Message], out: Sequence[Message], trusted: Sequence[Message]
) -> StepPlan:
    """Some of those that wait go back to the quarantine, to see whether the service stays started with the others."""
    own = known.args.own
    items: tuple[Item, ...] = (data_moved(own, restoring=True), *moved(own, out), *known.start)
    names, last = _names(keep), known.last
    put_back = last.then(batch=names, trusted=_names(trusted), searching=True, blamed=last.blamed)
    return StepPlan(items=items, carry=put_back)


def _blamed(known: _Round, bad: Sequence[Message], others: Sequence[Message]) -> StepPlan:
    own = known.args.own
    items: tuple[Item, ...] = (data_moved(own, restoring=True), *moved(own, bad, kept=BAD), *known.start)
    blamed = (*known.last.blamed, *_names(bad))
    return StepPlan(items=items, carry=known.last.then(earlier=_names(others), unexplained=not others, blamed=blamed))


def _names(messages: Iterable[Message]) -> tuple[str, ...]:
    return tuple(message.name for message in messages)
