"""Hand-made results that together hold every status, in a plan and in an apply."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ndrfix import __version__
from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import (
    HostResult,
    Letterhead,
    Mode,
    PhaseResult,
    PlayResult,
    RunContext,
    RunResult,
    Status,
    TaskResult,
)
from ndrfix.exchange.values import PARAMETERS, SUPPRESS_NDR_OPTIONS
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Action,
    Artifact,
    Change,
    ComputerState,
    Hive,
    Item,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    Verb,
)
from ndrfix.steps.base import Check, StepPlan, Verdict, Witness

GOLDEN = Path(__file__).parent.parent / "golden" / "report"

CONTEXT = RunContext(
    run_id="20261125-0930-reverse-ndr-7f3a",
    started="2026-11-25T09:30:00Z",
    playbook="reverse-ndr.yml",
    inventory=("inventory.yml",),
    client="ACME Ltd",
    letterhead=Letterhead(contact="Ann Example", logo="acme.png", colour="#1f4e79", footer="Confidential"),
)
SP4 = "Exchange 5.5 has Service Pack 4"
HOTFIX = "Hotfix 837794 is installed"
SUPPRESS = "Suppress non-delivery reports without a return address"
RESTART = "Restart the Internet Mail Service"

RUNNING = ServiceState(status=ServiceStatus.RUNNING, start=StartType.MANUAL, display_name="Internet Mail Service")
STOPPED_AUTOMATIC = ServiceState(status=ServiceStatus.STOPPED, start=StartType.AUTOMATIC)
IMC = Service("MSExchangeIMC")
SUPPRESSION = Change(
    resource=SUPPRESS_NDR_OPTIONS.resource, before=ABSENT, after=RegistryData(RegistryType.DWORD, 0x100)
)
RELAY = Change(
    resource=RegistryValue(PARAMETERS, "RelayDenyList"),
    before=RegistryData(RegistryType.MULTISTRING, ("192.0.2.1", "198.51.100.0;255.255.255.0")),
    after=RegistryData(RegistryType.MULTISTRING, ("192.0.2.1", "203.0.113.7")),
)
ROOT = Change(
    resource=RegistryValue(PARAMETERS, "RootDir"),
    before=RegistryData(RegistryType.STRING, "C:\\exchsrvr\\imcdata"),
    after=RegistryData(RegistryType.EXPANDSTRING, "%SystemDrive%\\mail data "),
)
BLOB = Change(
    resource=RegistryValue(RegistryKey(Hive.HKLM, r"SOFTWARE\Acme"), ""),
    before=RegistryData(RegistryType.BINARY, bytes(range(20))),
    after=ABSENT,
)
KEY = Change(resource=RegistryKey(Hive.HKLM, r"SOFTWARE\Acme\New"), before=ABSENT, after=PRESENT)
SERVICE = Change(resource=IMC, before=RUNNING, after=STOPPED_AUTOMATIC)
BACKUP = Artifact(path="backup/ex02/Parameters.reg", content=b"Windows Registry Editor Version 5.00\r\n")
BOUNCE = Action(verb=Verb.RESTART, resource=IMC)


def task(index: int, name: str, status: Status, *plans: StepPlan, **rest: object) -> TaskResult:
    phases = tuple(PhaseResult(plan=plan) for plan in plans)
    return TaskResult(index=index, name=name, step="a_step", status=status, phases=phases, **rest)  # type: ignore[arg-type]  # the rest is checked by the dataclass at run time


def host(name: str, *tasks: TaskResult, computer: str = "") -> HostResult:
    state = ComputerState(name=computer, os_version="5.0.2195", powershell="5.1") if computer else None
    return HostResult(host=name, computer=state, tasks=tasks)


def run(mode: Mode, *hosts: HostResult, **rest: object) -> RunResult:
    play = PlayResult(name="Stop a reverse NDR attack on Exchange 5.5", hosts=hosts)
    return RunResult(context=CONTEXT, mode=mode, plays=(play,), seconds=2.123, **rest)  # type: ignore[arg-type]  # as above


def check(text: str, *, ok: bool = True, verdict: Verdict | None = None, next_step: str = "") -> StepPlan:
    witness = Witness(source=r"HKLM\SOFTWARE\Microsoft\Exchange\Setup\NewestBuild", value="2657")
    return StepPlan(checks=(Check(ok=ok, text=text, verdict=verdict, witnesses=(witness,), next_step=next_step),))


def plan_of_three() -> RunResult:
    """The plan that the documentation shows: one host in need of a change, two that fail a check."""
    new = "Internet Mail Service 5.5.2658.3 (SP4 starts at 5.5.2653.0); Setup\\ServicePackNumber not present"
    old = "Service Pack 3: Internet Mail Service 5.5.2650.21"
    advice = "install Exchange 5.5 Service Pack 4, then run again. KB 837794 requires it."
    missing = "absent: msexcimc.exe 5.5.2657.72 is older than 5.5.2658.3, no Updates key names 837794"
    inferred = "probably present (inferred): msexcimc.exe 5.5.2658.3; no Updates key names 837794"
    return run(
        Mode.PLAN,
        host(
            "ex01",
            task(0, SP4, Status.OK, check("Internet Mail Service 5.5.2657.72 (SP4 starts at 5.5.2653.0)")),
            task(1, HOTFIX, Status.FAILED, check(missing, ok=False, verdict=Verdict.ABSENT), message=missing),
            task(2, SUPPRESS, Status.NOT_EVALUATED, message=f"{HOTFIX!r} failed before it"),
            computer="ACMEMAIL1",
        ),
        host(
            "ex02",
            task(0, SP4, Status.OK, check(new)),
            task(1, HOTFIX, Status.OK, check(inferred, verdict=Verdict.PROBABLY_PRESENT)),
            task(2, SUPPRESS, Status.WOULD_CHANGE, StepPlan(items=(SUPPRESSION,))),
            task(3, RESTART, Status.WOULD_CHANGE, StepPlan(items=(BOUNCE,)), handler=True),
            computer="ACMEMAIL2",
        ),
        host(
            "ex03",
            task(0, SP4, Status.FAILED, check(old, ok=False, next_step=advice), message=old, next_step=advice),
            task(1, HOTFIX, Status.NOT_EVALUATED, message=f"{SP4!r} failed before it"),
            task(2, SUPPRESS, Status.NOT_EVALUATED, message=f"{SP4!r} failed before it"),
            computer="ACMEMAIL3",
        ),
    )


def every_diff() -> RunResult:
    """A plan with every kind of item, a loop, a manual step, a hidden task and an ignored failure."""
    items: tuple[Item, ...] = (BACKUP, SUPPRESSION, RELAY, ROOT, BLOB, KEY, SERVICE)
    return run(
        Mode.PLAN,
        host(
            "ex02",
            task(0, "Prepare", Status.WOULD_CHANGE, StepPlan(items=items)),
            task(1, "Look at things", Status.OK, check("is there"), label="one"),
            task(1, "Look at things", Status.SKIPPED, label="another thing", message="when: item != 'another thing'"),
            task(2, "Tell the client", Status.MANUAL, StepPlan(instruction="Call the client.\nTell them to wait.")),
            task(3, "Set the password", Status.WOULD_CHANGE, StepPlan(items=(ROOT,)), label="hunter2", hidden=True),
            task(4, "Optional", Status.FAILED, check("not there", ok=False), ignored=True),
            task(5, "Already done", Status.OK, StepPlan(note="already 0x100")),
            computer="ACMEMAIL2",
        ),
    )


def outcome(item: Change | Action, status: OutcomeStatus = OutcomeStatus.DONE, **rest: object) -> Outcome:
    return Outcome(item=item, status=status, **rest)  # type: ignore[arg-type]  # as above


def applied(*outcomes: Outcome, items: tuple[Item, ...]) -> PhaseResult:
    return PhaseResult(plan=StepPlan(items=items), outcomes=outcomes)


def apply_of_all() -> RunResult:
    """An apply in which everything happens that can: verified, refused, failed, lost, and not carried out."""
    done = applied(outcome(SUPPRESSION, before=ABSENT, after=SUPPRESSION.after), items=(BACKUP, SUPPRESSION))
    refused = applied(
        outcome(SUPPRESSION, OutcomeStatus.DRIFTED, before=RegistryData(RegistryType.DWORD, 1)),
        items=(SUPPRESSION, RELAY),
    )
    failed = applied(
        outcome(SERVICE, OutcomeStatus.FAILED, before=RUNNING, after=RUNNING, message="it did not stop in 10:00"),
        items=(SERVICE,),
    )
    lost = applied(outcome(SUPPRESSION, before=ABSENT, after=SUPPRESSION.after), items=(SUPPRESSION, RELAY))
    restarted = applied(outcome(BOUNCE, before=RUNNING, after=RUNNING), items=(BOUNCE,))

    def ended(index: int, status: Status, phase: PhaseResult, message: str = "", next_step: str = "") -> TaskResult:
        name = (SUPPRESS, "Stop the service", RESTART)[index]
        return TaskResult(
            index=index, name=name, step="set", status=status, phases=(phase,), message=message, next_step=next_step,
            handler=index == 2,
        )  # fmt: skip

    again = "Somebody else changed it after the plan. Plan again."
    return run(
        Mode.APPLY,
        host(
            "ex01",
            ended(0, Status.CHANGED, done),
            ended(1, Status.FAILED, failed, "MSExchangeIMC could not be changed", "Look at the event log."),
            ended(2, Status.CHANGED, restarted),
            computer="ACMEMAIL1",
        ),
        host("ex02", ended(0, Status.DRIFTED, refused, "not as it was", again), computer="ACMEMAIL2"),
        host("ex03", ended(0, Status.UNREACHABLE, lost, "the session was lost"), computer="ACMEMAIL3"),
        folder="runs/20261125-0930-reverse-ndr-7f3a",
    )


RESULTS: dict[str, Callable[[], RunResult]] = {
    "plan": plan_of_three,
    "diffs": every_diff,
    "apply": apply_of_all,
}


@pytest.fixture(params=sorted(RESULTS))
def sample(request: pytest.FixtureRequest) -> tuple[str, RunResult]:
    """Each of the hand-made results, with its name."""
    return request.param, RESULTS[request.param]()


@pytest.fixture
def plan_result() -> RunResult:
    """The plan that the documentation shows."""
    return plan_of_three()


@pytest.fixture
def apply_result() -> RunResult:
    """The apply in which everything happens."""
    return apply_of_all()


@pytest.fixture
def one_task() -> Callable[..., RunResult]:
    """Makes a run of one task on `ex01`: `(status, plan=StepPlan(), mode=Mode.PLAN, **fields of the task)`."""

    def make(status: Status, plan: StepPlan = StepPlan(), mode: Mode = Mode.PLAN, **rest: object) -> RunResult:  # noqa: B008 - a frozen value
        return run(mode, host("ex01", task(0, "The task", status, plan, **rest), computer="ACMEMAIL1"))

    return make


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with a golden file; with NDRFIX_UPDATE_GOLDEN=1 in the environment it is written instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        text = text.replace(__version__, "VERSION")
        if os.environ.get("NDRFIX_UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8")

    return compare
