"""Moves between volumes of a simulated host: copied aside, on record, then the source goes; what broke off is ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ndrfix.connections import manifest
from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.connections.simulated_files import seen
from ndrfix.connections.simulation import Fault, FaultAt, FaultKind, Sent, SimulatedFile
from ndrfix.errors import UnreachableError
from ndrfix.resources import (
    ABSENT,
    Change,
    LeftFile,
    MessageQueue,
    Move,
    MoveState,
    PendingMove,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    ServiceStatus,
)

ROOT, RUN = "C:\\imcdata", "D:\\kept\\run-1"
OUT, KEPT = f"{ROOT}\\out", f"{RUN}\\out"
QUARANTINE = Quarantine("D:\\kept", "run-1")
OPEN = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
DATA = QueueFile("queue.dat", -1, 0)
WRITTEN = "2004-05-03T10:00:00Z"


class Ground:
    """A queue on C: and an open quarantine on D:, with messages where a move in this direction begins."""

    def __init__(self, *names: str, back: bool = False) -> None:
        self.host = Simulation.parse("ex01: {}").host("ex01")
        self.back = back
        self.source, self.target = (KEPT, OUT) if back else (OUT, KEPT)
        self.parts = f"{ROOT}\\ndrfix-part\\run-1" if back else f"{RUN}\\part"
        self.host.put_file(SimulatedFile(path=OUT, directory=True))
        self.apply(Change(resource=QUARANTINE, before=ABSENT, after=OPEN))
        self.files = tuple(self.put(f"{self.source}\\{name}", name.encode() * 3) for name in names)
        self.move = Move(queue=MessageQueue(ROOT), quarantine=QUARANTINE, files=self.files, back=back)

    def put(self, path: str, content: bytes, *, read_only: bool = False) -> QueueFile:
        """Make a file."""
        file = SimulatedFile(path=path, content=content, modified=WRITTEN, read_only=read_only)
        self.host.put_file(file)
        return seen(file)

    def apply(self, item: Change | Move) -> Outcome:
        """Carry an item out."""
        return next(iter(self.host.connect().apply([item], on_event=lambda _: None)))

    def moved(self) -> MoveState:
        """Move the files, and give what it came to."""
        done = self.apply(self.move)
        assert done.status is OutcomeStatus.DONE, done.message
        assert isinstance(done.after, MoveState)
        return done.after

    def noted(self, *lines: str) -> None:
        """Write lines to the manifest."""
        path = f"{RUN}\\{manifest.NAME}"
        text = manifest.appended(self.host.content(path), "".join(lines))
        self.host.put_file(SimulatedFile(path=path, content=text))

    def pending(self) -> set[str]:
        """The files that are on record as not moved."""
        state = self.host.read(QUARANTINE)
        assert isinstance(state, QuarantineState)
        return {each.file.name for each in state.pending}

    def record(self, file: QueueFile) -> PendingMove:
        """What is recorded of a file."""
        return PendingMove("out", "out", self.back, file)

    def fault(self, kind: FaultKind, nth: int, sent: Sent = Sent.BEFORE) -> None:
        """Let something happen at the nth operation from now."""
        self.host.add_fault(Fault(at=FaultAt.OPERATION, kind=kind, nth=self.host.operations + nth, sent=sent))


def _names(host: SimulatedHost, folder: str) -> set[str]:
    return set(host.files(folder))


@pytest.mark.parametrize("back", [False, True])
def test_copies_come_with_all_that_they_had(back: bool) -> None:
    """Content, time, the attribute; nothing is left where the copies were made."""
    ground = Ground("a", "b", back=back)
    ground.put(f"{ground.source}\\a", b"aaa", read_only=True)
    before = ground.host.files(ground.source)
    assert ground.moved() == MoveState(moved=2, size=6)
    assert ground.host.files(ground.target) == before
    assert _names(ground.host, ground.source) == set()
    assert ground.pending() == set()
    for folder in (ground.parts, f"{ROOT}\\ndrfix-part"):
        assert not [path for path in (ROOT, RUN, ground.target) if folder in ground.host.files(path)]
    text = ground.host.content(f"{RUN}\\{manifest.NAME}").decode()
    verb = "back" if back else "move"
    assert [line.split("|")[0] for line in text.split("\r\n")[2:-1]] == [verb, verb, "copied", "copied", "done", "done"]


@pytest.mark.parametrize("back", [False, True])
def test_what_the_manifest_says_was_copied_counts(back: bool) -> None:
    """A whole copy gets into its place and its source goes, one that is not on record is made anew."""
    ground = Ground("both", "part", "half", "placed", "gone", back=back)
    both, part, _, placed, gone = ground.files
    for file in (both, part):
        ground.put(f"{ground.parts}\\out.{file.name}", file.name.encode() * 3)
    ground.put(f"{ground.parts}\\out.half", b"h")
    ground.put(f"{ground.parts}\\out.stray", b"s")
    ground.put(f"{ground.target}\\placed", b"placed" * 3)
    for file in (part, placed, gone):
        ground.host.remove_file(f"{ground.source}\\{file.name}")
    ground.noted(*(manifest.record(ground.record(file)) for file in ground.files))
    ground.noted(*(manifest.copied(ground.record(file)) for file in (both, part, placed, gone)), "done|out")
    assert ground.pending() == {file.name for file in ground.files}
    state = ground.moved()
    assert (state.moved, state.left) == (4, (LeftFile("gone", "is no longer there"),))
    assert ground.host.files(ground.target) == {
        file.name: file.name.encode() * 3 for file in ground.files if file != gone
    }
    assert _names(ground.host, ground.source) == _names(ground.host, ground.parts) == set()
    assert ground.pending() == set()


def test_what_was_put_back_and_went_is_not_put_back_again() -> None:
    """Its copy is neither aside nor in the queue: the service may have sent it."""
    ground = Ground("a", back=True)
    (file,) = ground.files
    ground.noted(manifest.record(ground.record(file)), manifest.copied(ground.record(file)))
    (left,) = ground.moved().left
    assert "may have been sent" in left.reason
    assert (_names(ground.host, KEPT), _names(ground.host, OUT)) == ({"a"}, set())


def test_a_copy_that_a_restart_left_half_is_not_in_the_queue() -> None:
    """Nor does it stay when the move is repeated."""
    ground = Ground("a", back=True)
    ground.fault(FaultKind.RESTARTED, 2, Sent.DURING)
    with pytest.raises(UnreachableError):
        ground.apply(ground.move)
    assert ground.host.files(OUT) == {}
    assert ground.host.files(ground.parts) == {"out.a": b"a"}
    assert ground.moved().moved == 1
    assert ground.host.files(OUT) == {"a": b"aaa"}
    assert ground.host.files(ground.parts) == {}


# record, two copies, record, then for each the deletion and the rename, record
@pytest.mark.parametrize(
    ("nth", "kind", "left"),
    [
        (2, FaultKind.DENIED, {"a": "access is denied"}),
        (2, FaultKind.HELD, {}),
        (5, FaultKind.DENIED, {"a": "access is denied"}),
        (5, FaultKind.HELD, {}),
        (6, FaultKind.DENIED, {}),
        (6, FaultKind.HELD, {}),
    ],
)
@pytest.mark.parametrize("back", [False, True])
def test_a_file_that_cannot_go_stays_and_leaves_no_copy(
    nth: int, kind: FaultKind, left: dict[str, str], back: bool
) -> None:
    """What is held open is tried again; what may not be deleted is left with the reason."""
    ground = Ground("a", "b", back=back)
    ground.fault(kind, nth)
    assert {each.name: each.reason for each in ground.moved().left} == left
    assert _names(ground.host, ground.source) == set(left)
    assert _names(ground.host, ground.target) == {"a", "b"} - set(left)
    assert _names(ground.host, ground.parts) == set()
    assert ground.moved().moved == 2
    assert ground.pending() == set()


def test_a_copy_that_cannot_get_into_its_place_fails_the_move() -> None:
    """Its source is gone: the copy is on record, and the next move puts it in its place."""
    ground = Ground("a", "b")
    for nth in (6, 9, 10):
        ground.fault(FaultKind.DENIED, nth)
    failed = ground.apply(ground.move)
    assert failed.status is OutcomeStatus.FAILED
    assert failed.message == f"cannot put a in its place: it lies in {RUN}\\part"
    assert failed.after == MoveState(moved=1, size=3)
    assert ground.pending() == {"a"}
    assert ground.moved() == MoveState(moved=2, size=6)
    assert (_names(ground.host, KEPT), ground.pending()) == ({"a", "b"}, set())


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("sent", [Sent.BEFORE, Sent.DURING])
def test_a_manifest_that_cannot_be_written_stops_the_move(sent: Sent, back: bool) -> None:
    """Nothing is deleted then; the next move goes by what came to be on record."""
    ground = Ground("a", "b", back=back)
    ground.fault(FaultKind.HELD, 4, sent)
    assert ground.apply(ground.move).status is OutcomeStatus.FAILED
    assert (_names(ground.host, ground.source), _names(ground.host, ground.target)) == ({"a", "b"}, set())
    assert ground.moved() == MoveState(moved=2, size=6)
    assert _names(ground.host, ground.parts) == set()
    assert ground.pending() == set()


def test_queue_data_is_never_overwritten() -> None:
    """The one that the service made since goes to `replaced`; one in the way fails the move, and both stay."""
    ground = Ground()
    data = replace(ground.move, files=(DATA,), at="", kept="")
    for content, move in ((b"first", data), (b"second", replace(data, kept="replaced", replace=True))):
        ground.put(f"{ROOT}\\queue.dat", content, read_only=True)
        done = ground.apply(move)
        assert (done.status, done.after) == (OutcomeStatus.DONE, MoveState(moved=1, size=len(content)))
    ground.put(f"{ROOT}\\queue.dat", b"third")
    failed = ground.apply(data)
    assert (failed.status, failed.message) == (
        OutcomeStatus.FAILED,
        "queue.dat cannot be moved: a file of that name is there already",
    )
    assert ground.host.content(f"{RUN}\\queue.dat") == b"first"
    assert ground.host.content(f"{RUN}\\replaced\\queue.dat") == b"second"
    assert ground.host.content(f"{ROOT}\\queue.dat") == b"third"


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("garbled", [False, True])
def test_the_last_copy_of_a_message_is_kept_where_the_manifest_is_damaged(back: bool, garbled: bool) -> None:
    """The line that put it on record may be one that says nothing any more; elsewhere a copy need not be whole."""
    ground = Ground("a", "b", "c", back=back)
    for name in ("last", "a", "queue.dat"):
        ground.put(f"{ground.parts}\\out.{name}", b"copy")
    ground.noted("copied|out|ou", "") if garbled else None
    ground.noted(manifest.record(ground.record(ground.files[0])))
    assert ground.moved().moved == 3
    assert ground.host.files(ground.parts) == ({"out.last": b"copy"} if garbled else {})
    assert set(ground.host.files(ground.target)) == {"a", "b", "c"}
