"""The message queue from the command line against real PowerShell, files and a service that holds its `queue.dat`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ndrfix.connections.simulated_mail import mailbox
from ndrfix.resources import MessageKind
from tests.lab.desk import Desk, reach
from tests.lab.witness import IMS, Witness

pytestmark = pytest.mark.lab
MAIL = {
    MessageKind.NDR: 1400,
    MessageKind.USER: 570,
    MessageKind.RECEIPT: 15,
    MessageKind.BOUNCE: 10,
    MessageKind.UNKNOWN: 5,
}
CLEAR = {"name": "Clear", "clear_queue": {"recount_after": 5, "service_timeout": 20}}


class Mailroom:
    """The folders of the queue and its quarantines on the lab's drive C:, and what lies in them, by name."""

    def __init__(self, drive: Path) -> None:
        self.out = drive / "exchsrvr" / "imcdata" / "out"
        self.data = self.out.parent / "queue.dat"
        self.quarantines = drive / "exchsrvr" / "ndrfix-quarantine"

    def fill(self) -> dict[str, bytes]:
        """Make the messages; gives those that are no reports."""
        self.out.mkdir(parents=True, exist_ok=True)
        others = {}
        for file in mailbox("out", MAIL, size=500):
            name, content = file.path.rpartition("\\")[2], file.content or b""
            (self.out / name).write_bytes(content)
            if b"X-MS-Embedded-Report" not in content.partition(b"\r\n\r\n")[0]:
                others[name] = content
        return others

    def kept(self) -> dict[str, bytes]:
        """What lies in all quarantines."""
        return {path.name: path.read_bytes() for run in self.quarantines.glob("*") for path in (run / "out").iterdir()}

    def waiting(self) -> dict[str, bytes]:
        """What lies in the queue."""
        return {path.name: path.read_bytes() for path in self.out.iterdir() if path.is_file()}


@contextmanager
def mailroom_of(host: Witness) -> Iterator[Mailroom]:
    """The queue of a host, empty before and after."""
    room = Mailroom(host.drive_c)

    def empty() -> None:
        host.run("cmd.exe", "/c", "rmdir /s /q C:\\exchsrvr\\ndrfix-quarantine")
        for path in room.out.glob("*") if room.out.is_dir() else ():
            if path.is_file():
                path.unlink()

    empty()
    yield room
    empty()


@pytest.fixture
def mailroom(ex55: Witness) -> Iterator[Mailroom]:
    """The queue of ex55."""
    with mailroom_of(ex55) as room:
        yield room


def test_reports_are_cleared_and_put_back(ex01: Desk, ex55: Witness, mailroom: Mailroom) -> None:
    """2,000 messages: the plan touches nothing, the clearing takes the reports alone, and undo brings all back."""
    others = mailroom.fill()
    first = mailroom.waiting()
    assert (len(first), len(others)) == (2000, 600)
    process = ex55.process()
    book = ex01.playbook("book.yml", CLEAR)

    plan = ex01("plan", book, "--detailed-exitcode", code=10)
    assert "would move 1,400  non-delivery reports" in plan.out
    assert "stay         570  user mail" in plan.out
    assert (mailroom.waiting(), mailroom.quarantines.exists(), ex55.process()) == (first, False, process)

    done = ex01.apply(book)
    assert "1,400 moved" in done.result
    assert "5 s after the start: 600 messages in the queue, 0 of them reports" in done.result
    assert mailroom.waiting() == others
    assert mailroom.kept() == {name: content for name, content in first.items() if name not in others}
    (run,) = mailroom.quarantines.iterdir()
    assert (run / "queue.dat").is_file()
    assert mailroom.data.is_file()
    assert ex55.status() == "RUNNING"
    assert ex55.process() not in (0, process)
    assert "nothing to clear" in ex01("plan", book).out

    back = {"name": "Back", "restore_queue": {"run": run.name, "batch": 700, "drain_timeout": 0}}
    ex01.apply(ex01.playbook("back.yml", back))
    assert mailroom.waiting() == first
    assert mailroom.kept() == {}
    assert ex55.status() == "RUNNING"

    gone = ex01.playbook("gone.yml", {"name": "Gone", "purge_quarantine": {"older_than_days": 0}})
    ex01.apply(gone)
    assert not list(mailroom.quarantines.glob("*"))
    assert mailroom.waiting() == first


def test_a_service_that_never_stops_leaves_everything(desk: Desk, kept: Callable[..., Witness]) -> None:
    """At the time limit nothing was moved, which is said plainly; the host is of no use to other tests after that."""
    host = kept("--name", "EXSTUCK")
    desk.inventory({"ex01": reach(host.info)})
    host.set("Mode", "REG_SZ", "never-stops", key=IMS + r"\Lab")
    host.bring("MSExchangeIMC", "STOPPED")
    host.bring("MSExchangeIMC", "RUNNING")
    clear = {"name": "Clear", "clear_queue": {"recount_after": 5, "service_timeout": 2}}
    with mailroom_of(host) as room:
        room.fill()
        first = room.waiting()
        ended = desk.apply(desk.playbook("book.yml", clear), code=2)
        assert "MSExchangeIMC is still STOP_PENDING" in ended.result
        assert "no message was moved" in ended.result
        assert (room.waiting(), room.kept()) == (first, {})


@contextmanager
def killed(host: Witness, when: Callable[[], bool]) -> Iterator[list[int]]:
    """End every PowerShell of the host as soon as something is so; gives the processes that were ended."""
    ended: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            if when():
                while process := host.process("pwsh.exe"):
                    os.kill(process, signal.SIGKILL)
                    ended.append(process)
                    over.wait(0.05)
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield ended
    finally:
        over.set()
        thread.join()


def test_powershell_dies_among_the_moves_and_resume_finishes(ex01: Desk, ex55: Witness, mailroom: Mailroom) -> None:
    """Every message is in one place and in one only, before and after `ndrfix resume`, and the service runs again."""
    others = mailroom.fill()
    first = mailroom.waiting()
    book = ex01.playbook("book.yml", CLEAR)

    def halfway() -> bool:
        return sum(1 for _ in mailroom.quarantines.glob("*/out/*")) >= 300

    with killed(ex55, halfway) as ended:
        lost = ex01.apply(book, code=4)
    assert ended
    assert "MSExchangeIMC was stopped when last seen" in lost.result
    (run,) = ex01.runs()
    assert f"ndrfix resume {run.name} -i inventory.yml -l ex01" in lost.result
    kept, waiting = mailroom.kept(), mailroom.waiting()
    assert 300 <= len(kept) < 1400
    assert not set(kept) & set(waiting)
    assert kept | waiting == first
    assert ex55.status() == "STOPPED"

    resumed = ex01("resume", run.name, "--yes")
    assert f"run {run.name} broke off here" in resumed.out
    assert ex55.status() == "RUNNING"
    kept, waiting = mailroom.kept(), mailroom.waiting()
    assert not set(kept) & set(waiting)
    assert kept | waiting == first
    assert set(others) <= set(waiting)
    assert "nothing was left half done" in ex01("resume", "--yes").out

    ex01.apply(book)
    assert mailroom.waiting() == others
