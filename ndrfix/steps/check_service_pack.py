r"""Check that a host runs Exchange 5.5 with a service pack.

### Why

Hotfix 837794 needs Exchange 5.5 Service Pack 4 (KB 837794), and relaying through encapsulated addresses is closed only
there (Q264330).

### What it looks at

Nothing is changed. The witnesses, all reported with their raw values:

* the version of `msexcimc.exe`, found through the service `MSExchangeIMC`: 5.5.2653.0 and later come with SP4. The last
  version before SP4 is 5.5.2652.78 (Q246889); builds of the levels are those of Q257618. `store.exe`, `admin.exe` and
  `emsmta.exe` are not looked at: hotfixes before SP4 already carry 2653 numbers (Q248838, Q251137).
* `ServicePackNumber`, `NewestBuild`, `Build`, `Services Version` and `Services` below
  `HKLM\SOFTWARE\Microsoft\Exchange\Setup`. `NewestBuild` can be wrong (Q158731, Q159788), and `ServicePackNumber` need
  not exist.
* the services `MSExchangeIS` and `MSExchangeIMC`: where both are missing there is no Exchange server, at most its
  administration tools.

The majority decides, and `msexcimc.exe` where it is even. Verdicts: `present`; `probably_present` when only registry
values say so, or when the version is one of a branch (four-digit last number); `absent`; `indeterminate` when the
witnesses contradict each other or could not be read. Access denied never counts as "not installed": Read on the
Exchange keys is sometimes removed (Q318492).

### Example

```yaml
- name: Exchange 5.5 has Service Pack 4
  check_service_pack:
    minimum: 4
```

### Undo

Nothing to undo: the step only reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, field_validator

from ndrfix.exchange.builds import HIGHEST_SERVICE_PACK, PRODUCTS, Version, service_pack, service_pack_of_build
from ndrfix.exchange.services import IMC, INFORMATION_STORE
from ndrfix.exchange.values import SETUP, describe
from ndrfix.resources import ABSENT, RegistryData, RegistryValue, Resource, Service, ServiceState, Unreadable
from ndrfix.steps.base import Accept, Args, Check, Observed, Phase, Step, StepPlan, Verdict, Witness
from ndrfix.steps.ims_binary import IMS_BINARY, ImsBinary

_PRODUCT = RegistryValue(SETUP, "Services Version")
_NUMBER = RegistryValue(SETUP, "ServicePackNumber")
_NEWEST = RegistryValue(SETUP, "NewestBuild")
_SETUP = (_PRODUCT, _NUMBER, _NEWEST, RegistryValue(SETUP, "Build"), RegistryValue(SETUP, "Services"))


class CheckServicePackArgs(Args):
    """Arguments of `check_service_pack`."""

    minimum: int = Field(
        HIGHEST_SERVICE_PACK, ge=0, le=HIGHEST_SERVICE_PACK, description="The service pack that is wanted at least."
    )
    accept: Accept = Field(
        (Verdict.PRESENT, Verdict.PROBABLY_PRESENT), description="The verdicts that let the check pass."
    )
    ims_version: str | None = Field(
        None, description="Lowest version of msexcimc.exe taken to show it; by default 5.5.2653.0 for SP4."
    )
    newest_build: int | None = Field(
        None, ge=0, description="Lowest NewestBuild taken to show it; by default 2653 (0xA5D) for SP4."
    )

    @field_validator("ims_version")
    @classmethod
    def _is_version(cls, value: str | None) -> str | None:
        return None if value is None else str(Version.parse(value))

    @property
    def lowest_ims(self) -> Version:
        """The version of `msexcimc.exe` from which on the wanted level is there."""
        return Version.parse(self.ims_version) if self.ims_version else service_pack(self.minimum).starts_at

    @property
    def lowest_build(self) -> int:
        """The value of `NewestBuild` from which on the wanted level is there."""
        return service_pack(self.minimum).build if self.newest_build is None else self.newest_build


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    """What a registry value says about the wanted level."""

    reached: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    verdict: Verdict
    text: str
    next_step: str = ""


def _probe(_args: CheckServicePackArgs) -> tuple[Resource, ...]:
    return (IMC, INFORMATION_STORE, IMS_BINARY, *_SETUP)


def _number(observed: Observed, value: RegistryValue) -> int | None:
    """The number in a Setup value, written as a number or as digits; None when there is none."""
    reading = observed.reading(value)
    data = reading.data if isinstance(reading, RegistryData) else None
    if isinstance(data, str) and data.strip().isdecimal():
        return int(data)
    return data if isinstance(data, int) else None


def _service_witness(observed: Observed, service: Service) -> Witness:
    reading = observed.reading(service)
    if isinstance(reading, ServiceState):
        value = f"{reading.status.word}, {reading.start}"
    else:
        value = f"unreadable: {reading.reason}" if isinstance(reading, Unreadable) else "absent"
    return Witness(source=f"service {service.name}", value=value)


def _setup_witness(observed: Observed, value: RegistryValue) -> Witness:
    reading = observed.reading(value)
    shown = f"unreadable: {reading.reason}" if isinstance(reading, Unreadable) else describe(value, reading)
    return Witness(source=rf"Setup\{value.name}", value=shown)


def _plan(args: CheckServicePackArgs, observed: Observed) -> StepPlan:
    binary = ImsBinary.read(observed)
    finding = _other_product(args, observed, binary) or _no_server(observed) or _level(args, observed, binary)
    services = tuple(_service_witness(observed, service) for service in (INFORMATION_STORE, IMC))
    witnesses = (binary.witness, *(_setup_witness(observed, value) for value in _SETUP), *services)
    check = Check.judged(
        finding.verdict, finding.text, accept=args.accept, witnesses=witnesses, next_step=finding.next_step
    )
    return StepPlan(checks=(check,))


def _other_product(args: CheckServicePackArgs, observed: Observed, binary: ImsBinary) -> _Finding | None:
    next_step = "Take this host out of the play: it is for Exchange 5.5 only."
    product = PRODUCTS.get(_number(observed, _PRODUCT) or 0, "Exchange 5.5")
    if product != "Exchange 5.5":
        text = rf"{product}, not Exchange 5.5 (Setup\Services Version)"
        return _Finding(verdict=Verdict.ABSENT, text=text, next_step=next_step)
    if binary.version and not binary.version.is_exchange55:
        text = f"not Exchange 5.5: Internet Mail Service {binary.version}"
        return _Finding(
            verdict=Verdict.ABSENT, text=text, next_step=_install(args) if binary.version.major < 6 else next_step
        )
    return None


def _no_server(observed: Observed) -> _Finding | None:
    if any(observed.reading(service) != ABSENT for service in (INFORMATION_STORE, IMC)):
        return None
    readings = [observed.reading(value) for value in _SETUP]
    if any(isinstance(reading, Unreadable) for reading in readings):
        text = "no Exchange service here (MSExchangeIS, MSExchangeIMC), and the Setup values cannot be read"
        return _Finding(verdict=Verdict.INDETERMINATE, text=text, next_step=_READ_RIGHTS)
    next_step = "Take this host out of the play, or correct its address in the inventory."
    if any(isinstance(reading, RegistryData) for reading in readings):
        text = "only the administration tools of Exchange are installed: no service MSExchangeIS"
    else:
        text = "not an Exchange server: no service MSExchangeIS or MSExchangeIMC, no Setup values"
    return _Finding(verdict=Verdict.ABSENT, text=text, next_step=next_step)


_READ_RIGHTS = (
    rf"Give the account Read on {SETUP} (Q318492) and the right to read msexcimc.exe, or look at Help, About in the "
    "Exchange Administrator program."
)


def _install(args: CheckServicePackArgs) -> str:
    needed = " KB 837794 requires it." if args.minimum == HIGHEST_SERVICE_PACK else ""
    return f"Install Exchange 5.5 {service_pack(args.minimum).title}, then run again.{needed}"


def _votes(args: CheckServicePackArgs, observed: Observed) -> tuple[_Vote, ...]:
    votes = []
    number = _number(observed, _NUMBER)
    if number is not None:
        votes.append(_Vote(reached=number >= args.minimum, text=rf"Setup\ServicePackNumber = {number}"))
    build = _number(observed, _NEWEST)
    if build is not None:
        votes.append(_Vote(reached=build >= args.lowest_build, text=rf"Setup\NewestBuild = {build} (0x{build:X})"))
    return tuple(votes)


def _level(args: CheckServicePackArgs, observed: Observed, binary: ImsBinary) -> _Finding:
    votes = _votes(args, observed)
    if binary.version is None:
        return _level_by_setup(args, observed, binary, votes)
    return _level_by_binary(args, observed, binary.version, votes)


def _level_by_setup(
    args: CheckServicePackArgs, observed: Observed, binary: ImsBinary, votes: tuple[_Vote, ...]
) -> _Finding:
    missing = "no Internet Mail Service here" if observed.reading(IMC) == ABSENT else binary.problem
    said = "; ".join(vote.text for vote in votes)
    if not votes:
        text = f"service pack unknown: {missing}; {_setup_silence(observed)}"
        return _Finding(verdict=Verdict.INDETERMINATE, text=text, next_step=_READ_RIGHTS)
    if all(vote.reached for vote in votes):
        return _Finding(verdict=Verdict.PROBABLY_PRESENT, text=f"{said}; {missing}", next_step=_READ_RIGHTS)
    if not any(vote.reached for vote in votes):
        return _Finding(verdict=Verdict.ABSENT, text=f"{said}; {missing}", next_step=_install(args))
    text = f"the witnesses contradict each other: {said}; {missing}"
    return _Finding(verdict=Verdict.INDETERMINATE, text=text, next_step=_READ_RIGHTS)


def _setup_silence(observed: Observed) -> str:
    problems = [reading.reason for value in _SETUP if isinstance(reading := observed.reading(value), Unreadable)]
    return f"the Setup values cannot be read: {problems[0]}" if problems else "no Setup value tells it"


def _level_by_binary(
    args: CheckServicePackArgs, observed: Observed, version: Version, votes: tuple[_Vote, ...]
) -> _Finding:
    reached = version >= args.lowest_ims
    shown = f"Internet Mail Service {version}"
    opposed = [vote.text for vote in votes if vote.reached != reached]
    if len(opposed) > 1:
        text = f"the witnesses contradict each other: {shown}; {'; '.join(opposed)}"
        next_step = "Look at Help, About in the Exchange Administrator program, then repair the installation."
        return _Finding(verdict=Verdict.INDETERMINATE, text=text, next_step=next_step)
    but = f"; {opposed[0]} says otherwise and is outvoted" if opposed else ""
    if not reached:
        level = service_pack_of_build(version.build)
        title = level.title.removeprefix("no service pack") or "No service pack" if level else "Older than Exchange 5.5"
        return _Finding(verdict=Verdict.ABSENT, text=f"{title}: {shown}{but}", next_step=_install(args))
    start = f"SP{args.minimum}" if args.minimum else "Exchange 5.5"
    text = f"{shown} ({start} starts at {args.lowest_ims}){but or _support(observed)}"
    if version.is_branch:
        return _Finding(
            verdict=Verdict.PROBABLY_PRESENT,
            text=f"{text}; a four-digit last number is a branch build that does not order with the others",
            next_step="Look at Help, About in the Exchange Administrator program.",
        )
    return _Finding(verdict=Verdict.PRESENT, text=text)


def _support(observed: Observed) -> str:
    number = _number(observed, _NUMBER)
    if number is not None:
        return rf"; Setup\ServicePackNumber = {number}"
    unreadable = isinstance(observed.reading(_NUMBER), Unreadable)
    return rf"; Setup\ServicePackNumber {'cannot be read' if unreadable else 'not present'}"


STEP = Step(
    name="check_service_pack",
    args=CheckServicePackArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
)
