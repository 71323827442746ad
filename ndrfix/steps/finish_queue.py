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
)
from ndrfix.steps.base import Args, Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.clearing import GUARDED, finish, guards, service


class FinishQueueArgs(Args):
    """`folder` is where the quarantines lie (empty: beside the queue), `run` the one to finish (empty: all)."""

    folder: str = ""
    run: str = ""
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
    wanted = tuple(each for each in runs if not args.run or each[0].run == args.run)
    if not wanted:
        where = "no quarantine lies on this host" if found == ABSENT else "no quarantine is open"
        return StepPlan(note=f"nothing was left half done: {where}, {IMS} is {service(observed).status}")
    work = finish(wanted, service(observed), service_timeout=args.service_timeout)
    checks = tuple(Check(ok=True, text=text) for text in work.texts)
    return StepPlan(checks=checks, items=work.items, on_failure=work.on_failure, risks=work.risks)


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
