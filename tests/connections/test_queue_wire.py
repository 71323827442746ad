"""Messages of a queue over the wire: told in portions, told once, and not believed when they do not add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ndrfix.connections import mailbag
from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.far_side import message_line, same_line
from ndrfix.connections.simulated_mail import message
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import HostError
from ndrfix.exchange.extract import Extract
from ndrfix.resources import ABSENT, MessageKind, MessageQueue, QueueFile, QueueState, RegistryKey, Resource
from ndrfix.secrets import Secret

QUEUE = MessageQueue("C:\\imcdata")
KEY = RegistryKey.parse("HKLM\\SOFTWARE\\a")
TEXT = message(MessageKind.NDR, 1)
STATE = "state|{}|queue>C:\\\\imcdata>{}>"
Lines = list[str]


def _message(name: str, size: int = len(TEXT), index: int = 0) -> str:
    return message_line(index, QueueFile(name, size, 7), Extract.of(TEXT, size))


class Session:
    """A session that answers with these lines, one list a call; `between` is called before each line."""

    offered = ""

    def __init__(self, answers: list[Lines], between: Callable[[], None]) -> None:
        self._answers, self._between = answers, between

    def open(self, *, secrets: bool = False) -> None:
        del secrets

    def call(self, *_arguments: object, **_more: object) -> Iterator[str]:
        for line in self._answers.pop(0):
            self._between()
            yield line

    def close(self) -> None:
        pass


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., WinRM]:
    """A connection that is answered with these lines, a list for each call."""

    def play(*answers: Lines, between: Callable[[], None] = lambda: None, host_timeout: float = 600.0) -> WinRM:
        left = list(answers)
        monkeypatch.setattr("ndrfix.connections.psrp.Session", lambda *_: Session(left, between))
        endpoint = Endpoint(
            host="192.0.2.1", user="u", password=Secret("p"), call_timeout=10.0, host_timeout=host_timeout
        )
        return WinRM(endpoint)

    return play


def _names(connection: WinRM, *more: Resource) -> list[str]:
    state = connection.read([QUEUE, *more])[QUEUE]
    assert isinstance(state, QueueState)
    return [each.name for each in state.messages]


def test_messages_come_sorted_with_their_queue(play: Callable[..., WinRM]) -> None:
    """Each queue gets its own messages, in the order of names, whatever else is asked for beside it."""
    other = MessageQueue("D:\\imcdata")
    lines = [
        _message("b"),
        _message("a"),
        STATE.format(0, 2),
        "state|1|absent",
        _message("c", 9, 2),
        STATE.format(2, 1),
    ]
    found = play(lines).read([QUEUE, KEY, other])
    assert found[KEY] == ABSENT
    first, second = found[QUEUE], found[other]
    assert isinstance(first, QueueState)
    assert isinstance(second, QueueState)
    assert [each.name for each in first.messages] == ["a", "b"]
    assert [each.file for each in second.messages] == [QueueFile("c", 9, 7)]
    assert first.messages[0].kind is MessageKind.NDR


def test_messages_as_before_are_the_same_objects(play: Callable[..., WinRM]) -> None:
    """A queue that is read again and again costs its messages once."""
    connection = play(
        [_message("a"), _message("b"), STATE.format(0, 2)],
        [same_line(0, "a"), _message("b", 9), STATE.format(0, 2)],
        [same_line(0, "b"), STATE.format(0, 1)],
    )
    first, second, third = (connection.read([QUEUE])[QUEUE] for _ in range(3))
    assert isinstance(first, QueueState)
    assert isinstance(second, QueueState)
    assert isinstance(third, QueueState)
    assert second.messages[0] is first.messages[0]
    assert second.messages[1].size == 9
    assert third.messages == (second.messages[1],)


@pytest.mark.parametrize(
    "lines",
    [
        [_message("a"), STATE.format(0, 2)],
        [_message("a"), _message("b"), STATE.format(0, 1)],
        [_message("a"), _message("a"), STATE.format(0, 2)],
        [_message("a", index=1), STATE.format(0, 1), "state|1|absent"],
        [_message("a", index=7), STATE.format(0, 0)],
        [same_line(0, "a"), STATE.format(0, 1)],
        [_message("a").replace("|", "||", 1), STATE.format(0, 1)],
        [_message("a")],
    ],
)
def test_messages_that_do_not_add_up_are_not_believed(play: Callable[..., WinRM], lines: Lines) -> None:
    """Too few, too many, twice, for nothing that was asked, never told before, garbled, or without an end."""
    wanted: list[Resource] = [QUEUE, KEY] if any(line.startswith("state|1") for line in lines) else [QUEUE]
    with pytest.raises(HostError):
        play(lines).read(wanted)


def test_what_was_told_is_forgotten_with_the_session(play: Callable[..., WinRM]) -> None:
    """A new session tells everything anew; that a message is as before means nothing there."""
    told, same = [_message("a"), STATE.format(0, 1)], [same_line(0, "a"), STATE.format(0, 1)]
    connection = play(told, same, same)
    assert _names(connection) == _names(connection) == ["a"]
    connection.close()
    with pytest.raises(HostError):
        _names(connection)


def test_a_queue_has_a_bound(play: Callable[..., WinRM], monkeypatch: pytest.MonkeyPatch) -> None:
    """A far side that never comes to an end is not taken in for ever."""
    monkeypatch.setattr(mailbag, "MOST", 3)
    lines = [_message(str(number)) for number in range(4)]
    assert len(_names(play([*lines[:3], STATE.format(0, 3)]))) == 3
    with pytest.raises(HostError, match="more than 3 messages"):
        _names(play([*lines, STATE.format(0, 4)]))


def test_messages_that_keep_coming_are_waited_for(play: Callable[..., WinRM], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message gives the call its full time again, but not more than the host's time limit."""
    now = [1000.0]
    monkeypatch.setattr("ndrfix.connections.winrm.time.monotonic", lambda: now[0])
    deadlines: list[float] = []
    made: list[WinRM] = []

    def between() -> None:
        deadlines.append(made[0]._deadline - now[0])
        now[0] += 6.0

    lines = [*(_message(f"{number:02}") for number in range(5)), STATE.format(0, 5)]
    made.append(play(lines, between=between, host_timeout=33.0))
    assert len(_names(made[0])) == 5
    assert deadlines == [10.0, 10.0, 10.0, 10.0, 9.0, 3.0]
