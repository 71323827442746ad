"""What the connection makes of a session's answers: order, repetition, limits; over a session that plays a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import requests

from ndrfix.connections import winrm
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.protocol import Request, Target
from ndrfix.connections.psrp import DeadlineError
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import FarSideError, HostError, UnreachableError
from ndrfix.resources import ABSENT, PRESENT, Action, Change, RegistryKey, Service, Unreadable, Verb
from ndrfix.secrets import Secret

KEYS = tuple(RegistryKey.parse(f"HKLM\\SOFTWARE\\{name}") for name in "abc")
ITEMS = tuple(Change(resource=key, before=ABSENT, after=PRESENT) for key in KEYS)
DONE = "outcome|{}|done|absent|present||"
LOST = requests.exceptions.ConnectionError("gone")
Answer = tuple[list[str], Exception | None]


class Script:
    """The answers of all sessions in turn, and a log of what was asked of them."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.log: list[str] = []

    def session(self, _endpoint: Endpoint, until: Callable[[], float]) -> ScriptedSession:
        return ScriptedSession(self, until)


class ScriptedSession:
    """A session that answers from the script."""

    offered = ""

    def __init__(self, script: Script, until: Callable[[], float]) -> None:
        self._script, self._until = script, until

    def open(self, *, secrets: bool = False) -> None:
        self._script.log.append("open with key" if secrets else "open")

    def call(
        self,
        command: str,
        parameter: str,
        rows: Sequence[Request],
        *,
        first: str = "",
        target: Target | None = None,
    ) -> Iterator[str]:
        assert self._until() > 0
        extras = (" with agent" if first else "") + (f" for {target.machine}" if target else "")
        self._script.log.append(f"{command} {parameter} {len(rows)}{extras}")
        lines, error = self._script.answers.pop(0)
        yield from lines
        if error:
            raise error

    def close(self) -> None:
        self._script.log.append("close")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[WinRM, Script]]:
    """A connection whose sessions give these answers."""

    def play(*answers: Answer, target: Target | None = None, warnings: list[str] | None = None) -> tuple[WinRM, Script]:
        script = Script(*answers)
        monkeypatch.setattr("ndrfix.connections.psrp.Session", script.session)
        told = [] if warnings is None else warnings
        return WinRM(
            Endpoint(host="192.0.2.1", name="ex01", user="u", password=Secret("p")), target, warn=told.append
        ), script

    return play


Play = Callable[..., tuple[WinRM, Script]]
READ: Answer = (["state|0|absent"], None)


def _apply(connection: WinRM, *items: Change | Action) -> list[Outcome]:
    return list(connection.apply(items, on_event=lambda _progress: None))


def test_the_agent_travels_with_the_first_call_only(play: Play) -> None:
    """One session serves all calls; the definitions are sent once for each session."""
    connection, script = play(READ, READ, ([DONE.format(0)], None))
    connection.read(KEYS[:1])
    connection.read(KEYS[:1])
    _apply(connection, ITEMS[0])
    connection.close()
    assert script.log == [
        "open",
        "Read-Ndrfix Request 1 with agent",
        "Read-Ndrfix Request 1",
        "Invoke-Ndrfix Item 1",
        "close",
    ]


def test_a_resource_asked_twice_is_read_once(play: Play) -> None:
    """Two spellings of one key are one request."""
    connection, script = play(READ)
    other = RegistryKey.parse("hklm\\software\\A")
    assert connection.read([KEYS[0], other]) == {KEYS[0]: ABSENT}
    assert script.log[-1] == "Read-Ndrfix Request 1 with agent"


def test_a_read_over_a_lost_session_is_repeated_once(play: Play) -> None:
    """A session that worked before may have been closed by the server: a new one is tried, with the agent again."""
    connection, script = play(READ, ([], LOST), READ)
    connection.read(KEYS[:1])
    assert connection.read(KEYS[:1]) == {KEYS[0]: ABSENT}
    assert script.log[2:] == ["Read-Ndrfix Request 1", "close", "open", "Read-Ndrfix Request 1 with agent"]


@pytest.mark.parametrize(
    "answers", [[([], LOST)], [READ, ([], LOST), ([], LOST)], [READ, ([], DeadlineError())]], ids=str
)
def test_a_read_is_not_repeated_without_hope(play: Play, answers: list[Answer]) -> None:
    """Not over a session that was new, not twice, not when it took too long."""
    connection, script = play(*answers)
    for _ in [answer for answer in answers if answer is READ]:
        connection.read(KEYS[:1])
    with pytest.raises(UnreachableError) as caught:
        connection.read(KEYS[:1])
    assert not caught.value.sent
    assert script.answers == []
    assert script.log[-1] == "close"


def test_outcomes_stream_with_their_items(play: Play) -> None:
    """Each outcome carries its item; progress goes to the callback in between."""
    lines = ["progress|0|200|60000|waiting", DONE.format(0), DONE.format(1)]
    connection, _ = play((lines, None))
    events: list[Progress] = []
    outcomes = connection.apply(ITEMS[:2], on_event=events.append)
    assert next(outcomes) == Outcome(item=ITEMS[0], status=OutcomeStatus.DONE, before=ABSENT, after=PRESENT)
    assert events == [Progress(item=ITEMS[0], text="waiting", elapsed=0.2, limit=60.0)]
    assert [outcome.item for outcome in outcomes] == [ITEMS[1]]


def test_nothing_comes_after_an_outcome_that_is_not_done(play: Play) -> None:
    """The far side stops there, and so does the iterator."""
    connection, script = play(([DONE.format(0), "outcome|1|drifted|present|present|moved|plan again"], None))
    outcomes = _apply(connection, *ITEMS)
    assert [outcome.status for outcome in outcomes] == [OutcomeStatus.DONE, OutcomeStatus.DRIFTED]
    assert (outcomes[1].message, outcomes[1].next_step) == ("moved", "plan again")
    assert "close" not in script.log


@pytest.mark.parametrize("error", [LOST, DeadlineError()], ids=["lost", "late"])
def test_a_lost_apply_is_never_repeated(play: Play, error: Exception) -> None:
    """What was done by then has been told; for the rest the error says that it may have arrived."""
    connection, script = play(READ, ([DONE.format(0)], error))
    connection.read(KEYS[:1])
    outcomes = connection.apply(ITEMS, on_event=lambda _progress: None)
    assert next(outcomes).item == ITEMS[0]
    with pytest.raises(UnreachableError) as caught:
        next(outcomes)
    assert caught.value.sent
    assert script.log.count("Invoke-Ndrfix Item 3") == 1


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        ([], 1),
        ([DONE.format(0)], 2),
        ([DONE.format(1)], 2),
        ([DONE.format(0), DONE.format(1)], 1),
        ([DONE.format(0), "outcome|1|failed||absent|no|", DONE.format(2)], 3),
        (["state|0|absent"], 1),
        (["hello"], 1),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(play: Play, lines: list[str], items: int) -> None:
    """A missing, doubled or foreign outcome is an error that says that items may have arrived."""
    connection, _ = play((lines, None))
    with pytest.raises(HostError, match="not understood") as caught:
        _apply(connection, *ITEMS[:items])
    assert isinstance(caught.value, UnreachableError)
    assert caught.value.sent


@pytest.mark.parametrize("lines", [[], ["state|1|absent"], ["state|0|absent", "state|1|absent"], [DONE.format(0)]])
def test_readings_that_do_not_fit_are_refused(play: Play, lines: list[str]) -> None:
    """Exactly what was asked for must be answered."""
    connection, _ = play((lines, None))
    with pytest.raises(FarSideError, match="answers to 1 requests"):
        connection.read(KEYS[:1])


def test_items_go_over_a_new_session_after_a_long_pause(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write must not be the call that finds out that the server has closed the connection."""
    connection, script = play(READ, ([DONE.format(0)], None))
    connection.read(KEYS[:1])
    monkeypatch.setattr(winrm, "_STALE", -1.0)
    _apply(connection, ITEMS[0])
    assert script.log[2:] == ["close", "open", "Invoke-Ndrfix Item 1 with agent"]


def test_a_session_is_replaced_before_it_is_full(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell takes a limited number of pipelines (pypsrp issue 148)."""
    monkeypatch.setattr(winrm, "_PIPELINES", 2)
    connection, script = play(READ, READ, READ)
    for _ in range(3):
        connection.read(KEYS[:1])
    assert script.log.count("open") == 2


def test_the_limit_of_an_item_grows_with_its_own(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart may take its time limit twice; the next item has the full limit again."""
    limits: list[float] = []

    class Watching(ScriptedSession):
        def call(
            self,
            command: str,
            parameter: str,
            rows: Sequence[Request],
            *,
            first: str = "",
            target: Target | None = None,
        ) -> Iterator[str]:
            for line in super().call(command, parameter, rows, first=first, target=target):
                limits.append(self._until())
                yield line
            limits.append(self._until())

    connection, script = play(([DONE.format(0), DONE.format(1)], None))
    monkeypatch.setattr("ndrfix.connections.psrp.Session", lambda _end, until: Watching(script, until))
    restart = Action(verb=Verb.RESTART, resource=Service("A"), timeout=1000)
    _apply(connection, ITEMS[0], restart)
    assert limits[1] - limits[0] > 1900


# --- a target behind the session's host -------------------------------------------------------------------------------

TARGET = Target(name="ex01", machine="MAIL1", via="jump01")
LOGGING_ON = Target(name="ex01", machine="MAIL1", via="jump01", user="ACME\\jo", password=Secret("geheim"))


def test_the_target_travels_with_the_agent(play: Play) -> None:
    """In the first call of each session, and only there; a session that is opened again is told again."""
    connection, script = play(READ, READ, ([], LOST), READ, target=TARGET)
    for _ in range(3):
        connection.read(KEYS[:1])
    first = "Read-Ndrfix Request 1 with agent for MAIL1"
    assert script.log == ["open", first, *["Read-Ndrfix Request 1"] * 2, "close", "open", first]


def test_a_key_is_agreed_on_only_for_a_password(play: Play) -> None:
    """Without credentials for the target no further request is made."""
    connection, script = play(READ, target=LOGGING_ON)
    connection.read(KEYS[:1])
    assert script.log[0] == "open with key"


def test_a_target_that_is_not_reached_ends_the_session(play: Play) -> None:
    """Nothing was sent that changes something, and the next use begins anew."""
    lost = "target|registry|53|not found|1|1"
    connection, script = play(([lost], None), ([lost], None), target=TARGET)
    with pytest.raises(UnreachableError, match=r"jump01 does not reach the registry of \\\\MAIL1") as caught:
        connection.read(KEYS[:1])
    assert (caught.value.sent, caught.value.host) == (False, "ex01")
    assert "ansible_host of ex01" in caught.value.next_step
    with pytest.raises(UnreachableError) as late:
        _apply(connection, ITEMS[0])
    assert not late.value.sent
    assert script.log.count("open") == script.log.count("close") == 2


def test_a_line_about_a_target_that_nobody_asked_for_is_refused(play: Play) -> None:
    """A far side that talks of another computer is not trusted."""
    connection, _ = play((["target||0||1|1", "state|0|absent"], None))
    with pytest.raises(FarSideError, match="not understood"):
        connection.read(KEYS[:1])


def test_an_unreadable_resource_of_a_target_says_what_to_do(play: Play) -> None:
    """The Windows error behind it is looked up for its kind of resource; others keep their own words."""
    lines = [
        "target||0||1|0",
        "state|0|unreadable>1>no>5",
        "state|1|unreadable>1>no>5",
        "state|2|unreadable>0>odd>9999",
    ]
    connection, _ = play((lines, None), target=LOGGING_ON)
    service = Service("MSExchangeIMC")
    found = connection.read([KEYS[0], service, KEYS[1]])
    assert isinstance(denied := found[KEYS[0]], Unreadable)
    assert denied.denied
    assert r"ACME\jo may not use the registry of \\MAIL1" in denied.reason
    assert isinstance(controlled := found[service], Unreadable)
    assert "SCMApiConnectionParam" in controlled.reason
    assert found[KEYS[1]] == Unreadable(reason="odd")


def test_slow_service_control_is_said_once(play: Play) -> None:
    """With the value that cures it; not where the value is set, and not for a short wait."""
    warnings: list[str] = []
    answer = ["state|0|absent", "slow|21050"]
    connection, _ = play((["target||0||1|0", *answer], None), (answer, None), target=TARGET, warnings=warnings)
    connection.read(KEYS[:1])
    connection.read(KEYS[:1])
    (warning,) = warnings
    assert r"ex01: service control of \\MAIL1 took 21 s" in warning
    assert "0x80000000 in the DWORD HKLM\\SYSTEM\\CurrentControlSet\\Control\\SCMApiConnectionParam" in warning
    for answers in (["slow|21050"], ["target||0||1|1", "slow|21050"], ["target||0||1|0", "slow|9000"]):
        connection, _ = play((["state|0|absent", *answers], None), target=TARGET, warnings=warnings)
        connection.read(KEYS[:1])
    assert len(warnings) == 1


@pytest.mark.parametrize(("pipes", "cured"), [("0", True), ("1", False)])
def test_a_call_that_takes_too_long_names_the_trap(play: Play, pipes: str, cured: bool) -> None:
    """Where service control goes the long way, that is what to do about it."""
    connection, _ = play(([f"target||0||1|{pipes}"], DeadlineError()), target=TARGET)
    with pytest.raises(UnreachableError) as caught:
        connection.read(KEYS[:1])
    assert ("SCMApiConnectionParam" in caught.value.next_step) is cured
