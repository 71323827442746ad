r"""Set or remove a registry value.

### Why

`SuppressNDROptions` of KB 837794 is a registry value that has to be made by hand. The step makes, changes or removes
any one value, and says the type and the number in hexadecimal and decimal, since 10 and 0x10 are easily mixed up.

### What it looks at

The value and, for a key below an Exchange service (`Services\MSExchangeIMC`, …), whether that service exists: without
it the value would be written into a key that nothing reads. A value that already has this type and data is left
alone. Missing keys are made.

The arguments may have the names that `ansible.windows.win_regedit` gives them: `key` for path, `entry` or `value` for
name, `datatype` for type. Data are taken as follows:

| type | data |
|---|---|
| dword, qword | 256, 0x100, "0x100", "256"; never negative; a leading zero is refused |
| string, expandstring | text; a number or yes/no is refused: write it in quotes (or is `type: dword` missing?) |
| multistring | a list of texts, `[]` for an empty list; one text is a list of one |
| binary, none | `hex:00,01`, "0x0001" (bytes in the order written), a list of bytes; a bare number is refused |

Without `name` and `data` the step only sees to it that the key exists. For a value with documented modes the mode's
name may be given: `data: no_smtp_return_address`. A type or number other than the documented one is refused, unless
`allow_undocumented: true`.

The Internet Mail Service reads its values when it starts: notify a handler with `restart_service`.

### Example

```yaml
- name: Suppress non-delivery reports without a return address
  set_registry:
    path: HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters
    name: SuppressNDROptions
    type: dword
    data: 0x100
  notify: Restart the Internet Mail Service
```

### Undo

The value as it was before, or no value when there was none. Keys that were made stay.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import AliasChoices, Field, ValidationInfo, field_validator, model_validator

from ndrfix.exchange.services import SHORT_NAMES
from ndrfix.exchange.values import DocumentedValue, describe
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    Change,
    RegistryData,
    RegistryKey,
    RegistryType,
    Resource,
    Service,
    fold,
)
from ndrfix.steps.base import Check, Observed, Phase, Step, StepPlan
from ndrfix.steps.check_registry import Existence
from ndrfix.steps.registry_data import RegistryValueArgs, known_value, registry_data

_SERVICES = fold("SYSTEM\\CurrentControlSet\\Services\\")


class SetRegistryArgs(RegistryValueArgs):
    """Arguments of `set_registry`."""

    type: RegistryType = Field(
        RegistryType.STRING,
        validation_alias=AliasChoices("type", "datatype"),
        description="The registry type.",
    )
    state: Existence = Field(Existence.PRESENT, description="`absent` removes the value.")
    allow_undocumented: bool = Field(
        False, description="Write a type or number that the article on the value does not know."
    )
    data: Any = Field(None, description="The data, see above; needed unless `state: absent`.")

    @field_validator("data")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        known = known_value(info.data.get("path"), info.data.get("name"))
        kind = info.data.get("type")
        if kind and info.data.get("state") is Existence.PRESENT:
            allowed = info.data.get("allow_undocumented")
            if known and kind is not known.type and not allowed:
                raise ValueError(_type_refused(known, kind))
            problem = undocumented(registry_data(kind, value, known), known)
            if problem and not allowed:
                raise ValueError(f"{problem}; add allow_undocumented: true if it is meant")
        return value

    @model_validator(mode="after")
    def _has_data(self) -> Self:
        given = "data" in self.model_fields_set
        if self.state is Existence.PRESENT and self.name and not given:
            raise ValueError(f"{self.name} needs data (or state: absent)")
        return self

    @property
    def wanted(self) -> RegistryData | Absent | None:
        """The state that the value is to have; None when only the key is to exist."""
        if self.state is Existence.ABSENT:
            return ABSENT
        if "data" not in self.model_fields_set:
            return None
        return registry_data(self.type, self.data, known_value(self.path, self.name))


def _type_refused(known: DocumentedValue, kind: RegistryType) -> str:
    return (
        f"{known.name} is a {known.type} ({known.source}), not {kind}: write type: {known.type}, "
        "or add allow_undocumented: true if it is meant"
    )


def undocumented(data: RegistryData, known: DocumentedValue | None) -> str:
    """What is unusual about data for a documented value; empty when nothing is."""
    if known is None:
        return ""
    if data.type is not known.type:
        return f"{known.name} is documented as {known.type} ({known.source}), not {data.type}"
    if known.allowed and isinstance(data.data, int) and not known.allowed(data.data):
        return f"{known.name}: {describe(known.resource, data)} ({known.source})"
    return ""


def _service_of(key: RegistryKey) -> Service | None:
    """The Exchange service that a key belongs to, None for a key elsewhere."""
    if not fold(key.path).startswith(_SERVICES):
        return None
    service = Service(key.path[len(_SERVICES) :].split("\\")[0])
    return service if service in map(Service, SHORT_NAMES) else None


def _probe(args: SetRegistryArgs) -> tuple[Resource, ...]:
    service = _service_of(args.key)
    target: Resource = args.key if args.wanted is None else args.resource
    return (target,) if service is None else (target, service)


def _plan(args: SetRegistryArgs, observed: Observed) -> StepPlan:
    wanted = args.wanted
    if missing := _missing_service(args, observed):
        return StepPlan(checks=(missing,))
    if wanted is None:
        return _plan_key(args.key, observed)
    before = observed.state(args.resource)
    checks: tuple[Check, ...] = ()
    if isinstance(wanted, RegistryData) and (warning := undocumented(wanted, known_value(args.path, args.name))):
        checks = (Check(ok=True, text=f"warning: {warning}"),)
    if before == wanted:
        return StepPlan(checks=checks, note=f"already {describe(args.resource, before)}")
    return StepPlan(checks=checks, items=(Change(resource=args.resource, before=before, after=wanted),))


def _plan_key(key: RegistryKey, observed: Observed) -> StepPlan:
    before = observed.state(key)
    if before == PRESENT:
        return StepPlan(note="the key already exists")
    return StepPlan(items=(Change(resource=key, before=before, after=PRESENT),))


def _missing_service(args: SetRegistryArgs, observed: Observed) -> Check | None:
    service = _service_of(args.key)
    if service is None or args.state is Existence.ABSENT or observed.reading(service) != ABSENT:
        return None
    return Check(
        ok=False,
        text=f"there is no service {service.name} on this host: a value below its key would have no effect",
        next_step="Take this host out of the play, or correct the path.",
    )


STEP = Step(
    name="set_registry",
    args=SetRegistryArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
