r"""Remove messages that lie in quarantine for good, once nobody needs them any more.

### Why

What was taken out of the queue holds personal data, and must not stay on the server for ever.

### What it looks at

It lists what lies in quarantine, run by run: messages, size, age. Runs older than `older_than_days` are removed with
all that lies in them, after a look at what that is: how many of the messages are no non-delivery reports is told, in
red. Only folders that ndrfix made are touched, and one that holds anything else, messages in `bad`, or in `part` what
may be the last copy of one, is left alone. A run that broke off is never removed: finish it first, with `ndrfix
resume`. A `run` that is not there, or that stays, is a fault.

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

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from ndrfix.errors import did_you_mean
from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import QUARANTINE_FOLDER
from ndrfix.resources import (
    ABSENT,
    BAD,
    Change,
    FolderState,
    MessageKind,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    Resource,
    State,
    fold,
    kept_folder,
    kept_queue,
)
from ndrfix.steps.base import Args, Check, InRun, Observed, Phase, Risk, Step, StepPlan
from ndrfix.steps.quarantine_path import QuarantinePath
from ndrfix.steps.torn_manifest import last_copies, lines_lost, may_be_last

_RUN_TIME = "%Y%m%d-%H%M"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_REPORT = MessageKind.NDR
# A message looked at takes half a kilobyte of memory; beyond these it is said that nobody looked.
_MOST_LOOKED_INTO = 250_000


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

    def names(self, run: str) -> bool:
        """Whether this run is asked for by its name."""
        return self.run is not None and fold(self.run) == fold(run)


class PurgeInRun(PurgeQuarantineArgs):
    """The arguments in the run with the id `run_id`, which begins with the time."""

    run_id: str

    @property
    def now(self) -> datetime | None:
        """The time at which the run began, to the minute."""
        return _time(self.run_id[:13], _RUN_TIME)


def in_run(args: PurgeQuarantineArgs, run: InRun) -> PurgeQuarantineArgs:
    """The same arguments in a run."""
    return PurgeInRun(**args.model_dump(exclude={"run_id"}, exclude_unset=True), run_id=run.run_id)


def _time(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def _probe(args: PurgeQuarantineArgs) -> tuple[Resource, ...]:
    return (args.folder,)


def _further(args: PurgeQuarantineArgs, observed: Observed) -> tuple[Resource, ...]:
    """What lies in those runs that are to go, as many of them as can be kept in mind."""
    looked: list[Resource] = []
    room = _MOST_LOOKED_INTO
    for quarantine, state in _old(args, observed):
        looked += (kept_folder(quarantine, BAD), *may_be_last(quarantine, state))
        if (messages := state.messages or 0) <= room:
            room -= messages
            looked.append(kept_queue(quarantine))
    return tuple(looked)


def _plan(args: PurgeQuarantineArgs, observed: Observed) -> StepPlan:
    found = observed.state(args.folder)
    if stranger := _stranger(args, found):
        return StepPlan(checks=(stranger,))
    if not isinstance(found, QuarantinesState) or not (found.runs or found.unreadable):
        return StepPlan(note="nothing lies in quarantine")
    old = {quarantine.run: _Old.of(quarantine, state, observed) for quarantine, state in _old(args, observed)}
    checks = [_listed(args, run, state, old.get(run)) for run, state in found.runs]
    checks += [_unread(args, run, reason) for run, reason in found.unreadable]
    goes = [each for each in old.values() if not each.stays]
    items = tuple(
        Change(resource=each.quarantine, before=_whole(each.state), after=ABSENT, timeout=args.timeout) for each in goes
    )
    return StepPlan(checks=tuple(checks), items=items, risks=tuple(_risks(goes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Old:
    """A run that is to go: its messages by kind (None: not looked into), and why it `stays` all the same."""

    quarantine: Quarantine
    state: QuarantineState
    kinds: Counter[MessageKind] | None
    stays: str

    @classmethod
    def of(cls, quarantine: Quarantine, state: QuarantineState, observed: Observed) -> _Old:
        """As it was found."""
        kept, bad = observed.found(kept_queue(quarantine)), observed.found(kept_folder(quarantine, BAD))
        kinds = Counter(message.kind for message in kept.messages) if isinstance(kept, QueueState) else None
        if not state.messages:
            kinds = Counter()
        aside = bad.files if isinstance(bad, FolderState) else 0
        stays = f"{counted(aside)} set aside in `bad`" if aside else last_copies(quarantine, state, observed)
        return cls(quarantine=quarantine, state=state, kinds=kinds, stays=stays)

    @property
    def mail(self) -> str:
        """What of it is no report, in words; empty when nothing is."""
        if self.kinds is None:
            return "not looked into: it may hold mail of users"
        others = [f"{self.kinds[kind]:,} {kind}" for kind in MessageKind if self.kinds[kind] and kind != _REPORT]
        return f"no reports: {', '.join(others)}" if others else ""


def _old(args: PurgeQuarantineArgs, observed: Observed) -> list[tuple[Quarantine, QuarantineState]]:
    """The runs that are wanted, closed and old enough."""
    found = observed.state(args.folder)
    runs = found.runs if isinstance(found, QuarantinesState) else ()
    return [(Quarantine(args.folder.folder, run), state) for run, state in runs if _goes(args, run, state)]


def _stranger(args: PurgeQuarantineArgs, found: State) -> Check | None:
    """The failed check for a run that is not there."""
    there = [run for run, _ in (*found.runs, *found.unreadable)] if isinstance(found, QuarantinesState) else []
    if args.run is None or fold(args.run) in map(fold, there):
        return None
    near = did_you_mean(args.run, there) or (
        f"; there are: {', '.join(there)}" if there else "; there is none on this host"
    )
    advice = "Correct it, or leave it out. What was removed before is not there any more."
    return Check(ok=False, text=f"no quarantine of run {args.run}{near}", next_step=advice)


def _risks(goes: Sequence[_Old]) -> Iterator[Risk]:
    messages = sum(each.state.messages or 0 for each in goes)
    if messages:
        yield Risk(text=f"{counted(messages)} {'is' if messages == 1 else 'are'} removed for good", grave=True)
    kinds = sum((each.kinds for each in goes if each.kinds), Counter[MessageKind]())
    if mail := kinds.total() - kinds[_REPORT]:
        is_none = "is no non-delivery report" if mail == 1 else "are no non-delivery reports"
        yield Risk(text=f"{mail:,} OF THESE {is_none}: mail of users is removed too", grave=True)
    if unknown := sum(each.state.messages or 0 for each in goes if each.kinds is None):
        yield Risk(text=f"{unknown:,} OF THESE were not looked into: mail of users may be among them", grave=True)


def _whole(state: QuarantineState) -> QuarantineState:
    """What is compared before a quarantine is removed: what lies in it too."""
    return QuarantineState(status=state.status, promised=state.promised, messages=state.messages, size=state.size)


def _goes(args: PurgeQuarantineArgs, run: str, state: QuarantineState) -> bool:
    age = _age(args, run, state)
    wanted = args.run is None or args.names(run)
    return wanted and state.status is QuarantineStatus.CLOSED and age is not None and age >= args.older_than_days


def _age(args: PurgeQuarantineArgs, run: str, state: QuarantineState) -> float | None:
    """In days; None when it is not known. The clock of an old server can be wrong by years: the later time counts."""
    began = _time(state.began, _TIME)
    if began is None or args.now is None:
        return None
    began = max(began, _time(run[:13], _RUN_TIME) or began)
    return max(0.0, (args.now - began).total_seconds() / 86_400)  # the run's own time is cut to the minute


def _listed(args: PurgeQuarantineArgs, run: str, state: QuarantineState, old: _Old | None) -> Check:
    age = _age(args, run, state)
    what = f" ({old.mail})" if old and old.mail else ""
    days = "age not known" if age is None else f"{counted(round(age), 'day')} old"
    why, advice = _kept(args, run, state, old)
    lost = f"; {lines_lost(state)}" if state.garbled else ""
    text = f"{run}: {counted(state.messages or 0)}{what}, {(state.size or 0) // 1024:,} KB, {days}{why}{lost}"
    return _told(args, run, text, advice if why else "")


def _unread(args: PurgeQuarantineArgs, run: str, reason: str) -> Check:
    advice = "Look into its folder, and remove that by hand when nobody needs it."
    return _told(args, run, f"{run}: left alone, {reason}", advice)


def _told(args: PurgeQuarantineArgs, run: str, text: str, advice: str) -> Check:
    """What is said of a run; a fault where it was asked for by its name, and stays: `advice` says what to do then."""
    if advice and args.names(run):
        return Check(ok=False, text=text, next_step=advice)
    return Check(ok=True, text=text)


def _kept(args: PurgeQuarantineArgs, run: str, state: QuarantineState, old: _Old | None) -> tuple[str, str]:
    """Why a run stays, where that must be said, and what is to be done about it; empty for one that goes."""
    if state.status is not QuarantineStatus.CLOSED:
        return (
            "; it broke off and stays: `ndrfix resume` finishes it",
            "Finish it with `ndrfix resume`, then purge again.",
        )
    if old and old.stays:
        return f"; {old.stays}: it stays. Look there, move away by hand what lies there", "Then purge again."
    if old or args.now is None or not args.names(run):
        return "", ""
    if _age(args, run, state) is None:
        return "; it stays", "Look into its folder, and remove that by hand when nobody needs it."
    days = f"; it stays: `older_than_days` is {args.older_than_days:g}"
    return days, "Give `older_than_days: 0` to remove it all the same."


def _settle(shown: StepPlan, now: StepPlan) -> StepPlan:
    """Ages go on; what is removed is what was shown."""
    kept = tuple(item for item in now.items if item in shown.items)
    return StepPlan(checks=now.checks, items=kept, risks=shown.risks if kept else (), note=now.note)


STEP = Step(
    name="purge_quarantine",
    args=PurgeQuarantineArgs,
    phases=(Phase(probe=_probe, plan=_plan, further=_further, settle=_settle),),
    page=__doc__,
    in_run=in_run,
)
