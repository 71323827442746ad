"""What rules do to a session, and what ndrfix says of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from ndrfix.connections.base import Outcome
from ndrfix.connections.simulated import Simulation
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import HostError, UnreachableError
from ndrfix.resources import ABSENT, Change, RegistryData, RegistryKey, RegistryType, RegistryValue
from ndrfix.testing import (
    Delay,
    Drip,
    Drop,
    Effect,
    Garbage,
    HostListener,
    HtmlError,
    KillShells,
    Refuse,
    RequestKind,
    Rule,
    SoapFault,
    Truncate,
    Unauthorized,
    WinRMEndpoint,
)

MODE = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE\\Acme"), "Mode")
ONE, TWO = RegistryData(RegistryType.DWORD, 1), RegistryData(RegistryType.DWORD, 2)
CHANGE = Change(resource=MODE, before=ONE, after=TWO)


def apply(connection: WinRM) -> list[Outcome]:
    return list(connection.apply([CHANGE], on_event=lambda _: None))


@dataclass(frozen=True, slots=True)
class Case:
    """An effect on the request that carries a change, what ndrfix says of it, and whether the host was changed."""

    effect: Effect
    words: str
    changed: bool


CASES = (
    Case(Drop(), "was lost: Remote end closed", changed=False),
    Case(Drop(after=True), "was lost: Remote end closed", changed=True),
    Case(Unauthorized(), "cannot log on|encrypted session .* was lost", changed=False),
    Case(HtmlError(), "answered with HTTP status 500", changed=False),
    Case(HtmlError(503), "answered with HTTP status 503", changed=False),
    Case(SoapFault(5), "denied access to the remote shell", changed=False),
    Case(Truncate(), "was cut in the middle of an answer", changed=True),
    Case(Garbage(), "answered with something that is not WinRM", changed=True),
    Case(KillShells(), "the remote shell on ex01 .* is gone", changed=False),
    Case(Refuse(0.0), "was lost: Remote end closed", changed=False),
)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.effect))
def test_effect_on_a_change(listener: HostListener, case: Case, auth: str) -> None:
    """A change that goes wrong on its way is the host's error; the effect decides whether it was carried out."""
    connection = listener.connect(auth, call_timeout=5.0)
    assert connection.read([MODE]) == {MODE: ONE}
    listener.inject(Rule(case.effect, kind=RequestKind.COMMAND))
    with pytest.raises(UnreachableError, match=case.words) as caught:
        apply(connection)
    assert caught.value.sent or not case.changed
    assert listener.host.read(MODE) == (TWO if case.changed else ONE)
    assert listener.counts.faults == 1
    connection.close()


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.effect != KillShells()], ids=lambda case: str(case.effect)
)
def test_after_an_effect_the_host_is_as_before(listener: HostListener, case: Case) -> None:
    """A rule is used up; a new session finds the host in order."""
    listener.inject(Rule(case.effect, kind=RequestKind.CREATE))
    first = listener.connect(call_timeout=5.0)
    with pytest.raises(HostError):
        first.read([MODE])
    first.close()
    second = listener.connect()
    assert second.read([MODE]) == {MODE: ONE}
    second.close()


def test_lost_read_is_repeated(listener: HostListener) -> None:
    """A read that is lost within a session is repeated by ndrfix over a new one."""
    connection = listener.connect()
    connection.read([MODE])
    listener.inject(Rule(Drop(), kind=RequestKind.RECEIVE))
    assert connection.read([MODE]) == {MODE: ONE}
    assert listener.counts.requests[RequestKind.CREATE] == 2
    connection.close()


def test_delay_passes_when_short(listener: HostListener) -> None:
    """A delay within all limits does no harm."""
    listener.inject(Rule(Delay(0.05), times=3))
    connection = listener.connect()
    began = time.monotonic()
    assert connection.read([MODE]) == {MODE: ONE}
    assert time.monotonic() - began >= 0.15
    connection.close()


@pytest.mark.parametrize("effect", [Delay(60.0), Drip(0.2)], ids=str)
def test_slow_host_meets_the_limit(listener: HostListener, effect: Effect) -> None:
    """A host that answers too late, or byte by byte, is given up at the limit of the call."""
    listener.inject(Rule(effect, kind=RequestKind.COMMAND))
    connection = listener.connect(call_timeout=0.5)
    with pytest.raises(UnreachableError):
        connection.read([MODE])
    connection.close()


def test_rules_count_their_requests(listener: HostListener) -> None:
    """A rule takes effect from the nth request of its kind on, as often as it says, and counts from its injection."""
    connection = listener.connect()
    connection.read([MODE])
    listener.inject(Rule(SoapFault(5), kind=RequestKind.COMMAND, nth=2, times=2))
    results = []
    for _ in range(4):
        try:
            connection.read([MODE])
            results.append("read")
        except HostError:
            results.append("refused")
    assert results == ["read", "refused", "refused", "read"]
    connection.close()


def test_rules_can_be_lifted(listener: HostListener) -> None:
    """Rules hold until they are lifted, and then no longer."""
    listener.inject(Rule(Drop(), times=1000))
    connection = listener.connect()
    with pytest.raises(UnreachableError):
        connection.read([MODE])
    listener.clear()
    assert connection.read([MODE]) == {MODE: ONE}
    connection.close()


def test_rules_are_those_of_one_host(simulation: Simulation) -> None:
    """A rule on one host leaves the others alone."""
    with WinRMEndpoint(simulation) as endpoint:
        endpoint.host("ex01").inject(Rule(Drop(), times=1000))
        connection = endpoint.host("ex02").connect()
        assert connection.read([MODE]) == {MODE: ONE}
        connection.close()


@pytest.mark.parametrize(("nth", "times"), [(0, 1), (1, 0)])
def test_rules_that_never_hold_are_refused(nth: int, times: int) -> None:
    """A rule counts from 1."""
    with pytest.raises(ValueError, match="counts from 1"):
        Rule(Drop(), nth=nth, times=times)


def test_refused_for_a_while(listener: HostListener) -> None:
    """While the host refuses, nobody gets through; when it ends, it listens on the same port."""
    port = listener.port
    connection = listener.connect()
    connection.read([MODE])
    with listener.refusing():
        with pytest.raises(UnreachableError):
            apply(connection)
        with pytest.raises(UnreachableError, match=r"nothing answers|refuse"):
            connection.read([MODE])
        assert listener.wait(lambda counts: counts.connections == 0).shells == 1
    assert listener.port == port
    assert connection.read([MODE]) == {MODE: ONE}
    connection.close()


def test_killed_shells_are_gone(listener: HostListener) -> None:
    """Shells that were killed are not counted, and whoever asks for one is refused."""
    connection = listener.connect()
    connection.read([MODE])
    assert listener.counts.shells == 1
    listener.inject(Rule(KillShells(), kind=RequestKind.COMMAND))
    with pytest.raises(UnreachableError, match="is gone"):
        list(connection.apply([Change(resource=MODE, before=ONE, after=ABSENT)], on_event=lambda _: None))
    assert listener.counts.shells == 0
    assert listener.host.read(MODE) == ONE
