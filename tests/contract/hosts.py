"""The hosts on which the contract suite runs, each with a way to prepare it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from ndrfix.connections.base import Connection, OutcomeStatus
from ndrfix.connections.keys import service_value
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.connections.simulated_files import seen
from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import Denial, HostDescription, SimulatedFile
from ndrfix.engine.overlay import Overlay
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Change,
    ComputerState,
    File,
    QueueFile,
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

    def folder(self, scratch: RegistryKey) -> str:
        """Return the full path of a folder of the test's own; it does not exist yet."""

    def seed_file(self, path: str, content: bytes = b"", *, read_only: bool = False) -> QueueFile:
        """Make a file, and the folders above it, and return what a list of its folder says of it."""

    def hold(self, path: str) -> None:
        """Let another program open the file and share it with nobody; skips the test where that cannot be had."""

    def drop(self, path: str) -> None:
        """Delete the file."""

    def content(self, path: str) -> bytes | None:
        """Return what a file holds, None when there is none; skips the test where nothing is ever written to a disk."""

    def connection(self) -> Connection:
        """Return a new connection."""


_SINCE = 116_444_736_000_000_000  # 1970 in 100 ns since 1601

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

    def folder(self, scratch: RegistryKey) -> str:
        return f"C:\\{scratch.path.rpartition(chr(92))[2]}"

    def seed_file(self, path: str, content: bytes = b"", *, read_only: bool = False) -> QueueFile:
        file = SimulatedFile(path=path, content=content, read_only=read_only, modified="2004-05-03T10:00:00Z")
        self.host.put_file(file)
        return seen(file)

    def hold(self, path: str) -> None:
        self.host.put_file(
            SimulatedFile(path=path, content=self.content(path), held=True, modified="2004-05-03T10:00:00Z")
        )

    def drop(self, path: str) -> None:
        self.host.remove_file(path)

    def content(self, path: str) -> bytes | None:
        return self.host.content(path) if self.host.read(File(path)) != ABSENT else None

    def connection(self) -> Connection:
        return self.host.connect()


class Overlaid(Simulated):
    """The overlay over the simulated host."""

    def seed_service(self, service: SimulatedService) -> None:
        if service.mode is not ServiceMode.OK or max(service.start_seconds, service.stop_seconds) > 1:
            pytest.skip("an overlay cannot know how a process behaves")
        super().seed_service(service)

    def hold(self, path: str) -> None:
        pytest.skip("an overlay cannot know what other programs have open")

    def content(self, path: str) -> bytes | None:
        pytest.skip("an overlay writes nothing to a disk")

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
    """A host that is prepared through its own connection; its services have a key `Lab` to steer them, and `drive` is
    its drive C: on this machine.
    """

    def __init__(self, connection: Connection, drive: Path) -> None:
        self._connection = connection
        self._drive = drive

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

    def folder(self, scratch: RegistryKey) -> str:
        return f"C:\\ndrfix-contract-{scratch.path.rpartition(chr(92))[2]}"

    def _local(self, path: str) -> Path:
        return self._drive.joinpath(*path.removeprefix("C:\\").split("\\"))

    def seed_file(self, path: str, content: bytes = b"", *, read_only: bool = False) -> QueueFile:
        local = self._local(path)
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(content)
        local.chmod(0o444 if read_only else 0o644)
        about = local.stat()
        return QueueFile(local.name, about.st_size, about.st_mtime_ns // 100 + _SINCE)

    def hold(self, path: str) -> None:
        pytest.skip("nothing on this machine holds files as Windows does")

    def drop(self, path: str) -> None:
        self._local(path).unlink()

    def content(self, path: str) -> bytes | None:
        local = self._local(path)
        return local.read_bytes() if local.exists() else None

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
