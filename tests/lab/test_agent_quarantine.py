"""The far side of the message queue on a real PowerShell: what is told of a quarantine, and done with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from ndrfix.connections.psrp import FAILURES
from ndrfix.resources import (
    ABSENT,
    MoveState,
    PendingMove,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    Service,
    ServiceStatus,
    Unreadable,
)
from tests.lab.far_side_session import CLOSED, OPEN, FarSide, Field, record

pytestmark = pytest.mark.lab
Script = Callable[[str], list[str]]
IMC = Service("MSExchangeIMC")
ODD = ("a [1].x", "'c' $x `n;", "d.", "e ", "nul", "com1.txt", "ü€\U0001f4a9", "_x0041_", "%TEMP%", "~1", "f.g.h")
DATA = os.environ.get("NDRFIX_DATA")


def test_a_quarantine_is_opened_closed_reopened_and_purged(field: Field) -> None:
    """Each only from the state that is there; purging wants the counts that were planned from."""
    files = field.fill("a", "b")
    field.open()
    assert field.change(ABSENT, OPEN).status == "drifted"
    field.move(*files)
    assert field.change(CLOSED, ABSENT).status == "drifted"
    opened = field.change(OPEN, ABSENT)
    assert (opened.status, "only a closed one is deleted" in opened.message) == ("failed", True)
    assert field.change(OPEN, CLOSED).status == "done"
    (refused,) = field.far.apply(field.item(*files, back=True))
    assert (refused.status, refused.message) == ("failed", "the quarantine is not open")
    stopped = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
    assert field.change(CLOSED, stopped).status == "done"
    state = field.far.state(field.quarantine)
    assert (state.status, state.promised, state.messages) == (QuarantineStatus.OPEN, ServiceStatus.STOPPED, 2)
    closed = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.STOPPED, messages=2, size=1)
    ended = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.STOPPED)
    assert field.change(stopped, ended).status == "done"
    assert field.change(closed, ABSENT).status == "drifted"
    total = sum(file.size for file in files)
    counted = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.STOPPED, messages=2, size=total)
    (field.run / "out" / "a").chmod(0o444)
    field.fill("x", folder=field.run / "bad")
    field.fill("queue.dat", folder=field.run / "replaced")
    (field.run / "queue.dat").write_bytes(b"1")
    before = sorted(field.run.rglob("*"))
    refused = field.change(counted, ABSENT)
    assert (refused.status, "set aside in `bad`" in refused.message) == ("failed", True)
    assert sorted(field.run.rglob("*")) == before
    (field.run / "bad" / "x").unlink()
    assert field.change(counted, ABSENT).status == "done"
    assert not field.run.exists()
    assert field.run.parent.exists()


@pytest.mark.parametrize("stranger", ["notes.txt", "other/x", "out/folder/x", "manifest.txt.bak"])
def test_a_purge_refuses_what_is_not_from_ndrfix(field: Field, stranger: str) -> None:
    """Before anything is deleted."""
    files = field.fill("a")
    field.open()
    field.move(*files)
    field.change(OPEN, CLOSED)
    path = field.run / stranger
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mine")
    before = sorted(field.run.rglob("*"))
    refused = field.change(CLOSED, ABSENT)
    assert refused.status == "failed"
    assert refused.message.endswith("in the quarantine is not from ndrfix, so nothing was deleted")
    assert sorted(field.run.rglob("*")) == before


def test_only_one_run_is_at_work_in_a_quarantine(field: Field, lab_script: Script) -> None:
    """As long as somebody has the manifest open for writing; reading goes on."""
    files = field.fill("a")
    field.open()
    field.held(lab_script, "Read", r"kept [1]\run-1\manifest.txt")
    (refused,) = field.far.apply(field.item(*files))
    assert (refused.status, refused.message) == ("failed", "another run is at work in this quarantine")
    assert refused.after == MoveState(moved=0, size=0)
    assert field.change(OPEN, CLOSED).message == "another run is at work in this quarantine"
    assert field.far.state(field.quarantine).status is QuarantineStatus.OPEN
    lab_script("$Held.Close()")
    assert field.change(OPEN, CLOSED).status == "done"


@pytest.mark.parametrize("garbled", [False, True])
def test_the_last_copy_of_a_message_is_kept_where_the_manifest_is_damaged(field: Field, garbled: bool) -> None:
    """The line that put it on record may be one that says nothing any more; elsewhere a copy need not be whole."""
    files = field.fill("a", "b")
    field.open()
    path = field.run / "manifest.txt"
    if garbled:
        path.write_bytes(path.read_bytes() + b"copied|out|ou\r\n")
    field.fill("out.last", "out.a", "out.queue.dat", folder=field.run / "part")
    assert field.far.state(field.quarantine).garbled == int(garbled)
    field.move(*files)
    assert [each.name for each in (field.run / "part").glob("*")] == (["out.last"] if garbled else [])


def test_a_line_that_was_cut_off_counts_for_nothing(field: Field) -> None:
    """And what is written next begins on a line of its own."""
    files = field.fill("a", "b")
    field.open()
    path = field.run / "manifest.txt"
    path.write_bytes(path.read_bytes() + b"clos")
    state = field.far.state(field.quarantine)
    assert (state.status, state.pending) == (QuarantineStatus.OPEN, ())
    field.move(*files)
    assert field.manifest == "open|running\r\nclos\r\n" + record("move", *files)
    state = field.far.state(field.quarantine)
    assert (state.status, state.messages, state.pending) == (QuarantineStatus.OPEN, 2, ())


def test_pending_moves_are_those_of_the_last_section(field: Field) -> None:
    """What was recorded and did not happen, for either way; after an opening anew, nothing is."""
    one, two = files = field.fill("a", "b")
    field.open()
    field.move(two)
    path = field.run / "manifest.txt"
    path.write_bytes(path.read_bytes() + (record("move", one) + record("back", two)).encode())
    state = field.far.state(field.quarantine)
    assert state.pending == (PendingMove("out", "out", False, one), PendingMove("out", "out", True, two))
    assert field.move(one).moved == 1
    assert field.move(two, back=True).moved == 1
    assert field.far.state(field.quarantine).pending == ()
    path.write_bytes(path.read_bytes() + record("back", one).encode())
    assert len(field.far.state(field.quarantine).pending) == 1
    field.change(OPEN, CLOSED)
    field.change(CLOSED, OPEN)
    assert field.far.state(field.quarantine).pending == ()
    assert files == (one, two)


def test_all_quarantines_are_told(field: Field) -> None:
    """Those that cannot be read with the reason; empty folders and files are none."""
    field.open()
    folder = field.run.parent
    (folder / "empty" / "out").mkdir(parents=True)
    (folder / "a file").write_bytes(b"x")
    newer = b"ndrfix-quarantine|2|newer|x\r\nopen|running\r\n"
    for path, text in (("none/notes.txt", b""), ("foreign/manifest.txt", b"hello\r\n"), ("newer/manifest.txt", newer)):
        (folder / path).parent.mkdir()
        (folder / path).write_bytes(text)
    state = field.far.state(Quarantines(str(field.quarantine.folder)))
    assert isinstance(state, QuarantinesState)
    assert [name for name, _ in state.runs] == ["run-1"]
    assert state.runs[0][1] == field.far.state(field.quarantine)
    assert dict(state.unreadable) == {
        "none": "there is no manifest.txt in it",
        "foreign": "its manifest.txt is not one of ndrfix",
        "newer": "its manifest.txt was written by a newer ndrfix",
    }
    for name, reason in state.unreadable:
        one = field.far.state(Quarantine(field.quarantine.folder, name))
        assert isinstance(one, Unreadable)
        assert one.reason == reason


def test_a_far_side_that_is_killed_leaves_a_record_of_what_it_was_at(
    field: Field, lab_faults: Callable[..., None], lab: dict[str, Any]
) -> None:
    """What was moved lies in the quarantine, what was not is pending, and the move can be repeated."""
    files = field.fill(*(f"m{number:05}" for number in range(4000)))
    field.open()
    lab_faults({"kind": "kill", "action": "Receive", "nth": 2})
    with pytest.raises(FAILURES):
        field.far.apply(field.item(*files))
    lab_faults()
    field.far.close()
    again = FarSide(lab)
    field.far = again
    moved = {path.name for path in (field.run / "out").iterdir()}
    assert 0 < len(moved) < 4000
    state = again.state(field.quarantine)
    recorded = field.manifest.split("\r\n")[1:-1]
    assert len(moved) <= len(recorded) <= len(moved) + 250
    assert {move.file.name for move in state.pending} == {line.split("|")[3].split("*")[0] for line in recorded} - moved
    assert {path.name for path in field.out.iterdir()} == {file.name for file in files} - moved
    assert field.move(*files) == MoveState(moved=4000, size=sum(file.size for file in files))
    assert again.state(field.quarantine).pending == ()
    again.close()
