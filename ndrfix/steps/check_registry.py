r"""Check that a registry value is what it should be.

### Why

An audit, or a condition for what follows: a wrong value stops the host before anything is changed.

### What it looks at

One value. Nothing is changed. Say what is wanted in one of these ways:

* `data`: exactly this. Without `type` it is read as the documented type of the value, else as the type found there.
* `data_in`: one of these.
* `state: present` (the default) alone: any data. `state: absent`: no such value.

`or_absent: true` lets a missing value pass too. Data are compared as data: 0x10, 16 and "16" are one dword, strings are
compared unexpanded, multi-strings in order. The verdict is `present` or `absent`: whether the value exists. Data with a
documented meaning are shown with it, and may be written by name (`data: no_smtp_return_address`).

### Example

```yaml
- name: Delivery receipts to the Internet are off (Q216162)
  check_registry:
    path: HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters
    name: AlwaysSuppressDR
    data: 1
    advice: Set AlwaysSuppressDR to 1 and restart the Internet Mail Service.
```

### Undo

Nothing to undo: the step only reads.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from pydantic import AliasChoices, Field, ValidationInfo, field_validator, model_validator

from ndrfix.exchange.values import describe
from ndrfix.resources import RegistryData, RegistryType, Resource, State
from ndrfix.steps.base import Check, Observed, Phase, Step, StepPlan, Verdict, Witness
from ndrfix.steps.registry_data import RegistryValueArgs, known_value, registry_data

_LISTED = 4  # more data than this are listed as written, to keep the line short


class Existence(StrEnum):
    """Whether something is to exist."""

    PRESENT = "present"
    ABSENT = "absent"


class CheckRegistryArgs(RegistryValueArgs):
    """Arguments of `check_registry`."""

    type: RegistryType | None = Field(
        None,
        validation_alias=AliasChoices("type", "datatype"),
        description="The type that is wanted; by default the documented one, else any.",
    )
    data: Any = Field(None, description="The data that is wanted.")
    data_in: tuple[Any, ...] | None = Field(None, min_length=1, description="Any of these data is wanted.")
    state: Existence = Field(Existence.PRESENT, description="Whether the value is to exist.")
    or_absent: bool = Field(False, description="A missing value is fine too.")
    advice: str = Field("", description="What to do when the check fails, for the report.")

    @field_validator("data", "data_in")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        known = known_value(info.data.get("path"), info.data.get("name"))
        kind = info.data.get("type") or (known.type if known else None)
        if kind and value is not None:
            for each in value if info.field_name == "data_in" else (value,):
                registry_data(kind, each, known)
        return value

    @model_validator(mode="after")
    def _one_wish(self) -> Self:
        if self.data is not None and self.data_in is not None:
            raise ValueError("data and data_in exclude each other")
        wished = self.data is not None or self.data_in is not None
        if self.state is Existence.ABSENT and (wished or self.or_absent or self.type):
            raise ValueError("state: absent goes with no data, data_in, type or or_absent")
        return self

    @property
    def candidates(self) -> tuple[Any, ...]:
        """The data as written, any of which is wanted; empty when any data will do."""
        return self.data_in or (() if self.data is None else (self.data,))


def _probe(args: CheckRegistryArgs) -> tuple[Resource, ...]:
    return (args.resource,)


def _plan(args: CheckRegistryArgs, observed: Observed) -> StepPlan:
    state = observed.state(args.resource)
    exists = isinstance(state, RegistryData)
    ok = _holds(args, state)
    found = describe(args.resource, state)
    text = f"{args.shown_name} is {found}" if ok else f"{args.shown_name} is {found}, wanted: {_wish(args)}"
    check = Check(
        ok=ok,
        text=text,
        verdict=Verdict.PRESENT if exists else Verdict.ABSENT,
        witnesses=(Witness(source=str(args.resource), value=found),),
        next_step="" if ok else args.advice,
    )
    return StepPlan(checks=(check,))


def _holds(args: CheckRegistryArgs, state: State) -> bool:
    if not isinstance(state, RegistryData):
        return args.state is Existence.ABSENT or args.or_absent
    if args.state is Existence.ABSENT or (args.type and args.type is not state.type):
        return False
    return not args.candidates or state in _wanted(args, state.type)


def _wanted(args: CheckRegistryArgs, found: RegistryType) -> list[RegistryData]:
    """The wanted data in the wanted type; without one in the type found, as far as they can be written in it."""
    known = known_value(args.path, args.name)
    kind = args.type or (known.type if known else None)
    wanted = []
    for raw in args.candidates:
        try:
            wanted.append(registry_data(kind or found, raw, known))
        except ValueError:
            continue
    return wanted


def _wish(args: CheckRegistryArgs) -> str:
    if args.state is Existence.ABSENT:
        return "absent"
    known = known_value(args.path, args.name)
    kind = args.type or (known.type if known else None)
    if not args.candidates:
        wish = f"any {kind}" if args.type else "any data"
    elif len(args.candidates) > _LISTED:
        wish = f"one of {', '.join(str(raw) for raw in args.candidates)}"
    elif kind:
        data = (registry_data(kind, raw, known) for raw in args.candidates)
        wish = " or ".join(describe(args.resource, each) for each in data)
    else:
        wish = " or ".join(repr(raw) for raw in args.candidates)
    return f"{wish} or absent" if args.or_absent else wish


STEP = Step(
    name="check_registry",
    args=CheckRegistryArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
