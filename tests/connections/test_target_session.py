"""A session with a target over a real exchange: what travels, and in what order, with and without a password."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from psrpcore.types import PSSecureString

from ndrfix.connections.protocol import Target
from ndrfix.connections.simulated import Simulation
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import UnreachableError
from ndrfix.resources import COMPUTER, ComputerState
from ndrfix.secrets import Secret
from ndrfix.testing import Drop, HostListener, Rule, WinRMEndpoint
from ndrfix.testing.pipelines import Agent, Step, taken_apart

HOSTS = "jump01:\n  computer: {name: JUMP01, os_version: 10.0.17763}\n"
Seen = list[tuple[str, dict[str, object]]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """The commands about a target that the simulated host was sent, in order; it carries out the others."""
    commands: Seen = []
    run = Agent.run

    def watching(self: Agent, steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
        rest: list[Step] = []
        for step in itertools.chain.from_iterable(map(taken_apart, steps)):
            if step.text in ("Connect-Ndrfix", "Disconnect-Ndrfix"):
                commands.append((step.text, dict(step.parameters)))
            else:
                rest.append(step)
        yield from run(self, rest)

    monkeypatch.setattr(Agent, "run", watching)
    return commands


@pytest.fixture
def jump() -> Iterator[HostListener]:
    """A management host."""
    with WinRMEndpoint(Simulation.parse(HOSTS)) as endpoint:
        yield endpoint.host("jump01")


def _spent(jump: HostListener, target: Target | None) -> dict[str, int]:
    """The requests of one session that reads."""
    before = jump.counts.requests
    connection = WinRM(jump.settings(), target)
    assert isinstance(connection.read([COMPUTER])[COMPUTER], ComputerState)
    connection.close()
    return {kind.value: count - before.get(kind, 0) for kind, count in jump.counts.requests.items()}


def test_a_target_alone_costs_nothing(jump: HostListener, seen: Seen) -> None:
    """It travels in the pipeline of the first read."""
    without = _spent(jump, None)
    assert _spent(jump, Target(name="ex01", machine="MAIL1", via="jump01", via_computer="JUMP01")) == without
    assert seen == [("Connect-Ndrfix", {"Target": {"Machine": "MAIL1", "Through": "JUMP01", "User": ""}})]


def test_a_password_travels_encrypted_and_is_parted_from(jump: HostListener, seen: Seen) -> None:
    """As a SecureString, under a key agreed on in two requests; two more take the connection down in the end."""
    without = _spent(jump, None)
    spent = _spent(jump, Target(name="ex01", machine="MAIL1", via="jump01", user="ACME\\jo", password=Secret("geheim")))
    more = {name: count - without.get(name, 0) for name, count in spent.items() if count != without.get(name, 0)}
    assert more == {"send": 1, "receive": 2, "command": 1}
    (connect, table), (disconnect, nothing) = ((name, parameters) for name, parameters in seen)
    assert (connect, disconnect, nothing) == ("Connect-Ndrfix", "Disconnect-Ndrfix", {})
    target = table["Target"]
    assert isinstance(target, dict)
    assert isinstance(password := target.pop("Password"), PSSecureString)
    assert password.decrypt() == "geheim"
    assert target == {"Machine": "MAIL1", "Through": "", "User": "ACME\\\\jo"}


def test_a_lost_session_is_not_asked_to_part(jump: HostListener, seen: Seen) -> None:
    """The connection ends with the shell's log-on session then; nothing hangs, nothing is raised."""
    connection = WinRM(
        jump.settings(), Target(name="a", machine="B", via="jump01", user="u", password=Secret("geheim"))
    )
    connection.read([COMPUTER])
    jump.inject(Rule(Drop(), times=99))
    with pytest.raises(UnreachableError):
        connection.read([COMPUTER])
    connection.close()
    assert [name for name, _ in seen] == ["Connect-Ndrfix"]
