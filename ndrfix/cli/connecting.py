"""From a host's settings to its connection."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ndrfix.connections.base import Connection
from ndrfix.inventory import ConnectionKind, ConnectionSettings

if TYPE_CHECKING:
    from ndrfix.connections.simulated import Simulation


@dataclass(slots=True)
class Connector:
    """Gives each host's connection. Simulated hosts live as long as this object: an apply meets what the plan met.

    `folder` is where relative paths of simulation files start: beside the inventory.
    """

    settings: Mapping[str, ConnectionSettings]
    folder: Path
    _simulations: dict[Path, Simulation] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, host: str) -> Connection:
        """A connection that is opened by its first use.

        Raises:
            InputError: a simulation file that cannot be read.
            HostError: settings that no connection can be made with.
        """
        settings = self.settings[host]
        if settings.connection is ConnectionKind.SIMULATED:
            return self._simulation(settings).host(settings.simulated_host or host).connect()
        return _winrm(settings)

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


def _winrm(settings: ConnectionSettings) -> Connection:
    from ndrfix.connections.endpoint import Endpoint
    from ndrfix.connections.winrm import WinRM

    endpoint = Endpoint(
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
    )
    return WinRM(endpoint)
