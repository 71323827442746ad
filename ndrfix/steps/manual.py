"""Tell a person what to do by hand.

### Why

Some things cannot be read or changed from afar: the settings of Exchange 5.5 that live in its directory, or a decision.
Plan and report show them, so that they are not forgotten.

### What it looks at

Nothing, and it never stops a host. The task's status is `manual`.

### Example

```yaml
- name: Ask for rerouting (Q255695)
  manual:
    instruction: In the Routing tab, choose Reroute incoming SMTP mail and restrict who may relay.
```

### Undo

Nothing to undo.
"""

from __future__ import annotations

from pydantic import Field, field_validator

from ndrfix.resources import Resource
from ndrfix.steps.base import Args, Observed, Phase, Step, StepPlan


class ManualArgs(Args):
    """Arguments of `manual`."""

    instruction: str = Field(description="What is to be done, in full sentences.")

    @field_validator("instruction")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the instruction is empty")
        return value.strip()


def _probe(_args: ManualArgs) -> tuple[Resource, ...]:
    return ()


def _plan(args: ManualArgs, _observed: Observed) -> StepPlan:
    return StepPlan(instruction=args.instruction)


STEP = Step(
    name="manual",
    args=ManualArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
