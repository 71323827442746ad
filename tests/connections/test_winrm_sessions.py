"""A connection's sessions, over the loopback endpoint: what a new one must prove, and old far sides."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from ndrfix.connections.base import OutcomeStatus
from ndrfix.connections.simulated import Simulation
from ndrfix.errors import FarSideError
from ndrfix.resources import ABSENT, COMPUTER, Change, RegistryData, RegistryKey, RegistryType, RegistryValue
from ndrfix.testing import Drip, HostListener, KillShells, RequestKind, Rule, WinRMEndpoint
from ndrfix.testing.pipelines import Agent, Step

MODE = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Acme"), "Mode")
SET = Change(resource=MODE, before=ABSENT, after=RegistryData(RegistryType.DWORD, 2))


@pytest.fixture
def listener() -> Iterator[HostListener]:
    """One host."""
    with WinRMEndpoint(Simulation.parse("ex01: {computer: {name: MAIL1}}")) as endpoint:
        yield endpoint.host("ex01")


def test_a_new_session_must_be_with_the_same_computer(listener: HostListener) -> None:
    """When a name leads to another computer by now, nothing is read there, and nothing is sent to it."""
    connection = listener.connect()
    try:
        connection.read([COMPUTER])
        connection.close()
        assert connection.read([MODE]) == {MODE: ABSENT}
        connection._computer = "MAIL9"
        connection.close()
        with pytest.raises(FarSideError, match="another computer answers now, MAIL1 in place of MAIL9"):
            connection.read([MODE])
        with pytest.raises(FarSideError, match="another computer answers now"):
            list(connection.apply([SET], on_event=lambda _: None))
        connection._computer = "MAIL1"
        assert connection.read([MODE]) == {MODE: ABSENT}
    finally:
        connection.close()


def test_a_lost_read_is_repeated_with_the_same_computer_only(listener: HostListener) -> None:
    """The safe repeat of a read goes through the same check."""
    connection = listener.connect()
    try:
        connection.read([COMPUTER])
        connection._computer = "MAIL9"
        listener.inject(Rule(KillShells(), kind=RequestKind.COMMAND))
        with pytest.raises(FarSideError, match="another computer"):
            connection.read([MODE])
    finally:
        connection.close()


def test_a_session_is_begun_by_one_statement(listener: HostListener, monkeypatch: pytest.MonkeyPatch) -> None:
    """PowerShell 2.0 (PSRP 2.1) knows no batches of statements: definitions and first call are one script."""
    sent: list[tuple[bool, ...]] = []
    run = Agent.run

    def watching(self: Agent, steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
        sent.append(tuple(step.script for step in steps))
        yield from run(self, steps)

    monkeypatch.setattr(Agent, "run", watching)
    connection = listener.connect()
    try:
        assert connection.read([MODE]) == {MODE: ABSENT}
        outcomes = list(connection.apply([SET], on_event=lambda _: None))
        assert [outcome.status for outcome in outcomes] == [OutcomeStatus.DONE]
    finally:
        connection.close()
    assert sent == [(True,), (False,)]


def test_the_end_of_a_session_is_bounded(listener: HostListener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that answers the deletion of its shell byte by byte, and would for ten minutes, is not waited for."""
    monkeypatch.setattr("ndrfix.connections.psrp._CLOSE_TIMEOUT", 0.3)
    listener.inject(Rule(Drip(1.0), kind=RequestKind.DELETE))
    connection = listener.connect()
    connection.read([COMPUTER])
    began = time.monotonic()
    connection.close()
    assert time.monotonic() - began < 10
    assert listener.wait(lambda counts: counts.connections == 0, timeout=10).shells == 0
