"""Restart a running service, mostly as a handler.

### Why

The Internet Mail Service reads `SuppressNDROptions` when it starts (KB 837794).

### What it looks at

The service by its short name. A service that is stopped is left stopped, since somebody may have stopped it on
purpose (`start_if_stopped: true` starts it). A missing service, running dependents and a service that is just
stopping are failed checks. The restart is an action, not a state: as a task it happens in every run, as a handler
only after a change.

On a cluster, Exchange services are restarted in Cluster Administrator only (Q179258).

### Example

```yaml
- name: Restart the Internet Mail Service
  restart_service:
    name: MSExchangeIMC
```

### Undo

Nothing to undo.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from ndrfix.resources import Action, Change, Resource, ServiceState, ServiceStatus, StartType, Verb
from ndrfix.steps.base import Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.service_name import ServiceArgs, held_by_dependents, missing_service


class RestartServiceArgs(ServiceArgs):
    """Arguments of `restart_service`."""

    start_if_stopped: bool = Field(False, description="Start the service when it is stopped.")


def _probe(args: RestartServiceArgs) -> tuple[Resource, ...]:
    return (args.service,)


def _plan(args: RestartServiceArgs, observed: Observed) -> StepPlan:
    state = observed.state(args.service)
    if not isinstance(state, ServiceState):
        return StepPlan(checks=(missing_service(args.name),))
    if state.status is ServiceStatus.STOPPED:
        return _plan_stopped(args, state)
    if state.status is ServiceStatus.STOP_PENDING:
        check = Check(
            ok=False,
            text=f"{args.name} is stopping already (STOP_PENDING): it was not restarted",
            next_step="Wait until it has stopped, or find out why it does not; start it, then run again.",
        )
        return StepPlan(checks=(check,))
    if held := held_by_dependents(args.service, state):
        return StepPlan(checks=(held,))
    return StepPlan(items=(Action(verb=Verb.RESTART, resource=args.service, timeout=args.timeout),))


def _plan_stopped(args: RestartServiceArgs, state: ServiceState) -> StepPlan:
    if not args.start_if_stopped:
        return StepPlan(note=f"{args.name} is stopped: nothing to restart; use set_service to start it")
    if state.start is StartType.DISABLED:
        check = Check(
            ok=False,
            text=f"{args.name} is stopped and disabled: it cannot be started",
            next_step="Find out why it was disabled; enable it with set_service.",
        )
        return StepPlan(checks=(check,))
    after = replace(state, status=ServiceStatus.RUNNING)
    return StepPlan(items=(Change(resource=args.service, before=state, after=after, timeout=args.timeout),))


def _resume(args: RestartServiceArgs) -> RestartServiceArgs:
    """Start the service too: an earlier restart may have stopped it and not come to start it."""
    return args.model_copy(update={"start_if_stopped": True})


STEP = Step(
    name="restart_service",
    args=RestartServiceArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
    idempotent=False,
    resume=_resume,
)
