"""The simulated queue: what its service does in time, what breaks its moves off, and how many messages it bears."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ndrfix.connections import manifest
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.connections.simulated_mail import mailbox, message
from ndrfix.connections.simulation import Access, Denial, Fault, FaultAt, FaultKind, Sent, SimulatedFile
from ndrfix.errors import UnreachableError
from ndrfix.exchange.layout import IMS, OUT_FOLDER, PARAMETERS, QUARANTINE_FOLDER, QUEUE, SUPPRESSION
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    File,
    FileState,
    Folder,
    FolderState,
    LeftFile,
    MessageKind,
    Move,
    MoveState,
    Quarantine,
    Quarantines,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RegistryData,
    RegistryType,
    RemoteItem,
    ServiceState,
    ServiceStatus,
    StartType,
    Unreadable,
    Verb,
)

ROOT = "C:\\exchsrvr\\imcdata"
KEPT = "C:\\exchsrvr\\ndrfix-quarantine\\run-1"
HOST = r"""
ex01:
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata'}
  services:
    MSExchangeIMC: {status: stopped, stop_seconds: 20}
"""
RUN = Quarantine(QUARANTINE_FOLDER, "run-1")
OPEN = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
CLOSED = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.STOPPED)
DATA = QueueFile("queue.dat", -1, 0)


def _host(more: str = "", *, text: str = HOST) -> SimulatedHost:
    return Simulation.parse(text + more).host("ex01")


def _apply(host: SimulatedHost, *items: RemoteItem) -> list[Outcome]:
    return list(host.connect().apply(items, on_event=lambda _: None))


def _queue(host: SimulatedHost) -> QueueState:
    state = host.read(QUEUE)
    assert isinstance(state, QueueState), state
    return state


def _kinds(host: SimulatedHost) -> dict[MessageKind, int]:
    kinds = [each.kind for each in _queue(host).messages]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _status(host: SimulatedHost) -> ServiceStatus:
    state = host.read(IMS)
    assert isinstance(state, ServiceState)
    return state.status


def _set(host: SimulatedHost, status: ServiceStatus) -> Outcome:
    state = host.read(IMS)
    assert isinstance(state, ServiceState)
    return _apply(host, Change(resource=IMS, before=state, after=replace(state, status=status)))[0]


def _open(host: SimulatedHost, quarantine: Quarantine = RUN) -> None:
    (done,) = _apply(host, Change(resource=quarantine, before=ABSENT, after=OPEN))
    assert done.status is OutcomeStatus.DONE, done


def _move(host: SimulatedHost, quarantine: Quarantine = RUN) -> Move:
    """The move of all messages as they are now."""
    files = tuple(each.file for each in _queue(host).messages)
    return Move(queue=QUEUE, quarantine=quarantine, files=files)


def _moved(host: SimulatedHost, move: Move) -> MoveState:
    (done,) = _apply(host, move)
    assert done.status is OutcomeStatus.DONE, done.message
    assert isinstance(done.after, MoveState)
    return done.after


def _kept(host: SimulatedHost, quarantine: Quarantine = RUN) -> QuarantineState:
    state = host.read(quarantine)
    assert isinstance(state, QuarantineState), state
    return state


# --- the service ----------------------------------------------------------------------------------------------------


def test_simulated_queue_made_up_mail_is_what_it_is_called() -> None:
    """Each made-up message is told to be of its kind, and they are the same every time."""
    text = "  messages: {ndr: 60, user: 30, receipt: 7, bounce: 5, unknown: 2}\n"
    host = _host(text)
    assert _kinds(host) == {
        MessageKind.NDR: 60,
        MessageKind.USER: 30,
        MessageKind.RECEIPT: 7,
        MessageKind.BOUNCE: 5,
        MessageKind.UNKNOWN: 2,
    }
    assert _queue(host) == _queue(_host(text))
    assert len({each.domain for each in _queue(host).messages if each.kind is MessageKind.NDR}) > 2
    assert _queue(host).data is not None


@pytest.mark.parametrize(("number", "reports"), [(None, 3), (0, 3), (2, 3), (0x1, 0), (0x10, 0), (0x100, 0)])
def test_simulated_queue_refills_at_each_start(number: int | None, reports: int) -> None:
    """Reports flow back at each start, unless a documented number suppresses them; `queue.dat` is made anew."""
    host = _host("  messages: {user: 1}\n  queue: {refill: 3}\n")
    if number is not None:
        host.put_value(SUPPRESSION, RegistryData(RegistryType.DWORD, number))
    host.remove_file(f"{ROOT}\\queue.dat")
    for starts in (1, 2):
        assert _set(host, ServiceStatus.RUNNING).status is OutcomeStatus.DONE
        assert _kinds(host).get(MessageKind.NDR, 0) == reports * starts
        assert _queue(host).data is not None
        assert _set(host, ServiceStatus.STOPPED).status is OutcomeStatus.DONE


def test_simulated_queue_delivers_mail_of_users() -> None:
    """Mail of users has left 5 s after a start, and only then; the rest stays."""
    host = _host("  messages: {ndr: 2, user: 3, unknown: 1}\n  queue: {delivers: true}\n")
    host.clock.seconds += 100
    assert _kinds(host)[MessageKind.USER] == 3
    _set(host, ServiceStatus.RUNNING)
    assert _kinds(host)[MessageKind.USER] == 3
    host.clock.seconds += 5
    assert _kinds(host) == {MessageKind.NDR: 2, MessageKind.UNKNOWN: 1}


def test_simulated_queue_chokes_on_a_message() -> None:
    """The service starts, and stops again while it is watched, as long as the message lies there."""
    host = _host("  queue: {chokes_on: [BAD1]}\n")
    host.put_file(SimulatedFile(path=f"{ROOT}\\out\\bad1", content=message(MessageKind.USER, 1)))
    assert _set(host, ServiceStatus.RUNNING).status is OutcomeStatus.DONE
    before = host.clock.seconds
    (watched,) = _apply(host, Action(verb=Verb.WATCH, resource=IMS, timeout=60.0))
    assert watched.status is OutcomeStatus.DONE
    assert isinstance(watched.before, ServiceState)
    assert isinstance(watched.after, ServiceState)
    assert (watched.before.status, watched.after.status) == (ServiceStatus.RUNNING, ServiceStatus.STOPPED)
    assert host.clock.seconds == before + 3
    host.remove_file(f"{ROOT}\\out\\bad1")
    _set(host, ServiceStatus.RUNNING)
    _apply(host, Action(verb=Verb.WATCH, resource=IMS, timeout=60.0))
    assert _status(host) is ServiceStatus.RUNNING


def test_simulated_watch_ends_at_odd_times() -> None:
    """A watch ends when its time is up, at whatever fraction of a second it began."""
    host = _host()
    _set(host, ServiceStatus.RUNNING)
    for began in (0.1, 10.2, 120.19999999999999, 1e9 + 0.3):
        host.clock.seconds = began
        told: list[Progress] = []
        list(host.connect().apply([Action(verb=Verb.WATCH, resource=IMS, timeout=12.3)], on_event=told.append))
        assert host.clock.seconds == began + 12.3
        assert [round(each.elapsed) for each in told] == [0, 5, 10]
        assert {each.text for each in told} == {"watching MSExchangeIMC: RUNNING"}


def test_simulated_queue_data_is_held_until_the_service_has_stopped() -> None:
    """Moving `queue.dat` fails while the service runs; while it is stopping it is waited for."""
    host = _host("  messages: {ndr: 1}\n")
    _set(host, ServiceStatus.RUNNING)
    _open(host)
    move = Move(queue=QUEUE, quarantine=RUN, files=(DATA,), at="", kept="", timeout=30.0)
    (held,) = _apply(host, move)
    assert (held.status, held.message) == (
        OutcomeStatus.FAILED,
        "queue.dat cannot be moved: is held open by another program",
    )
    assert held.after == MoveState(moved=0, size=0, left=(LeftFile("queue.dat", "is held open by another program"),))
    state = host.read(IMS)
    assert isinstance(state, ServiceState)
    stop = Change(resource=IMS, before=state, after=replace(state, status=ServiceStatus.STOPPED), timeout=5.0)
    assert _apply(host, stop)[0].status is OutcomeStatus.FAILED
    assert _status(host) is ServiceStatus.STOP_PENDING
    assert _moved(host, move) == MoveState(moved=1, size=5)
    assert _kept(host).data
    found = host.read(File(f"{KEPT}\\queue.dat"))
    assert isinstance(found, FileState)
    assert not found.read_only


# --- rights, volumes ------------------------------------------------------------------------------------------------


def test_simulated_queue_without_rights_to_the_root() -> None:
    """Who may not read RootDir learns nothing; the service itself does not depend on that."""
    host = _host(
        "  messages: {ndr: 2}\n"
        "  queue: {refill: 1, delivers: true}\n"
        "  deny: ['HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters']\n"
    )
    for resource in (QUEUE, OUT_FOLDER, RUN, Quarantines(QUARANTINE_FOLDER)):
        assert isinstance(host.read(resource), Unreadable)
    assert _set(host, ServiceStatus.RUNNING).status is OutcomeStatus.DONE
    host.clock.seconds += 10
    assert len(host.files(f"{ROOT}\\out")) == 3
    files = (QueueFile("x", 1, 1),)
    (failed,) = _apply(host, Move(queue=QUEUE, quarantine=RUN, files=files))
    assert (failed.status, failed.after) == (OutcomeStatus.FAILED, MoveState(moved=0, size=0))
    assert str(PARAMETERS) in failed.message


def test_simulated_queue_single_rights() -> None:
    """What may not be read is told to be denied, one message of many too; what may not be written is left."""
    host = _host("  messages: {ndr: 3}\n")
    names = [each.name for each in _queue(host).messages]
    _open(host)
    move = _move(host)
    host.deny(Denial(File(f"{ROOT}\\out\\{names[0]}")))
    first, *others = _queue(host).messages
    assert (first.kind, first.reasons) == (MessageKind.UNKNOWN, ("not read: access is denied",))
    assert all(each.kind is MessageKind.NDR for each in others)
    assert names[0] not in host.contents(QUEUE)
    assert _moved(host, move).left == (LeftFile(names[0], "access is denied"),)
    host.deny(Denial(File(KEPT)))
    found = host.read(RUN)
    assert isinstance(found, Unreadable)
    assert found.denied
    (failed,) = _apply(host, move)
    assert failed.status is OutcomeStatus.FAILED
    assert "denied" in failed.message


def test_simulated_quarantine_without_the_right_to_write() -> None:
    """Who may read a quarantine, and not write it, neither opens nor closes it, nor moves anything."""
    host = _host("  messages: {ndr: 1}\n")
    _open(host)
    move = _move(host)
    host.deny(Denial(File(KEPT), Access.WRITE))
    before = _kept(host)
    for item in (Change(resource=RUN, before=OPEN, after=CLOSED), move):
        (failed,) = _apply(host, item)
        assert failed.status is OutcomeStatus.FAILED
        assert "denied" in failed.message
    assert _kept(host) == before
    assert len(_queue(host).messages) == 1


def test_simulated_volumes() -> None:
    """A drive has the free bytes that the file tells of, and 4 GB else."""
    host = _host("  volumes: {c: 5, 'D:': 7}\n")
    free = {}
    for letter in "CDE":
        state = host.read(Folder(f"{letter}:\\"))
        assert isinstance(state, FolderState)
        free[letter] = state.free
    assert free == {"C": 5, "D": 7, "E": 4_000_000_000}


# --- faults ---------------------------------------------------------------------------------------------------------


def _faulty(kind: FaultKind, sent: Sent, nth: int) -> tuple[SimulatedHost, Move]:
    """A host with three messages to move, and a fault at the nth operation of the move."""
    host = _host("  messages: {ndr: 3}\n")
    _open(host)
    host.add_fault(Fault(at=FaultAt.OPERATION, kind=kind, nth=host.operations + nth, sent=sent))
    return host, _move(host)


@pytest.mark.parametrize(
    ("kind", "sent", "nth", "gone", "recorded", "pending"),
    [
        (FaultKind.RESTARTED, Sent.BEFORE, 1, 0, False, 0),
        (FaultKind.RESTARTED, Sent.DURING, 1, 0, False, 1),
        (FaultKind.RESTARTED, Sent.AFTER, 1, 0, True, 3),
        (FaultKind.RESTARTED, Sent.BEFORE, 3, 1, True, 2),
        (FaultKind.RESTARTED, Sent.AFTER, 3, 2, True, 1),
        (FaultKind.LOST, Sent.BEFORE, 1, 3, True, 0),
        (FaultKind.LOST, Sent.AFTER, 3, 3, True, 0),
    ],
)
def test_simulated_move_breaks_off(
    kind: FaultKind, sent: Sent, nth: int, gone: int, recorded: bool, pending: int
) -> None:
    """A restart stops the host in the middle, after a lost link it goes on; the record tells what was to be done."""
    host, move = _faulty(kind, sent, nth)
    with pytest.raises(UnreachableError) as caught:
        _apply(host, move)
    assert caught.value.sent
    assert len(_queue(host).messages) == 3 - gone
    assert (_kept(host).messages, len(_kept(host).pending)) == (gone, pending)
    whole = all(file.name in host.content(f"{KEPT}\\{manifest.NAME}").decode() for file in move.files)
    assert whole is recorded
    assert _moved(host, move).moved == 3
    assert _kept(host).pending == ()


def test_simulated_move_meets_what_is_held_for_a_moment() -> None:
    """A file that another program has open for a moment is tried again."""
    host, move = _faulty(FaultKind.HELD, Sent.BEFORE, 2)
    assert _moved(host, move) == MoveState(moved=3, size=sum(file.size for file in move.files))
    host, move = _faulty(FaultKind.DENIED, Sent.BEFORE, 2)
    assert [each.reason for each in _moved(host, move).left] == ["access is denied"]


def test_simulated_move_tells_what_was_done_when_it_fails() -> None:
    """Another run at work in the quarantine stops a move between batches: whole batches are done and told."""
    host = _host("  messages: {ndr: 600}\n")
    _open(host)
    move = _move(host)
    host.add_fault(Fault(at=FaultAt.OPERATION, kind=FaultKind.HELD, nth=host.operations + 1 + manifest.BATCH + 1))
    (failed,) = _apply(host, move)
    assert failed.status is OutcomeStatus.FAILED
    assert failed.message == "another run is at work in this quarantine"
    assert failed.after == MoveState(moved=250, size=sum(file.size for file in move.files[:250]))
    assert len(_queue(host).messages) == 350


def test_simulated_faults_while_a_quarantine_is_made() -> None:
    """Wherever the host is restarted: there is no run, one that is not readable, or a whole one."""
    found = []
    for nth, sent in ((1, Sent.BEFORE), (1, Sent.AFTER), (2, Sent.DURING), (2, Sent.AFTER), (3, Sent.AFTER)):
        host = _host()
        host.add_fault(Fault(at=FaultAt.OPERATION, kind=FaultKind.RESTARTED, nth=nth, sent=sent))
        with pytest.raises(UnreachableError):
            _open(host)
        found.append(type(host.read(RUN)))
    assert found == [type(ABSENT), type(ABSENT), Unreadable, QuarantineState, QuarantineState]


@pytest.mark.parametrize("kind", [FaultKind.HELD, FaultKind.DENIED])
def test_simulated_faults_of_service_control(kind: FaultKind) -> None:
    """A service control that is refused fails its item, and the service is as before."""
    host = _host()
    host.add_fault(Fault(at=FaultAt.OPERATION, kind=kind, nth=1))
    failed = _set(host, ServiceStatus.RUNNING)
    assert failed.status is OutcomeStatus.FAILED
    assert failed.message
    assert _status(host) is ServiceStatus.STOPPED


@pytest.mark.parametrize(
    ("start", "after"), [(StartType.AUTOMATIC, ServiceStatus.RUNNING), (StartType.MANUAL, ServiceStatus.STOPPED)]
)
def test_simulated_restart_brings_services_up_by_their_start_type(start: StartType, after: ServiceStatus) -> None:
    """After a restart a service is in the state that its start type says, and `queue.dat` is there when it runs."""
    host = _host(text=HOST.replace("status: stopped", f"start: {start}"), more="  messages: {ndr: 1}\n")
    host.remove_file(f"{ROOT}\\queue.dat")
    host.add_fault(Fault(at=FaultAt.OPERATION, kind=FaultKind.RESTARTED, nth=2))
    with pytest.raises(UnreachableError):
        _open(host)
    assert _status(host) is after
    assert (_queue(host).data is not None) is (after is ServiceStatus.RUNNING)


# --- many -----------------------------------------------------------------------------------------------------------


def test_simulated_queue_bears_many_messages() -> None:
    """Ten times the messages take about ten times as long, not a hundred times: nothing is searched per file."""

    def took(count: int) -> float:
        host = _host()
        for file in mailbox(f"{ROOT}\\out", {MessageKind.NDR: count}):
            host.put_file(file)
        _queue(host)
        _open(host)
        move = _move(host)
        began = time.process_time()
        assert _moved(host, move).moved == count
        assert _kept(host).messages == count
        return time.process_time() - began

    took(10)
    assert took(20_000) < 40 * max(took(2_000), 0.02)


def test_simulated_mail_has_few_distinct_contents() -> None:
    """However many messages: their contents are shared, so that a queue of 100,000 fits in memory."""
    files = list(mailbox("C:\\out", {MessageKind.NDR: 3000, MessageKind.USER: 3000}))
    assert len({file.path for file in files}) == 6000
    assert len({id(file.content) for file in files}) <= 1000
