"""The agent reads and drives services of a real service control manager."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.connections.winrm import WinRM
from ndrfix.resources import ABSENT, Action, Change, Service, ServiceState, ServiceStatus, StartType, Verb

pytestmark = pytest.mark.lab
Connect = Callable[..., WinRM]
Script = Callable[[str], list[str]]
Tune = Callable[..., None]
STOPPED, RUNNING = ServiceStatus.STOPPED, ServiceStatus.RUNNING
SERVICES = tuple(f"Mail{number}" for number in range(20))


@pytest.fixture(scope="module")
def lab(lab_up: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A host with a service for each test, so that none has to mend what another one broke."""
    services = [
        {"name": name, "display_name": f"The {name} service", "image": f"C:\\mail\\{name}.exe", "state": "running"}
        for name in SERVICES
    ]
    crossed = {"Left": "Right", "Right": "Left"}
    services += [
        {"name": name, "display_name": other, "image": f"C:\\mail\\{name}.exe", "state": "running"}
        for name, other in crossed.items()
    ]
    state: Path = tmp_path_factory.mktemp("services") / "state.json"
    state.write_text(json.dumps({"services": services}))
    return lab_up("--warm", "2", "--state", str(state))


@pytest.fixture(scope="module")
def unused() -> list[str]:
    """The services that no test has had."""
    return list(SERVICES)


@pytest.fixture
def service(unused: list[str]) -> Service:
    """A service of the test's own: running, automatic, quick."""
    return Service(unused.pop())


@pytest.fixture
def connection(lab_connect: Connect) -> WinRM:
    return lab_connect()


@pytest.fixture
def tune(lab_script: Script, service: Service) -> Tune:
    """Set how the service behaves from its next start on."""
    lab = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{service}\\Lab"

    def tune(mode: str = "ok", *, start_delay: int = 50) -> None:
        values = {"Mode": f"'{mode}'", "StartDelayMs": start_delay}
        lab_script("; ".join(f"Set-ItemProperty -LiteralPath '{lab}' {name} {data}" for name, data in values.items()))

    return tune


def _state(connection: WinRM, service: Service) -> ServiceState:
    state = connection.read([service])[service]
    assert isinstance(state, ServiceState)
    return state


def _change(service: Service, before: ServiceState, after: ServiceState, timeout: float = 20.0) -> Change:
    return Change(resource=service, before=before, after=after, timeout=timeout)


def _apply(connection: WinRM, *items: Change | Action) -> tuple[list[Outcome], list[Progress]]:
    events: list[Progress] = []
    return list(connection.apply(items, on_event=events.append)), events


def test_a_service_is_read_by_its_short_name_only(connection: WinRM, service: Service) -> None:
    """Status, start type, display name and raw path are read; display names, patterns and paths find nothing."""
    assert _state(connection, service) == ServiceState(
        status=RUNNING,
        start=StartType.AUTOMATIC,
        display_name=f"The {service} service",
        image_path=f"C:\\mail\\{service}.exe",
    )
    names = (f"The {service} service", "Mail*", "Mail[1]", f"{service}\\Lab", f"..\\Services\\{service}", "")
    assert set(connection.read([Service(name) for name in names]).values()) == {ABSENT}
    assert isinstance(connection.read([Service(str(service).upper())])[service], ServiceState)


def test_a_display_name_never_stands_for_another_service(connection: WinRM) -> None:
    """Two services carry each other's names: reading and disabling one leaves the other alone."""
    left, right = Service("Left"), Service("Right")
    before = _state(connection, left)
    assert (before.display_name, before.image_path) == ("Right", "C:\\mail\\Left.exe")
    off = _change(left, before, replace(before, status=STOPPED, start=StartType.DISABLED))
    (outcome,), _ = _apply(connection, off)
    assert (outcome.status, outcome.after) == (OutcomeStatus.DONE, off.after)
    other = _state(connection, right)
    assert (other.status, other.start, other.display_name) == (RUNNING, StartType.AUTOMATIC, "Left")


def test_a_service_is_stopped_and_started(connection: WinRM, service: Service, tune: Tune) -> None:
    """Both ways are carried out and read back; the events name what is waited for."""
    tune(start_delay=600)
    before = _state(connection, service)
    stop = _change(service, before, replace(before, status=STOPPED))
    outcomes, events = _apply(connection, stop, stop.reversed())
    assert [one.status for one in outcomes] == [OutcomeStatus.DONE] * 2, outcomes
    assert [one.after for one in outcomes] == [replace(before, status=STOPPED), before]
    assert outcomes[0].before == before
    assert {event.text for event in events} >= {f"starting {service}: START_PENDING"}
    assert all(event.limit == 20.0 for event in events)


def test_start_type_and_status_change_together(connection: WinRM, service: Service, tune: Tune) -> None:
    """A service is stopped and disabled by one change, and enabled and started by its reverse."""
    before = _state(connection, service)
    off = _change(service, before, replace(before, status=STOPPED, start=StartType.DISABLED))
    outcomes, _ = _apply(connection, off, off.reversed())
    assert [one.status for one in outcomes] == [OutcomeStatus.DONE] * 2, outcomes
    assert outcomes[0].after == replace(before, status=STOPPED, start=StartType.DISABLED)
    assert outcomes[1].after == before


def test_only_the_start_type_changes(connection: WinRM, service: Service, tune: Tune) -> None:
    """A running service keeps running while its start type is set."""
    before = _state(connection, service)
    (outcome,), events = _apply(connection, _change(service, before, replace(before, start=StartType.MANUAL)))
    assert (outcome.status, outcome.after) == (OutcomeStatus.DONE, replace(before, start=StartType.MANUAL))
    assert events == []


def test_a_disabled_service_fails_with_what_to_do(connection: WinRM, service: Service, tune: Tune) -> None:
    """Starting it fails with Windows' own number, restarting it is refused before it is stopped."""
    before = _state(connection, service)
    (off, start), _ = _apply(
        connection,
        _change(service, before, replace(before, status=STOPPED, start=StartType.DISABLED)),
        Change(
            resource=service,
            before=replace(before, status=STOPPED, start=StartType.DISABLED),
            after=replace(before, start=StartType.DISABLED),
        ),
    )
    assert off.status is OutcomeStatus.DONE
    assert start.status is OutcomeStatus.FAILED
    assert "1058" in start.message
    assert "start type" in start.next_step
    (again,), _ = _apply(connection, Action(verb=Verb.RESTART, resource=service))
    assert again.status is OutcomeStatus.FAILED
    assert "disabled" in again.message


def test_drift_of_a_service_is_refused(connection: WinRM, service: Service) -> None:
    """Another status or start type than planned from is drift; other differences are not compared."""
    before = _state(connection, service)
    for seen in (replace(before, status=STOPPED), replace(before, start=StartType.MANUAL)):
        (outcome,), _ = _apply(connection, Change(resource=service, before=seen, after=replace(seen, status=STOPPED)))
        assert (outcome.status, outcome.before, outcome.after) == (OutcomeStatus.DRIFTED, before, before)
    same = Change(resource=service, before=replace(before, display_name="x"), after=before)
    assert _apply(connection, same)[0][0].status is OutcomeStatus.DONE


def test_a_service_is_neither_created_nor_deleted(connection: WinRM, service: Service) -> None:
    """Absence on either side of a service change fails or is drift, and changes nothing."""
    before = _state(connection, service)
    (gone,), _ = _apply(connection, Change(resource=service, before=before, after=ABSENT))
    assert (gone.status, gone.after) == (OutcomeStatus.FAILED, before)
    nobody = Service("Nobody")
    (made,), _ = _apply(connection, Change(resource=nobody, before=ABSENT, after=before))
    assert (made.status, made.after) == (OutcomeStatus.FAILED, ABSENT)
    (unknown,), _ = _apply(connection, Action(verb=Verb.RESTART, resource=nobody))
    assert unknown.status is OutcomeStatus.FAILED
    assert "Nobody" in unknown.message


def test_a_service_that_never_stops_fails_at_the_limit(connection: WinRM, service: Service, tune: Tune) -> None:
    """The outcome names the service, its state, the time and the limit; events come about once a second."""
    tune("never-stops")
    _apply(connection, Action(verb=Verb.RESTART, resource=service, timeout=10))
    before = _state(connection, service)
    (outcome,), events = _apply(connection, _change(service, before, replace(before, status=STOPPED), timeout=2.5))
    assert outcome.status is OutcomeStatus.FAILED
    assert f"{service} is still STOP_PENDING" in outcome.message
    assert "limit 2.5 s" in outcome.message
    assert isinstance(outcome.after, ServiceState)
    assert outcome.after.status is ServiceStatus.STOP_PENDING
    assert len(events) == 3
    assert {event.text for event in events} == {f"stopping {service}: STOP_PENDING"}


def test_a_pending_service_is_waited_for(connection: WinRM, service: Service, tune: Tune, lab_script: Script) -> None:
    """A stop that is planned while the service starts waits for the start to end."""
    tune(start_delay=1500)
    lab_script(f"Stop-Service {service}; (Get-Service {service}).Start()")
    before = _state(connection, service)
    assert before.status is ServiceStatus.START_PENDING
    (outcome,), _ = _apply(connection, _change(service, before, replace(before, status=STOPPED)))
    assert outcome.status is OutcomeStatus.DONE, outcome.message
    assert outcome.after == replace(before, status=STOPPED)


@pytest.mark.parametrize("mode", ["fails-to-start", "dies-at-start", "never-starts"])
def test_a_restart_that_leaves_the_service_down_says_so(
    connection: WinRM, service: Service, tune: Tune, mode: str
) -> None:
    """Whatever way the start fails, the outcome is failed and a stopped service is said to be stopped."""
    tune(mode)
    (outcome,), _ = _apply(connection, Action(verb=Verb.RESTART, resource=service, timeout=2))
    assert outcome.status is OutcomeStatus.FAILED
    assert isinstance(outcome.after, ServiceState)
    assert outcome.after.status is not RUNNING
    assert str(service) in outcome.message
    assert outcome.next_step
    assert ("IS STOPPED" in outcome.message) is (outcome.after.status is STOPPED), outcome


def test_a_restart_runs_the_service_again(connection: WinRM, service: Service, tune: Tune, lab_script: Script) -> None:
    """A restart replaces the process, and starts a service that was stopped."""
    process = f"(Get-Process -Name {service}).Id"
    first = lab_script(process)
    (outcome,), _ = _apply(connection, Action(verb=Verb.RESTART, resource=service, timeout=20))
    assert outcome.status is OutcomeStatus.DONE, outcome.message
    assert lab_script(process) != first
    lab_script(f"Stop-Service {service}")
    (outcome,), _ = _apply(connection, Action(verb=Verb.RESTART, resource=service, timeout=20))
    assert outcome.status is OutcomeStatus.DONE
    assert isinstance(outcome.after, ServiceState)
    assert outcome.after.status is RUNNING
