"""The contract of the message queue: what is told of messages, quarantines and their manifests, and moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.simulated_mail import message
from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    Folder,
    FolderState,
    LeftFile,
    Located,
    MessageKind,
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
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
    Unreadable,
    Verb,
)
from tests.contract.hosts import ContractHost, Overlaid

OPEN = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.RUNNING)
CLOSED = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.RUNNING)
HEAD = "ndrfix-quarantine|1|run-1|2"
ODD = ("a [1].x", "'c' $x `n;", "d e", "com1.txt", "ü€", "_x0041_", "%TEMP%", "~1", "f.g.h")


@dataclass(slots=True)
class Field:
    """A queue and a quarantine of a test, on one connection."""

    host: ContractHost
    connection: Connection
    root: str

    @property
    def queue(self) -> MessageQueue:
        """The queue."""
        return MessageQueue(f"{self.root}\\imc data")

    @property
    def quarantine(self) -> Quarantine:
        """The quarantine of the run."""
        return Quarantine(f"{self.root}\\kept [1]", "run-1")

    @property
    def run(self) -> str:
        """The folder of the run."""
        return f"{self.root}\\kept [1]\\run-1"

    def out(self, name: str) -> str:
        """The path of a message."""
        return f"{self.root}\\imc data\\out\\{name}"

    def seed(self, *names: str) -> tuple[QueueFile, ...]:
        """Make messages, reports of different sizes."""
        texts = (message(MessageKind.NDR, number, 100 + 10 * number) for number in range(len(names)))
        return tuple(self.host.seed_file(self.out(name), text) for name, text in zip(names, texts, strict=True))

    def read(self, resource: Resource) -> Reading:
        """The state of a resource."""
        return self.connection.read([resource])[resource]

    def names(self) -> list[str]:
        """The names in the queue."""
        state = self.read(self.queue)
        assert isinstance(state, QueueState), state
        return [each.name for each in state.messages]

    def kept(self) -> QuarantineState:
        """The quarantine."""
        state = self.read(self.quarantine)
        assert isinstance(state, QuarantineState), state
        return state

    def apply(self, *items: RemoteItem) -> list[Outcome]:
        """Carry items out."""
        return list(self.connection.apply(items, on_event=lambda _: None))

    def change(self, before: State, after: State) -> Outcome:
        """Change the quarantine."""
        return self.apply(Change(resource=self.quarantine, before=before, after=after))[0]

    def open(self) -> None:
        """Make the quarantine."""
        assert self.change(ABSENT, OPEN).status is OutcomeStatus.DONE

    def item(self, *files: QueueFile, at: str = "out", kept: str = "out", back: bool = False) -> Move:
        """A move of files."""
        return Move(queue=self.queue, quarantine=self.quarantine, files=files, at=at, kept=kept, back=back)

    def move(self, *files: QueueFile, at: str = "out", kept: str = "out", back: bool = False) -> MoveState:
        """Move files, and give what it came to."""
        (done,) = self.apply(self.item(*files, at=at, kept=kept, back=back))
        assert (done.status, done.message, done.before) == (OutcomeStatus.DONE, "", None)
        assert isinstance(done.after, MoveState)
        return done.after

    def records(self) -> list[str]:
        """The lines of the manifest after the first."""
        text = self.host.content(f"{self.run}\\manifest.txt")
        assert text is not None
        assert text.endswith(b"\r\n")
        head, *lines = text.decode("ascii").split("\r\n")[:-1]
        assert head.startswith(HEAD)
        return lines


@pytest.fixture
def field(host: ContractHost, scratch: RegistryKey) -> Field:
    """A field with no message in its queue yet."""
    return Field(host, host.connection(), host.folder(scratch))


def _size(files: tuple[QueueFile, ...]) -> int:
    return sum(file.size for file in files)


# --- reading --------------------------------------------------------------------------------------------------------


def test_contract_queue_messages(field: Field) -> None:
    """Every file directly in `out` is a message, sorted by name, told apart by its first kilobytes."""
    kinds = {"E": MessageKind.NDR, "D": MessageKind.USER, "C": MessageKind.RECEIPT, "B": MessageKind.BOUNCE}
    files = [field.host.seed_file(field.out(name), message(kind, 7)) for name, kind in kinds.items()]
    files.append(field.host.seed_file(field.out("A"), b"\x00\xff?"))
    field.host.seed_file(field.out("below\\F"), b"x")
    data = field.host.seed_file(f"{field.root}\\imc data\\QUEUE.DAT", b"q")
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert state.path == f"{field.root}\\imc data"
    assert [each.file for each in state.messages] == files[::-1]
    assert {each.name: each.kind for each in state.messages} == {**kinds, "A": MessageKind.UNKNOWN}
    report = state.messages[-1]
    assert report.subject.startswith("Undeliverable:")
    assert report.recipients[0].endswith("@acme.example")
    assert report.reasons
    assert state.data is not None
    assert (state.data.size, state.data.written) == (data.size, data.written)


def test_contract_queue_absent(field: Field) -> None:
    """A queue without `out` is absent, and so is one of which the root is not known; an empty one is empty."""
    value = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\NdrfixContract\Nothing"), "RootDir")
    field.host.seed_file(f"{field.root}\\imc data\\queue.dat", b"q")
    for resource in (field.queue, MessageQueue(Located(value)), Folder(f"{field.root}\\nowhere"), field.quarantine):
        assert field.read(resource) == ABSENT
    field.seed("a")
    field.host.drop(field.out("a"))
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert (state.messages, state.data is None) == ((), False)


def test_contract_queue_located(field: Field, scratch: RegistryKey) -> None:
    """A root that the registry names is found there, with what follows it."""
    value = RegistryValue(scratch, "RootDir")
    field.host.seed_value(value, RegistryData(RegistryType.STRING, f"{field.root}\\imc data\\"))
    (file,) = field.seed("a")
    state = field.read(MessageQueue(Located(value)))
    assert isinstance(state, QueueState)
    assert [each.file for each in state.messages] == [file]
    counted = field.read(Folder(Located(value, "\\..\\imc data\\out")))
    assert isinstance(counted, FolderState)
    assert (counted.path, counted.files) == (f"{field.root}\\imc data\\out", 1)


def test_contract_folder(field: Field) -> None:
    """The files of a folder are counted, those below it are not; a file is no folder."""
    files = field.seed("a", "b")
    field.host.seed_file(field.out("below\\c"), b"x")
    state = field.read(Folder(field.out("").rstrip("\\")))
    assert isinstance(state, FolderState)
    assert (state.files, state.size) == (2, _size(files))
    assert state.free is None or state.free > 0
    above = field.read(Folder(field.root))
    assert isinstance(above, FolderState)
    assert above.volume == state.volume != ""
    assert field.read(Folder(field.out("a"))) == ABSENT


def test_contract_queue_again(field: Field) -> None:
    """However often a session asks: what is told is what is there now, also after a message was gone for a while."""
    (a, b, c) = field.seed("a", "b", "c")
    assert field.names() == ["a", "b", "c"]
    text = field.host.content(field.out("a"))
    assert text is not None
    field.host.drop(field.out("a"))
    changed = field.host.seed_file(field.out("b"), message(MessageKind.USER, 1))
    new = field.host.seed_file(field.out("d"), message(MessageKind.USER, 2))
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert [each.file for each in state.messages] == [changed, c, new]
    assert state.messages[0].kind is MessageKind.USER
    assert field.host.seed_file(field.out("a"), text).size == a.size
    assert field.names() == ["a", "b", "c", "d"]
    assert b != changed


def test_contract_queue_moved_and_back(field: Field) -> None:
    """A message that was moved away and back between reads of one session is told like the first time."""
    (file,) = field.seed("a")
    before = field.read(field.queue)
    field.open()
    field.move(file)
    assert field.names() == []
    field.move(file, back=True)
    assert field.read(field.queue) == before


def test_contract_queue_set_aside_and_back(field: Field) -> None:
    """A message that was set aside comes back by its name alone, and goes to the others in quarantine."""
    if isinstance(field.host, Overlaid):
        pytest.skip("an overlay does not read what lies beside the messages of a run")
    (file,) = field.seed("a")
    field.open()
    field.move(file, kept="bad")
    assert field.kept().messages == 0
    named = QueueFile("a", -1, 0)
    assert field.move(named, kept="bad", back=True) == MoveState(moved=1, size=file.size)
    assert field.names() == ["a"]
    assert field.move(named) == MoveState(moved=1, size=file.size)
    assert (field.names(), field.kept().messages, field.kept().pending) == ([], 1, ())


def test_contract_queue_held(field: Field) -> None:
    """A message that another program has open is told with the reason and not moved, the others are; once it is closed
    it is told like any other.
    """
    a, b = field.seed("a", "b")
    field.host.hold(field.out("a"))
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert [each.kind for each in state.messages] == [MessageKind.UNKNOWN, MessageKind.NDR]
    assert state.messages[0].reasons[0].startswith("not read: ")
    field.open()
    assert field.move(a, b).left == (LeftFile("a", "is held open by another program"),)
    assert field.names() == ["a"]
    field.host.seed_file(field.out("a"), message(MessageKind.NDR, 0, 100))
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert [(each.file, each.kind) for each in state.messages] == [(a, MessageKind.NDR)]


def test_contract_queue_many(field: Field) -> None:
    """Thousands of messages in one answer, beside other answers."""
    files = field.seed(*(f"{number:05}" for number in range(3000)))
    found = field.connection.read([field.quarantine, field.queue, Folder(f"{field.root}\\imc data\\out")])
    state = found[field.queue]
    assert isinstance(state, QueueState)
    assert tuple(each.file for each in state.messages) == files
    assert found[field.quarantine] == ABSENT
    field.open()
    told: list[Progress] = []
    (outcome,) = field.connection.apply([field.item(*files)], on_event=told.append)
    assert outcome.after == MoveState(moved=3000, size=_size(files))
    assert (field.kept().messages, field.kept().size, field.kept().pending) == (3000, _size(files), ())
    assert field.names() == []


# --- quarantines ----------------------------------------------------------------------------------------------------


def test_contract_quarantine_life(field: Field) -> None:
    """A quarantine is opened, closed, opened again with another promise, closed and removed."""
    assert field.change(ABSENT, OPEN).status is OutcomeStatus.DONE
    made = field.kept()
    assert (made.status, made.promised, made.messages, made.size) == (
        QuarantineStatus.OPEN,
        ServiceStatus.RUNNING,
        0,
        0,
    )
    assert (made.pending, made.data) == ((), False)
    stopped = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
    ended = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.STOPPED)
    for before, after in ((OPEN, CLOSED), (CLOSED, stopped), (stopped, ended)):
        done = field.change(before, after)
        assert done.status is OutcomeStatus.DONE, done.message
        assert isinstance(done.after, QuarantineState)
        assert (done.after.status, done.after.promised) == (after.status, after.promised)
    everything = field.read(Quarantines(field.quarantine.folder))
    assert isinstance(everything, QuarantinesState)
    assert everything.runs == (("run-1", field.kept()),)
    assert field.change(ended, ABSENT).status is OutcomeStatus.DONE
    assert field.read(field.quarantine) == ABSENT


def test_contract_quarantine_drifted(field: Field) -> None:
    """One that is not as it was is left alone: its status, its promise, and how much is in it where that is given."""
    (file,) = field.seed("a")
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DRIFTED
    field.open()
    assert field.change(ABSENT, OPEN).status is OutcomeStatus.DRIFTED
    assert field.change(CLOSED, ABSENT).status is OutcomeStatus.DRIFTED
    field.move(file)
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DONE
    fewer = QuarantineState(status=CLOSED.status, promised=CLOSED.promised, messages=0, size=0)
    assert field.change(fewer, ABSENT).status is OutcomeStatus.DRIFTED
    assert field.kept().messages == 1
    same = QuarantineState(status=CLOSED.status, promised=CLOSED.promised, messages=1, size=file.size)
    assert field.change(same, ABSENT).status is OutcomeStatus.DONE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ABSENT, CLOSED),
        (OPEN, ABSENT),
        (OPEN, QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.STOPPED)),
        (ABSENT, QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.PAUSED)),
    ],
)
def test_contract_quarantine_refused(field: Field, before: State, after: State) -> None:
    """It begins as an open one, only a closed one is removed, and a promise is not changed by closing."""
    if before == OPEN:
        field.open()
    found = field.read(field.quarantine)
    done = field.change(before, after)
    assert done.status is OutcomeStatus.FAILED
    assert done.message
    assert field.read(field.quarantine) == found


def test_contract_manifest(field: Field) -> None:
    """The manifest says in this order what was to be done: on the disk, escaped, a line each."""
    files = field.seed("a", "b [1] ü")
    field.open()
    field.move(*files)
    field.move(files[1], back=True)
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DONE
    a, b = (f"{name}*{file.size}*{file.written}" for name, file in zip(("a", "b [1] \\u00fc"), files, strict=True))
    lines = ["open|running", f"move|out|out|{a}", f"move|out|out|{b}", f"back|out|out|{b}", "closed"]
    assert field.records() == lines
    assert field.host.content(f"{field.run}\\out\\a") is not None
    assert field.host.content(f"{field.run}\\out\\b [1] ü") is None


def test_contract_manifest_pending(field: Field) -> None:
    """A record whose move did not happen is pending, whichever way it was; only since the last opening, and only the
    last of each file counts.
    """
    lines = [
        f"{HEAD}004-05-03T10:00:00Z",
        "open|stopped",
        "move|out|out|old*1*1",
        "closed",
        "open|running",
        "move|out|out|gone*5*7",
        "move|out|out|there*5*7",
        "move||replaced|queue.dat*-1*0",
        "back|out|out|waits*3*9",
        "back|out|out|went*3*9",
        "move|out|ou",
    ]
    field.host.seed_file(f"{field.run}\\manifest.txt", "\r\n".join(lines).encode())
    for name in ("there", "waits"):
        field.host.seed_file(f"{field.run}\\out\\{name}", b"12345")
    state = field.kept()
    assert (state.status, state.promised, state.began) == (OPEN.status, OPEN.promised, "2004-05-03T10:00:00Z")
    assert (state.messages, state.size) == (2, 10)
    assert [(each.at, each.kept, each.back, each.file) for each in state.pending] == [
        ("out", "out", False, QueueFile("gone", 5, 7)),
        ("", "replaced", False, QueueFile("queue.dat", -1, 0)),
        ("out", "out", True, QueueFile("waits", 3, 9)),
    ]


def test_contract_manifest_promise(field: Field) -> None:
    """The promise of an open one is changed, and what is on record stays so."""
    lines = [f"{HEAD}004-05-03T10:00:00Z", "open|stopped", "move|out|out|gone*5*7", ""]
    field.host.seed_file(f"{field.run}\\manifest.txt", "\r\n".join(lines).encode())
    stopped = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
    before = field.kept()
    assert len(before.pending) == 1
    assert field.change(OPEN, stopped).status is OutcomeStatus.DRIFTED
    assert field.change(stopped, OPEN).status is OutcomeStatus.DONE
    assert field.kept() == replace(before, promised=ServiceStatus.RUNNING)
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DONE
    assert field.records() == [*lines[1:3], "promise|running", "closed"]


def test_contract_manifest_cut(field: Field) -> None:
    """A line that a crash cut off does not count, and what is written next stands on a line of its own."""
    field.host.seed_file(f"{field.run}\\manifest.txt", f"{HEAD}004\r\nopen|running\r\nmove|out|out|a*1".encode())
    assert field.kept().pending == ()
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DONE
    assert field.kept().status is QuarantineStatus.CLOSED
    assert field.records() == ["open|running", "move|out|out|a*1", "closed"]


def test_contract_manifest_garbled(field: Field) -> None:
    """Lines that say nothing are counted, and the others count; a file on record after the end opens the run again."""
    lines = [
        "open|running",
        "move|out|out|a*1*1",
        "move|out|out|\\zz*1*1",
        "",
        "move|out|out|b*x*1",
        "closed",
        "opxn|running",
    ]
    lines += ["back|out|out|c*1*1", "copied|out|out|c*", "done|out|out|c*1*x", "what"]
    text = "\r\n".join((f"{HEAD}004", *lines, ""))
    field.host.seed_file(f"{field.run}\\manifest.txt", text.encode())
    field.host.seed_file(f"{field.run}\\out\\c")
    found = field.kept()
    assert (found.status, found.garbled) == (QuarantineStatus.OPEN, 7)
    assert [(move.file.name, move.back) for move in found.pending] == [("a", False), ("c", True)]
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DONE


def test_contract_quarantines_unreadable(field: Field) -> None:
    """What is no quarantine of ndrfix is told by its name and why; an empty folder and a file are nothing."""
    above = str(field.quarantine.folder)
    field.open()
    texts = {"Strange": b"hello\r\n", "Newer": b"ndrfix-quarantine|2|Newer|x\r\nopen|running\r\n", "Empty": b""}
    texts["Never"] = b"ndrfix-quarantine|1|Never|x\r\n"
    for name, text in texts.items():
        field.host.seed_file(f"{above}\\{name}\\manifest.txt", text)
    field.host.seed_file(f"{above}\\Foreign\\x.txt", b"x")
    field.host.seed_file(f"{above}\\Nothing\\out\\x", b"x")
    field.host.drop(f"{above}\\Nothing\\out\\x")
    field.host.seed_file(f"{above}\\file", b"x")
    found = field.read(Quarantines(above))
    assert isinstance(found, QuarantinesState)
    assert [run for run, _ in found.runs] == ["run-1"]
    assert [name for name, _ in found.unreadable] == ["Empty", "Foreign", "Never", "Newer", "Strange"]
    reasons = dict(found.unreadable)
    assert "newer" in reasons["Newer"]
    assert "manifest.txt" in reasons["Foreign"]
    assert isinstance(field.read(Quarantine(above, "Strange")), Unreadable)
    assert field.read(Quarantine(above, "Nothing")) == ABSENT


def test_contract_purge(field: Field) -> None:
    """Removing a quarantine deletes all that ndrfix put there; anything else in it, and nothing is deleted."""
    files = field.seed("a", "b")
    field.open()
    field.move(*files)
    assert field.change(OPEN, CLOSED).status is OutcomeStatus.DONE
    assert field.host.content(f"{field.run}\\manifest.txt") is not None
    field.host.seed_file(f"{field.run}\\queue.dat", b"q", read_only=True)
    field.host.seed_file(f"{field.run}\\replaced\\queue.dat", b"q")
    field.host.seed_file(f"{field.run}\\notes.txt", b"mine")
    refused = field.change(CLOSED, ABSENT)
    assert refused.status is OutcomeStatus.FAILED
    assert "notes.txt" in refused.message
    assert field.kept().messages == 2
    field.host.drop(f"{field.run}\\notes.txt")
    assert field.change(CLOSED, ABSENT).status is OutcomeStatus.DONE
    assert field.read(field.quarantine) == ABSENT
    assert field.read(Folder(field.run)) == ABSENT


# --- moves ----------------------------------------------------------------------------------------------------------


def test_contract_move_and_back(field: Field) -> None:
    """Messages go to the quarantine and come back as they were, and a move that was done already is done."""
    files = field.seed("a", "b", "c")
    before = field.read(field.queue)
    field.open()
    everything = MoveState(moved=3, size=_size(files))
    for _ in range(2):
        assert field.move(*files) == everything
        assert field.names() == []
        assert (field.kept().messages, field.kept().size) == (3, _size(files))
    for _ in range(2):
        assert field.move(*files, back=True) == everything
        assert field.read(field.queue) == before
        assert (field.kept().messages, field.kept().pending) == (0, ())


def test_contract_move_literal_names(field: Field) -> None:
    """Names mean themselves, whatever is in them."""
    files = field.seed(*ODD)
    field.open()
    assert field.move(*files) == MoveState(moved=len(files), size=_size(files))
    kept = field.read(MessageQueue(field.run))
    assert isinstance(kept, QueueState)
    assert {each.file for each in kept.messages} == set(files)


def test_contract_move_leaves(field: Field) -> None:
    """What is gone, was changed, or is there already is left with the reason; only the rest goes on record."""
    gone, changed, there, fine = field.seed("gone", "changed", "there", "fine")
    field.host.seed_file(f"{field.run}\\manifest.txt", f"{HEAD}004-05-03T10:00:00Z\r\nopen|running\r\n".encode())
    field.host.seed_file(f"{field.run}\\out\\there", b"another")
    field.host.drop(field.out("gone"))
    field.host.seed_file(field.out("changed"), b"x" * (changed.size + 1))
    state = field.move(gone, changed, there, fine)
    assert (state.moved, state.size) == (1, fine.size)
    assert {each.name: each.reason for each in state.left} == {
        "gone": "is no longer there",
        "changed": "was changed since it was looked at",
        "there": "a file of that name is there already",
    }
    assert field.names() == ["changed", "there"]
    assert field.kept().pending == ()


def test_contract_move_data(field: Field) -> None:
    """`queue.dat` goes beside the messages, whatever its size is by then, and is writable afterwards."""
    field.seed("a")
    data = field.host.seed_file(f"{field.root}\\imc data\\queue.dat", b"data", read_only=True)
    field.open()
    any_size = QueueFile("queue.dat", -1, 0)
    assert field.move(any_size, at="", kept="") == MoveState(moved=1, size=data.size)
    assert field.kept().data
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert state.data is None
    assert field.move(any_size, at="", kept="", back=True) == MoveState(moved=1, size=data.size)
    assert not field.kept().data
    state = field.read(field.queue)
    assert isinstance(state, QueueState)
    assert state.data is not None
    assert state.data.size == data.size


def test_contract_move_read_only(field: Field) -> None:
    """A read-only message is moved, and is read-only again."""
    file = field.host.seed_file(field.out("a"), b"x", read_only=True)
    field.open()
    assert field.move(file).moved == 1
    assert field.host.content(f"{field.run}\\out\\a") == b"x"
    assert field.move(file, back=True).moved == 1


def test_contract_move_needs_an_open_quarantine(field: Field) -> None:
    """Without an open quarantine the item fails, and nothing is moved."""
    (file,) = field.seed("a")
    for prepare in (None, (ABSENT, OPEN), (OPEN, CLOSED)):
        if prepare:
            assert field.change(*prepare).status is OutcomeStatus.DONE
        if prepare == (ABSENT, OPEN):
            continue
        (failed,) = field.apply(field.item(file))
        assert failed.status is OutcomeStatus.FAILED
        assert failed.message
        assert failed.before is None
        assert failed.after == MoveState(moved=0, size=0)
        assert field.names() == ["a"]


def test_contract_watch(field: Field) -> None:
    """A watch waits and tells the service as it is at the end; one that does not run is not waited for."""
    service = Service("MSExchangeIMC")
    for status in (ServiceStatus.RUNNING, ServiceStatus.STOPPED):
        field.host.seed_service(SimulatedService(name=service.name, status=status))
        (done,) = field.apply(Action(verb=Verb.WATCH, resource=service, timeout=1.0))
        assert done.status is OutcomeStatus.DONE
        assert isinstance(done.before, ServiceState)
        assert isinstance(done.after, ServiceState)
        assert (done.before.status, done.after.status) == (status, status)
