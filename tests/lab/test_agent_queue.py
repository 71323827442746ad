"""The far side of the message queue on a real PowerShell: what is told of messages, folders and a session."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ndrfix.connections.protocol import Target
from ndrfix.exchange.extract import LIMIT, Extract
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    Action,
    FolderState,
    MessageQueue,
    MoveState,
    Quarantine,
    Quarantines,
    QueueState,
    Service,
    ServiceState,
    ServiceStatus,
    Unreadable,
    Verb,
)
from tests.lab.far_side_session import CLOSED, OPEN, FarSide, Field, record, seen
from tests.lab.witness import Witness

pytestmark = pytest.mark.lab
Script = Callable[[str], list[str]]
IMC = Service("MSExchangeIMC")
ODD = ("a [1].x", "'c' $x `n;", "d.", "e ", "nul", "com1.txt", "ü€\U0001f4a9", "_x0041_", "%TEMP%", "~1", "f.g.h")
DATA = os.environ.get("NDRFIX_DATA")


def _told_as_in_python(field: Field) -> int:
    told = field.far.messages(field.queue)
    assert set(told) == {path.name for path in field.out.iterdir()}
    for name, (file, extract) in told.items():
        data = (field.out / name).read_bytes()
        assert file == seen(field.out / name)
        assert extract == Extract.of(data[:LIMIT], len(data)).encode(), name
    return len(told)


@pytest.mark.skipif(not DATA, reason="NDRFIX_DATA does not name a folder with mails")
def test_real_mails_are_cut_as_in_python(field: Field) -> None:
    """Every mail of the corpus: as it is, behind other bytes, and with its end cut off."""
    generator = random.Random(5)
    mails = [path.read_bytes() for path in sorted(Path(str(DATA), "mail").rglob("*.*")) if path.is_file()]
    for number, mail in enumerate(mails):
        (field.out / f"{number}").write_bytes(mail)
        (field.out / f"{number} behind").write_bytes(generator.randbytes(generator.randrange(6000)) + mail)
        (field.out / f"{number} cut").write_bytes(mail[: generator.randrange(len(mail) + 1)])
    assert _told_as_in_python(field) == 3 * len(mails) > 300


def test_made_mails_are_cut_as_in_python(field: Field) -> None:
    """What the procedure looks for, in any order, and at the edge of what is looked at."""
    generator = random.Random(6)
    pieces = [b"\n", b"\r\n", b"\n\n", b"\n\r\n", b"\r\n\r\n", b"\n--", b"\n>", b"\t", b"  ", b"\xe9\xff\0", b"x" * 150]
    pieces += [b"From: ", b"RECEIVED:", b"\nTo: _x@b|c*^<>&\\", b"MSEXCH:", b"msexch:", b"a@b.c", b"(000C05A6)"]
    pieces += [b"\ndid not reach", b"\nWas Read On"]
    pieces += [b"\nSubject: a\n b\n\tc", b"\nContent-Type: message/", b"cn=", b"y" * 700, b"original message-----"]
    for number in range(600):
        text = b"".join(generator.choices(pieces, k=generator.randrange(1, 80)))
        (field.out / f"{number}").write_bytes(text)
    (field.out / "empty").write_bytes(b"")
    (field.out / "edge").write_bytes(b"From: a\n\n" + b"a@b MSEXCH: " * 1360 + b"\n--" * 90)
    assert _told_as_in_python(field) == 602


def test_what_was_told_before_is_only_named(field: Field) -> None:
    """Only new and changed messages are told again, in every session by itself."""
    files = field.fill("a", "b", "c")
    assert len(field.far.messages(field.queue)) == 3
    assert field.far.messages(field.queue) == {}
    (field.out / "b").write_bytes(b"other")
    (field.out / "a").unlink()
    (field.out / "d").write_bytes(b"new")
    lines = field.far.lines(field.queue)
    assert sorted(line.rsplit("|", 3)[0] for line in lines if line.startswith("message")) == [
        "message|0|b",
        "message|0|d",
    ]
    assert [line for line in lines if line.startswith("same")] == ["same|0|c"]
    assert lines[-1].endswith(">3>")
    (field.out / "a").write_bytes(b"From: a@b.example\n\nx")
    assert set(field.far.messages(field.queue)) == {"a"}, "what was gone meanwhile is told anew"
    other = FarSide(field.far.info)
    assert len(other.messages(field.queue)) == 4
    other.close()
    assert files[2] == seen(field.out / "c")


def test_many_messages_come_in_portions(field: Field) -> None:
    """Some texts for a large queue, each packed; a small queue and every other read is one text."""
    field.fill("a")
    queue = "@{Kind = 'queue'; Base = ''; Tail = '%s'; Cut = $cut}"
    whole = f"Read-Ndrfix @(@{{Kind = 'computer'}}, {queue}, @{{Kind = 'computer'}}) | ForEach-Object {{ $_.Length }}"
    field.far.lines(field.queue)
    assert len(_run(field, whole)) == 1
    for number in range(2000):
        (field.out / f"m{number}").write_bytes(f"From: {number:0192}@b.example\n\nx".encode())
    sizes = [int(size) for size in _run(field, whole)]
    assert len(sizes) == 3, sizes
    assert max(sizes) < 100_000, "packed"
    assert len(field.far.messages(field.queue)) == 0, "all were told"


def _run(field: Field, text: str) -> list[str]:
    from pypsrp.powershell import PowerShell

    from ndrfix.exchange.extract import CUT

    session = field.far.session
    assert session is not None
    shell = PowerShell(session._pool)
    tail = str(field.queue.root).replace("\\", "\\\\")
    shell.add_script(f"param($cut); {text % tail}").add_argument(CUT)
    return [str(one) for one in shell.invoke()]


def test_names_are_literal(field: Field) -> None:
    """Brackets, dots and spaces at the end, names of devices, and what needs escapes: listed, moved and put back."""
    field.open()
    names = ODD
    files = field.fill(*names)
    told = field.far.messages(field.queue)
    assert {file for file, _ in told.values()} == set(files)
    assert field.move(*files) == MoveState(moved=len(files), size=sum(file.size for file in files))
    assert sorted(path.name for path in (field.run / "out").iterdir()) == sorted(names)
    assert field.manifest == "open|running\r\n" + record("move", *files)
    assert field.move(*files, back=True).moved == len(files)
    assert tuple(seen(field.out / name) for name in names) == files


def test_what_cannot_be_opened_is_told_with_the_reason(field: Field, lab_script: Script) -> None:
    """And is looked at again by the next read."""
    field.fill("a")
    field.held(lab_script, "None")
    ((file, reason),) = field.far.messages(field.queue).values()
    assert file == seen(field.out / "a")
    assert reason.startswith("!")
    lab_script("$Held.Close()")
    ((_, extract),) = field.far.messages(field.queue).values()
    assert extract.startswith("20*20*0*")


def test_a_queue_and_folders_that_do_not_exist_are_absent(field: Field) -> None:
    """Also when the queue's root is there without its folder; queue.dat is told with the state."""
    nowhere = rf"C:\{field.name}\nowhere\x"
    for resource in (MessageQueue(nowhere), field.folder(r"\x\y"), Quarantines(nowhere), Quarantine(nowhere, "r")):
        assert field.far.state(resource) == ABSENT
    field.out.rmdir()
    (field.out.parent / "queue.dat").write_bytes(b"123")
    assert field.far.state(field.queue) == ABSENT
    field.out.mkdir()
    state = field.far.state(field.queue)
    assert state == QueueState(path=str(field.queue.root), data=seen(field.out.parent / "queue.dat"))


def test_a_folder_is_counted(field: Field) -> None:
    """Its files, not what is below; the free bytes are those of the volume."""
    (field.out / "folder").mkdir()
    field.fill("x", folder=field.out / "folder")
    files = field.fill("a", "b")
    state = field.far.state(field.folder(r"\imc data\out"))
    assert isinstance(state, FolderState)
    assert (state.path, state.files) == (rf"C:\{field.name}\imc data\out", 2)
    assert state.size == sum(file.size for file in files)
    assert state.free is not None
    free = os.statvfs(field.out)
    assert abs(state.free - free.f_bavail * free.f_frsize) < 1e9


def test_the_part_for_the_queue_is_sent_when_it_is_needed(field: Field) -> None:
    """With the first call of a session, or with a later one, and once."""
    field.fill("a")
    field.far.lines(COMPUTER)
    assert len(field.far.messages(field.queue)) == 1
    assert field.far.messages(field.queue) == {}


def test_a_target_is_worked_on_through_its_shares(field: Field, lab: dict[str, Any]) -> None:
    """The same as on the host itself, and paths are told as the target sees them."""
    field.far = FarSide(lab, target=Target(name="ex01", machine="EX55", via="jump01"))
    files = field.fill(*ODD)
    assert set(field.far.messages(field.queue)) == {file.name for file in files}
    assert field.far.state(field.queue).path == field.queue.root
    counted = field.far.state(field.folder(r"\imc data\out"))
    assert (counted.path, counted.files, counted.free is None) == (rf"C:\{field.name}\imc data\out", len(files), False)
    field.open()
    assert field.move(*files).moved == len(files)
    assert field.far.state(field.quarantine).messages == len(files)
    assert [run for run, _ in field.far.state(Quarantines(field.quarantine.folder)).runs] == ["run-1"]
    assert field.move(*files, back=True).moved == len(files)
    assert tuple(seen(field.out / file.name) for file in files) == files
    assert field.change(OPEN, CLOSED).status == "done"
    assert field.change(CLOSED, ABSENT).status == "done"
    field.far.close()


def test_a_host_that_compiles_nothing_says_so(field: Field) -> None:
    """In a restricted session nothing of the queue is read."""
    field.far.lines(COMPUTER)
    _run(field, "$null = '%s'; function global:Add-Type { throw 'no new types' }")
    state = field.far.state(field.queue)
    assert isinstance(state, Unreadable)
    assert state.reason == "the host cannot compile ndrfix's part for the queue (Add-Type): no new types"


def test_a_watch_waits_and_ends_with_the_service(field: Field, lab_script: Script) -> None:
    """All of the time while the service runs, at once when it does not."""
    host = Witness(field.far.info)
    host.mend()
    host.bring("MSExchangeIMC", "RUNNING")
    (waited,) = field.far.apply(Action(verb=Verb.WATCH, resource=IMC, timeout=1.2))
    assert isinstance(waited.after, ServiceState)
    assert (waited.status, waited.after.status) == ("done", ServiceStatus.RUNNING)
    assert set(field.far.progress) == {"watching MSExchangeIMC: RUNNING"}
    lab_script("Stop-Service MSExchangeIMC -Force")
    (ended,) = field.far.apply(Action(verb=Verb.WATCH, resource=IMC, timeout=60.0))
    lab_script("Start-Service MSExchangeIMC")
    assert isinstance(ended.after, ServiceState)
    assert (ended.status, ended.after.status) == ("done", ServiceStatus.STOPPED)
