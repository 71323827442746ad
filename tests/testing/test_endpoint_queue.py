"""Long queues over a served host: what is told of them is told in few and short texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ndrfix.connections.base import OutcomeStatus
from ndrfix.connections.packing import packed
from ndrfix.connections.simulated import Simulation
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import FarSideError
from ndrfix.resources import (
    ABSENT,
    Change,
    Message,
    MessageKind,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    ServiceStatus,
)
from ndrfix.testing import HostListener, RequestKind, WinRMEndpoint

COUNT = 3000
HOSTS = f"""
ex01:
  computer: {{name: MAIL1}}
  registry:
    HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters: {{RootDir: 'C:\\exchsrvr\\imcdata'}}
  services:
    MSExchangeIMC: {{display_name: Internet Mail}}
  messages: {{ndr: {COUNT * 7 // 10}, user: {COUNT * 3 // 10}}}
"""
QUEUE = MessageQueue(r"C:\exchsrvr\imcdata")
OWN = Quarantine(r"C:\exchsrvr\imcdata\ndrfix", "run-1")
OPENED = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.RUNNING)


@pytest.fixture
def served() -> Iterator[HostListener]:
    """A host with many messages."""
    with WinRMEndpoint(Simulation.parse(HOSTS)) as endpoint:
        yield endpoint.host("ex01")


@pytest.fixture
def connection(served: HostListener) -> Iterator[WinRM]:
    """A connection to it."""
    made = served.connect("ntlm")
    yield made
    made.close()


def _messages(connection: WinRM) -> tuple[Message, ...]:
    state = connection.read([QUEUE])[QUEUE]
    assert isinstance(state, QueueState)
    return state.messages


def _cost(served: HostListener, before: tuple[int, int]) -> tuple[int, int]:
    """Bytes in both directions, and answers with output, beyond what was before."""
    counts = served.counts
    return counts.up + counts.down - before[0], counts.requests[RequestKind.RECEIVE] - before[1]


def test_a_message_costs_few_bytes(served: HostListener, connection: WinRM) -> None:
    """Less than 120 bytes in both directions when it is told first, less than 30 when it is as before; a thousand take
    two answers at most.
    """
    connection.read([OWN])
    start = _cost(served, (0, 0))
    assert len(_messages(connection)) == COUNT
    first, answers = _cost(served, start)
    assert first < 120 * COUNT
    assert 2 < answers <= 2 * COUNT // 1000 + 1
    start = _cost(served, (0, 0))
    assert len(_messages(connection)) == COUNT
    assert _cost(served, start)[0] < 30 * COUNT


def test_a_file_that_is_moved_costs_few_bytes(served: HostListener, connection: WinRM) -> None:
    """Less than 60 bytes in both directions, although each is named with size and time."""
    files = tuple(message.file for message in _messages(connection) if message.kind is MessageKind.NDR)
    (opened,) = connection.apply([Change(resource=OWN, before=ABSENT, after=OPENED)], on_event=lambda _: None)
    assert opened.status is OutcomeStatus.DONE
    start = _cost(served, (0, 0))
    (outcome,) = connection.apply([Move(queue=QUEUE, quarantine=OWN, files=files)], on_event=lambda _: None)
    assert _cost(served, start)[0] < 60 * len(files)
    assert outcome.after == MoveState(moved=len(files), size=sum(file.size for file in files))


def test_messages_that_have_much_in_common_share_it(connection: WinRM) -> None:
    """100,000 of them fit into the client's memory: domains and reasons are kept once."""
    messages = _messages(connection)
    assert len({id(message.domain) for message in messages}) == len({message.domain for message in messages}) < 10
    assert len({id(each.reasons) for each in messages}) == len({each.reasons for each in messages}) < COUNT / 10


def test_a_queue_that_is_read_again_takes_no_more_memory(connection: WinRM) -> None:
    """Messages that are as before are the very same ones, and so are their names."""
    first, again = _messages(connection), _messages(connection)
    assert [id(message) for message in again] == [id(message) for message in first]


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (lambda text: packed(text)[:-4], "is cut off"),
        (lambda text: f"{packed(text)}\n{packed('')}", "something else than messages"),
        (lambda text: packed(f"{text}progress|0|1|1|x\n"), "something else than messages"),
        (lambda text: packed(packed(text)), "something else than messages"),
        (lambda text: packed(text * 5), "more than 1048576 characters"),
    ],
    ids=("cut off", "nothing in it", "something else in it", "packed twice", "too long"),
)
def test_a_packed_line_that_is_wrong_ends_the_session(
    connection: WinRM, served: HostListener, monkeypatch: pytest.MonkeyPatch, spoiled: Callable[[str], str], why: str
) -> None:
    """Damaged, empty, about something else than messages, packed twice, or too long: nothing of it counts."""
    monkeypatch.setattr("ndrfix.testing.mail.packed", spoiled)
    with pytest.raises(FarSideError, match=why):
        connection.read([QUEUE])
    assert served.wait(lambda counts: counts.connections == 0).accepted == 1
