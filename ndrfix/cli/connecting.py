"""From a host's settings to its connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ndrfix.cli.fetching import Passwords
from ndrfix.cli.terminal import MASKER
from ndrfix.connections.base import Connection, Outcome, Progress, Reading
from ndrfix.errors import HostError, InputError
from ndrfix.inventory import ConnectionKind, ConnectionSettings
from ndrfix.resources import RemoteItem, Resource
from ndrfix.secrets import Secret

if TYPE_CHECKING:
    from ndrfix.connections.endpoint import Endpoint
    from ndrfix.connections.protocol import Target
    from ndrfix.connections.simulated import Simulation


@dataclass(slots=True)
class Connector:
    """Gives each host's connection. Simulated hosts live as long as this object: an apply meets what the plan met.

    `folder` is where relative paths of simulation files start: beside the inventory. `warn` is told what works, but
    badly. Through one management host no more hosts are worked on at a time than its `via_limit`: each needs a remote
    shell there, and a server gives an account a limited number of them. `closed` tells of hosts why there is no
    connection to them. `passwords` fetches what settings only name.
    """

    settings: Mapping[str, ConnectionSettings]
    folder: Path
    warn: Callable[[str], None] = lambda _text: None
    closed: Mapping[str, InputError] = field(default_factory=dict)
    passwords: Callable[[ConnectionSettings], Secret | None] = field(default_factory=lambda: Passwords(MASKER.add))
    _gates: dict[str, threading.Semaphore] = field(default_factory=dict, init=False)
    _simulations: dict[Path, Simulation] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, host: str) -> Connection:
        """A connection that is opened by its first use.

        Raises:
            InputError: a simulation file that cannot be read.
            HostError: a closed host, settings that no connection can be made with, or a password that cannot be
                fetched.
        """
        if host in self.closed:
            raise HostError(str(self.closed[host]), host=host, next_step=self.closed[host].next_step)
        settings = self.settings[host]
        if settings.connection is ConnectionKind.SIMULATED:
            return self._simulation(settings).host(settings.simulated_host or host).connect()
        if settings.via:
            return self._behind(self._complete(settings), self._complete(self.settings[settings.via]))
        return _winrm(self._complete(settings))

    def _complete(self, settings: ConnectionSettings) -> ConnectionSettings:
        return replace(settings, password=self.passwords(settings))

    def _behind(self, settings: ConnectionSettings, through: ConnectionSettings) -> Connection:
        with self._lock:
            gate = self._gates.setdefault(through.inventory_name, threading.Semaphore(through.via_limit))
        return Queued(_winrm(through, _target(settings, through), warn=self.warn), gate)

    def check(self) -> None:
        """Load the simulations, so that a fault in one is found before the run.

        Raises:
            InputError: a simulation file cannot be read, or lacks a host.
        """
        for host, settings in self.settings.items():
            if settings.connection is ConnectionKind.SIMULATED:
                self._simulation(settings).host(settings.simulated_host or host)

    def _simulation(self, settings: ConnectionSettings) -> Simulation:
        from ndrfix.connections.simulated import Simulation

        path = self.folder / (settings.simulation or "simulation.yml")
        with self._lock:
            if path not in self._simulations:
                self._simulations[path] = Simulation.load(path)
            return self._simulations[path]


class Queued:
    """A connection that waits for its turn before its first use, and gives the place up when it is closed."""

    def __init__(self, connection: Connection, gate: threading.Semaphore) -> None:
        self._connection = connection
        self._gate = gate
        self._inside = False

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """See `Connection.read`."""
        self._enter()
        return self._connection.read(resources)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """See `Connection.apply`."""
        self._enter()
        return self._connection.apply(items, on_event=on_event)

    def close(self) -> None:
        """See `Connection.close`."""
        self._connection.close()
        if self._inside:
            self._inside = False
            self._gate.release()

    def _enter(self) -> None:
        if not self._inside:
            self._gate.acquire()
            self._inside = True


def _target(settings: ConnectionSettings, through: ConnectionSettings) -> Target:
    from ndrfix.connections.protocol import Target

    return Target(
        name=settings.inventory_name,
        machine=settings.host,
        via=through.inventory_name,
        via_computer=through.computer_name or "",
        user=settings.user,
        password=settings.password,
    )


def _winrm(
    settings: ConnectionSettings, target: Target | None = None, *, warn: Callable[[str], None] = lambda _text: None
) -> Connection:
    from ndrfix.connections.winrm import WinRM

    return WinRM(_endpoint(settings), target, warn=warn)


def _endpoint(settings: ConnectionSettings) -> Endpoint:
    from ndrfix.connections.endpoint import Endpoint

    return Endpoint(
        name=settings.inventory_name,
        host=settings.host,
        port=settings.port,
        protocol=settings.protocol.value,
        path=settings.path,
        user=settings.user,
        password=settings.password,
        auth=settings.auth.value,
        cert_validation=settings.cert_validation,
        ca_cert=settings.ca_cert,
        certificate_pem=settings.certificate_pem,
        certificate_key_pem=settings.certificate_key_pem,
        proxy=settings.proxy,
        ignore_proxy=settings.ignore_proxy,
        message_encryption=settings.message_encryption.value,
        configuration_name=settings.configuration_name,
        connection_timeout=settings.connection_timeout,
        operation_timeout=settings.operation_timeout,
        read_timeout=settings.read_timeout,
        reconnection_retries=settings.reconnection_retries,
        reconnection_backoff=settings.reconnection_backoff,
        max_envelope_size=settings.max_envelope_size,
        negotiate_delegate=settings.negotiate_delegate,
        negotiate_hostname_override=settings.negotiate_hostname_override,
        negotiate_send_cbt=settings.negotiate_send_cbt,
        negotiate_service=settings.negotiate_service,
        credssp_auth_mechanism=settings.credssp_auth_mechanism.value,
        credssp_disable_tlsv1_2=settings.credssp_disable_tlsv1_2,
        credssp_minimum_version=settings.credssp_minimum_version,
        call_timeout=settings.call_timeout,
        host_timeout=settings.host_timeout,
    )
