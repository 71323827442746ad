"""`ndrfix resume` as typed: what broke off in a message queue is shown, asked about, finished."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from ndrfix.connections.manifest import header, opened
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulation import Fault, FaultAt, FaultKind, SimulatedFile
from ndrfix.errors import ExitCode
from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER, QUEUE, ROOT_DIR
from ndrfix.resources import (
    MessageKind,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    RegistryData,
    RegistryType,
    ServiceState,
    ServiceStatus,
)
from tests.cli.conftest import INVENTORY, Ended, Folder

ROOT = "C:\\exchsrvr\\imcdata"
KEPT = "C:\\exchsrvr\\ndrfix-quarantine"
CLEAR = """
- name: Clear
  hosts: all
  tasks:
    - name: Clear the queue
      clear_queue: {recount_after: 0}
"""
ELSEWHERE = CLEAR.replace("{recount_after: 0}", "{recount_after: 0, quarantine: 'C:\\kept'}")
RESTORE = """
- name: Restore
  hosts: all
  tasks:
    - restore_queue: {run: RUN}
"""
MIDWAY = 9  # the quarantine is made, the service stopped, queue.dat moved, all on record and one message moved


@dataclass(slots=True)
class Broken:
    """A clearing that broke off on ex01, on which five of seven messages were to go."""

    folder: Folder
    run: str = ""

    @property
    def host(self) -> SimulatedHost:
        return self.folder.hosts.host("ex01")

    def prepare(self, name: str) -> None:
        host = self.folder.hosts.host(name)
        host.put_value(ROOT_DIR, RegistryData(RegistryType.STRING, ROOT))
        for file in mailbox(f"{ROOT}\\out", {MessageKind.NDR: 5, MessageKind.USER: 2}):
            host.put_file(file)
        host.put_file(SimulatedFile(path=f"{ROOT}\\queue.dat", content=b"q"))

    def strike(self, nth: int, kind: FaultKind) -> None:
        """Let a fault happen at the nth operation from now on."""
        self.host.add_fault(Fault(at=FaultAt.OPERATION, kind=kind, nth=self.host.operations + nth))

    def clear(self, book: str = CLEAR, kind: FaultKind = FaultKind.LOST, options: str = "") -> Ended:
        """Clear ex01, until the connection breaks among the moves."""
        self.folder.write("clear.yml", book)
        self.strike(MIDWAY, kind)
        ended = self.folder(f"apply clear.yml -i inventory.yml -l ex01 --yes {options}")
        (journal,) = self.folder.path.glob("*/*/journal.jsonl")
        self.run = journal.parent.name
        return ended

    def status(self, quarantine: Quarantine) -> QuarantineStatus:
        """Whether a quarantine is open."""
        state = self.host.read(quarantine)
        assert isinstance(state, QuarantineState), state
        return state.status

    def settled(self, quarantine: Quarantine) -> None:
        """Reports are in quarantine, mail of users is not, the service runs."""
        kept, queue, service = (self.host.read(each) for each in (quarantine, QUEUE, IMS))
        assert isinstance(kept, QuarantineState), kept
        assert (kept.status, kept.messages, kept.pending) == (QuarantineStatus.CLOSED, 5, ())
        assert isinstance(queue, QueueState)
        assert {each.kind for each in queue.messages} == {MessageKind.USER}
        assert isinstance(service, ServiceState)
        assert service.status is ServiceStatus.RUNNING


@pytest.fixture
def broken(folder: Folder) -> Broken:
    """Two hosts with mail in their queues."""
    made = Broken(folder)
    for name in ("ex01", "ex02"):
        made.prepare(name)
    return made


def _told(ended: Ended) -> str:
    """What was said, in one line."""
    return " ".join(ended.out.split())


def _resume(ended: Ended) -> str:
    """The command line that the report names for what broke off."""
    found = re.search(r"`ndrfix (resume [^`]*)` finishes it", _told(ended))
    assert found, ended.out
    return found[1]


def test_resume_is_named_where_it_is_needed(broken: Broken) -> None:
    """The report of what broke off names the stopped service and a command; that, as typed, finishes it."""
    ended = broken.clear()
    assert ended.code == ExitCode.UNREACHABLE
    assert "MSExchangeIMC was stopped when last seen" in _told(ended)
    command = _resume(ended)
    assert command == f"resume {broken.run} -i inventory.yml -l ex01"
    ended = broken.folder(f"{command} --yes")
    assert ended.code == 0
    assert f"run {broken.run} broke off here: 5 messages lie in its quarantine" in _told(ended)
    assert "MSExchangeIMC is stopped and was to be running" in _told(ended)
    assert "a run that is still at work from elsewhere looks as if it had broken off" in _told(ended)
    broken.settled(Quarantine(QUARANTINE_FOLDER, broken.run))
    again = broken.folder(f"{command} --yes")
    assert "nothing was left half done: no quarantine is open, MSExchangeIMC is running" in _told(again)
    assert "Nothing to apply." in again.out
    assert again.code == 0


def test_resume_is_named_with_the_folder_of_runs(broken: Broken) -> None:
    """Where `--runs-dir` was given, the command has it too."""
    command = _resume(broken.clear(options="--runs-dir elsewhere"))
    assert command == f"resume {broken.run} -i inventory.yml --runs-dir elsewhere -l ex01"
    assert broken.folder(f"{command} --yes").code == 0
    broken.settled(Quarantine(QUARANTINE_FOLDER, broken.run))


def test_resume_without_a_run_finds_it(broken: Broken) -> None:
    """Every host is looked at, and with `--plan` only that; four messages on record are moved yet."""
    broken.clear(kind=FaultKind.RESTARTED)
    before = broken.host.writes
    shown = broken.folder("resume -i inventory.yml --plan")
    assert shown.code == 0
    assert "1 message lies in its quarantine, 4 on record were not moved" in _told(shown)
    assert "4 messages" in shown.out
    assert "ok: [ex02] nothing was left half done: no quarantine lies on this host" in _told(shown)
    assert broken.host.writes == before
    assert broken.folder("resume -i inventory.yml --yes").code == 0
    broken.settled(Quarantine(QUARANTINE_FOLDER, broken.run))


def test_resume_of_one_run_leaves_others(broken: Broken) -> None:
    """What another run left is finished by its own name, or without any."""
    broken.clear(kind=FaultKind.RESTARTED)
    other = Quarantine(QUARANTINE_FOLDER, "20260101-0000-other-0000")
    text = header(other.run, "2026-01-01T00:00:00Z") + opened(ServiceStatus.RUNNING)
    path = f"C:\\exchsrvr\\ndrfix-quarantine\\{other.run}\\manifest.txt"
    broken.host.put_file(SimulatedFile(path=path, content=text.encode()))
    assert broken.folder(f"resume {broken.run} -i inventory.yml --yes").code == 0
    broken.settled(Quarantine(QUARANTINE_FOLDER, broken.run))
    assert broken.status(other) is QuarantineStatus.OPEN
    assert broken.folder("resume -i inventory.yml --yes").code == 0
    assert broken.status(other) is QuarantineStatus.CLOSED


def test_resume_knows_other_folders(broken: Broken) -> None:
    """A quarantine elsewhere is known from the journals."""
    broken.clear(ELSEWHERE, FaultKind.RESTARTED)
    assert broken.folder("resume -i inventory.yml --yes").code == 0
    broken.settled(Quarantine("C:\\kept", broken.run))


def test_resume_takes_the_folder_of_a_run(broken: Broken, tmp_path: Path) -> None:
    """Where the run's folder lies, and what it is called by now, does not matter."""
    broken.clear(ELSEWHERE, FaultKind.RESTARTED)
    (tmp_path / "runs" / broken.run).rename(tmp_path / "along")
    assert broken.folder("resume along -i inventory.yml --yes").code == 0
    broken.settled(Quarantine("C:\\kept", broken.run))


@pytest.mark.parametrize("verb", ["undo", "restore", "resume"])
def test_resume_finishes_work_on_an_earlier_run(broken: Broken, verb: str) -> None:
    """A run that broke off while it worked on the quarantine of an earlier one is finished by its own name."""
    broken.clear(kind=FaultKind.RESTARTED)
    line = f"resume {broken.run} -i inventory.yml -l ex01 --yes"
    if verb != "resume":
        assert broken.folder(line).code == 0
        broken.folder.write("restore.yml", RESTORE.replace("RUN", broken.run))
        source = f"undo {broken.run}" if verb == "undo" else "apply restore.yml"
        line = f"{source} -i inventory.yml -l ex01 --yes"
    broken.strike(4, FaultKind.RESTARTED)
    command = _resume(broken.folder(line))
    assert broken.run not in command
    assert broken.status(Quarantine(QUARANTINE_FOLDER, broken.run)) is QuarantineStatus.OPEN
    assert broken.folder(f"{command} --yes").code == 0
    assert broken.status(Quarantine(QUARANTINE_FOLDER, broken.run)) is QuarantineStatus.CLOSED


def test_resume_tells_what_it_cannot_read(broken: Broken) -> None:
    """A quarantine whose manifest says nothing is a fault, and not taken for one that is done with."""
    path = f"{KEPT}\\20260101-0000-other-0000"
    broken.host.put_file(SimulatedFile(path=f"{path}\\manifest.txt", content=b"ndrfix-quaran"))
    ended = broken.folder("resume -i inventory.yml -l ex01 --yes")
    assert f"it is not known whether anything is half done in {path}: its manifest.txt is not" in _told(ended)
    assert "; no message was found there" in _told(ended)
    assert "Next: Look into it, and into every folder below it: where no other file lies there" in _told(ended)
    broken.host.put_file(SimulatedFile(path=f"{path}\\out\\ABCDEFGH", content=b"a message"))
    ended = broken.folder("resume -i inventory.yml -l ex01 --yes")
    assert "; found: 1 file in `out`" in _told(ended)
    assert "Next: Put the messages back by hand: stop the service" in _told(ended)
    assert "nothing was left half done" not in _told(ended)
    assert ended.code == ExitCode.FAILED


def test_resume_finishes_what_it_can_read(broken: Broken) -> None:
    """What cannot be read keeps nothing else from being finished; the exit code tells of it."""
    broken.clear(kind=FaultKind.RESTARTED)
    path = f"{KEPT}\\20260101-0000-other-0000"
    broken.host.put_file(SimulatedFile(path=f"{path}\\manifest.txt", content=b"ndrfix-quaran"))
    ended = broken.folder("resume -i inventory.yml -l ex01 --yes")
    assert f"half done in {path}" in _told(ended)
    assert ended.code == ExitCode.FAILED
    broken.settled(Quarantine(QUARANTINE_FOLDER, broken.run))
    assert broken.folder(f"resume {broken.run} -i inventory.yml -l ex01 --yes").code == 0


def test_resume_says_what_is_left(broken: Broken) -> None:
    """How the queue is now, and what can be done about what lies in quarantine, also when it was to be deleted."""
    broken.clear(CLEAR.replace("{", "{keep: delete, "), FaultKind.RESTARTED)
    for file in mailbox(f"{ROOT}\\out", {MessageKind.NDR: 1}, seed=5):
        broken.host.put_file(file)
    told = _told(broken.folder(f"resume {broken.run} -i inventory.yml -l ex01 --yes"))
    assert (
        f"5 messages lie in quarantine {broken.run} then: `restore_queue` with `run: {broken.run}` puts them back, "
        f"`purge_quarantine` with `run: {broken.run}`, `older_than_days: 0` removes them for good"
    ) in told
    assert "3 messages in the queue, 1 of them reports: `ndrfix plan clear-queue` shows them" in told
    assert "in the queue" not in _told(broken.folder("resume -i inventory.yml -l ex01 --yes"))


@pytest.mark.parametrize("named", [True, False])
def test_resume_says_what_mail_a_restore_has_not_put_back(broken: Broken, named: bool) -> None:
    """What was not on record when it broke off lies in quarantine yet, mail of users too."""
    broken.folder.write("all.yml", CLEAR.replace("{", "{messages: all, "))
    assert broken.folder("apply all.yml -i inventory.yml -l ex01 --yes").code == 0
    (journal,) = broken.folder.path.glob("*/*/journal.jsonl")
    broken.run = journal.parent.name
    broken.folder.write("restore.yml", RESTORE.replace("RUN", f"{broken.run}, batch: 2"))
    broken.strike(8, FaultKind.RESTARTED)
    command = _resume(broken.folder("apply restore.yml -i inventory.yml -l ex01 --yes"))
    told = _told(broken.folder(f"{command if named else 'resume -i inventory.yml -l ex01'} --yes"))
    kept = broken.host.read(Quarantine(QUARANTINE_FOLDER, broken.run))
    assert isinstance(kept, QuarantineState)
    assert kept.messages == 5
    found = re.search(r"5 messages lie in quarantine (\S+) yet, (\d) of them no reports: `restore_queue` with", told)
    assert found, told
    assert found[1] == broken.run
    assert int(found[2]) > 0
    assert f"`run: {broken.run}`, `kinds: [user, bounce, receipt, unknown]` puts them back" in told


def test_a_restart_that_resume_made_up_for_is_not_planned_again(broken: Broken) -> None:
    """The service was started after the value was set: the handler is not owed any more."""
    value = "set_registry: {path: 'HKLM\\SOFTWARE\\Acme', name: Mode, type: dword, data: 7}"
    book = CLEAR.replace("    - name: Clear the", f"    - {value}\n      notify: restart\n    - name: Clear the")
    book += "  handlers:\n    - name: restart\n      restart_service: {name: MSExchangeIMC}\n"
    broken.folder.write("clear.yml", book)
    broken.strike(MIDWAY + 1, FaultKind.RESTARTED)
    command = _resume(broken.folder("apply clear.yml -i inventory.yml -l ex01 --yes"))
    assert broken.folder(f"{command} --yes").code == 0
    told = _told(broken.folder("plan clear.yml -i inventory.yml -l ex01"))
    assert re.search(r"not needed: the service was started by run \S*-resume-\S+, after the change", told), told


def test_resume_refuses_another_computer(broken: Broken) -> None:
    """What answers must be the computer on which the run broke off."""
    broken.clear()
    broken.folder.write("inventory.yml", INVENTORY.replace("ex01:", "ex01: {ndrfix_simulated_host: ex02}"))
    ended = broken.folder(f"resume {broken.run} -i inventory.yml -l ex01 --yes")
    assert ended.code != 0
    assert "MAIL2" in _told(ended)
    assert broken.status(Quarantine(QUARANTINE_FOLDER, broken.run)) is QuarantineStatus.OPEN


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("resume nothing -i inventory.yml --yes", "there is no run in"),
        ("resume RUN -i inventory.yml -l ex02 --yes", "did not work on the queue of any of these hosts"),
        ("resume -i inventory.yml -l nobody --yes", "nobody"),
        ("resume RUN -i inventory.yml", "nobody can be asked"),
    ],
)
def test_resume_wrong_input(broken: Broken, line: str, text: str) -> None:
    """What cannot be resumed is said before any host is met."""
    broken.clear()
    before = broken.host.writes
    ended = broken.folder(line.replace("RUN", broken.run))
    assert ended.code in (ExitCode.WRONG_INPUT, ExitCode.WRONG_USAGE)
    assert text in " ".join(ended.err.split())
    assert broken.host.writes == before


@pytest.mark.parametrize(("answer", "deleted"), [("1", True), ("no", False)])
def test_what_cannot_be_had_back_stands_before_the_question(
    broken: Broken, monkeypatch: pytest.MonkeyPatch, answer: str, deleted: bool
) -> None:
    """Grave risks are told with their hosts right before the question, which names the messages."""
    broken.folder.write("clear.yml", CLEAR.replace("{", "{messages: all, keep: delete, "))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    ended = broken.folder("apply clear.yml -i inventory.yml -l ex01")
    risks, question = ended.err.split("Apply ")
    assert "ex01: MESSAGES: ALL takes 2 messages that are no non-delivery reports" in risks
    assert "ex01: KEEP: DELETE removes for good what is taken" in risks
    assert "the move of 7 messages to quarantine" in question
    queue = broken.host.read(QUEUE)
    assert isinstance(queue, QueueState)
    assert (queue.messages == ()) is deleted
