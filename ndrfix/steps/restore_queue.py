r"""Put messages that were taken out of the queue back into it, a few at a time.

### Why

A message was taken that should have been sent; or all that a run took is to be taken back.

### What it looks at

It finds the quarantine of `run` and chooses by `kinds`, `names`, `recipients` and `senders`. For each batch it stops
the Internet Mail Service, moves `queue.dat` away (the service makes it anew, Q148727), moves the files back to `out`,
starts the service and waits until they have left the queue, or `drain_timeout` is over: what cannot be delivered at
once stays there for the service's own retries. A bad message makes the service stop (Q192540, Q293288): then the batch
goes back to the quarantine, to tell whether it is one of it or of an earlier batch that still waits; half of these go,
and so on until the message is found. It is set aside in `bad`, and the rest goes on; the task fails at its end and
names it. One that cannot be taken out stays among those in question. Where the service does not stay started without
any of them, the messages go back to the others in quarantine, and the task fails.

A file that is held open, or of which the queue has another of that name, stays in quarantine: the rest goes back, and
the task fails at its end and names those that stayed. When nothing of 30 messages in a row can be moved, it gives up.

A name, recipient or sender that no message has is a fault when nothing is left to put back.

Ctrl-C ends it after the batch that is under way; what is left stays in quarantine, to be put back another time.

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

from ndrfix.exchange.backlog import backlog, counted
from ndrfix.exchange.layout import IMS
from ndrfix.resources import (
    ABSENT,
    BAD,
    Action,
    Change,
    FolderState,
    MessageKind,
    Quarantine,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    Resource,
    ServiceState,
    ServiceStatus,
    StartType,
    fold,
    kept_folder,
)
from ndrfix.steps.base import Check, MovedOnError, Observed, Phase, Risk, Step, StepPlan
from ndrfix.steps.clearing import (
    GUARDED,
    RUNNING,
    STOPPED,
    brought_to,
    closed,
    finish,
    guards,
    moved_on,
    opened,
    paused_until_now,
    runs_on,
    service,
    watch,
)
from ndrfix.steps.finish_queue import broken_off, look_further, not_ours
from ndrfix.steps.removed_messages import NOTHING, is_gone, removed
from ndrfix.steps.restoring import BY_HAND, again, ended_early, first, probe
from ndrfix.steps.restoring_args import RestoreQueueArgs, TakeBackArgs, in_run
from ndrfix.steps.torn_manifest import copies_told, may_be_last, partly_torn

_STAYS = f"{IMS} was stopped before and STAYS STOPPED"

# --- guards ---------------------------------------------------------------------------------------------------------


def _probe_guards(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (*GUARDED, *args.folders)


def _further_guards(args: RestoreQueueArgs, observed: Observed) -> tuple[Resource, ...]:
    copies = (folder for each in _own(args, observed) for folder in may_be_last(*each))
    return (*look_further(args.folders, observed), *copies)


def _own(args: RestoreQueueArgs, observed: Observed) -> tuple[tuple[Quarantine, QuarantineState], ...]:
    """The quarantine of the run, if it is there."""
    found = observed.state(args.folder)
    runs = found.runs if isinstance(found, QuarantinesState) else ()
    return tuple((Quarantine(args.folder.folder, run), each) for run, each in runs if fold(run) == fold(args.run))


def _plan_guards(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    lost = removed(args, observed.state(args.folder)) if isinstance(args, TakeBackArgs) else ()
    if isinstance(args, TakeBackArgs) and is_gone(args, observed.state(args.folder)):
        return StepPlan(note=NOTHING, risks=lost)
    if problems := guards(observed):
        return StepPlan(checks=problems)
    found = observed.state(args.folder)
    runs, unclear = broken_off(args.folders, observed)
    if unclear:
        return StepPlan(checks=unclear)
    known = [run for run, _ in found.runs] if isinstance(found, QuarantinesState) else []
    if args.run.casefold() not in (run.casefold() for run in known):
        there = f"there are: {', '.join(known)}" if known else "there is none on this host"
        text = f"no quarantine of run {args.run}; {there}"
        missing = Check(ok=False, text=text, next_step="Name one of these runs.")
        return StepPlan(checks=(missing, *not_ours(args.folders, observed)))
    work = finish(runs, service(observed), service_timeout=args.service_timeout)
    told = (Check(ok=True, text=f"{text}; that is finished first") for text in work.texts)
    own = _own(args, observed)
    damaged = partly_torn((quarantine.run, state) for quarantine, state in own)
    checks = (*told, *damaged, *not_ours(args.folders, observed))
    if work.problem:
        return StepPlan(checks=(*checks, work.problem))
    risks = (*lost, *work.risks, *copies_told(own, observed))
    return StepPlan(checks=checks, items=work.items, on_failure=work.on_failure, risks=risks)


# --- choose ---------------------------------------------------------------------------------------------------------


def _probe_choice(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (args.kept, args.own, IMS, kept_folder(args.own, BAD))


def _plan_choice(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    kept, own, state = observed.state(args.kept), observed.state(args.own), service(observed)
    there = kept.messages if isinstance(kept, QueueState) else ()
    if not isinstance(own, QuarantineState):
        return StepPlan()
    aside = _aside(args, observed)
    if not there:
        return _nothing_there(args, aside)
    chosen, strangers = args.chosen(there), args.strangers(there)
    if not chosen:
        return _none_chosen(args, strangers)
    found = backlog(chosen, taken=tuple(MessageKind), samples=10)
    start = _start(args, state)
    running = bool(start) or runs_on(state.status)
    pace = f", {args.batch} at a time" if running and len(chosen) > args.batch else ""
    check = Check(ok=True, text=f"{counted(len(chosen))} go{'es' if len(chosen) == 1 else ''} back to the queue{pace}")
    promised = RUNNING if running else STOPPED
    items = (*(() if own.status is QuarantineStatus.OPEN else (opened(args.own, own, promised),)), *start)
    missing = (Check(ok=True, text=text) for text in strangers)
    risks = _risks(found.of(MessageKind.NDR)[0], -(-len(chosen) // args.batch) if running else 0)
    risks += (*_service_risks(state, promised, starts=bool(start)), *(Risk(text=text, grave=True) for text in aside))
    return StepPlan(checks=(check, *missing), items=items, backlog=found, risks=risks)


def _aside(args: RestoreQueueArgs, observed: Observed) -> tuple[str, ...]:
    """What is said of messages that an earlier restore set aside; nothing without any."""
    bad = observed.state(kept_folder(args.own, BAD))
    if not isinstance(bad, FolderState) or not bad.files:
        return ()
    lie, them = ("lies", "it") if bad.files == 1 else ("lie", "them")
    return (f"{counted(bad.files)} {lie} in `{BAD}` of {args.own}, as the service stops with {them}: NOT PUT BACK",)


def _nothing_there(args: RestoreQueueArgs, aside: Sequence[str]) -> StepPlan:
    """No message can be put back: a fault where some were set aside, though not one that keeps a run from being taken
    back.
    """
    note = f"no {'other ' if aside else ''}message lies in {args.own}"
    if isinstance(args, TakeBackArgs):
        return StepPlan(note=note, risks=tuple(Risk(text=text, grave=True) for text in aside))
    checks = tuple(Check(ok=False, text=text, next_step=BY_HAND) for text in aside)
    return StepPlan(checks=checks, note=note)


def _start(args: RestoreQueueArgs, state: ServiceState) -> tuple[Change | Action, ...]:
    """What starts a service that the run which is taken back left stopped; none when it is not to be, or cannot be."""
    if not isinstance(args, TakeBackArgs) or not args.started or runs_on(state.status):
        return ()
    return () if state.start is StartType.DISABLED else (*brought_to(state, RUNNING, args.service_timeout), watch())


def _service_risks(state: ServiceState, promised: ServiceStatus, *, starts: bool) -> tuple[Risk, ...]:
    if starts:
        return (Risk(text=f"{IMS}, which the run left stopped, is started before they go back"),)
    if promised is STOPPED:
        return (Risk(text=f"{_STAYS}: nothing that is put back is sent before it is started", grave=True),)
    return paused_until_now(state, promised)


def _risks(reports: int, batches: int) -> tuple[Risk, ...]:
    risks: list[Risk] = []
    if reports:
        text = f"{counted(reports, 'non-delivery report')} will be sent: suppression does not hold for those that exist"
        risks.append(Risk(text=text, grave=True))
    if batches > 1:
        risks.append(Risk(text=f"the service is stopped and started {batches:,} times, once for each batch"))
    return tuple(risks)


def _none_chosen(args: RestoreQueueArgs, strangers: Sequence[str]) -> StepPlan:
    """Nothing fits: a fault where it was asked for by name, and only to be said of a kind."""
    if not (args.names or args.recipients or args.senders):
        return StepPlan(note=f"no message in {args.own} is of kind {', '.join(args.kinds)}")
    texts = strangers or (f"no message in {args.own} fits all that is asked for",)
    advice = "Correct it, or leave it out. What was put back before does not lie there any more."
    return StepPlan(checks=tuple(Check(ok=False, text=text, next_step=advice) for text in texts))


def _settle_choice(shown: StepPlan, now: StepPlan) -> StepPlan:
    """No more than was shown; and nothing, when nothing was shown."""
    if not shown.items and now.items:
        return replace(now, items=(), checks=(), note="nothing was to be put back when the plan was shown")
    before, after = (plan.backlog.messages if plan.backlog else 0 for plan in (shown, now))
    if after > before:
        raise MovedOnError(f"{counted(after)} would be put back, the plan showed {before:,}")
    if now.items != shown.items:
        raise MovedOnError(moved_on(shown, now))
    return now


# --- close ----------------------------------------------------------------------------------------------------------


def _probe_close(args: RestoreQueueArgs) -> tuple[Resource, ...]:
    return (args.own, IMS)


def _plan_close(args: RestoreQueueArgs, observed: Observed) -> StepPlan:
    own = observed.state(args.own)
    if own == ABSENT or not isinstance(own, QuarantineState) or own.status is not QuarantineStatus.OPEN:
        return StepPlan()
    start = brought_to(service(observed), own.promised, args.service_timeout)
    checks = (Check(ok=True, text=_STAYS, standstill=True),) if own.promised is STOPPED else ()
    return StepPlan(checks=checks, items=(*start, closed(args.own, own.promised)))


def _settled(_shown: StepPlan, now: StepPlan) -> StepPlan:
    """Which messages there are was settled when they were chosen; how it goes on shows only on the way."""
    return now


STEP = Step(
    name="restore_queue",
    args=RestoreQueueArgs,
    phases=(
        Phase(probe=_probe_guards, plan=_plan_guards, further=_further_guards),
        Phase(probe=_probe_choice, plan=_plan_choice, settle=_settle_choice),
        Phase(probe=probe, plan=first, settle=_settled, again=again, early=ended_early),
        Phase(probe=_probe_close, plan=_plan_close, settle=_settled),
    ),
    page=__doc__,
    in_run=in_run,
)
