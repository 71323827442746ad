"""Two simulated hosts to be served, and requests for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ndrfix.connections.simulated import Simulation
from ndrfix.testing import HostListener, WinRMEndpoint

pytest_plugins = ["ndrfix.testing.pytest_plugin"]

HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SOFTWARE\Acme: {Mode: 1}
  services:
    MSExchangeIMC: {display_name: Internet Mail, stop_seconds: 12}
ex02: {base: ex01, computer: {name: MAIL2}}
"""


@pytest.fixture
def simulation() -> Simulation:
    """The hosts as they are described."""
    return Simulation.parse(HOSTS)


@pytest.fixture
def listener(simulation: Simulation) -> Iterator[HostListener]:
    """The first host, behind an endpoint that speaks HTTP and knows basic and NTLM."""
    with WinRMEndpoint(simulation) as endpoint:
        yield endpoint.host("ex01")


@pytest.fixture(autouse=True)
def _quick_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the watchdog of a session bark early, so that no test has to wait for it."""
    monkeypatch.setattr("ndrfix.connections.wires._GRACE", 0.2)
