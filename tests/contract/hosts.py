"""The hosts on which the contract suite runs, each with a way to prepare it."""

from __future__ import annotations

from typing import Protocol

import pytest

from ndrfix.connections.base import Connection, OutcomeStatus
from ndrfix.connections.keys import service_value
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import Denial, HostDescription
from ndrfix.engine.overlay import Overlay
from ndrfix.resources import (
    PRESENT,
    Change,
    ComputerState,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
    Unreadable,
)
from ndrfix.testing import WinRMEndpoint


class ContractHost(Protocol):
    """A host that a contract test prepares and then reaches as the product does."""

    def seed_value(self, value: RegistryValue, data: RegistryData) -> None:
        """Make the value."""

    def seed_key(self, key: RegistryKey) -> None:
        """Make the key."""

    def seed_service(self, service: SimulatedService) -> None:
        """Bring the service into that state; skips the test where this host cannot have it so."""

    def need_dependencies(self) -> None:
        """Skip the test where the host's service control manager knows nothing of dependencies."""

    def denied(self) -> Resource | None:
        """Return something that this host may not read, None when there is no such thing."""

    def connection(self) -> Connection:
        """Return a new connection."""


DESCRIPTION = HostDescription(computer=ComputerState(name="EX55", os_version="5.0.2195"))
JUMP = HostDescription(
    computer=ComputerState(name="JUMP01", os_version="10.0.17763"), services=(SimulatedService(name="mrxsmb10"),)
)


class Simulated:
    """The simulated host."""

    def __init__(self) -> None:
        self.host = SimulatedHost(DESCRIPTION)

    def seed_value(self, value: RegistryValue, data: RegistryData) -> None:
        self.host.put_value(value, data)

    def seed_key(self, key: RegistryKey) -> None:
        self.host.put_key(key)

    def seed_service(self, service: SimulatedService) -> None:
        self.host.put_service(service)

    def need_dependencies(self) -> None:
        pass

    def denied(self) -> Resource | None:
        secret = RegistryKey.parse("HKLM\\SECURITY\\Policy")
        self.host.put_key(secret)
        self.host.deny(Denial(secret))
        return RegistryValue(secret, "x")

    def connection(self) -> Connection:
        return self.host.connect()


class Overlaid(Simulated):
    """The overlay over the simulated host."""

    def seed_service(self, service: SimulatedService) -> None:
        if service.mode is not ServiceMode.OK or max(service.start_seconds, service.stop_seconds) > 1:
            pytest.skip("an overlay cannot know how a process behaves")
        super().seed_service(service)

    def connection(self) -> Connection:
        return Overlay(super().connection())


class Served(Simulated):
    """The simulated host behind a WinRM endpoint, reached over pypsrp, directly or through the management host `via`;
    serves inside its `with` block.
    """

    def __init__(self, auth: str, *, https: bool, via: str = "") -> None:
        simulation = Simulation({"ex55": DESCRIPTION, "jump01": JUMP})
        self.host = simulation.host("ex55")
        self._auth, self._via = auth, via
        self._endpoint = WinRMEndpoint(simulation, https=https)
        self._made: list[Connection] = []

    def connection(self) -> Connection:
        via = self._endpoint.host(self._via) if self._via else None
        self._made.append(self._endpoint.host("ex55").connect(self._auth, via=via))
        return self._made[-1]

    def __enter__(self) -> Served:
        self._endpoint.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for connection in self._made:
            connection.close()
        self._endpoint.close()


class Remote:
    """A host that is prepared through its own connection; its services have a key `Lab` to steer them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seed_value(self, value: RegistryValue, data: RegistryData) -> None:
        self._set(value, data)

    def seed_key(self, key: RegistryKey) -> None:
        self._set(key, PRESENT)

    def seed_service(self, service: SimulatedService) -> None:
        if service.status not in (ServiceStatus.RUNNING, ServiceStatus.STOPPED):
            pytest.skip(f"the lab's services cannot be brought to {service.status}")
        name = Service(service.name)
        self._steer(name, SimulatedService(name=service.name))
        found = self._connection.read([name])[name]
        if not isinstance(found, ServiceState):
            pytest.skip(f"the lab has no service {service.name}")
        for dependent in found.dependents:
            self._set_service(Service(dependent), ServiceStatus.STOPPED, service)
        self._set_service(name, ServiceStatus.STOPPED, service)
        self._steer(name, service)
        if service.status is ServiceStatus.RUNNING:
            self._set_service(name, ServiceStatus.RUNNING, service)
        self._set_service(name, service.status, service)

    def need_dependencies(self) -> None:
        pytest.skip("Wine neither lists dependent services nor starts needed ones")

    def denied(self) -> Resource | None:
        return None

    def connection(self) -> Connection:
        return self._connection

    def _steer(self, name: Service, service: SimulatedService) -> None:
        # A service reads these when it starts.
        lab = service_value(name, "").key
        steered = RegistryKey(lab.hive, f"{lab.path}\\Lab")
        self._set(RegistryValue(steered, "Mode"), RegistryData(RegistryType.STRING, service.mode))
        for kept, seconds in (("StartDelayMs", service.start_seconds), ("StopDelayMs", service.stop_seconds)):
            milliseconds = int(seconds * 1000) if seconds > 1 else 0
            self._set(RegistryValue(steered, kept), RegistryData(RegistryType.DWORD, milliseconds))

    def _set_service(self, name: Service, status: ServiceStatus, wanted: SimulatedService) -> None:
        same = name == Service(wanted.name)
        found = self._connection.read([name])[name]
        assert isinstance(found, ServiceState)
        start = wanted.start if same and status is wanted.status else found.start
        self._set(name, ServiceState(status=status, start=start))

    def _set(self, resource: RegistryValue | RegistryKey | Service, after: State) -> None:
        before = self._connection.read([resource])[resource]
        assert not isinstance(before, Unreadable)
        wanted = Change(resource=resource, before=before, after=after)
        (outcome,) = self._connection.apply([wanted], on_event=lambda _: None)
        assert outcome.status is OutcomeStatus.DONE, outcome
