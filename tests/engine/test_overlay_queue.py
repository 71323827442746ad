"""The message queue in a dry run: what would have been moved is gone from its place, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.engine.overlay import Overlay
from ndrfix.exchange.layout import IMS, OUT_FOLDER, QUARANTINE_FOLDER, QUEUE
from ndrfix.resources import (
    ABSENT,
    BAD,
    REPLACED,
    Change,
    FolderState,
    LeftFile,
    Located,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RemoteItem,
    Resource,
    ServiceState,
    ServiceStatus,
)

RUN = Quarantine(QUARANTINE_FOLDER, "run-1")
KEPT = MessageQueue(Located(QUARANTINE_FOLDER.base, f"{QUARANTINE_FOLDER.tail}\\run-1"))
OPEN = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
CLOSED = replace(OPEN, status=QuarantineStatus.CLOSED)
DATA = Move(queue=QUEUE, quarantine=RUN, files=(QueueFile("queue.dat", -1, 0),), at="", kept="")


@pytest.fixture
def host() -> Iterator[SimulatedHost]:
    """A host with four messages in its queue; nothing may be written to it."""
    made = Simulation.parse(r"""
ex01:
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata'}
  services: {MSExchangeIMC: {status: stopped}}
  messages: {ndr: 3, user: 1}
""").host("ex01")
    yield made
    assert made.writes == ()
    assert made.operations == 0


@pytest.fixture
def overlay(host: SimulatedHost) -> Overlay:
    """A dry run on that host."""
    return Overlay(host.connect())


def _apply(overlay: Overlay, *items: RemoteItem) -> list[Outcome]:
    found = list(overlay.apply(items, on_event=lambda _: None))
    assert [each.status for each in found] == [OutcomeStatus.DONE] * len(items), found
    return found


def _read(overlay: Overlay, resource: Resource) -> Reading:
    return overlay.read([resource])[resource]


def _queue(overlay: Overlay, queue: MessageQueue = QUEUE) -> QueueState:
    state = _read(overlay, queue)
    assert isinstance(state, QueueState)
    return state


def _files(overlay: Overlay) -> tuple[QueueFile, ...]:
    return tuple(each.file for each in _queue(overlay).messages)


def test_overlay_queue_moves_and_counts(overlay: Overlay) -> None:
    """Queue, folder and quarantines all show what would be moved, and what would be put back."""
    before, counted = _queue(overlay), _read(overlay, OUT_FOLDER)
    files = _files(overlay)
    assert isinstance(counted, FolderState)
    move = Move(queue=QUEUE, quarantine=RUN, files=files[:3])
    size = sum(file.size for file in files[:3])
    moved = _apply(overlay, Change(resource=RUN, before=ABSENT, after=OPEN), move)[1]
    assert moved.after == MoveState(moved=3, size=size)
    assert _files(overlay) == files[3:]
    assert _read(overlay, OUT_FOLDER) == replace(counted, files=1, size=counted.size - size)
    assert _queue(overlay, KEPT).messages == before.messages[:3]
    everything = _read(overlay, Quarantines(QUARANTINE_FOLDER))
    assert isinstance(everything, QuarantinesState)
    assert [(run, state.messages, state.size) for run, state in everything.runs] == [("run-1", 3, size)]
    _apply(overlay, Change(resource=RUN, before=OPEN, after=CLOSED), Change(resource=RUN, before=CLOSED, after=OPEN))
    assert _apply(overlay, move.reversed())[0].after == MoveState(moved=3, size=size)
    assert _queue(overlay) == before
    assert _read(overlay, OUT_FOLDER) == counted
    emptied = _read(overlay, RUN)
    assert isinstance(emptied, QuarantineState)
    assert (emptied.messages, emptied.size) == (0, 0)
    _apply(overlay, Change(resource=RUN, before=OPEN, after=CLOSED), Change(resource=RUN, before=CLOSED, after=ABSENT))
    assert _read(overlay, RUN) == ABSENT


def test_overlay_queue_data(overlay: Overlay) -> None:
    """`queue.dat` goes, comes back by the reverse, is set aside, and is made anew when the service starts."""
    before = _queue(overlay)
    assert before.data is not None
    _apply(overlay, Change(resource=RUN, before=ABSENT, after=OPEN), DATA)
    assert _queue(overlay).data is None
    state = _read(overlay, RUN)
    assert isinstance(state, QuarantineState)
    assert state.data
    _apply(overlay, DATA.reversed())
    assert _queue(overlay) == before
    aside = replace(DATA, kept=REPLACED, replace=True)
    assert _apply(overlay, aside)[0].after == MoveState(moved=1, size=before.data.size)
    assert _queue(overlay).data is None
    gone = MoveState(moved=0, size=0, left=(LeftFile("queue.dat", "is no longer there"),))
    assert _apply(overlay, aside)[0].after == gone
    service = _read(overlay, IMS)
    assert isinstance(service, ServiceState)
    _apply(overlay, Change(resource=IMS, before=service, after=replace(service, status=ServiceStatus.RUNNING)))
    assert _queue(overlay).data is not None


def test_overlay_queue_set_aside(overlay: Overlay) -> None:
    """What is set aside is in neither queue nor quarantine, and comes back as it was put on record."""
    files = _files(overlay)
    aside = Move(queue=QUEUE, quarantine=RUN, files=files[:1], kept=BAD)
    _apply(overlay, Change(resource=RUN, before=ABSENT, after=OPEN), aside)
    assert _files(overlay) == files[1:]
    state = _read(overlay, RUN)
    assert isinstance(state, QuarantineState)
    assert state.messages == 0
    assert _apply(overlay, aside.reversed())[0].after == MoveState(moved=1, size=files[0].size)


def test_overlay_queue_leaves(overlay: Overlay) -> None:
    """What would be left on the host is left here, with the same words."""
    files = _files(overlay)
    changed = replace(files[1], size=files[1].size + 1)
    move = Move(queue=QUEUE, quarantine=RUN, files=(files[0], changed, QueueFile("nobody", 1, 1)))
    moved = _apply(overlay, Change(resource=RUN, before=ABSENT, after=OPEN), move)[1]
    left = (LeftFile(changed.name, "was changed since it was looked at"), LeftFile("nobody", "is no longer there"))
    assert moved.after == MoveState(moved=1, size=files[0].size, left=left)
    again = replace(move, files=files[:1])
    assert _apply(overlay, again)[0].after == MoveState(moved=1, size=files[0].size)
