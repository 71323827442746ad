"""Finishes what an interrupted clearing, or putting back, of the message queue left. Used by `ndrfix resume`."""

from __future__ import annotations

from pydantic import Field

from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER
from ndrfix.resources import (
    ABSENT,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    Resource,
    State,
    fold,
)
from ndrfix.steps.base import Args, Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.clearing import GUARDED, finish, guards, service


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


def _plan(args: FinishQueueArgs, observed: Observed) -> StepPlan:
    if problems := guards(observed):
        return StepPlan(checks=problems)
    found = observed.state(args.quarantines)
    runs = interrupted_runs(args.quarantines, found) if isinstance(found, QuarantinesState) else ()
    wanted = tuple(each for each in runs if _is_meant(args, each[0].run))
    unclear = _unclear(args, found)
    if not wanted:
        where = "no quarantine lies on this host" if found == ABSENT else "no quarantine is open"
        note = "" if unclear else f"nothing was left half done: {where}, {IMS} is {service(observed).status}"
        return StepPlan(checks=unclear, note=note)
    work = finish(wanted, service(observed), service_timeout=args.service_timeout)
    checks = (*(Check(ok=True, text=text) for text in work.texts), *unclear)
    return StepPlan(checks=checks, items=work.items, on_failure=work.on_failure, risks=work.risks)


def _is_meant(args: FinishQueueArgs, run: str) -> bool:
    return not args.runs or fold(run) in {fold(each) for each in args.runs}


def _unclear(args: FinishQueueArgs, found: State) -> tuple[Check, ...]:
    """What is said of quarantines whose manifest does not tell whether there is anything to finish."""
    unreadable = found.unreadable if isinstance(found, QuarantinesState) else ()
    return tuple(
        Check(ok=True, text=f"{run}: left alone, it is not known whether anything is half done there: {reason}")
        for run, reason in unreadable
        if _is_meant(args, run)
    )


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
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
