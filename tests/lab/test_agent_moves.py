"""The far side of the message queue on a real PowerShell: messages are moved, left and put back."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ndrfix.connections.protocol import OutcomeLine
from ndrfix.resources import (
    ABSENT,
    Change,
    Folder,
    MessageQueue,
    Move,
    MoveState,
    PendingMove,
    Quarantine,
    QueueFile,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
)
from tests.lab.far_side_session import OPEN, Field, record, seen
from tests.lab.witness import Witness

pytestmark = pytest.mark.lab
Script = Callable[[str], list[str]]
IMC = Service("MSExchangeIMC")
ODD = ("a [1].x", "'c' $x `n;", "d.", "e ", "nul", "com1.txt", "ü€\U0001f4a9", "_x0041_", "%TEMP%", "~1", "f.g.h")
DATA = os.environ.get("NDRFIX_DATA")


def test_messages_are_moved_and_put_back(field: Field) -> None:
    """On record before each; a repeated move counts what is there already."""
    files = field.fill("a", "b", "c")
    field.open()
    assert field.far.state(field.quarantine).messages == 0
    total = sum(file.size for file in files)
    for _ in range(2):
        assert field.move(*files) == MoveState(moved=3, size=total)
    assert tuple(seen(field.run / "out" / file.name) for file in files) == files
    state = field.far.state(field.quarantine)
    assert (state.messages, state.size, state.pending, state.data) == (3, total, (), False)
    for _ in range(2):
        assert field.move(*files, back=True) == MoveState(moved=3, size=total)
    assert field.manifest == "open|running\r\n" + record("move", *files) + record("back", *files)
    assert tuple(seen(field.out / file.name) for file in files) == files


def test_what_changed_or_went_or_is_there_already_is_left(field: Field) -> None:
    """Each with its reason; all others are moved, and nothing is written about those that are left."""
    files = field.fill("same", "changed", "touched", "gone", "twice", "folder")
    same, twice = files[0], files[4]
    field.open()
    (field.out / "changed").write_bytes(b"longer than it was before")
    os.utime(field.out / "touched", (1, 1))
    (field.out / "gone").unlink()
    (field.out / "folder").unlink()
    (field.out / "folder").mkdir()
    field.fill("twice", folder=field.run / "out")
    os.utime(field.run / "out" / "twice", (1, 1))
    assert field.left(*files) == {
        "changed": "was changed since it was looked at",
        "touched": "was changed since it was looked at",
        "gone": "is no longer there",
        "twice": "a file of that name is there already",
        "folder": "is a folder",
    }
    assert field.manifest == "open|running\r\n" + record("move", same)
    assert (field.out / "twice").exists()
    assert field.move(twice, replace=True).moved == 1
    assert not (field.out / "twice").exists()
    assert seen(field.run / "out" / "twice") == twice


def test_read_only_files_are_moved_and_replaced(field: Field) -> None:
    """queue.dat too, as it is: with a size of -1 nothing is compared."""
    (file,) = field.fill("a")
    (field.out / "a").chmod(0o444)
    data = field.out.parent / "queue.dat"
    old = field.run / "queue.dat"
    field.open()
    for path in (data, old):
        path.write_bytes(b"data of " + path.parent.name.encode())
        path.chmod(0o444)
    assert field.move(file).moved == 1
    assert seen(field.run / "out" / "a") == file
    assert not (field.run / "out" / "a").stat().st_mode & 0o222
    whole = QueueFile("queue.dat", -1, 0)
    (refused,) = field.far.apply(field.item(whole, at="", kept=""))
    assert (refused.status, refused.message) == (
        "failed",
        "queue.dat cannot be moved: a file of that name is there already",
    )
    assert _state(refused).left[0].reason == "a file of that name is there already"
    assert field.move(whole, at="", kept="", replace=True) == MoveState(moved=1, size=len(b"data of imc data"))
    assert old.read_bytes() == b"data of imc data"
    assert field.far.state(field.quarantine).data
    assert field.manifest.endswith("move|||queue.dat*-1*0\r\n")


def test_a_message_held_open_is_left_after_some_tries(field: Field, lab_script: Script) -> None:
    """One that is only read, by a program that lets it be renamed, is moved."""
    files = field.fill("a", "b")
    field.open()
    field.held(lab_script, "Read")
    assert field.left(*files) == {"a": "is held open by another program"}
    lab_script("$Held.Close()")
    field.held(lab_script, "ReadWrite, Delete")
    assert field.move(files[0]).moved == 1
    lab_script("$Held.Close()")


def test_a_message_that_is_let_go_is_moved_by_a_later_try(field: Field, lab_script: Script) -> None:
    """Held open when it is tried first, and closed before the last try."""
    files = field.fill("a", "b")
    field.open()
    field.held(lab_script, "Read")
    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(field.move, *files)
        while "move|out|out|a" not in field.manifest:
            assert not moved.done()
        lab_script("$Held.Close()")
        assert moved.result().moved == 2


def test_queue_data_is_waited_for_until_the_service_lets_go(field: Field, lab: dict[str, Any]) -> None:
    """While the service runs, for all of the time limit; after it was stopped, as long as its process takes to end."""
    # Other tests of the session may have left it otherwise, or put another queue.dat in place of the one that it holds.
    host = Witness(lab)
    host.mend()
    for status in ("STOPPED", "RUNNING"):
        host.bring("MSExchangeIMC", status)
    queue = MessageQueue(r"C:\exchsrvr\imcdata")
    data = Path(lab["drive_c"]) / "exchsrvr" / "imcdata" / "queue.dat"
    assert data.exists()
    field.open()
    whole = QueueFile("queue.dat", -1, 0)
    move = Move(queue=queue, quarantine=field.quarantine, files=(whole,), at="", kept="", timeout=2.5)
    (held,) = field.far.apply(move)
    assert isinstance(held.after, MoveState)
    assert (held.status, held.message) == ("failed", "queue.dat cannot be moved: is held open by another program")
    assert [one.reason for one in held.after.left] == ["is held open by another program"]
    assert "moving messages: 0 of 1" in field.far.progress
    assert field.far.state(field.quarantine).pending == (PendingMove("", "", False, whole),)
    running = ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC)
    stopped = ServiceState(status=ServiceStatus.STOPPED, start=StartType.AUTOMATIC)
    stop = Change(resource=IMC, before=running, after=stopped)
    outcomes = field.far.apply(stop, move, move.reversed(), stop.reversed())
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    assert [outcome.after for outcome in outcomes[1:3]] == [MoveState(moved=1, size=data.stat().st_size)] * 2


def test_the_time_limit_leaves_the_rest(field: Field) -> None:
    """Nothing more is moved, and the item is done."""
    files = field.fill(*(f"m{number}" for number in range(300)))
    field.open()
    left = field.left(*files, timeout=0.001)
    assert set(left.values()) == {"the time limit was reached"}
    assert len(left) + len(list((field.run / "out").iterdir())) == 300


def test_many_messages_are_moved_in_batches_with_signs_of_life(field: Field) -> None:
    """2,000 messages: each is on record once, in order."""
    files = field.fill(*(f"m{number:05}" for number in range(2000)))
    field.open()
    assert field.move(*files) == MoveState(moved=2000, size=sum(file.size for file in files))
    assert field.manifest == "open|running\r\n" + record("move", *files)
    assert all(re.fullmatch(r"moving messages: \d+ of 2000", text) for text in field.far.progress)


def test_names_that_lead_elsewhere_are_refused(field: Field) -> None:
    """A name is one name: no folder, no stream, no drive."""
    field.open()
    field.fill("a")
    for name in ("..", r"..\out\a", "../a", "a:b", ""):
        (done,) = field.far.apply(field.item(QueueFile(name, -1, 0)))
        assert (done.status, done.after) == ("failed", MoveState(moved=0, size=0)), name
        assert "name" in done.message
    for changes in ({"at": ".."}, {"kept": r"..\x"}, {"at": "C:"}):
        (done,) = field.far.apply(field.item(QueueFile("a", -1, 0), **changes))
        assert done.status == "failed", changes
    assert (field.out / "a").exists()


@pytest.fixture
def place(field: Field) -> Iterator[Path]:
    """A folder on another volume."""
    folder = Path("/dev/shm") / f"ndrfix-{os.getpid()}"
    folder.mkdir()
    field.fill()
    if folder.stat().st_dev == field.out.stat().st_dev:
        pytest.skip("/dev/shm is on the same volume")
    yield folder
    shutil.rmtree(folder)


def _elsewhere(field: Field, place: Path) -> Quarantine:
    """A quarantine that was opened on the other volume."""
    quarantine = Quarantine(rf"Z:\dev\shm\{place.name}", "run-1")
    (made,) = field.far.apply(Change(resource=quarantine, before=ABSENT, after=OPEN))
    assert made.status == "done"
    return quarantine


def _there(place: Path) -> Folder:
    return Folder(rf"Z:\dev\shm\{place.name}")


def _state(line: OutcomeLine) -> MoveState:
    assert isinstance(line.after, MoveState)
    return line.after


def _manifest(place: Path) -> str:
    return (place / "run-1" / "manifest.txt").read_bytes().decode("ascii").split("\r\n", 1)[1]


def test_another_volume_is_reached_by_copying(field: Field, place: Path) -> None:
    """With size, time and attributes; on record as copied before the sources go, and nothing else is left of it."""
    quarantine = _elsewhere(field, place)
    files = field.fill("a", "b", "c")
    (field.out / "c").chmod(0o444)
    kept = place / "run-1" / "out"
    (place / "run-1" / "part").mkdir()
    (place / "run-1" / "part" / "out.a").write_bytes(b"a part of an old copy that is longer than the message")
    move = Move(queue=field.queue, quarantine=quarantine, files=files)
    (done,) = field.far.apply(move)
    assert (done.status, done.after) == ("done", MoveState(moved=3, size=sum(file.size for file in files)))
    assert {path.name: seen(path) for path in kept.iterdir()} == {file.name: file for file in files}
    assert not (kept / "c").stat().st_mode & 0o222
    assert not list(field.out.iterdir())
    assert _manifest(place) == "open|running\r\n" + "".join(record(verb, *files) for verb in ("move", "copied", "done"))
    assert not (place / "run-1" / "part").exists()
    assert field.far.state(quarantine).pending == ()
    (back,) = field.far.apply(move.reversed())
    assert (back.status, back.after) == ("done", done.after)
    assert tuple(seen(field.out / file.name) for file in files) == files
    assert not list(kept.iterdir())
    assert sorted(path.name for path in field.out.parent.iterdir()) == ["out"]


def test_folders_tell_their_volume(field: Field, place: Path) -> None:
    """By a number that is the same for all folders of a volume; Wine knows none of some."""
    far = field.far
    one, two, other = (
        far.state(each).volume for each in (field.folder(), field.folder(r"\imc data\out"), _there(place))
    )
    assert one == two
    assert one.isdigit()
    assert other != one


@pytest.mark.parametrize("back", [False, True])
def test_a_copy_that_broke_off_is_brought_to_its_end(field: Field, place: Path, back: bool) -> None:
    """By what the manifest says was copied: the source goes, the copy gets in place; all else is copied anew."""
    quarantine = _elsewhere(field, place)
    kept, parts = place / "run-1" / "out", place / "run-1" / "part"
    source, target = field.out, kept
    if back:
        source, target, parts = kept, field.out, field.out.parent / "ndrfix-part" / "run-1"
    files = field.fill("both", "part", "half", "placed", "gone", folder=source)
    both, part, _, placed, gone = files
    parts.mkdir(parents=True)
    for name in ("both", "part", "placed"):
        shutil.copy2(source / name, parts / f"out.{name}")
    (parts / "out.half").write_bytes(b"F")
    (parts / "out.part").chmod(0o444)
    (parts / "out.stray").write_bytes(b"?")
    for name in ("part", "gone", "placed"):
        (source / name).unlink()
    (parts / "out.placed").rename(target / "placed")
    verb = "back" if back else "move"
    with (place / "run-1" / "manifest.txt").open("ab") as manifest:
        text = record(verb, *files) + record("copied", both, part, placed, gone) + "done|out"
        manifest.write(text.encode("ascii"))
    state = field.far.state(quarantine)
    assert {move.file.name for move in state.pending} == {file.name for file in files}
    move = Move(queue=field.queue, quarantine=quarantine, files=files, back=back)
    (done,) = field.far.apply(move)
    assert (done.status, done.message) == ("done", "")
    assert [(each.name, each.reason) for each in _state(done).left] == [("gone", "is no longer there")]
    assert _state(done).moved == 4
    assert not list(source.iterdir())
    assert {path.name: seen(path) for path in target.iterdir()} == {file.name: file for file in files if file != gone}
    assert not parts.exists()
    assert not (field.out.parent / "ndrfix-part").exists()
    assert not (target / "part").stat().st_mode & 0o222
    assert field.far.state(quarantine).pending == ()


def test_what_was_put_back_and_went_is_not_put_back_again(field: Field, place: Path) -> None:
    """Its copy was on record, and is neither among the copies nor in the queue: the service may have sent it."""
    quarantine = _elsewhere(field, place)
    files = field.fill("a", folder=place / "run-1" / "out")
    with (place / "run-1" / "manifest.txt").open("ab") as manifest:
        manifest.write((record("back", *files) + record("copied", *files)).encode("ascii"))
    (done,) = field.far.apply(Move(queue=field.queue, quarantine=quarantine, files=files, back=True))
    assert [each.reason for each in _state(done).left] == [
        "was put back already, and is no longer in the queue: it may have been sent"
    ]
    assert (place / "run-1" / "out" / "a").exists()
    assert not (field.out / "a").exists()


def test_a_file_that_cannot_be_deleted_stays(field: Field, place: Path, lab_script: Script) -> None:
    """A program that lets it be read alone: it is left, and no copy of it."""
    quarantine = _elsewhere(field, place)
    files = field.fill("a", "b")
    field.held(lab_script, "Read")
    (done,) = field.far.apply(Move(queue=field.queue, quarantine=quarantine, files=files))
    lab_script("$Held.Close()")
    assert [(each.name, each.reason) for each in _state(done).left] == [("a", "is held open by another program")]
    assert [path.name for path in (place / "run-1" / "out").iterdir()] == ["b"]
    assert not (place / "run-1" / "part").exists()


def test_queue_data_on_another_volume(field: Field, place: Path) -> None:
    """It is copied too; the one that the service makes since goes to `replaced`, and takes nobody's place."""
    quarantine = _elsewhere(field, place)
    field.fill("a")
    data, whole = field.out.parent / "queue.dat", QueueFile("queue.dat", -1, 0)
    for text, kept in ((b"first", ""), (b"second", "replaced")):
        data.write_bytes(text)
        data.chmod(0o444)
        move = Move(queue=field.queue, quarantine=quarantine, files=(whole,), at="", kept=kept, replace=bool(kept))
        (done,) = field.far.apply(move)
        assert (done.status, done.after) == ("done", MoveState(moved=1, size=len(text)))
        assert not data.exists()
    assert (place / "run-1" / "queue.dat").read_bytes() == b"first"
    assert (place / "run-1" / "replaced" / "queue.dat").read_bytes() == b"second"
