r"""Look at the outbound queue: how much waits, since when, and how much of it is non-delivery reports.

### Why

Before anything is cleared, the client should see whether this is a reverse-NDR attack at all, and afterwards that it is
over.

### What it looks at

All messages in `imcdata\out`, of each the first kilobytes: number and size by kind, the oldest and the newest, where
the reports go and who could not be reached. Whether the Internet Mail Service runs: while it does not, mail stands
still, which is said in red. Then the copies that Message Archival keeps, which fill the disk in an attack (Q306958),
and the free space: below 10 MB the service goes into flush mode (Q189587). Nothing is changed.

The verdict is `present` when it looks like an attack: at least `attack_messages` reports, and at least `attack_percent`
of all messages are reports. Else it is `absent`, or `probably_present` when there are that many reports among much
other mail. Every verdict is accepted unless `accept` says otherwise.

With `max_messages` the check fails where `clear_queue` would refuse the host, so that a playbook finds out before it
changes anything; then the queue is told in one line.

### Example

```yaml
- name: The queue holds no flood of reports
  check_queue:
    accept: absent
```

### Undo

Nothing to undo: the step only reads.
"""

from __future__ import annotations

from pydantic import Field

from ndrfix.exchange.backlog import Backlog, backlog
from ndrfix.exchange.layout import ARCHIVES, IMS, OUT_FOLDER, QUEUE
from ndrfix.resources import FolderState, MessageKind, QueueState, Resource, ServiceState, ServiceStatus
from ndrfix.steps.base import Accept, Args, Check, Observed, Phase, Step, StepPlan, Verdict
from ndrfix.steps.clearing import GUARDED, guards, too_many

_MB = 1024 * 1024


class CheckQueueArgs(Args):
    """Arguments of `check_queue`."""

    attack_messages: int = Field(100, ge=1, description="From this many reports on it can be an attack.")
    attack_percent: float = Field(50.0, gt=0, le=100, description="The share of reports, in percent, of an attack.")
    archive_mb: int = Field(500, ge=0, description="Copies in `archive` larger than this together are told, in MB.")
    free_mb: int = Field(100, ge=0, description="Less free space than this on the queue's volume is told, in MB.")
    accept: Accept = Field(
        (Verdict.ABSENT, Verdict.PROBABLY_PRESENT, Verdict.PRESENT),
        description="The verdicts that pass: `absent`, `probably_present`, `present` (an attack).",
    )
    max_messages: int | None = Field(
        None,
        ge=0,
        description="Fail where `clear_queue` would: more reports than this, a cluster, a service that cannot be "
        "stopped and started.",
    )
    show: int = Field(0, ge=0, le=1000, description="How many reports to show by name, subject and recipient.")


def _probe(args: CheckQueueArgs) -> tuple[Resource, ...]:
    return (QUEUE, OUT_FOLDER, *ARCHIVES, IMS, *(() if args.max_messages is None else GUARDED))


def _plan(args: CheckQueueArgs, observed: Observed) -> StepPlan:
    queue = observed.state(QUEUE)
    if not isinstance(queue, QueueState):
        text = f"{QUEUE} has no folder `out`"
        return StepPlan(checks=(Check(ok=False, text=text, next_step="Find out where the queue lies (RootDir)."),))
    found = backlog(queue.messages, taken=(MessageKind.NDR,), samples=args.show)
    checks = (_attack(args, found), *_stopped(observed), *_refusals(args, found, observed), *_disk(args, observed))
    return StepPlan(checks=checks, backlog=found if args.max_messages is None or args.show else None)


def _attack(args: CheckQueueArgs, found: Backlog) -> Check:
    reports = found.of(MessageKind.NDR)[0]
    numbers = f"{reports:,} of {found.messages:,} messages are non-delivery reports ({found.percent:.0f} %)"
    if reports < args.attack_messages:
        few = reports and found.percent >= args.attack_percent
        verdict, text = Verdict.ABSENT, f"{'too few to call it an attack' if few else 'no attack'}: {numbers}"
    elif found.percent >= args.attack_percent:
        verdict, text = Verdict.PRESENT, f"this looks like a reverse-NDR attack: {numbers}"
    else:
        verdict, text = Verdict.PROBABLY_PRESENT, f"many reports, but more other mail: {numbers}"
    advice = "Suppress reports and clear the queue: playbook clear-queue."
    return Check.judged(verdict, text, accept=args.accept, next_step=advice)


def _stopped(observed: Observed) -> tuple[Check, ...]:
    """What is said of a service that does not run. No reason to stop: a clearing may come next."""
    state = observed.reading(IMS)
    if not isinstance(state, ServiceState) or state.status in (ServiceStatus.RUNNING, ServiceStatus.START_PENDING):
        return ()
    text = f"{IMS} is {state.status.word}: nothing leaves the queue"
    return (Check(ok=True, text=text, standstill=True),)


def _refusals(args: CheckQueueArgs, found: Backlog, observed: Observed) -> tuple[Check, ...]:
    if args.max_messages is None:
        return ()
    refused = too_many(found.of(MessageKind.NDR)[0], args.max_messages)
    return (*guards(observed), *((refused,) if refused else ()))


def _disk(args: CheckQueueArgs, observed: Observed) -> tuple[Check, ...]:
    """What is to be said about the disk; nothing there is a reason to stop."""
    checks: list[Check] = []
    folders = [state for folder in ARCHIVES if isinstance(state := observed.reading(folder), FolderState)]
    size = sum(folder.size for folder in folders)
    if size > args.archive_mb * _MB:
        paths = " and ".join(folder.path for folder in folders if folder.files)
        text = f"{size // _MB:,} MB of archived copies in {paths}: they fill the disk; archival can be switched off"
        checks.append(Check(ok=True, text=f"{text} (Q306958)"))
    out = observed.reading(OUT_FOLDER)
    if isinstance(out, FolderState) and out.free is not None and out.free < args.free_mb * _MB:
        text = f"{out.free // _MB:,} MB free on the volume of {out.path}: below 10 MB comes flush mode (Q189587)"
        checks.append(Check(ok=True, text=text))
    return tuple(checks)


STEP = Step(
    name="check_queue",
    args=CheckQueueArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
