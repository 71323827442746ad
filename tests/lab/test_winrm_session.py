"""Sessions over a real WinRM exchange: what they cost, how they log on, and what becomes of faults."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ndrfix.connections.base import OutcomeStatus, Progress
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import FarSideError, HostError, UnreachableError
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    Change,
    ComputerState,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Service,
)
from ndrfix.secrets import Secret

pytestmark = pytest.mark.lab
Connect = Callable[..., WinRM]
Counts = Callable[[], dict[str, int]]
Inject = Callable[..., None]
KEY = RegistryKey.parse(r"HKLM\SOFTWARE\ndrfix session tests")
_TRIES = 4
VALUE = RegistryValue(KEY, "v")
ONE = RegistryData(RegistryType.DWORD, 1)


def _nothing(_progress: Progress) -> None:
    return


def _write(connection: WinRM, *items: RemoteItem) -> list[OutcomeStatus]:
    return [outcome.status for outcome in connection.apply(items, on_event=_nothing)]


def _clean(connection: WinRM) -> None:
    now = connection.read([VALUE])[VALUE]
    if now != ABSENT:
        assert isinstance(now, RegistryData)
        assert _write(connection, Change(resource=VALUE, before=now, after=ABSENT)) == [OutcomeStatus.DONE]


def test_the_computer_is_read(lab_connect: Connect) -> None:
    """Name, versions and rights of the computer that answers."""
    state = lab_connect().read([COMPUTER])[COMPUTER]
    assert isinstance(state, ComputerState)
    assert (state.name, state.administrator, state.bits) == ("EX55", True, 64)
    assert state.os_version.count(".") >= 2
    assert state.powershell


@pytest.mark.parametrize(("auth", "encryption", "log_on"), [("ntlm", "auto", 3), ("basic", "never", 0)])
def test_a_session_that_only_reads_is_one_pipeline(
    lab_connect: Connect, lab_counts: Counts, auth: str, encryption: str, log_on: int
) -> None:
    """However many resources: one Create, one Command, one Delete; no shell and no socket is left."""
    before = lab_counts()
    connection = lab_connect(auth=auth, message_encryption=encryption)
    connection.read([COMPUTER, VALUE, KEY, *(Service(f"Nobody{number}") for number in range(20))])
    connection.close()
    connection.close()
    gc.collect()
    now = lab_counts()
    spent = {name: count - before.get(name, 0) for name, count in now.items()}
    assert (spent["Create"], spent["Command"], spent["Delete"], spent["connections"]) == (1, 1, 1, 1)
    assert spent.get("Send", 0) == 0
    # The host answers a Receive as soon as there is something: the pool's opening takes two or three, the pipeline one
    # or two.
    assert 3 <= spent["Receive"] <= 5
    assert spent["requests"] == log_on + 3 + spent["Receive"]
    assert now["shells"] == before["shells"]


def test_a_large_request_is_one_pipeline_too(lab_connect: Connect, lab_counts: Counts) -> None:
    """A thousand resources do not fit in one envelope; they are sent in parts and answered all."""
    connection = lab_connect()
    values = [RegistryValue(KEY, f"value {number}") for number in range(1000)]
    before = lab_counts().get("Command", 0)
    assert connection.read(values) == dict.fromkeys(values, ABSENT)
    assert lab_counts()["Command"] == before + 1


def test_hosts_are_worked_on_by_threads(lab_connect: Connect) -> None:
    """Each thread has a connection of its own, and none disturbs another."""
    connections = [lab_connect() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda connection: connection.read([COMPUTER, VALUE])[COMPUTER], connections))
    assert len(set(states)) == 1
    assert isinstance(states[0], ComputerState)


def test_nothing_is_asked_for_nothing(lab_connect: Connect, lab_counts: Counts) -> None:
    """An empty read, an empty apply and a close without a session cost no request."""
    before = lab_counts()
    connection = lab_connect()
    assert connection.read([]) == {}
    assert list(connection.apply([], on_event=_nothing)) == []
    connection.close()
    assert lab_counts() == before


@pytest.mark.parametrize("auth", ["negotiate", "ntlm", "basic"])
def test_https_with_the_hosts_own_authority(
    lab_up: Callable[..., dict[str, Any]], lab_connect: Connect, auth: str
) -> None:
    """Over https every scheme works, and the certificate is verified against the file given."""
    connection = lab_connect(info=lab_up("--https", "--name", "EXTLS"), auth=auth)
    state = connection.read([COMPUTER])[COMPUTER]
    assert isinstance(state, ComputerState)
    assert state.name == "EXTLS"


def test_certificates_are_refused_with_the_reason(lab_up: Callable[..., dict[str, Any]], lab_connect: Connect) -> None:
    """A certificate of an unknown authority is refused with what to set."""
    info = lab_up("--https", "--name", "EXTLS")
    untrusted = lab_connect(info=info, ca_cert=None)
    with pytest.raises(UnreachableError, match="is not trusted") as caught:
        untrusted.read([COMPUTER])
    assert "ansible_psrp_ca_cert" in caught.value.next_step


def test_a_certificate_for_another_name_is_a_message_of_its_own(
    lab_up: Callable[..., dict[str, Any]], lab_connect: Connect
) -> None:
    """The authority is trusted, but the name asked for stands not in the certificate."""
    connection = lab_connect(info=lab_up("--https", "--name", "EXTLS"), host="127.1")
    with pytest.raises(UnreachableError, match="is for another name") as caught:
        connection.read([COMPUTER])
    assert "ansible_host" in caught.value.next_step


def test_http_to_a_tls_port_and_https_to_a_plain_port(
    lab_up: Callable[..., dict[str, Any]], lab_connect: Connect, lab: dict[str, Any]
) -> None:
    """Both mix-ups end with a hint at the port and the protocol."""
    for connection in (
        lab_connect(info=lab_up("--https", "--name", "EXTLS"), protocol="http", ca_cert=None),
        lab_connect(protocol="https", operation_timeout=1, read_timeout=2, connection_timeout=2),
    ):
        with pytest.raises(UnreachableError) as caught:
            connection.read([COMPUTER])
        assert "ansible_psrp_protocol" in caught.value.next_step, caught.value


@pytest.mark.parametrize(("auth", "encryption"), [("ntlm", "auto"), ("negotiate", "auto"), ("basic", "never")])
def test_a_wrong_password_names_user_host_and_schemes(lab_connect: Connect, auth: str, encryption: str) -> None:
    """The refusal says who was refused, where, and what the server offers; the password stands nowhere."""
    connection = lab_connect(auth=auth, message_encryption=encryption, user=r"ACME\svc", password=Secret("wrong-word"))
    with pytest.raises(UnreachableError, match=r"cannot log on to ex01 \(127\.0\.0\.1:\d+, \w+\)") as caught:
        connection.read([COMPUTER])
    assert r"ACME\svc" in caught.value.what
    assert "Negotiate" in caught.value.what
    assert "wrong-word" not in repr(caught.value) + caught.value.next_step


@pytest.mark.parametrize("action", ["Create", "Receive", "Command", "Delete"])
@pytest.mark.parametrize("kind", ["drop", "drop-reply", "cut", "html500", "401", "kill"])
@pytest.mark.parametrize(("auth", "encryption"), [("ntlm", "auto"), ("basic", "never")])
def test_no_fault_gets_through_unmapped(
    lab_connect: Connect, lab_faults: Inject, kind: str, action: str, auth: str, encryption: str
) -> None:
    """A read ends with an answer or with an error of ours, and closing never raises; then all works again."""
    connection = lab_connect(auth=auth, message_encryption=encryption, operation_timeout=5, call_timeout=10.0)
    lab_faults({"kind": kind, "action": action, "nth": 1, "times": 1})
    failure: HostError | None = None
    try:
        assert connection.read([VALUE])
    except HostError as error:
        failure = error
    assert failure is None or (failure.what and failure.next_step)
    connection.close()
    gc.collect()
    lab_faults()
    assert connection.read([VALUE])


@pytest.mark.parametrize("kind", ["drop", "cut", "kill"])
def test_a_lost_read_is_repeated_over_a_new_session(lab_connect: Connect, lab_faults: Inject, kind: str) -> None:
    """When an open session breaks, a read is asked once more; the caller notices nothing."""
    connection = lab_connect()
    first = connection.read([VALUE])
    lab_faults({"kind": kind, "action": "Command"})
    assert connection.read([VALUE]) == first


@pytest.mark.parametrize(("kind", "action"), [("drop-reply", "Command"), ("drop", "Receive"), ("kill", "Receive")])
def test_a_lost_write_is_never_repeated(
    lab_connect: Connect, lab_faults: Inject, lab_counts: Counts, kind: str, action: str
) -> None:
    """The error tells that the items may have arrived, and one Command was sent."""
    for _ in range(_TRIES):
        connection = lab_connect()
        _clean(connection)
        before = lab_counts()["Command"]
        lab_faults({"kind": kind, "action": action})
        lost: UnreachableError | None = None
        try:
            _write(connection, Change(resource=VALUE, before=ABSENT, after=ONE))
        except UnreachableError as error:
            lost = error
        if lost is not None:
            assert lost.sent
            assert lab_counts()["Command"] == before + 1
            return
        assert kind == "kill"  # on a busy machine it may come when the answer has been sent: then it proves nothing
    pytest.fail("PowerShell was never killed before it had answered")


def test_a_write_that_could_not_be_sent_says_so(lab_connect: Connect) -> None:
    """Without a session nothing can have arrived."""
    with pytest.raises(UnreachableError) as caught:
        _write(lab_connect(port=9), Change(resource=VALUE, before=ABSENT, after=ONE))
    assert not caught.value.sent
    assert "refuses connections" in caught.value.what


def test_a_host_that_hangs_is_given_up_at_the_limit(lab_connect: Connect, lab_faults: Inject) -> None:
    """A call has a limit of its own, also when every answer is late."""
    connection = lab_connect(operation_timeout=1, read_timeout=2, call_timeout=2.0, reconnection_backoff=0.1)
    connection.read([VALUE])
    lab_faults({"kind": "delay", "action": "Receive", "seconds": 30, "times": 9})
    began = time.monotonic()
    with pytest.raises(UnreachableError):
        _write(connection, Change(resource=VALUE, before=ABSENT, after=ABSENT))
    assert time.monotonic() - began < 15


def test_the_answer_of_a_call_is_bounded(lab_connect: Connect) -> None:
    """More output than allowed is an error of the host's side."""
    with pytest.raises(FarSideError, match="characters"):
        lab_connect(output_limit=10).read([COMPUTER])


def test_a_consumer_that_stops_early_ends_the_session(lab_connect: Connect, lab_counts: Counts) -> None:
    """Leaving the outcomes half read is no error, and the next call opens a new session."""
    connection = lab_connect()
    _clean(connection)
    same = Change(resource=VALUE, before=ABSENT, after=ABSENT)
    outcomes = connection.apply([same, same, same], on_event=_nothing)
    assert next(outcomes).status is OutcomeStatus.DONE
    del outcomes
    gc.collect()
    assert connection.read([VALUE]) == {VALUE: ABSENT}
