"""Start or stop a service, or set how it starts.

### Why

The Internet Mail Service has to stand still while its queue files are worked on, and to run afterwards.

### What it looks at

The service by its short name, its status, start type and the running services that depend on it. A missing service, a
stop while dependents run, and the start of a disabled service are failed checks. A service that is between two states
is waited for; a paused one counts as neither started nor stopped. Success is the status read back.

On a cluster, Exchange services are stopped and started in Cluster Administrator only, else it fails over (Q179258):
do not use the step there.

### Example

```yaml
- name: The Internet Mail Service runs
  set_service:
    name: MSExchangeIMC
    state: started
    start_mode: auto
```

### Undo

The status and start type as they were before.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Self

from pydantic import AliasChoices, Field, model_validator

from ndrfix.resources import Change, Resource, ServiceState, ServiceStatus, StartType
from ndrfix.steps.base import Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.service_name import ServiceArgs, held_by_dependents, missing_service


class WantedStatus(StrEnum):
    """What a service can be brought to."""

    STARTED = "started"
    STOPPED = "stopped"


class StartMode(StrEnum):
    """How a service starts, by the names that `win_service` uses."""

    AUTO = "auto"
    MANUAL = "manual"
    DISABLED = "disabled"


_STATUS = {WantedStatus.STARTED: ServiceStatus.RUNNING, WantedStatus.STOPPED: ServiceStatus.STOPPED}
_SETTLES = {
    ServiceStatus.START_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.CONTINUE_PENDING: ServiceStatus.RUNNING,
    ServiceStatus.STOP_PENDING: ServiceStatus.STOPPED,
    ServiceStatus.PAUSE_PENDING: ServiceStatus.PAUSED,
}
_START = {
    StartMode.AUTO: StartType.AUTOMATIC,
    StartMode.MANUAL: StartType.MANUAL,
    StartMode.DISABLED: StartType.DISABLED,
}


class SetServiceArgs(ServiceArgs):
    """Arguments of `set_service`."""

    state: WantedStatus | None = Field(None, description="What it is to be brought to; by default as it is.")
    start_mode: StartMode | None = Field(
        None,
        validation_alias=AliasChoices("start_mode", "start_type"),
        description="How it is to start; by default as it is.",
    )

    @model_validator(mode="after")
    def _something_wanted(self) -> Self:
        if self.state is None and self.start_mode is None:
            raise ValueError("give state, start_mode, or both")
        if self.state is WantedStatus.STARTED and self.start_mode is StartMode.DISABLED:
            raise ValueError("a disabled service cannot be started: state and start_mode exclude each other")
        return self


def _probe(args: SetServiceArgs) -> tuple[Resource, ...]:
    return (args.service,)


def _plan(args: SetServiceArgs, observed: Observed) -> StepPlan:
    seen = observed.state(args.service)
    if not isinstance(seen, ServiceState):
        return StepPlan(checks=(missing_service(args.name),))
    before = _settled(args, seen)
    after = replace(
        before,
        status=_STATUS[args.state] if args.state else before.status,
        start=_START[args.start_mode] if args.start_mode else before.start,
    )
    if after == before:
        return StepPlan(note=f"already {before.status.word}, start {before.start}")
    if problem := _problem(args, before, after):
        return StepPlan(checks=(problem,))
    return StepPlan(items=(Change(resource=args.service, before=before, after=after, timeout=args.timeout),))


def _settled(args: SetServiceArgs, seen: ServiceState) -> ServiceState:
    """Where a service between two states is going, as the state to begin with (and to come back to).

    One that is on its way to the wanted state is left as it was seen, so that there is something to wait for.
    """
    going_to = _SETTLES.get(seen.status, seen.status)
    arriving = args.state is None or going_to is _STATUS[args.state]
    return seen if arriving else replace(seen, status=going_to)


def _problem(args: SetServiceArgs, before: ServiceState, after: ServiceState) -> Check | None:
    if before.status is after.status:
        return None
    if after.status is ServiceStatus.STOPPED:
        return held_by_dependents(args.service, before)
    if after.start is StartType.DISABLED:
        return Check(
            ok=False,
            text=f"{args.name} is disabled and cannot be started",
            next_step="Find out why it was disabled; add start_mode: manual or auto to enable it.",
        )
    return None


STEP = Step(
    name="set_service",
    args=SetServiceArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
