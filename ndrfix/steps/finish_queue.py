"""Finishes what an interrupted clearing, or putting back, of the message queue left. Used by `ndrfix resume`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER
from ndrfix.resources import (
    ABSENT,
    OUT,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    Resource,
    ServiceState,
    ServiceStatus,
    fold,
)
from ndrfix.steps.base import Args, Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.clearing import GUARDED, RUNNING, finish, guards, service
from ndrfix.steps.torn_manifest import copies_told, looked_into, may_be_last, partly_torn, passed_over, stranger, torn


class FinishQueueArgs(Args):
    """`folder` is where the quarantines lie (empty: beside the queue), `runs` those to finish (empty: all)."""

    folder: str = ""
    runs: tuple[str, ...] = ()
    service_timeout: float = Field(600.0, gt=0)

    @property
    def quarantines(self) -> Quarantines:
        """The folder as a resource."""
        return Quarantines(self.folder or QUARANTINE_FOLDER)


def _probe(args: FinishQueueArgs) -> tuple[Resource, ...]:
    return (*GUARDED, args.quarantines)


def inside(args: FinishQueueArgs, observed: Observed) -> tuple[Resource, ...]:
    """What is looked at of quarantines whose manifest does not say all."""
    torn_ones = (resource for each, _ in torn_runs(args, observed) for resource in looked_into(each))
    return (*torn_ones, *(folder for each in meant_runs(args, observed) for folder in may_be_last(*each)))


def look_further(folders: Sequence[Quarantines], observed: Observed) -> tuple[Resource, ...]:
    """What is looked at before `broken_off` and `not_ours`: what lies where no manifest can be read."""
    runs = (Quarantine(each.folder, run) for each, state in _found(folders, observed) for run, _ in state.unreadable)
    return tuple(resource for run in runs for resource in looked_into(run))


def _plan(args: FinishQueueArgs, observed: Observed) -> StepPlan:
    if problems := guards(observed):
        return StepPlan(checks=problems)
    found = observed.state(args.quarantines)
    meant = meant_runs(args, observed)
    wanted = tuple(each for each in meant if each[1].status is QuarantineStatus.OPEN)
    unclear = unreadable(args, observed)
    damaged = (*partly_torn((quarantine.run, state) for quarantine, state in meant), *_strangers(args, observed))
    if not wanted:
        where = "no quarantine lies on this host" if found == ABSENT else "no quarantine is open"
        note = "" if unclear else f"nothing was left half done: {where}, {IMS} is {service(observed).status.word}"
        checks = (*unclear, *damaged, *standing_still(observed))
        return StepPlan(checks=checks, note=note, risks=copies_told(meant, observed))
    work = finish(wanted, service(observed), service_timeout=args.service_timeout)
    # What cannot be read is no reason to leave alone what can; it is told afterwards, as a fault.
    texts = (*work.texts, *filter(None, (_afterwards(*each) for each in wanted)))
    checks = (*(Check(ok=True, text=text) for text in texts), *damaged)
    if work.problem:
        return StepPlan(checks=(*checks, work.problem))
    return StepPlan(checks=checks, items=work.items, on_failure=work.on_failure, risks=work.risks)


def standing_still(observed: Observed) -> tuple[Check, ...]:
    """That mail stands still, where the service does not run."""
    state = observed.state(IMS)
    if not isinstance(state, ServiceState) or state.status in (RUNNING, ServiceStatus.START_PENDING):
        return ()
    return (Check(ok=True, text=f"{IMS} IS {state.status.word.upper()}", standstill=True),)


def _afterwards(quarantine: Quarantine, found: QuarantineState) -> str:
    """What can be done about messages that lie in quarantine once it is finished; empty without any."""
    moves = [move for move in found.pending if move.at]
    count = (found.messages or 0) + sum(-1 if move.back else 1 for move in moves if move.kept == OUT)
    if count <= 0:
        return ""
    lies, them = ("message lies", "it") if count == 1 else ("messages lie", "them")
    most = "up to " if found.garbled else ""
    return (
        f"{most}{count:,} {lies} in {quarantine} then: `restore_queue` with {naming(quarantine)} puts {them} back, "
        f"`purge_quarantine` with {naming(quarantine)}, `older_than_days: 0` removes {them} for good"
    )


def naming(quarantine: Quarantine) -> str:
    """The arguments by which steps are told this quarantine."""
    where = f", `quarantine: '{quarantine.folder}'`" if isinstance(quarantine.folder, str) else ""
    return f"`run: {quarantine.run}`{where}"


def _is_meant(args: FinishQueueArgs, run: str) -> bool:
    return not args.runs or fold(run) in {fold(each) for each in args.runs}


def meant_runs(args: FinishQueueArgs, observed: Observed) -> tuple[tuple[Quarantine, QuarantineState], ...]:
    """The quarantines that are meant and whose manifest can be read."""
    found = observed.state(args.quarantines)
    each = found.runs if isinstance(found, QuarantinesState) else ()
    return tuple((Quarantine(args.quarantines.folder, run), state) for run, state in each if _is_meant(args, run))


def torn_runs(args: FinishQueueArgs, observed: Observed) -> tuple[tuple[Quarantine, str], ...]:
    """The folders that are meant and of which no manifest can be read, with the reason."""
    found = observed.state(args.quarantines)
    each = found.unreadable if isinstance(found, QuarantinesState) else ()
    return tuple((Quarantine(args.quarantines.folder, run), reason) for run, reason in each if _is_meant(args, run))


def unreadable(args: FinishQueueArgs, observed: Observed) -> tuple[Check, ...]:
    """The failed checks for quarantines whose manifest does not tell whether anything is half done in them: not knowing
    that, nothing else may be moved.
    """
    found = observed.state(args.quarantines)
    path = found.path if isinstance(found, QuarantinesState) else ""
    runs = ((each, reason) for each, reason in torn_runs(args, observed) if not stranger(each, observed))
    return tuple(torn(each, path, reason, observed) for each, reason in runs)


def _strangers(args: FinishQueueArgs, observed: Observed) -> tuple[Check, ...]:
    """What is said of folders that are meant and are no quarantines."""
    found = observed.state(args.quarantines)
    path = found.path if isinstance(found, QuarantinesState) else ""
    return passed_over(path, [each.run for each, _ in torn_runs(args, observed) if stranger(each, observed)])


def places(folder: Quarantines, elsewhere: Sequence[str] = ()) -> tuple[Quarantines, ...]:
    """The folder, then others in which an earlier run may have broken off: the one beside the queue, and those known
    to have been worked in.
    """
    others = (Quarantines(QUARANTINE_FOLDER), *map(Quarantines, elsewhere))
    return tuple(dict.fromkeys((folder, *others)))


def broken_off(
    folders: Sequence[Quarantines], observed: Observed
) -> tuple[tuple[tuple[Quarantine, QuarantineState], ...], tuple[Check, ...]]:
    """The quarantines that are open in any of the folders, a folder with two names once, and the failed checks for
    those of which that is not known.
    """
    found = _found(folders, observed)
    runs = tuple(run for each in found for run in interrupted_runs(*each))
    return runs, tuple(
        torn(quarantine, state.path, reason, observed)
        for folder, state in found
        for run, reason in state.unreadable
        if not stranger(quarantine := Quarantine(folder.folder, run), observed)
    )


def not_ours(folders: Sequence[Quarantines], observed: Observed) -> tuple[Check, ...]:
    """What is said of folders in any of these that are no quarantines."""
    told: list[Check] = []
    for folder, state in _found(folders, observed):
        names = [run for run, _ in state.unreadable if stranger(Quarantine(folder.folder, run), observed)]
        told += passed_over(state.path, names)
    return tuple(told)


def _found(folders: Sequence[Quarantines], observed: Observed) -> list[tuple[Quarantines, QuarantinesState]]:
    """Those of the folders that are there, one with two names once."""
    found: dict[str, tuple[Quarantines, QuarantinesState]] = {}
    for folder in folders:
        if isinstance(state := observed.state(folder), QuarantinesState):
            found.setdefault(fold(state.path), (folder, state))
    return list(found.values())


def interrupted_runs(
    quarantines: Quarantines, found: QuarantinesState
) -> tuple[tuple[Quarantine, QuarantineState], ...]:
    """The quarantines that are open, oldest run first."""
    return tuple(
        (Quarantine(quarantines.folder, run), state)
        for run, state in found.runs
        if state.status is QuarantineStatus.OPEN
    )


STEP = Step(
    name="finish_queue",
    args=FinishQueueArgs,
    phases=(Phase(probe=_probe, plan=_plan, further=inside),),
    page=__doc__,
)
