r"""Put messages that were taken out of the queue back into it, a few at a time.

### Why

A message was taken that should have been sent; or all that a run took is to be taken back.

### What it looks at

It finds the quarantine of `run` and chooses by `kinds`, `names` and `recipients`. For each batch it stops the Internet
Mail Service, moves `queue.dat` away (the service makes it anew, Q148727), moves the files back to `out`, starts the
service and waits until they have left the queue, or `drain_timeout` is over: what cannot be delivered at once stays
there for the service's own retries. A bad message makes the service stop (Q192540, Q293288): then half of the batch
goes back to the quarantine, and so on until the message is found; it is set aside in `bad`, and the rest goes on.

A service that was stopped stays stopped, and all is put back at once. A dry run shows the first batch.

Reports that are put back are sent: suppression does not hold for messages that exist already.

### Example

```yaml
- name: Put the mail of users back
  restore_queue:
    run: 20261125-0930-reverse-ndr-7f3a
    kinds: [user, unknown]
```

### Undo

What was sent cannot be taken back. What still waits is taken out again by `clear_queue`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ndrfix.exchange.backlog import backlog
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import (
    ABSENT,
    BAD,
    Action,
    Item,
    Message,
    MessageKind,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    Resource,
    ServiceStatus,
    Verb,
)
from ndrfix.steps.base import Check, MovedOnError, Observed, Phase, Step, StepPlan
from ndrfix.steps.clearing import (
    GUARDED,
    RUNNING,
    STOPPED,
    brought_to,
    closed,
    data_moved,
    finish,
    guards,
    moved,
    opened,
    service,
)
from ndrfix.steps.finish_queue import interrupted_runs
from ndrfix.steps.restoring_args import RestoreQueueArgs

_LOOK_EVERY = 5.0  # seconds
# What a round carries that only started the service: after the last message that could explain it, or once more before
# a message is blamed.
_STARTED, _ONCE_MORE = "started", "once more"

# --- guards ---------------------------------------------------------------------------------------------------------


def _probe_guards(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (*GUARDED, args.folder)


def _plan_guards(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    if problems := guards(observed):
        return StepPlan(checks=problems)
    found = observed.state(args.folder)
    known = [run for run, _ in found.runs] if isinstance(found, QuarantinesState) else []
    if args.run.casefold() not in (run.casefold() for run in known):
        there = f"there are: {', '.join(known)}" if known else "there is none on this host"
        text = f"no quarantine of run {args.run}; {there}"
        return StepPlan(checks=(Check(ok=False, text=text, next_step="Name one of these runs."),))
    runs = interrupted_runs(args.folder, found) if isinstance(found, QuarantinesState) else ()
    work = finish(runs, service(observed), service_timeout=args.service_timeout)
    checks = tuple(Check(ok=True, text=f"{text}; that is finished first") for text in work.texts)
    return StepPlan(checks=checks, items=work.items, on_failure=work.on_failure, risks=work.risks)


# --- choose ---------------------------------------------------------------------------------------------------------


def _probe_choice(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (args.kept, args.own, IMS)


def _plan_choice(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    chosen, own, state = _chosen(args, observed), observed.state(args.own), service(observed)
    if not chosen or not isinstance(own, QuarantineState):
        return StepPlan(note="no message in the quarantine is to be put back")
    found = backlog(chosen, taken=tuple(MessageKind), samples=10)
    running = state.status not in (STOPPED, ServiceStatus.STOP_PENDING)
    pace = f", {args.batch} at a time" if running and len(chosen) > args.batch else ""
    check = Check(ok=True, text=f"{len(chosen):,} messages go back to the queue{pace}")
    items = () if own.status is QuarantineStatus.OPEN else (opened(args.own, own, RUNNING if running else STOPPED),)
    return StepPlan(checks=(check,), items=items, backlog=found)


def _chosen(args: RestoreQueueArgs, observed: Observed) -> list[Message]:
    kept = observed.state(args.kept)
    return args.chosen(kept.messages) if isinstance(kept, QueueState) else []


def _settle_choice(shown: StepPlan, now: StepPlan) -> StepPlan:
    """No more than was shown; and nothing, when nothing was shown."""
    if not shown.items and now.items:
        return replace(now, items=(), checks=(), note="nothing was to be put back when the plan was shown")
    before, after = (plan.backlog.messages if plan.backlog else 0 for plan in (shown, now))
    if after > before or now.items != shown.items:
        raise MovedOnError(f"{after:,} messages would be put back, the plan showed {before:,}")
    return now


# --- batches --------------------------------------------------------------------------------------------------------


def _probe_batch(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (args.kept, args.own, IMS, QUEUE)


def _first(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    return _round(args, observed, ())


def _again(args: RestoreQueueArgs, observed: Observed, last: StepPlan) -> StepPlan:
    return _round(args, observed, last.carry)


def _round(args: RestoreQueueArgs, observed: Observed, carry: tuple[str, ...]) -> StepPlan:
    """What is next. `carry` are the seconds waited for the batch that was put back last, then the names in it."""
    own, queue, state = observed.state(args.own), observed.state(QUEUE), service(observed)
    if not isinstance(own, QuarantineState) or own.status is not QuarantineStatus.OPEN:
        return StepPlan()
    if own.promised is STOPPED:
        return _all_at_once(args, observed, carry)
    names = set(carry[1:])
    waiting = [each for each in queue.messages if each.name in names] if isinstance(queue, QueueState) else []
    if state.status is STOPPED:
        return _stopped(args, observed, waiting, carry)
    waited = 0.0 if carry[:1] in ((), (_STARTED,), (_ONCE_MORE,)) else float(carry[0])
    if waiting and waited < args.drain_timeout:
        watch = Action(verb=Verb.WATCH, resource=IMS, timeout=_LOOK_EVERY)
        return StepPlan(items=(watch,), carry=(f"{waited + _LOOK_EVERY:g}", *carry[1:]))
    return _next_batch(args, observed, carry)


def _all_at_once(args: RestoreQueueArgs, observed: Observed, carry: tuple[str, ...]) -> StepPlan:
    chosen = _chosen(args, observed)
    if not chosen:
        return StepPlan()
    if stuck := _stuck(chosen, carry):
        return stuck
    items = (data_moved(args.own, restoring=True), *moved(args.own, chosen, back=True))
    return StepPlan(items=items, carry=("0", *(message.name for message in chosen)))


def _stuck(batch: Sequence[Message], carry: tuple[str, ...]) -> StepPlan | None:
    """The failed check for messages of which none moved when it was their turn; None for others."""
    if carry[1:] != tuple(message.name for message in batch):
        return None
    text = f"{len(batch):,} messages cannot be put back, and stay in quarantine: {', '.join(carry[1:6])}"
    advice = "See above what keeps each from being moved (`left:`), mend that, and put the rest back again."
    return StepPlan(checks=(Check(ok=False, text=text, next_step=advice),))


def _next_batch(args: RestoreQueueArgs, observed: Observed, carry: tuple[str, ...]) -> StepPlan:
    batch = _chosen(args, observed)[: args.batch]
    if not batch:
        return StepPlan()
    if stuck := _stuck(batch, carry):
        return stuck
    state = service(observed)
    stopped = replace(state, status=STOPPED, dependents=())
    start = brought_to(stopped, RUNNING, args.service_timeout)
    items: tuple[Item, ...] = (
        *brought_to(state, STOPPED, args.service_timeout),
        data_moved(args.own, restoring=True),
        *moved(args.own, batch, back=True),
        *start,
    )
    return StepPlan(items=items, on_failure=start, carry=("0", *(message.name for message in batch)))


def _stopped(
    args: RestoreQueueArgs, observed: Observed, waiting: Sequence[Message], carry: tuple[str, ...]
) -> StepPlan:
    """The service stopped by itself: a message of the batch is bad, or it cannot run at all."""
    start = brought_to(service(observed), RUNNING, args.service_timeout)
    if not waiting:
        if carry[:1] == (_STARTED,):
            text = f"{IMS} IS STOPPED and does not stay started, though no message that was put back waits in the queue"
            check = Check(ok=False, text=text, next_step="Look in the event log of the host, then `ndrfix resume`.")
            return StepPlan(checks=(check,))
        return StepPlan(items=start, carry=(_STARTED,))
    if carry[:1] != (_ONCE_MORE,):  # a start can be refused for other reasons than a message
        return StepPlan(items=start, carry=(_ONCE_MORE, *carry[1:]))
    data = data_moved(args.own, restoring=True)
    if len(waiting) == 1:
        return StepPlan(items=(*moved(args.own, waiting, kept=BAD), data, *start), carry=(_STARTED,))
    middle = len(waiting) // 2
    rest = tuple(message.name for message in waiting[:middle])
    return StepPlan(items=(*moved(args.own, waiting[middle:]), data, *start), carry=("0", *rest))


def _settle_batch(_shown: StepPlan, now: StepPlan) -> StepPlan:
    """Which messages there are was settled before; in which batches they go shows only on the way."""
    return now


# --- close ----------------------------------------------------------------------------------------------------------


def _probe_close(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (args.own, IMS)


def _plan_close(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    own = observed.state(args.own)
    if own == ABSENT or not isinstance(own, QuarantineState) or own.status is not QuarantineStatus.OPEN:
        return StepPlan()
    start = brought_to(service(observed), own.promised, args.service_timeout)
    return StepPlan(items=(*start, closed(args.own, own.promised)))


STEP = Step(
    name="restore_queue",
    args=RestoreQueueArgs,
    phases=(
        Phase(probe=_probe_guards, plan=_plan_guards),
        Phase(probe=_probe_choice, plan=_plan_choice, settle=_settle_choice),
        Phase(probe=_probe_batch, plan=_first, settle=_settle_batch, again=_again),
        Phase(probe=_probe_close, plan=_plan_close),
    ),
    page=__doc__,
)
