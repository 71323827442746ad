r"""Remove messages that lie in quarantine for good, once nobody needs them any more.

### Why

What was taken out of the queue holds personal data, and must not stay on the server for ever.

### What it looks at

It lists what lies in quarantine, run by run: messages, size, age. Runs older than `older_than_days` are removed with
all that lies in them; only folders that ndrfix made are touched, and one that holds anything else, or messages in
`bad`, is left alone. A run that broke off is never removed: finish it first, with `ndrfix resume`.

### Example

```yaml
- name: Remove what was taken more than a month ago
  purge_quarantine:
    older_than_days: 30
```

### Undo

None: what was removed is gone.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import QUARANTINE_FOLDER
from ndrfix.resources import (
    ABSENT,
    Change,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    Resource,
)
from ndrfix.steps.base import Args, Check, Observed, Phase, Risk, Step, StepPlan
from ndrfix.steps.quarantine_path import QuarantinePath

_RUN_TIME = "%Y%m%d-%H%M"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class PurgeQuarantineArgs(Args):
    """Arguments of `purge_quarantine`."""

    older_than_days: float = Field(30.0, ge=0, description="Runs that began more days ago than this are removed.")
    run: str | None = Field(None, description="Only this run.")
    quarantine: QuarantinePath | None = Field(
        None, description="The folder of quarantines, if it is not beside imcdata."
    )
    timeout: float = Field(600.0, gt=0, le=86_400, description="Seconds that the removal of one run may take.")

    @property
    def folder(self) -> Quarantines:
        """The folder of quarantines."""
        return Quarantines(self.quarantine or QUARANTINE_FOLDER)

    @property
    def now(self) -> datetime | None:
        """The time by which ages are told; None before there is a run."""
        return None


class PurgeInRun(PurgeQuarantineArgs):
    """The arguments in the run with the id `run_id`, which begins with the time."""

    run_id: str

    @property
    def now(self) -> datetime | None:
        """The time at which the run began, to the minute."""
        return _time(self.run_id[:13], _RUN_TIME)


def in_run(args: PurgeQuarantineArgs, run_id: str, _elsewhere: tuple[str, ...]) -> PurgeQuarantineArgs:
    """The same arguments in a run."""
    return PurgeInRun(**args.model_dump(exclude={"run_id"}, exclude_unset=True), run_id=run_id)


def _time(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def _probe(args: PurgeQuarantineArgs) -> tuple[Resource, ...]:
    return (args.folder,)


def _plan(args: PurgeQuarantineArgs, observed: Observed) -> StepPlan:
    found = observed.state(args.folder)
    if not isinstance(found, QuarantinesState) or not (found.runs or found.unreadable):
        return StepPlan(note="nothing lies in quarantine")
    checks = [_listed(args, run, state) for run, state in found.runs]
    checks += [Check(ok=True, text=f"{run}: left alone, {reason}") for run, reason in found.unreadable]
    goes = [(run, state) for run, state in found.runs if _goes(args, run, state)]
    items = tuple(
        Change(resource=Quarantine(args.folder.folder, run), before=_whole(state), after=ABSENT, timeout=args.timeout)
        for run, state in goes
    )
    messages = sum(state.messages or 0 for _, state in goes)
    gone = f"{counted(messages)} {'is' if messages == 1 else 'are'} removed for good"
    risks = (Risk(text=gone, grave=True),) if messages else ()
    return StepPlan(checks=tuple(checks), items=items, risks=risks)


def _whole(state: QuarantineState) -> QuarantineState:
    """What is compared before a quarantine is removed: what lies in it too."""
    return QuarantineState(status=state.status, promised=state.promised, messages=state.messages, size=state.size)


def _goes(args: PurgeQuarantineArgs, run: str, state: QuarantineState) -> bool:
    age = _age(args, run, state)
    wanted = args.run is None or args.run.casefold() == run.casefold()
    return wanted and state.status is QuarantineStatus.CLOSED and age is not None and age >= args.older_than_days


def _age(args: PurgeQuarantineArgs, run: str, state: QuarantineState) -> float | None:
    """In days; None when it is not known. The clock of an old server can be wrong by years: the later time counts."""
    began = _time(state.began, _TIME)
    if began is None or args.now is None:
        return None
    began = max(began, _time(run[:13], _RUN_TIME) or began)
    return max(0.0, (args.now - began).total_seconds() / 86_400)  # the run's own time is cut to the minute


def _listed(args: PurgeQuarantineArgs, run: str, state: QuarantineState) -> Check:
    age = _age(args, run, state)
    old = "age not known" if age is None else f"{counted(round(age), 'day')} old"
    kept = "" if state.status is QuarantineStatus.CLOSED else "; it broke off and stays: `ndrfix resume` finishes it"
    text = f"{run}: {counted(state.messages or 0)}, {(state.size or 0) // 1024:,} KB, {old}{kept}"
    return Check(ok=True, text=text)


def _settle(shown: StepPlan, now: StepPlan) -> StepPlan:
    """Ages go on; what is removed is what was shown."""
    kept = tuple(item for item in now.items if item in shown.items)
    return StepPlan(checks=now.checks, items=kept, risks=now.risks if kept else (), note=now.note)


STEP = Step(
    name="purge_quarantine",
    args=PurgeQuarantineArgs,
    phases=(Phase(probe=_probe, plan=_plan, settle=_settle),),
    page=__doc__,
    in_run=in_run,
)
