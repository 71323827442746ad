"""Sessions with served hosts: what they cost, who may open one, what they answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import spnego
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from spnego.exceptions import OperationNotAvailableError

from ndrfix.connections.agent import agent_text
from ndrfix.connections.base import Progress
from ndrfix.connections.psrp import wsman_arguments
from ndrfix.connections.simulated import Simulation
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import FarSideError, UnreachableError
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    Action,
    Change,
    ComputerState,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    Service,
    TreeState,
    Verb,
)
from ndrfix.secrets import Secret
from ndrfix.testing import Account, HostListener, RequestKind, Scheme, WinRMEndpoint, conversation
from ndrfix.testing.accounts import Door
from ndrfix.testing.http import HttpReply, HttpRequest, read_request

ACME = RegistryKey.parse("HKLM\\SOFTWARE\\Acme")
MODE = RegistryValue(ACME, "Mode")
IMC = Service("MSExchangeIMC")
ONE, TWO = RegistryData(RegistryType.DWORD, 1), RegistryData(RegistryType.DWORD, 2)


def computer(connection: WinRM) -> str:
    """The name of the computer at the other end."""
    state = connection.read([COMPUTER])[COMPUTER]
    assert isinstance(state, ComputerState)
    return state.name


@pytest.mark.parametrize(
    ("auth", "https", "logons", "total"),
    [
        ("basic", False, 0, 6),
        ("ntlm", False, 3, 9),
        ("negotiate", False, 3, 9),
        ("basic", True, 0, 6),
        ("ntlm", True, 2, 8),
    ],
)
def test_session_takes_as_many_requests_as_on_windows(
    simulation: Simulation, auth: str, https: bool, logons: int, total: int
) -> None:
    """A session that reads once takes the requests that it takes with Windows, over one TCP connection."""
    with WinRMEndpoint(simulation, https=https) as endpoint:
        listener = endpoint.host("ex01")
        connection = listener.connect(auth)
        assert computer(connection) == "MAIL1"
        assert listener.counts.shells == 1
        connection.close()
        counts = listener.wait(lambda counts: counts.connections == 0)
    kinds = {RequestKind.CREATE: 1, RequestKind.RECEIVE: 3, RequestKind.COMMAND: 1, RequestKind.DELETE: 1}
    assert counts.requests == (kinds | {RequestKind.LOGON: logons} if logons else kinds)
    assert (counts.total, counts.shells, counts.accepted) == (total, 0, 1)
    assert counts.up > len(agent_text())
    assert counts.down > 0


@pytest.mark.parametrize(("auth", "readable"), [("basic", True), ("ntlm", False)])
def test_ntlm_seals_messages(
    listener: HostListener, monkeypatch: pytest.MonkeyPatch, auth: str, readable: bool
) -> None:
    """Over plain HTTP, basic shows what is sent both ways to anybody in between, and NTLM does not."""
    seen: list[bytes] = []
    plain_encoded = HttpReply.encoded

    async def read(reader: asyncio.StreamReader) -> HttpRequest | None:
        request = await read_request(reader)
        seen.append(request.body if request else b"")
        return request

    def encoded(reply: HttpReply) -> bytes:
        seen.append(plain_encoded(reply))
        return seen[-1]

    monkeypatch.setattr(conversation, "read_request", read)
    monkeypatch.setattr(HttpReply, "encoded", encoded)
    connection = listener.connect(auth)
    assert connection.read([MODE]) == {MODE: ONE}
    connection.close()
    assert len(seen) > 10
    assert any(b"Envelope" in data for data in seen) is readable


def test_progress_comes_while_the_service_waits(listener: HostListener) -> None:
    """A restart that takes its time is seen in several answers, without anybody waiting for it."""
    told: list[Progress] = []
    connection = listener.connect()
    (outcome,) = connection.apply([Action(verb=Verb.RESTART, resource=IMC)], on_event=told.append)
    connection.close()
    assert [(event.text, event.elapsed) for event in told] == [
        ("stopping MSExchangeIMC: STOP_PENDING", 0.0),
        ("stopping MSExchangeIMC: STOP_PENDING", 5.0),
        ("stopping MSExchangeIMC: STOP_PENDING", 10.0),
        ("starting MSExchangeIMC: START_PENDING", 0.0),
    ]
    assert outcome.after is not None
    assert listener.counts.requests[RequestKind.RECEIVE] == 2 + len(told) + 1
    assert listener.host.clock.seconds == 13.0


def test_large_answers_come_in_portions(listener: HostListener) -> None:
    """A tree that fills several envelopes arrives whole."""
    deep = RegistryKey(ACME.hive, f"{ACME.path}\\Deep")
    text = RegistryData(RegistryType.STRING, "ä<&>" * 2000)
    for number in range(30):
        listener.host.put_value(RegistryValue(deep, f"v{number}"), text)
    tree = RegistryTree(deep, 3)
    connection = listener.connect()
    found = connection.read([tree])[tree]
    connection.close()
    assert isinstance(found, TreeState)
    assert [data for _, data in found.keys[0].values] == [text] * 30
    assert listener.counts.requests[RequestKind.RECEIVE] > 4


def test_one_host_one_state(listener: HostListener) -> None:
    """What one connection writes, another one reads, and the simulated host knows of it."""
    writer, reader = listener.connect("basic"), listener.connect("ntlm")
    change = Change(resource=MODE, before=ONE, after=TWO)
    list(writer.apply([change], on_event=lambda _: None))
    assert reader.read([MODE]) == {MODE: TWO}
    assert listener.host.writes == (change,)
    for connection in (writer, reader):
        connection.close()


# --- who may come in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize(
    "account", [Account("Administrator", Secret("wrong")), Account("Nobody")], ids=["password", "user"]
)
def test_wrong_account_is_refused(listener: HostListener, auth: str, account: Account) -> None:
    """A wrong password, or somebody unknown, gets no session."""
    connection = listener.connect(auth, user=account.user, password=account.password)
    with pytest.raises(UnreachableError, match="cannot log on"):
        connection.read([MODE])
    assert set(listener.counts.requests) == {RequestKind.LOGON}


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize("spelling", ["administrator", "ex01\\Administrator", ".\\Administrator"])
def test_account_may_be_spelled_as_on_windows(listener: HostListener, auth: str, spelling: str) -> None:
    """A local account goes by its name in any case, alone or after the computer's name."""
    connection = listener.connect(auth, user=spelling)
    assert computer(connection) == "MAIL1"
    connection.close()


def test_hosts_with_different_accounts_in_one_process(simulation: Simulation) -> None:
    """Each host knows its own account, also when all log on at a time, and the environment knows none."""
    accounts = {name: Account("ACME\\admin", Secret(f"secret of {name}")) for name in ("ex01", "ex02")}
    with WinRMEndpoint(simulation, accounts=accounts) as endpoint:

        def named(number: int) -> str:
            connection = endpoint.host(f"ex0{1 + number % 2}").connect("ntlm")
            try:
                return computer(connection)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(named, range(16))) == ["MAIL1", "MAIL2"] * 8
        stranger = endpoint.host("ex01").connect("ntlm", password=accounts["ex02"].password)
        with pytest.raises(UnreachableError):
            stranger.read([MODE])
    assert "NTLM_USER_FILE" not in os.environ


@pytest.mark.parametrize(("offered", "auth"), [(Scheme.BASIC, "ntlm"), (Scheme.NEGOTIATE, "basic")])
def test_only_offered_schemes_count(simulation: Simulation, offered: Scheme, auth: str) -> None:
    """A host that does not offer a scheme refuses it."""
    with WinRMEndpoint(simulation, schemes=[offered]) as endpoint:
        connection = endpoint.host("ex01").connect(auth)
        with pytest.raises(UnreachableError):
            connection.read([MODE])
        good = endpoint.host("ex01").connect()
        assert computer(good) == "MAIL1"
        good.close()


def test_certificate_is_checked(simulation: Simulation) -> None:
    """A client that does not know the endpoint's authority refuses its certificate."""
    with WinRMEndpoint(simulation, https=True) as endpoint:
        connection = endpoint.host("ex01").connect(ca_cert=None)
        with pytest.raises(UnreachableError, match="certificate"):
            connection.read([MODE])


# --- what is answered -------------------------------------------------------------------------------------------------


@contextmanager
def pool_on(listener: HostListener) -> Iterator[RunspacePool]:
    """A runspace pool of pypsrp, as anybody may open one."""
    wsman = WSMan(**wsman_arguments(replace(listener.settings("basic"), operation_timeout=1)))
    pool = RunspacePool(wsman)
    pool.open()
    try:
        yield pool
    finally:
        pool.close()
        wsman.close()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("Get-Process", "runs no scripts"),
        (f"Remove-Item C:\\*\n{agent_text()}", "runs no scripts"),
    ],
)
def test_foreign_scripts_are_never_run(listener: HostListener, script: str, words: str) -> None:
    """A script other than ndrfix's own ends with a terminating error; so does one that only contains it."""
    with pool_on(listener) as pool:
        shell = PowerShell(pool)
        shell.add_script(script)
        assert shell.invoke() == []
        assert shell.state == PSInvocationState.FAILED
        assert shell.had_errors
        assert words in str(shell.streams.error[0])
    assert listener.host.writes == ()


def test_nothing_of_a_pipeline_with_a_foreign_script_is_carried_out(listener: HostListener) -> None:
    """A foreign script anywhere in a pipeline keeps the whole of it from being begun."""
    row = {"Kind": "value", "Hive": "HKLM", "Path": "SOFTWARE\\\\Acme", "Name": "Mode", "Timeout": 1000}
    with pool_on(listener) as pool:
        shell = PowerShell(pool)
        shell.add_script(agent_text()).add_statement()
        change = {**row, "Before": "data>dword>1", "After": "absent"}
        shell.add_cmdlet("Invoke-Ndrfix").add_parameter("Item", [change]).add_statement()
        shell.add_script("Get-Process")
        shell.invoke()
        assert shell.state == PSInvocationState.FAILED
    assert listener.host.writes == ()
    assert listener.host.read(MODE) == ONE


def test_functions_exist_once_the_agent_was_sent(listener: HostListener) -> None:
    """As on Windows, the agent's functions are there after its text, in the shell that got it."""
    with pool_on(listener) as pool:
        for sent, state in ((False, PSInvocationState.FAILED), (True, PSInvocationState.COMPLETED)):
            shell = PowerShell(pool)
            if sent:
                shell.add_script(agent_text()).add_statement()
            shell.add_cmdlet("Read-Ndrfix").add_parameter("Request", [{"Kind": "computer"}])
            output = shell.invoke()
            assert shell.state == state
        assert str(output[0]).startswith("state|0|computer>MAIL1>")
        later = PowerShell(pool)
        later.add_cmdlet("Read-Ndrfix").add_parameter("Request", [{"Kind": "computer"}])
        assert len(later.invoke()) == 1


@pytest.mark.parametrize("rows", [[{"Kind": "mailbox"}], "text", [{"Kind": "computer", "x": 1}, {}]], ids=str)
def test_wrong_tables_end_with_an_error(listener: HostListener, rows: object) -> None:
    """A request that the agent could make nothing of fails as a whole."""
    with pool_on(listener) as pool:
        shell = PowerShell(pool)
        shell.add_script(agent_text()).add_statement()
        shell.add_cmdlet("Read-Ndrfix").add_parameter("Request", rows)
        assert shell.invoke() == []
        assert shell.state == PSInvocationState.FAILED


def test_script_errors_are_far_side_errors(listener: HostListener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ndrfix tells a pipeline that failed from a session that is lost."""
    monkeypatch.setattr("ndrfix.connections.psrp.opening", lambda *_names, **_more: "Get-Process")
    connection = listener.connect()
    with pytest.raises(FarSideError, match="runs no scripts"):
        connection.read([MODE])
    connection.close()


def test_pipeline_can_be_stopped(listener: HostListener) -> None:
    """A signal ends a pipeline; the shell goes on."""
    with pool_on(listener) as pool:
        shell = PowerShell(pool)
        shell.add_script(agent_text()).add_statement()
        shell.add_cmdlet("Read-Ndrfix").add_parameter("Request", [{"Kind": "computer"}])
        shell.begin_invoke()
        shell.stop()
        assert shell.state == PSInvocationState.STOPPED
        again = PowerShell(pool)
        again.add_cmdlet("Read-Ndrfix").add_parameter("Request", [{"Kind": "computer"}])
        assert len(again.invoke()) == 1


def test_keys_can_be_exchanged(listener: HostListener) -> None:
    """A client that wants to send a SecureString gets a key for it."""
    with pool_on(listener) as pool:
        pool.exchange_keys()
        assert pool._key_exchanged


def test_receive_without_output_times_out(listener: HostListener) -> None:
    """A Receive for which nothing comes ends with the fault that pypsrp takes for patience."""
    with pool_on(listener) as pool:
        while pool.state != 2:
            pool._receive()
        with pytest.raises(WSManFaultError) as caught:
            pool._receive()
    assert caught.value.code == 2150858793


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_logging_on_counts_once_for_each_session(auth: str) -> None:
    """The second session is the one that a fault at the second opening is about, whatever the first one asked for."""
    text = "ex01: {computer: {name: A, os_version: '5.0'}, faults: [{at: open, nth: 2, kind: denied}]}"
    with WinRMEndpoint(Simulation.parse(text)) as endpoint:
        first = endpoint.host("ex01").connect(auth)
        assert computer(first) == computer(first) == "A"
        second = endpoint.host("ex01").connect(auth)
        with pytest.raises(UnreachableError, match="cannot log on"):
            second.read([COMPUTER])
        first.close()


def test_an_account_is_known_to_its_own_door_only(tmp_path: Path) -> None:
    """Once a token was looked at, pyspnego knows of no account any more; without one it accepts nobody."""
    door = Door(Account(), "EX01", tmp_path)
    assert not door.acceptor().complete
    with pytest.raises(OperationNotAvailableError):
        spnego.server(protocol="ntlm")


FAULTY = r"""
refuses: {computer: {name: A, os_version: 5.0.2195}, faults: [{at: open, kind: denied}]}
silent: {computer: {name: B, os_version: 5.0.2195}, faults: [{at: open, kind: unreachable}]}
gone: {unreachable: the name cannot be resolved}
loses: {computer: {name: C, os_version: 5.0.2195}, faults: [{at: apply, nth: 2, kind: lost, sent: after}]}
denies: {computer: {name: D, os_version: 5.0.2195}, faults: [{at: read, kind: denied}]}
"""


def test_faults_of_the_simulation_show_on_the_wire() -> None:
    """The faults that the simulation's file describes reach the client as a host's would."""
    with WinRMEndpoint(Simulation.parse(FAULTY)) as endpoint:
        with pytest.raises(UnreachableError, match="cannot log on"):
            endpoint.host("refuses").connect().read([MODE])
        for name in ("silent", "gone"):
            with pytest.raises(UnreachableError):
                endpoint.host(name).connect().read([MODE])
        with pytest.raises(FarSideError, match="access is denied"):
            endpoint.host("denies").connect().read([MODE])
        loses = endpoint.host("loses")
        outcomes = loses.connect().apply(
            [Change(resource=RegistryValue(ACME, name), before=ABSENT, after=ONE) for name in ("a", "b", "c")],
            on_event=lambda _: None,
        )
        assert next(outcomes).after == ONE
        with pytest.raises(UnreachableError) as caught:
            next(outcomes)
        assert caught.value.sent
        assert len(loses.host.writes) == 2
        assert loses.counts.shells == 0
