"""Putting messages back a few at a time: the rounds of `restore_queue`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import BAD, Action, Item, Message, QueueState, Resource, ServiceStatus, Verb, fold
from ndrfix.steps.bad_message import named, sought, unblamed
from ndrfix.steps.base import Check, Observed, StepPlan
from ndrfix.steps.clearing import STOPPED, brought_to, closed, data_moved, moved, runs_on
from ndrfix.steps.put_back import PutBack, Round, names
from ndrfix.steps.restoring_args import RestoreQueueArgs, TakeBackArgs

BY_HAND = "Look at what lies in `bad`: no step puts it back, nor removes it. Move it away by hand."
"""What to do with messages that were set aside."""
_LOOK_EVERY = 5.0  # seconds

# Seconds that each batch is watched for at least: one after which nobody looks could stop the service unseen.
_LEAST = 1.0
# So many messages of which none can be moved, one batch after the other: something keeps them all, and every batch
# costs a stop and a start.
_GIVES_UP = 30


def probe(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    """What every round looks at."""
    return (args.kept, args.own, IMS, QUEUE)


def first(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    """The first round."""
    known = Round.of(args, observed, PutBack())
    return _round(known) if known else StepPlan()


def again(args: RestoreQueueArgs, observed: Observed, last: StepPlan) -> StepPlan:
    """Every other round; the last one fails where something could not be put back, or was set aside."""
    put_back = _handed_on(last)
    known = Round.of(args, observed, put_back)
    return _round(known) if known else _not_all(args, observed, put_back)


def ended_early(args: RestoreQueueArgs, observed: Observed, last: StepPlan) -> StepPlan:
    """What is done before a restore ends in the middle: the service must stay started without anybody's help, so that
    what may have made it stop is taken out again.
    """
    known = Round.of(args, observed, _handed_on(last))
    if known is None:
        return StepPlan()
    put_back = known.last
    waiting = known.waiting((*put_back.batch, *put_back.earlier, *put_back.trusted))
    runs = runs_on(known.state.status)
    if runs and (waiting or put_back.blamed) and not put_back.waited:
        return _watched(known)
    if runs or known.own.promised is STOPPED:
        return _left(known, 0)
    items: tuple[Item, ...] = (
        *known.stop,
        data_moved(args.own, restoring=True),
        *unblamed(args.own, put_back.blamed),
        *moved(args.own, waiting),
        *known.start,
    )
    told = _left(replace(known, last=replace(put_back, blamed=())), len(waiting) + len(put_back.blamed))
    return replace(told, items=items if waiting or put_back.blamed else ())


def _left(known: Round, more: int) -> StepPlan:
    """What is said at an early end of what was not put back: all that lies there yet, and `more`."""
    last, own = known.last.proved(), known.args.own
    left = len(known.chosen) + len(last.stuck) + more
    text = f"{counted(left)} of those chosen {'lies' if left == 1 else 'lie'} in {own} yet"
    checks = (Check(ok=True, text=text),) if left else ()
    return StepPlan(checks=(*checks, *(Check(ok=True, text=each) for each in _aside(known.args, last))))


def _handed_on(last: StepPlan) -> PutBack:
    return last.carry if isinstance(last.carry, PutBack) else PutBack()


def _round(known: Round) -> StepPlan:
    if known.state.status is ServiceStatus.STOP_PENDING:
        return StepPlan(items=known.stop, carry=known.last)  # it stops by itself; what that means shows when it has
    if known.own.promised is STOPPED:
        return _all_at_once(known)
    if known.state.status is STOPPED:
        return sought(known)
    if known.last.tried:
        known = replace(known, last=known.last.proved())
    return _watched(known) if _is_watched(known) else _next_batch(known)


def _is_watched(known: Round) -> bool:
    """Whether it is not known yet how the service does with what is in the queue now."""
    last = known.last
    if (last.blamed or last.unexplained) and not last.tried:  # whatever else lies in the queue may have stopped it
        return True
    untried = last.searching and not last.tried  # a search must see whether the service stays started
    waits = known.waiting(last.batch)
    return bool(waits) and (untried or last.waited < max(known.args.drain_timeout, _LEAST))


def _watched(known: Round) -> StepPlan:
    watch = Action(verb=Verb.WATCH, resource=IMS, timeout=_LOOK_EVERY)
    return StepPlan(items=(watch,), carry=replace(known.last, waited=known.last.waited + _LOOK_EVERY))


# --- putting back ---------------------------------------------------------------------------------------------------


def _all_at_once(known: Round) -> StepPlan:
    if not known.chosen:
        return _through(known)
    own = known.args.own
    items: tuple[Item, ...] = (*known.stop, data_moved(own, restoring=True), *moved(own, known.chosen, back=True))
    return StepPlan(items=items, carry=known.last.then(batch=names(known.chosen)))


def _next_batch(known: Round) -> StepPlan:
    batch, last, own = _batch(known), known.last, known.args.own
    if not batch:
        # The service is not left before it had time to stop over the last batch, or over whatever else came.
        return _watched(known) if last.batch and not last.waited else _through(known)
    waiting = names(known.waiting((*last.batch, *last.earlier, *last.trusted)))
    put_back = last.then(batch=names(batch), earlier=waiting)
    if last.searching:  # the service stayed started with all that waits now
        put_back = last.then(batch=names(batch), trusted=waiting)
    items: tuple[Item, ...] = (
        *known.stop,
        data_moved(own, restoring=True),
        *moved(own, batch, back=True),
        *known.start,
    )
    return StepPlan(items=items, on_failure=known.start, carry=put_back)


def _batch(known: Round) -> Sequence[Message]:
    """What is put back next: those last, and all of them at once, that cannot since their name is taken in the queue;
    none, when it seems that none can be moved.
    """
    if known.last.idle >= _GIVES_UP:
        return ()
    taken = {fold(message.name) for message in known.queue}
    free = [message for message in known.chosen if fold(message.name) not in taken]
    return free[: known.args.batch] or known.chosen


def _through(known: Round) -> StepPlan:
    """The end of what can be put back; before it is told what is not, the quarantine is closed."""
    if not known.last.stuck and not known.last.aside:
        return StepPlan()
    own, promised = known.args.own, known.own.promised
    start = brought_to(known.state, promised, known.args.service_timeout)
    return StepPlan(items=(*start, closed(own, promised)), carry=known.last)


def _not_all(args: RestoreQueueArgs, observed: Observed, last: PutBack) -> StepPlan:
    """The failed checks for messages that are not back in the queue; nothing without any."""
    advice = BY_HAND
    if isinstance(args, TakeBackArgs):
        advice += " Then give the same command again: it takes back the rest."
    aside = (Check(ok=False, text=text, next_step=advice) for text in _aside(args, last))
    return StepPlan(checks=(*_stuck(args, observed, last), *aside))


def _aside(args: RestoreQueueArgs, last: PutBack) -> tuple[str, ...]:
    """What is said of the messages that were set aside; nothing without any."""
    count = len(last.aside)
    were, them = ("was", "it") if count == 1 else ("were", "them")
    text = f"{counted(count)} {were} set aside in `{BAD}` of {args.own}, as the service stops with {them}"
    return (f"{text}: {named(last.aside)}",) if count else ()


def _stuck(args: RestoreQueueArgs, observed: Observed, last: PutBack) -> tuple[Check, ...]:
    """The failed check for messages that could not be moved; nothing without any."""
    stuck, kept = last.stuck, observed.state(args.kept)
    if not stuck:
        return ()
    there = {message.name for message in args.chosen(kept.messages)} if isinstance(kept, QueueState) else set()
    stay = "stays" if len(stuck) == 1 else "stay"
    text = f"{counted(len(stuck))} could not be put back, and {stay} in quarantine: {named(stuck)}"
    untried = len(there - set(stuck))
    text += (
        f"; after these {counted(untried, 'other')} were not tried"
        if untried
        else "; no other of those chosen lies there yet"
    )
    advice = "See above what keeps each from being moved (`left:`), mend that, and give the same command again."
    return (Check(ok=False, text=text, next_step=advice),)
