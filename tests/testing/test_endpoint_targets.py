"""Sessions about a target behind a served management host: whose answers come, who is let in, what stops the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from ndrfix.connections.agent import agent_text
from ndrfix.connections.base import OutcomeStatus, Progress
from ndrfix.connections.protocol import Target
from ndrfix.connections.simulated import Simulation
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import UnreachableError
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    Action,
    Change,
    ComputerState,
    File,
    Located,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    Unreadable,
    Verb,
)
from ndrfix.secrets import Secret
from ndrfix.testing import Account, WinRMEndpoint
from ndrfix.testing.pipelines import Agent, Step, TerminatingError
from ndrfix.testing.targets import Neighbour, Network

HOSTS = r"""
jump01:
  computer: {name: JUMP01, os_version: 10.0.17763, powershell: 5.1.17763.1}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Control: {SCMApiConnectionParam: 0x80000000}
  services: {mrxsmb10: {}}
bare: {base: jump01, registry: {'HKLM\SYSTEM\CurrentControlSet\Control': null}, services: {mrxsmb10: null}}
slow: {base: jump01, registry: {'HKLM\SYSTEM\CurrentControlSet\Control': null}}
ex01:
  computer: {name: MAIL1, os_version: 4.0.1381, powershell: '2.0'}
  registry:
    HKLM\SOFTWARE\Acme: {Mode: 1}
    HKLM\SOFTWARE\Classes\.eml: {Kind: mail}
    HKCU\Software\Acme: {Mine: 1}
  services: {MSExchangeIMC: {stop_seconds: 12}}
ex02: {base: ex01, computer: {name: MAIL2}}
vista: {base: ex01, computer: {name: NEWER, os_version: 6.0.6002}}
off: {unreachable: it is switched off}
picky: {base: ex01, computer: {name: PICKY}, faults: [{at: open, kind: denied}, {at: open, kind: denied, nth: 2}]}
deaf: {base: ex01, computer: {name: DEAF}, services: {RemoteRegistry: {status: stopped}}}
shaky:
  base: ex01
  computer: {name: SHAKY}
  faults: [{at: read, kind: lost, nth: 2}, {at: read, kind: denied, nth: 3}, {at: apply, kind: lost, sent: after}]
"""
MODE = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Acme"), "Mode")
MINE = RegistryValue(RegistryKey.parse(r"HKCU\Software\Acme"), "Mine")
IMC = Service("MSExchangeIMC")
ONE, TWO = RegistryData(RegistryType.DWORD, 1), RegistryData(RegistryType.DWORD, 2)
OWN = Account("adm", Secret("of the target"))


@pytest.fixture
def endpoint() -> Iterator[WinRMEndpoint]:
    """Management hosts and hosts behind them; each kind has its own account."""
    behind = ("ex01", "ex02", "vista", "off", "picky", "deaf", "shaky")
    with WinRMEndpoint(Simulation.parse(HOSTS), accounts=dict.fromkeys(behind, OWN)) as endpoint:
        yield endpoint


def reached(endpoint: WinRMEndpoint, name: str, via: str = "jump01") -> WinRM:
    """A connection to a host through a management host."""
    return endpoint.host(name).connect(via=endpoint.host(via))


def blocked(endpoint: WinRMEndpoint, name: str = "ex01", via: str = "jump01", **changes: Any) -> UnreachableError:
    """The error of a read and of an apply that do not get there; both are the same, and nothing is written."""
    target = replace(endpoint.host(name).target(endpoint.host(via)), **changes)
    errors: list[UnreachableError] = []
    item = Change(resource=MODE, before=ONE, after=TWO)
    for work in (lambda each: each.read([MODE]), lambda each: list(each.apply([item], on_event=lambda _: None))):
        with closing(WinRM(endpoint.host(via).settings(), target)) as connection:
            with pytest.raises(UnreachableError) as caught:
                work(connection)
            errors.append(caught.value)
    assert errors[0].what == errors[1].what
    assert [host.host.writes for host in endpoint] == [()] * len(list(endpoint))
    return errors[0]


def test_two_targets_behind_one_host(endpoint: WinRMEndpoint) -> None:
    """Each session is about its own target: reads, items and signs of life; the management host is left alone."""
    told: list[Progress] = []
    restart = Action(verb=Verb.RESTART, resource=IMC)
    with closing(reached(endpoint, "ex01")) as first, closing(reached(endpoint, "ex02")) as second:
        for connection, name in ((first, "MAIL1"), (second, "MAIL2")):
            state = connection.read([COMPUTER, MODE])[COMPUTER]
            assert isinstance(state, ComputerState)
            # PowerShell is that of the management host, the rest that of the target.
            assert (state.name, state.os_version, state.powershell) == (name, "4.0.1381", "5.1.17763.1")
        items: list[RemoteItem] = [Change(resource=MODE, before=ONE, after=TWO), restart]
        done = list(first.apply(items, on_event=told.append))
        assert [each.status for each in done] == [OutcomeStatus.DONE] * 2
        assert (first.read([MODE])[MODE], second.read([MODE])[MODE]) == (TWO, ONE)
        assert endpoint.host("jump01").counts.shells == 2
    assert len(told) > 2
    assert endpoint.host("ex01").host.writes == tuple(items)
    assert endpoint.host("jump01").host.writes == ()
    counts = endpoint.host("jump01").counts
    assert (counts.shells, counts.most_shells) == (0, 2)
    assert endpoint.host("ex01").counts.total == 0


def test_a_session_without_target_is_about_the_host_itself(endpoint: WinRMEndpoint) -> None:
    """The management host is a host like any other."""
    with closing(endpoint.host("jump01").connect()) as connection:
        assert connection.read([MODE]) == {MODE: ABSENT}


def test_hives_of_another_computer(endpoint: WinRMEndpoint) -> None:
    """Classes and hardware are read and written below HKLM, the user's own hive is unreadable and cannot be written."""
    classes = RegistryKey.parse(r"HKCR\.eml")
    tree, kept = RegistryTree(classes, 1), RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Classes\.eml"), "Kind")
    kind, hardware = RegistryValue(classes, "Kind"), RegistryKey.parse(r"HKCC\Software")
    nowhere: list[Resource] = [File(Located(MINE, "x"))]
    with closing(reached(endpoint, "ex01")) as connection:
        found = connection.read([kind, tree, hardware, MINE, *nowhere])
        mail = RegistryData(RegistryType.STRING, "mail")
        assert found[kind] == mail
        assert found[hardware] == ABSENT
        for resource in (MINE, *nowhere):
            reading = found[resource]
            assert isinstance(reading, Unreadable)
            assert "HKCU" in reading.reason
        changes = [Change(resource=kind, before=mail, after=ONE), Change(resource=MINE, before=ONE, after=TWO)]
        first, second = connection.apply(changes, on_event=lambda _: None)
    assert (first.status, second.status) == (OutcomeStatus.DONE, OutcomeStatus.FAILED)
    assert "HKCU" in second.message
    assert endpoint.host("ex01").host.read(kept) == ONE
    assert endpoint.host("ex01").host.read(MINE) == ONE


@pytest.mark.parametrize(
    ("name", "changes", "what"),
    [
        (
            "ex01",
            {"via_computer": "JUMP02"},
            "the wrong management host: JUMP01 answers for jump01, JUMP02 is expected",
        ),
        (
            "ex01",
            {"machine": "MIAL1"},
            r"jump01 does not find \\MIAL1: the name is unknown or the port closed (Windows error 53)",
        ),
        ("ex01", {"machine": ""}, "no computer is named"),
        ("off", {}, r"jump01 does not find \\OFF: the name is unknown or the port closed (Windows error 53)"),
        ("ex01", {"password": Secret("wrong")}, r"\\MAIL1 refused MAIL1\adm (Windows error 1326)"),
        ("ex01", {"user": r"MAIL2\adm"}, r"\\MAIL1 refused MAIL2\adm (Windows error 1326)"),
        ("ex01", {"user": r"MAIL1\jo"}, r"\\MAIL1 refused MAIL1\jo (Windows error 1326)"),
        ("picky", {}, r"\\PICKY refused PICKY\adm (Windows error 1326)"),
        (
            "ex01",
            {"user": None, "password": None},
            r"the session on jump01 has nothing to log on to \\MAIL1 with, or may not (Windows error 5)",
        ),
        ("off", {"user": None, "password": None}, r"jump01 does not reach the registry of \\OFF"),
        ("deaf", {}, r"\\DEAF let DEAF\adm log on, but its remote registry does not answer (Windows error 53)"),
    ],
)
def test_what_stops_the_way(endpoint: WinRMEndpoint, name: str, changes: dict[str, Any], what: str) -> None:
    """A name that nobody has, a computer that is off or deaf and credentials that are wrong have their own words."""
    error = blocked(endpoint, name, **changes)
    assert what in error.what
    assert error.next_step
    assert not error.sent


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("adm", OWN),
        (r".\ADM", OWN),
        (r"mail1\adm", OWN),
        (r"ACME\adm", Account(r"ACME\adm", OWN.password)),
        (r"MAIL1\adm", Account(r"ACME\adm", OWN.password)),
    ],
)
def test_names_of_an_account(user: str, account: Account) -> None:
    """An account is known by its plain name, as one of the computer, and as one of its domain; without case."""
    assert account.admits(user, OWN.password.reveal(), "MAIL1")
    assert not account.admits(user, "wrong", "MAIL1")
    assert not account.admits(rf"OTHER\{account.name}", OWN.password.reveal(), "MAIL1")


def test_a_host_without_smb1(endpoint: WinRMEndpoint) -> None:
    """It does not get to an old server, and to a newer one it does."""
    assert "bare has no SMB1 client, so it cannot talk to \\\\MAIL1" in blocked(endpoint, via="bare").what
    with closing(reached(endpoint, "vista", "bare")) as connection:
        assert connection.read([MODE]) == {MODE: ONE}


@pytest.mark.parametrize(("via", "warned"), [("slow", True), ("jump01", False)])
def test_service_control_by_tcp_first(endpoint: WinRMEndpoint, via: str, warned: bool) -> None:
    """A management host without the bit waits for an old server's services; it is said once, and takes no time here."""
    warnings: list[str] = []
    through = endpoint.host(via)
    target = endpoint.host("ex01").target(through)
    with closing(WinRM(through.settings(), target, warn=warnings.append)) as connection:
        connection.read([MODE])
        assert warnings == []
        connection.read([IMC])
        connection.read([IMC])
    assert [r"service control of \\MAIL1 took 21 s" in text for text in warnings] == ([True] if warned else [])


def test_a_link_that_is_lost_behind_the_host(endpoint: WinRMEndpoint) -> None:
    """The session stays: what was asked for is unreadable, an item fails, and the next call works."""
    with closing(reached(endpoint, "shaky")) as connection:
        assert connection.read([MODE]) == {MODE: ONE}
        lost, denied = connection.read([MODE])[MODE], connection.read([MODE])[MODE]
        assert isinstance(lost, Unreadable)
        assert r"\\SHAKY breaks off the connection" in lost.reason
        assert isinstance(denied, Unreadable)
        assert denied.denied
        (outcome,) = connection.apply([Change(resource=MODE, before=ONE, after=TWO)], on_event=lambda _: None)
        assert outcome.status is OutcomeStatus.FAILED
        assert "no longer available" in outcome.message
        assert connection.read([MODE]) == {MODE: TWO}
    assert endpoint.host("jump01").counts.accepted == 1


# --- the agent itself -------------------------------------------------------------------------------------------------


def _agent() -> Agent:
    simulation = Simulation.parse(HOSTS)
    network = Network(Neighbour(host=simulation.host(name), account=OWN) for name in simulation.names)
    agent = Agent(simulation.host("jump01"), network)
    assert list(agent.run([Step(text=agent_text(), script=True)])) == []
    return agent


def _said(agent: Agent, name: str, **parameters: object) -> list[tuple[str, ...]]:
    return list(agent.run([Step(text=name, script=False, parameters=tuple(parameters.items()))]))


def test_a_password_must_be_a_secure_string() -> None:
    """A password in clear text is not taken, and nothing is read after that."""
    agent = _agent()
    table = {"Machine": "MAIL1", "Through": "", "User": "adm", "Password": "of the target"}
    assert _said(agent, "Connect-Ndrfix", Target=table) == [("target|logon|0|the password is no SecureString|1|1",)]
    assert _said(agent, "Read-Ndrfix", Request=[{"Kind": "computer"}]) == []
    assert _said(agent, "Invoke-Ndrfix", Item=[{"Kind": "restart", "Name": "MSExchangeIMC", "Timeout": 1}]) == []


def test_nothing_is_read_after_the_end() -> None:
    """When the connection to the target was taken down, the session is about nothing."""
    agent = _agent()
    assert len(_said(agent, "Read-Ndrfix", Request=[{"Kind": "computer"}])) == 1
    assert _said(agent, "Disconnect-Ndrfix") == []
    assert _said(agent, "Read-Ndrfix", Request=[{"Kind": "computer"}]) == []


def test_a_target_without_its_columns() -> None:
    """A table that names no target is an error of the pipeline."""
    with pytest.raises(TerminatingError, match="Through"):
        _said(_agent(), "Connect-Ndrfix", Target={"Machine": "MAIL1"})


def test_names_in_the_network() -> None:
    """A computer answers to its own name and to its host's; where two have one name, the computer's own counts."""
    simulation = Simulation.parse("a: {computer: {name: B}}\nb: {computer: {name: C}}\nd: {computer: {name: C}}\n")
    network = Network(Neighbour(host=simulation.host(name), account=OWN) for name in simulation.names)
    found = {name: network.find(name) for name in "abcde"}
    assert {name: each and each.host.name for name, each in found.items()} == {
        "a": "a",
        "b": "a",
        "c": "b",
        "d": "d",
        "e": None,
    }


def test_target_of_a_host(endpoint: WinRMEndpoint) -> None:
    """A host says how it is reached through another: by its computer's name, with its own account."""
    assert endpoint.host("ex01").target(endpoint.host("jump01")) == Target(
        name="ex01", machine="MAIL1", via="jump01", via_computer="JUMP01", user=r"MAIL1\adm", password=OWN.password
    )
