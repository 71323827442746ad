"""The contract of a connection: services."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress
from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    RemoteItem,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    Verb,
)
from tests.contract.hosts import ContractHost

RUNNING, STOPPED = ServiceStatus.RUNNING, ServiceStatus.STOPPED
IMC = Service("MSExchangeIMC")
DISPLAY = "Microsoft Exchange Internet Mail Service"


def imc(
    status: ServiceStatus = RUNNING,
    start: StartType = StartType.AUTOMATIC,
    *,
    mode: ServiceMode = ServiceMode.OK,
    stop_seconds: float = 1,
    start_seconds: float = 1,
) -> SimulatedService:
    return SimulatedService(
        name=IMC.name,
        display_name=DISPLAY,
        status=status,
        start=start,
        depends_on=("MSExchangeIS",),
        mode=mode,
        stop_seconds=stop_seconds,
        start_seconds=start_seconds,
    )


def state(status: ServiceStatus, start: StartType = StartType.AUTOMATIC) -> ServiceState:
    return ServiceState(status=status, start=start)


def apply(connection: Connection, items: Sequence[RemoteItem], events: list[Progress] | None = None) -> list[Outcome]:
    return list(connection.apply(items, on_event=(events if events is not None else []).append))


def service_state(connection: Connection, service: Service = IMC) -> ServiceState:
    found = connection.read([service])[service]
    assert isinstance(found, ServiceState)
    return found


@pytest.mark.parametrize("status", ServiceStatus)
def test_contract_service_states(host: ContractHost, status: ServiceStatus) -> None:
    """Each status is read as it is, with the start type."""
    host.seed_service(imc(status, StartType.MANUAL))
    found = service_state(host.connection())
    assert (found.status, found.start) == (status, StartType.MANUAL)


@pytest.mark.parametrize("status", [RUNNING, STOPPED, ServiceStatus.PAUSED])
@pytest.mark.parametrize("wanted", [RUNNING, STOPPED])
@pytest.mark.parametrize("start", [StartType.AUTOMATIC, StartType.MANUAL])
def test_contract_service_change(
    host: ContractHost, status: ServiceStatus, wanted: ServiceStatus, start: StartType
) -> None:
    """A service is brought to a status and a start type, and both are read back."""
    host.seed_service(imc(status))
    connection = host.connection()
    (outcome,) = apply(connection, [Change(resource=IMC, before=state(status), after=state(wanted, start))])
    assert outcome.status is OutcomeStatus.DONE, outcome
    assert isinstance(outcome.after, ServiceState)
    assert (outcome.after.status, outcome.after.start) == (wanted, start)
    assert service_state(connection) == outcome.after


@pytest.mark.parametrize(
    ("pending", "leads_to"),
    [
        (ServiceStatus.START_PENDING, RUNNING),
        (ServiceStatus.STOP_PENDING, STOPPED),
        (ServiceStatus.PAUSE_PENDING, ServiceStatus.PAUSED),
        (ServiceStatus.CONTINUE_PENDING, RUNNING),
    ],
)
@pytest.mark.parametrize("wanted", [RUNNING, STOPPED])
def test_contract_pending_service(
    host: ContractHost, pending: ServiceStatus, leads_to: ServiceStatus, wanted: ServiceStatus
) -> None:
    """A pending service is waited for, and then brought to what is wanted; what it leads to counts as its status."""
    for before in (pending, leads_to):
        host.seed_service(imc(pending))
        connection = host.connection()
        (outcome,) = apply(connection, [Change(resource=IMC, before=state(before), after=state(wanted))])
        assert outcome.status is OutcomeStatus.DONE, outcome
        assert service_state(connection).status is wanted


def test_contract_disabled_stays_stopped(host: ContractHost) -> None:
    """A disabled service cannot be started, and the message names it."""
    host.seed_service(imc(STOPPED, StartType.DISABLED))
    connection = host.connection()
    change = Change(resource=IMC, before=state(STOPPED, StartType.DISABLED), after=state(RUNNING, StartType.DISABLED))
    (outcome,) = apply(connection, [change])
    assert outcome.status is OutcomeStatus.FAILED
    assert IMC.name in outcome.message
    assert outcome.next_step
    assert service_state(connection).status is STOPPED


def test_contract_disabled_is_enabled_first(host: ContractHost) -> None:
    """One change may enable a service and start it, or stop it and disable it."""
    host.seed_service(imc(STOPPED, StartType.DISABLED))
    connection = host.connection()
    up = Change(resource=IMC, before=state(STOPPED, StartType.DISABLED), after=state(RUNNING, StartType.MANUAL))
    assert [each.status for each in apply(connection, [up, up.reversed()])] == [OutcomeStatus.DONE] * 2
    assert (service_state(connection).status, service_state(connection).start) == (STOPPED, StartType.DISABLED)


@pytest.mark.parametrize(
    "expected", [state(STOPPED), state(RUNNING, StartType.MANUAL), state(ServiceStatus.PAUSED), ABSENT]
)
def test_contract_service_drift(host: ContractHost, expected: ServiceState) -> None:
    """A service in another status, or with another start type, is left alone."""
    host.seed_service(imc())
    connection = host.connection()
    (outcome,) = apply(connection, [Change(resource=IMC, before=expected, after=state(STOPPED))])
    assert outcome.status is OutcomeStatus.DRIFTED
    assert isinstance(outcome.before, ServiceState)
    assert (outcome.before.status, outcome.before.start) == (RUNNING, StartType.AUTOMATIC)
    assert service_state(connection).status is RUNNING


def test_contract_only_status_and_start_count(host: ContractHost) -> None:
    """The rest of a service's state, such as its display name, is no drift."""
    host.seed_service(imc())
    before = ServiceState(status=RUNNING, start=StartType.AUTOMATIC, display_name="other", dependents=("x",))
    (outcome,) = apply(host.connection(), [Change(resource=IMC, before=before, after=state(STOPPED))])
    assert outcome.status is OutcomeStatus.DONE, outcome


def test_contract_running_dependents(host: ContractHost) -> None:
    """A service is not stopped while a service that depends on it runs; that one is named. Afterwards it is."""
    host.need_dependencies()
    host.seed_service(SimulatedService(name="MSExchangeIS"))
    host.seed_service(imc())
    connection, store = host.connection(), Service("MSExchangeIS")
    assert service_state(connection, store).dependents == (IMC.name,)
    stop = Change(resource=store, before=state(RUNNING), after=state(STOPPED))
    (outcome,) = apply(connection, [stop])
    assert outcome.status is OutcomeStatus.FAILED
    assert IMC.name in outcome.message
    assert service_state(connection, store).status is RUNNING

    both = [Change(resource=IMC, before=state(RUNNING), after=state(STOPPED)), stop]
    assert [each.status for each in apply(connection, both)] == [OutcomeStatus.DONE] * 2
    assert service_state(connection, store).dependents == ()


def test_contract_own_needs_do_not_block(host: ContractHost) -> None:
    """A service that depends on others, but on which none depends, is stopped."""
    host.seed_service(SimulatedService(name="MSExchangeIS"))
    host.seed_service(imc())
    connection = host.connection()
    (outcome,) = apply(connection, [Change(resource=IMC, before=state(RUNNING), after=state(STOPPED))])
    assert outcome.status is OutcomeStatus.DONE, outcome


def test_contract_needs_are_started(host: ContractHost) -> None:
    """Starting a service starts what it depends on."""
    host.need_dependencies()
    host.seed_service(SimulatedService(name="MSExchangeIS", status=STOPPED))
    host.seed_service(imc(STOPPED))
    connection = host.connection()
    before = service_state(connection, Service("MSExchangeIS"))
    assert before.status is STOPPED
    (outcome,) = apply(connection, [Change(resource=IMC, before=state(STOPPED), after=state(RUNNING))])
    assert outcome.status is OutcomeStatus.DONE, outcome
    found = service_state(connection, Service("MSExchangeIS"))
    assert (found.status, found.dependents) == (RUNNING, (IMC.name,))


@pytest.mark.parametrize("status", [RUNNING, STOPPED, ServiceStatus.PAUSED])
def test_contract_restart(host: ContractHost, status: ServiceStatus) -> None:
    """A restarted service runs, whatever it did before."""
    host.seed_service(imc(status))
    connection = host.connection()
    (outcome,) = apply(connection, [Action(verb=Verb.RESTART, resource=IMC)])
    assert outcome.status is OutcomeStatus.DONE, outcome
    assert service_state(connection).status is RUNNING


@pytest.mark.parametrize("name", ["NoSuchService", DISPLAY, "MSExchangeI*", "MSExchangeIM[C]"])
def test_contract_names_are_literal(host: ContractHost, name: str) -> None:
    """Only the short name, taken literally, is a service; a display name or a pattern is not."""
    host.seed_service(imc())
    service, connection = Service(name), host.connection()
    assert connection.read([service]) == {service: ABSENT}
    (outcome,) = apply(connection, [Change(resource=service, before=state(RUNNING), after=state(STOPPED))])
    assert (outcome.status, outcome.before) == (OutcomeStatus.DRIFTED, ABSENT)
    (outcome,) = apply(connection, [Action(verb=Verb.RESTART, resource=service)])
    assert outcome.status is OutcomeStatus.FAILED
    assert name in outcome.message
    assert service_state(connection).status is RUNNING


def test_contract_service_name_without_case(host: ContractHost) -> None:
    """Service names are compared without case."""
    host.seed_service(imc())
    service = Service("msexchangeimc")
    assert isinstance(host.connection().read([service])[service], ServiceState)


def test_contract_slow_stop(host: ContractHost) -> None:
    """A stop that outlasts its limit fails with service, status and limit, after signs of life."""
    host.seed_service(imc(stop_seconds=4))
    events: list[Progress] = []
    change = Change(resource=IMC, before=state(RUNNING), after=state(STOPPED), timeout=1)
    (outcome,) = apply(host.connection(), [change], events)
    assert outcome.status is OutcomeStatus.FAILED
    for word in (IMC.name, "STOP_PENDING", "limit 1 s"):
        assert word in outcome.message
    assert isinstance(outcome.after, ServiceState)
    assert outcome.after.status is ServiceStatus.STOP_PENDING
    assert events
    assert all(event.item == change and event.limit == 1 and event.elapsed <= 1.5 for event in events)
    assert IMC.name in events[0].text


def test_contract_slow_start(host: ContractHost) -> None:
    """A start that outlasts its limit fails with service, status and limit."""
    host.seed_service(imc(STOPPED, start_seconds=4))
    change = Change(resource=IMC, before=state(STOPPED), after=state(RUNNING), timeout=1)
    (outcome,) = apply(host.connection(), [change])
    assert outcome.status is OutcomeStatus.FAILED
    for word in (IMC.name, "START_PENDING", "limit 1 s"):
        assert word in outcome.message


@pytest.mark.parametrize("mode", [ServiceMode.FAILS_TO_START, ServiceMode.DIES_AT_START])
def test_contract_start_that_fails(host: ContractHost, mode: ServiceMode) -> None:
    """A service that does not stay up is a failure, never a success."""
    host.seed_service(imc(STOPPED, mode=mode))
    connection = host.connection()
    (outcome,) = apply(connection, [Change(resource=IMC, before=state(STOPPED), after=state(RUNNING))])
    assert outcome.status is OutcomeStatus.FAILED
    assert IMC.name in outcome.message
    assert service_state(connection).status is STOPPED
