r"""Take the non-delivery reports out of the outbound queue, and leave the mail of users in it.

### Why

In a reverse-NDR attack thousands of reports wait in `imcdata\out`, beside the mail of users, and the queue does not
move any more. The published way is to delete all of it (Q268494), the mail of users included. This step tells the two
apart and moves the reports only, to a quarantine from which they can be put back.

### What it looks at

1. Looks at the host: a cluster (Q179258), a service that is disabled or has running dependents, is refused. What an
   earlier run left half done is finished first.
2. Tells, while the service still runs, which messages are non-delivery reports of an Internet Mail Service. Reports
   of other systems, receipts, mail of users, and whatever cannot be told stay where they are.
3. Opens the quarantine, and stops the service; when it does not stop in time, nothing is moved.
4. Looks at the queue again; moves `queue.dat`, which the service makes anew from the files that are left (Q148727,
   Q312443), then the reports, each on record in the quarantine's manifest before. When `queue.dat` cannot be moved, no
   report is, and the host fails. Copies in `archive` are not touched.
5. Starts the service (one that was stopped stays stopped, unless `restart: true`; one that was paused runs), watches
   it, and counts again: what waits in the information store flows back (Q197792).

It does not suppress new reports, and says so when nothing does: set `SuppressNDROptions` before it (KB 837794).

`messages: all` takes the mail of users too. `keep: delete` removes for good what was taken, at the end. Mail of users
that the plan did not show, or that was changed since, stays in the queue.

The risks: the service delivers again what was sent and not yet removed from `out`, and works on the inbound queue again
(Q312443, Q148727). Mail stands still while the service is stopped.

### Example

```yaml
- name: Clear the outbound queue
  clear_queue:
    max_messages: 100000
```

### Undo

`ndrfix undo` puts the messages back in small batches, as `restore_queue` does. What `keep: delete` removed is gone:
it says in red how many messages that were, and how many of them no reports.
"""

from __future__ import annotations

import ntpath
from dataclasses import replace

from ndrfix.exchange.backlog import Backlog, backlog, counted
from ndrfix.exchange.layout import IMS, QUEUE, SUPPRESSION
from ndrfix.exchange.suppression import is_documented
from ndrfix.exchange.values import describe
from ndrfix.resources import (
    ABSENT,
    OUT,
    Change,
    Item,
    MessageKind,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    RegistryData,
    Resource,
    ServiceState,
    ServiceStatus,
    fold,
)
from ndrfix.steps.base import Check, Observed, Phase, Risk, Step, StepPlan
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
    paused_until_now,
    runs_on,
    service,
    too_many,
    watch,
)
from ndrfix.steps.clearing_args import ClearQueueArgs, Keep, Taken, in_run
from ndrfix.steps.clearing_place import place_problem, place_risks, probed
from ndrfix.steps.clearing_shown import settle_move, settle_recount, settle_stop, settle_watch
from ndrfix.steps.finish_queue import broken_off, look_further, not_ours
from ndrfix.steps.torn_manifest import partly_torn

_TWICE = (
    "what was sent and not yet removed from the queue can be delivered twice, and the inbound queue is worked on "
    "again, since queue.dat goes (Q312443, Q148727)"
)
_STAYS = f"{IMS} was stopped before and STAYS STOPPED"


# --- guards, and what an earlier run left ---------------------------------------------------------------------------


def _probe_guards(args: ClearQueueArgs) -> tuple[Resource, ...]:
    return (*GUARDED, SUPPRESSION, *args.folders)


def _further_guards(args: ClearQueueArgs, observed: Observed) -> tuple[Resource, ...]:
    return look_further(args.folders, observed)


def _plan_guards(args: ClearQueueArgs, observed: Observed) -> StepPlan:
    if problems := guards(observed, starts=args.restart is True):
        return StepPlan(checks=problems)
    found = observed.state(args.folder)
    runs, unclear = broken_off(args.folders, observed)
    if unclear:
        return StepPlan(checks=unclear)
    known = {run for run, _ in found.runs} if isinstance(found, QuarantinesState) else set()
    if args.own.run in known:
        # What an earlier task of the run took must not be deleted by this one, nor its queue.dat be in the way.
        text = f"this run has cleared the queue already: what it took lies in {args.own}"
        advice = "Put what is wanted into one task, or give this one a folder of its own (`quarantine:`)."
        return StepPlan(checks=(Check(ok=False, text=text, next_step=advice),))
    work = finish(runs, service(observed), service_timeout=args.service_timeout, watched=args.watched)
    told = (Check(ok=True, text=f"{text}; that is finished first") for text in work.texts)
    damaged = partly_torn((quarantine.run, state) for quarantine, state in runs)
    checks = (*told, *damaged, *not_ours(args.folders, observed))
    if work.problem:
        return StepPlan(checks=(*checks, work.problem))
    return StepPlan(checks=checks, items=work.items, on_failure=work.on_failure, risks=work.risks)


# --- look, and stop -------------------------------------------------------------------------------------------------


def _probe_queue(args: ClearQueueArgs) -> tuple[Resource, ...]:
    return (QUEUE, IMS, SUPPRESSION, args.own, *probed(args))


def _plan_stop(args: ClearQueueArgs, observed: Observed) -> StepPlan:
    queue = observed.state(QUEUE)
    if not isinstance(queue, QueueState):
        text = f"{QUEUE} has no folder `out`"
        return StepPlan(checks=(Check(ok=False, text=text, next_step="Find out where the queue lies (RootDir)."),))
    found = backlog(queue.messages, taken=args.kinds, samples=args.show)
    count, size = found.of(*args.kinds)
    if problem := place_problem(args, queue, observed, count, size) or too_many(count, args.max_messages):
        return StepPlan(checks=(problem,), backlog=found)
    state, earlier = service(observed), observed.state(args.own)
    begun = isinstance(earlier, QuarantineState) and earlier.status is QuarantineStatus.OPEN
    if not count:
        # Once the queue is being worked on, the service is started by the phase after this one.
        start = brought_to(state, RUNNING, args.service_timeout) if args.restart and not begun else ()
        what = "messages" if args.messages is Taken.ALL else "non-delivery reports"
        note = f"there are no {what} in the queue: nothing to clear"
        return StepPlan(checks=_standstill(args, state), items=start, backlog=found, note=note)
    items = (
        *(() if begun else (opened(args.own, None, _promise(args, state.status)),)),
        *brought_to(state, STOPPED, args.service_timeout),
    )
    check = Check(ok=True, text=f"quarantine: {_path(args, queue)}")
    return StepPlan(checks=(check,), items=items, backlog=found, risks=tuple(_risks(args, found, observed, state)))


def _path(args: ClearQueueArgs, queue: QueueState) -> str:
    """Where on the host the messages go that are taken."""
    folder = args.own.folder
    return ntpath.normpath(f"{folder if isinstance(folder, str) else queue.path + folder.tail}\\{args.own.run}")


def _standstill(args: ClearQueueArgs, state: ServiceState) -> tuple[Check, ...]:
    """What is said of a service that stays stopped though nobody asked for that."""
    stays = args.restart is None and _promise(args, state.status) is STOPPED
    text = _STAYS if state.status is STOPPED else f"{IMS} is {state.status.word} and IS NOT STARTED again"
    return (Check(ok=True, text=text, standstill=True),) if stays else ()


def _promise(args: ClearQueueArgs, status: ServiceStatus) -> ServiceStatus:
    if args.restart is not None:
        return RUNNING if args.restart else STOPPED
    return RUNNING if runs_on(status) else STOPPED


def _risks(args: ClearQueueArgs, found: Backlog, observed: Observed, state: ServiceState) -> list[Risk]:
    paused = paused_until_now(state, _promise(args, state.status))
    risks = [Risk(text=_TWICE), *paused, *place_risks(args, observed)]
    value = observed.state(SUPPRESSION)
    number = value.data if isinstance(value, RegistryData) else 0
    if not isinstance(number, int) or not number or not is_documented(number):
        text = (
            f"nothing suppresses new reports ({SUPPRESSION.name} is {describe(SUPPRESSION, value)}): the queue fills "
            "again; set it before, with set_registry"
        )
        risks.append(Risk(text=text))
    others = found.messages - found.of(MessageKind.NDR)[0]
    if args.messages is Taken.ALL and others:
        what = "is no non-delivery report" if others == 1 else "are no non-delivery reports"
        text = f"MESSAGES: ALL takes {counted(others)} that {what}: mail of users goes too"
        risks.append(Risk(text=text, grave=True))
    risks += [Risk(text=f"{each.text}; `restart: true` starts it", grave=True) for each in _standstill(args, state)]
    if args.keep is Keep.DELETE:
        risks.append(Risk(text="KEEP: DELETE removes for good what is taken: it cannot be put back", grave=True))
    return risks


# --- move, and start ------------------------------------------------------------------------------------------------


def _probe_move(args: ClearQueueArgs) -> tuple[Resource, ...]:
    return (QUEUE, IMS, args.own)


def _plan_move(args: ClearQueueArgs, observed: Observed) -> StepPlan:
    own, queue = observed.state(args.own), observed.state(QUEUE)
    if not isinstance(own, QuarantineState):
        return StepPlan()
    if own.status is not QuarantineStatus.OPEN:
        return StepPlan(note=f"somebody else has closed {args.own} since")
    state = service(observed)
    # Reports come on while the service stops: what is more than may be taken waits for the next run.
    files = args.chosen(queue)[: args.max_messages] if isinstance(queue, QueueState) else []
    items: tuple[Item, ...] = (
        data_moved(args.own),
        *moved(args.own, files),
        *brought_to(state, own.promised, args.service_timeout),
        closed(args.own, own.promised),
    )
    found = backlog(queue.messages, taken=args.kinds) if isinstance(queue, QueueState) else None
    stopped = replace(state, status=STOPPED)
    rescue = brought_to(stopped, own.promised, args.service_timeout)
    return StepPlan(items=items, on_failure=rescue, backlog=found)


# --- watch, and count again -----------------------------------------------------------------------------------------


def _probe_watch(args: ClearQueueArgs) -> tuple[Resource, ...]:
    return (args.own, IMS)


def _plan_watch(args: ClearQueueArgs, observed: Observed) -> StepPlan:
    own = observed.state(args.own)
    if not isinstance(own, QuarantineState) or own.promised is not RUNNING:
        return StepPlan()
    return StepPlan(items=(watch(args.watched),))


def _probe_recount(args: ClearQueueArgs) -> tuple[Resource, ...]:
    return (args.own, IMS, QUEUE)


def _plan_recount(args: ClearQueueArgs, observed: Observed) -> StepPlan:
    own, queue, state = observed.state(args.own), observed.state(QUEUE), service(observed)
    if not isinstance(own, QuarantineState) or not isinstance(queue, QueueState):
        return StepPlan()
    if own.promised is RUNNING and state.status not in (RUNNING, ServiceStatus.START_PENDING):
        check = Check(
            ok=False,
            text=f"{IMS} IS {state.status.upper()} again after it was started; the messages lie in {args.own}",
            next_step="Look in the event log (4116, 4182 name a bad message); start it when that is out of `out`.",
        )
        return StepPlan(checks=(check,))
    # A dry run cannot count what is not there yet; `settle` puts the count in the place of the announcement.
    check = Check(ok=True, text=f"the queue will be counted again {_when(args, own)}")
    checks = (check, *(_standstill(args, state) if own.promised is STOPPED else ()))
    gone: tuple[Change, ...] = ()
    if args.keep is Keep.DELETE and own.status is QuarantineStatus.CLOSED:
        before = QuarantineState(status=own.status, promised=own.promised, messages=own.messages, size=own.size)
        gone = (Change(resource=args.own, before=before, after=ABSENT, timeout=args.service_timeout),)
    return StepPlan(checks=checks, items=gone, carry=_recounted(args, own, queue))


def _when(args: ClearQueueArgs, own: QuarantineState) -> str:
    return f"{args.watched:g} s after the start" if own.promised is RUNNING else "afterwards"


def _recounted(args: ClearQueueArgs, own: QuarantineState, queue: QueueState) -> str:
    reports = {fold(message.name) for message in queue.messages if message.kind is MessageKind.NDR}
    left = len(reports & {fold(each.file.name) for each in own.pending if each.at == OUT and not each.back})
    noun = "message" if len(queue.messages) == 1 else "messages"
    text = f"{_when(args, own)}: {len(queue.messages):,} {noun} in the queue, {len(reports):,} of them reports"
    if left:
        text += f"; {left:,} could not be moved, see `left:`"
    if new := len(reports) - left:
        text += f"; {new:,} came since, as from the information store (Q197792), or could not be read before: "
        text += "clear the queue again"
    return text


STEP = Step(
    name="clear_queue",
    args=ClearQueueArgs,
    phases=(
        Phase(probe=_probe_guards, plan=_plan_guards, further=_further_guards),
        Phase(probe=_probe_queue, plan=_plan_stop, settle=settle_stop),
        Phase(probe=_probe_move, plan=_plan_move, settle=settle_move),
        Phase(probe=_probe_watch, plan=_plan_watch, settle=settle_watch),
        Phase(probe=_probe_recount, plan=_plan_recount, settle=settle_recount),
    ),
    page=__doc__,
    in_run=in_run,
)
