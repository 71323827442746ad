"""A fixture for tests of playbooks; in `conftest.py`: `pytest_plugins = ["ndrfix.testing.pytest_plugin"]`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Unpack

import pytest

from ndrfix.connections.simulated import Simulation
from ndrfix.testing.winrm import EndpointSettings, WinRMEndpoint


class ServeHosts(Protocol):
    """Serves hosts and returns their endpoint."""

    def __call__(self, hosts: Path | str | Simulation, **settings: Unpack[EndpointSettings]) -> WinRMEndpoint:
        """The endpoint, which can be reached."""
        ...


@pytest.fixture
def serve_hosts() -> Iterator[ServeHosts]:
    """Serve simulated hosts until the test ends: `serve_hosts(Path("hosts.yml"))`, or with a `Simulation`.

    Keywords are those of `WinRMEndpoint`; the endpoint that is returned can be reached.
    """
    with contextlib.ExitStack() as stack:

        def serve(hosts: Path | str | Simulation, **settings: Unpack[EndpointSettings]) -> WinRMEndpoint:
            simulation = hosts if isinstance(hosts, Simulation) else Simulation.load(Path(hosts))
            return stack.enter_context(WinRMEndpoint(simulation, **settings))

        yield serve
