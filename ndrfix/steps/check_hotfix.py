r"""Check that a hotfix of the Internet Mail Service is installed.

### Why

Without hotfix 837794 the Internet Mail Service does not know `SuppressNDROptions`, and setting it has no effect
(implied by KB 837794, which brings the value with a new program file).

### What it looks at

Nothing is changed. Two witnesses, both reported with their raw values:

* the keys three levels below `HKLM\SOFTWARE\Microsoft\Updates`: `837794`, `Q837794`, `KB837794`, also with a letter
  behind, in any product and service pack folder. The key can be missing after a slipstreamed installation (MS06-003).
* the version of `msexcimc.exe`, found through the service `MSExchangeIMC`. A later one contains all earlier fixes of
  that file (Q246889, Q289258). The file table of KB 837794 is lost, so the limits are inferred and can be given:
  up to 5.5.2657.72 (in use in December 2003, before the fix) it is absent, from 5.5.2658.3 on it is probably there.

| Updates key | up to `absent_up_to` | between | from `present_from` on | file unreadable or a branch build |
|---|---|---|---|---|
| found | indeterminate (contradiction) | probably present | present | indeterminate |
| not found | absent | indeterminate | probably present | indeterminate |

A branch build is one with a four-digit last number: MS04-026 shipped cdo.dll 5.5.2658.1080 before MS05-029 shipped
5.5.2658.34, so such numbers do not order. Updates without `msexcimc.exe` (842436, 895179, 894689) prove nothing about
837794; whether the rollup KB 841765 holds it is not known.

### Example

```yaml
- name: Hotfix 837794 is installed
  check_hotfix:
    id: 837794
    accept: [present, probably_present]
```

### Undo

Nothing to undo: the step only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

from pydantic import Field, field_validator, model_validator

from ndrfix.exchange.builds import Version
from ndrfix.exchange.hotfixes import (
    SUPPRESS_NDR,
    UPDATES,
    UPDATES_DEPTH,
    Hotfix,
    hotfix_id,
    known_hotfix,
    names_hotfix,
)
from ndrfix.exchange.services import IMC
from ndrfix.resources import ABSENT, RegistryTree, Resource, TreeState, Unreadable
from ndrfix.steps.base import Accept, Args, Check, Observed, Phase, Step, StepPlan, Verdict, Witness
from ndrfix.steps.ims_binary import IMS_BINARY, ImsBinary

_TREE = RegistryTree(UPDATES, UPDATES_DEPTH)


class CheckHotfixArgs(Args):
    """Arguments of `check_hotfix`."""

    id: str = Field(
        SUPPRESS_NDR.id,
        description="The number of the article: 837794, KB837794 or Q837794.",
        coerce_numbers_to_str=True,
    )
    accept: Accept = Field(
        (Verdict.PRESENT, Verdict.PROBABLY_PRESENT), description="The verdicts that let the check pass."
    )
    present_from: str | None = Field(
        None, description="Lowest msexcimc.exe taken to hold the fix; by default 5.5.2658.3 for 837794 (inferred)."
    )
    absent_up_to: str | None = Field(
        None, description="Highest msexcimc.exe taken not to hold it; by default 5.5.2657.72 for 837794 (inferred)."
    )

    @field_validator("id")
    @classmethod
    def _is_number(cls, value: str) -> str:
        return hotfix_id(value)

    @field_validator("present_from", "absent_up_to")
    @classmethod
    def _is_version(cls, value: str | None) -> str | None:
        return None if value is None else str(Version.parse(value))

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        known = self.hotfix
        if (known.present_from is None) != (known.absent_up_to is None):
            raise ValueError("present_from and absent_up_to are needed together")
        if known.present_from and known.absent_up_to and known.absent_up_to >= known.present_from:
            raise ValueError(f"absent_up_to {known.absent_up_to} must be lower than present_from {known.present_from}")
        return self

    @property
    def hotfix(self) -> Hotfix:
        """What is known about the hotfix, with the limits given here in place of the known ones."""
        known = known_hotfix(self.id) or Hotfix(id=self.id, title="", source="the limits given in the task")
        if self.present_from is None and self.absent_up_to is None:
            return known
        return Hotfix(
            id=known.id,
            title=known.title,
            source=known.source,
            present_from=Version.parse(self.present_from) if self.present_from else known.present_from,
            absent_up_to=Version.parse(self.absent_up_to) if self.absent_up_to else known.absent_up_to,
        )


class _Band(Enum):
    """Where the version of the program stands."""

    OLD = auto()
    BETWEEN = auto()
    NEW = auto()
    UNKNOWN = auto()


_VERDICTS = {
    (True, _Band.OLD): Verdict.INDETERMINATE,
    (True, _Band.BETWEEN): Verdict.PROBABLY_PRESENT,
    (True, _Band.NEW): Verdict.PRESENT,
    (True, _Band.UNKNOWN): Verdict.INDETERMINATE,
    (False, _Band.OLD): Verdict.ABSENT,
    (False, _Band.BETWEEN): Verdict.INDETERMINATE,
    (False, _Band.NEW): Verdict.PROBABLY_PRESENT,
    (False, _Band.UNKNOWN): Verdict.INDETERMINATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What the Updates tree says: the matching keys (full paths), or why it could not be read."""

    found: tuple[str, ...]
    problem: str

    @classmethod
    def read(cls, observed: Observed, number: str) -> _Keys:
        reading = observed.reading(_TREE)
        if isinstance(reading, Unreadable):
            return cls(found=(), problem=reading.reason)
        keys = reading.keys if isinstance(reading, TreeState) else ()
        found = tuple(key.path for key in keys if names_hotfix(key.path.rpartition("\\")[2], number))
        return cls(found=found, problem="")

    def text(self, number: str) -> str:
        if self.problem:
            return f"the Updates keys cannot be read: {self.problem}"
        return rf"key Updates\{self.found[0]}" if self.found else f"no Updates key names {number}"

    @property
    def witness(self) -> Witness:
        value = f"unreadable: {self.problem}" if self.problem else "; ".join(self.found) or "no matching key"
        return Witness(source=f"{UPDATES} ({UPDATES_DEPTH} levels)", value=value)


def _probe(_args: CheckHotfixArgs) -> tuple[Resource, ...]:
    return (IMC, IMS_BINARY, _TREE)


def _band(hotfix: Hotfix, version: Version | None) -> _Band:
    if version is None or hotfix.present_from is None or hotfix.absent_up_to is None:
        return _Band.UNKNOWN
    if version.is_branch and version.build >= hotfix.absent_up_to.build:
        return _Band.UNKNOWN
    if version <= hotfix.absent_up_to:
        return _Band.OLD
    return _Band.NEW if version >= hotfix.present_from else _Band.BETWEEN


def _plan(args: CheckHotfixArgs, observed: Observed) -> StepPlan:
    hotfix = args.hotfix
    binary = ImsBinary.read(observed)
    keys = _Keys.read(observed, hotfix.id)
    if hotfix.present_from and observed.reading(IMC) == ABSENT:
        verdict = Verdict.ABSENT
        text = "absent: there is no Internet Mail Service (MSExchangeIMC) on this host"
        next_step = "Take this host out of the play: it sends no Internet mail through Exchange 5.5."
    else:
        verdict, text = _judge(hotfix, binary, keys)
        next_step = _next_step(hotfix, verdict)
    check = Check.judged(
        verdict, text, accept=args.accept, witnesses=(keys.witness, binary.witness), next_step=next_step
    )
    return StepPlan(checks=(check,))


def _judge(hotfix: Hotfix, binary: ImsBinary, keys: _Keys) -> tuple[Verdict, str]:
    if hotfix.present_from is None:
        verdict = Verdict.PROBABLY_PRESENT if keys.found else Verdict.INDETERMINATE
        return verdict, f"{_words(verdict)}: {keys.text(hotfix.id)}; no version of msexcimc.exe can tell"
    band = _band(hotfix, binary.version)
    verdict = _VERDICTS[bool(keys.found), band]
    if verdict is Verdict.PROBABLY_PRESENT and band is _Band.NEW and not hotfix.inferred:
        verdict = Verdict.PRESENT
    inferred = " (inferred)" if verdict is Verdict.PROBABLY_PRESENT else ""
    file = _binary_text(hotfix, binary, band)
    if keys.found and band is _Band.OLD:
        return verdict, f"indeterminate: {keys.text(hotfix.id)} contradicts the program: {file}"
    return verdict, f"{_words(verdict)}{inferred}: {_joined(verdict, file, keys.text(hotfix.id))}"


def _joined(verdict: Verdict, file: str, key: str) -> str:
    return f"{file}, {key}" if verdict is Verdict.ABSENT else f"{file}; {key}"


def _words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")


def _binary_text(hotfix: Hotfix, binary: ImsBinary, band: _Band) -> str:
    if binary.version is None:
        return binary.problem
    shown = f"msexcimc.exe {binary.version}"
    if band is _Band.OLD:
        return f"{shown} is older than {hotfix.present_from}"
    if band is _Band.BETWEEN:
        return f"{shown} lies between {hotfix.absent_up_to} (without) and {hotfix.present_from} (with)"
    if band is _Band.UNKNOWN:
        return f"{shown} is a branch build (four-digit last number) that does not order with the others"
    return shown


def _next_step(hotfix: Hotfix, verdict: Verdict) -> str:
    if hotfix.id != SUPPRESS_NDR.id:
        return f"Install {hotfix.id} ({hotfix.source}), then run again."
    if verdict is Verdict.ABSENT:
        return (
            "Install hotfix 837794, then run again. Microsoft has withdrawn it; any later msexcimc.exe contains it "
            "(fixes are cumulative per file), whether the rollup KB 841765 does is not known. Without it, refuse "
            "unknown recipients on a filter in front of this server: no setting of Exchange 5.5 does."
        )
    return (
        "Look for an installation log (Exchsrvr\\Q837794) and ask who patched the server. When the fix is known to be "
        "in, add the verdict to 'accept', or give the version as 'present_from'; else treat it as absent and filter "
        "unknown recipients in front of this server."
    )


STEP = Step(
    name="check_hotfix",
    args=CheckHotfixArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
