"""How work on the queue ends when it breaks off: no mail is lost, and the service is not left to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ndrfix.connections import manifest
from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import FaultAt, FaultKind, Sent, SimulatedFile
from ndrfix.engine.recorder import HostRecorder, Journal
from ndrfix.engine.result import Status, TaskResult
from ndrfix.engine.resume import known_quarantines
from ndrfix.errors import UnreachableError
from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER, QUEUE
from ndrfix.resources import (
    ABSENT,
    Change,
    MessageKind,
    MessageQueue,
    Move,
    MoveState,
    PendingMove,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    RegistryKey,
    RegistryValue,
    RemoteItem,
    Resource,
    ServiceState,
    ServiceStatus,
    Unreadable,
)
from tests.engine.queue_field import CLEAR, Field, Work
from tests.engine.queue_strikes import Strike
from tests.engine.stage import Stage, last, of, statuses
from tests.engine.test_engine_undo import undo

ROOT, KEPT = "C:\\exchsrvr\\imcdata", "C:\\exchsrvr\\ndrfix-quarantine"
RESUME = "ndrfix resume RUN"
HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata'}
  services: {MSExchangeIMC: {}}
  messages: {ndr: 5, user: 3}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A host with mail in its queue."""
    return Stage(tmp_path, hosts=HOSTS)


@dataclass(slots=True)
class PressesCtrlC:
    """A connection on which Ctrl-C is pressed as soon as so many messages have gone back."""

    below: Connection
    press: Callable[[], None]
    after: int

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        return self.below.read(resources)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        for outcome in self.below.apply(items, on_event=on_event):
            if isinstance(outcome.after, MoveState) and isinstance(outcome.item, Move) and outcome.item.back:
                self.after -= outcome.after.moved
                if self.after <= 0:
                    self.press()
            yield outcome

    def close(self) -> None:
        self.below.close()


@dataclass(slots=True)
class AfterTheStop:
    """A connection on which something happens as soon as the service was stopped by it, once."""

    below: Connection
    happen: Callable[[Sequence[Resource]], Mapping[Resource, Reading] | None]
    stopped: bool = field(default=False)

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        if self.stopped and any(isinstance(each, MessageQueue) for each in resources):
            self.stopped = False
            found = self.happen(resources)
            if found is not None:
                return found
        return self.below.read(resources)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        for outcome in self.below.apply(items, on_event=on_event):
            after = outcome.after
            stops = isinstance(after, ServiceState) and after.status is ServiceStatus.STOPPED
            self.stopped = self.stopped or stops
            yield outcome

    def close(self) -> None:
        self.below.close()


def _status(stage: Stage) -> ServiceStatus:
    state = stage.host().read(IMS)
    assert isinstance(state, ServiceState)
    return state.status


def _ended(
    stage: Stage, arguments: str, happen: Callable[[Sequence[Resource]], Mapping[Resource, Reading] | None]
) -> TaskResult:
    stand = stage.run(f"- clear_queue: {{{arguments}}}")
    stand.run.resume = RESUME
    plan = stand.plan()
    stage.wrap = lambda _host, connection: AfterTheStop(connection, happen)
    result = last(stand.apply(plan))
    stage.wrap = lambda _host, connection: connection
    return result


def test_a_queue_that_cannot_be_read_after_the_stop(stage: Stage) -> None:
    """The service is started again, since nothing was moved; what is open is told with the command that ends it."""

    def unreadable(resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        found = dict(stage.host().connect().read(resources))
        return {each: Unreadable(reason="no") if isinstance(each, MessageQueue) else found[each] for each in resources}

    ended = _ended(stage, "", unreadable)
    assert ended.status is Status.FAILED
    assert _status(stage) is ServiceStatus.RUNNING
    assert "cannot read" in ended.message
    assert "MSExchangeIMC was started again" in ended.message
    assert "no message was moved" in ended.message
    assert ended.next_step == "`ndrfix resume RUN -l ex01` finishes it."


def test_a_link_that_is_lost_at_the_read_after_the_stop(stage: Stage) -> None:
    """The longest read of all: where the host answers again the service is started, else it is said to be stopped."""
    dead = False

    def lost(_resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        raise UnreachableError("the connection was lost", host="ex01")

    ended = _ended(stage, "", lost)
    assert (ended.status, _status(stage)) == (Status.UNREACHABLE, ServiceStatus.RUNNING)
    assert "was started again" in ended.message

    def dying(_resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        nonlocal dead
        dead = True
        raise UnreachableError("the connection was lost", host="ex01")

    class Dead(AfterTheStop):
        def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
            if dead:
                raise UnreachableError("the connection was lost", host="ex01")
            yield from AfterTheStop.apply(self, items, on_event=on_event)

    stand = stage.run("- clear_queue: {}")
    stand.run.resume = RESUME
    plan = stand.plan()
    stage.wrap = lambda _host, connection: Dead(connection, dying)
    ended = last(stand.apply(plan))
    assert (ended.status, _status(stage)) == (Status.UNREACHABLE, ServiceStatus.STOPPED)
    assert "MSExchangeIMC IS STOPPED on ex01" in ended.message
    assert ended.next_step == "`ndrfix resume RUN -l ex01` finishes it."


def test_a_service_that_somebody_else_started_is_not_said_to_be_stopped(stage: Stage) -> None:
    """How it stands is read again at the very end: it was stopped when it was last seen."""

    def started(_resources: Sequence[Resource]) -> Mapping[Resource, Reading] | None:
        stage.host().put_service(SimulatedService(name="MSExchangeIMC"))
        raise UnreachableError("the connection was lost", host="ex01")

    ended = _ended(stage, "", started)
    assert (ended.status, _status(stage)) == (Status.UNREACHABLE, ServiceStatus.RUNNING)
    assert "IS STOPPED" not in ended.message
    assert "when last seen" not in ended.message


def test_mail_that_comes_while_the_service_stops(stage: Stage) -> None:
    """With `messages: all` mail of users that was not shown stays; what was shown is taken."""

    def arrives(_resources: Sequence[Resource]) -> None:
        for file in mailbox(f"{ROOT}\\out", {MessageKind.USER: 1}, seed=99):
            stage.host().put_file(file)

    ended = _ended(stage, "messages: all", arrives)
    assert (ended.status, _status(stage)) == (Status.CHANGED, ServiceStatus.RUNNING)
    assert len(stage.host().files(f"{ROOT}\\out")) == 1
    texts = [check.text for phase in ended.phases for check in phase.plan.checks]
    assert "1 message besides reports came or changed since the plan was shown, and stays in the queue" in texts


def test_other_mail_than_was_shown_is_not_deleted(tmp_path: Path) -> None:
    """As many messages as were shown, but others: those that nobody saw stay."""
    field = Field(tmp_path / "f", Work(name="x", book=CLEAR))
    stand = field.stage.run("- clear_queue: {messages: all, keep: delete, recount_after: 5}\n")
    plan = stand.plan()
    shown = {message.name for message in field.messages()}
    for file in mailbox(f"{ROOT}\\out", {MessageKind.USER: 2}, seed=99):
        field.host.put_file(file)
    for message in [each for each in field.messages() if each.kind is MessageKind.USER and each.name in shown]:
        field.host.remove_file(f"{ROOT}\\out\\{message.name}")
    assert last(stand.apply(plan)).status is Status.CHANGED
    left = {message.name for message in field.messages()}
    assert (len(left), left & shown) == (2, set())


def test_reports_that_have_gone_when_the_service_has_stopped(stage: Stage) -> None:
    """Nothing is left to move: the clearing goes through, and the service runs as was asked."""

    def gone(_resources: Sequence[Resource]) -> None:
        state = stage.host().read(QUEUE)
        assert isinstance(state, QueueState)
        for message in state.messages:
            if message.kind is MessageKind.NDR:
                stage.host().remove_file(f"{ROOT}\\out\\{message.name}")

    ended = _ended(stage, "restart: true", gone)
    assert (ended.status, _status(stage)) == (Status.CHANGED, ServiceStatus.RUNNING), ended.message


def test_one_message_less_is_no_drift(stage: Stage) -> None:
    """With `messages: all` too: less is taken than was shown, never more."""
    stand = stage.run("- clear_queue: {messages: all}")
    plan = stand.plan()
    state = stage.host().read(QUEUE)
    assert isinstance(state, QueueState)
    user = next(message for message in state.messages if message.kind is MessageKind.USER)
    stage.host().remove_file(f"{ROOT}\\out\\{user.name}")
    assert last(stand.apply(plan)).status is Status.CHANGED


@pytest.mark.parametrize(
    ("place", "status"), [("", Status.FAILED), (f", quarantine: '{KEPT.lower()}'", Status.DRIFTED)]
)
def test_a_second_clearing_in_a_run_deletes_nothing_of_the_first(stage: Stage, place: str, status: Status) -> None:
    """What an earlier task keeps is not removed by a later one: the later one fails before it does anything, however
    the folder is written.
    """
    book = f"- clear_queue: {{messages: all}}\n- clear_queue: {{keep: delete{place}}}\n"
    result = stage.run(book).apply()
    assert statuses(result) == [Status.CHANGED, status]
    assert "has cleared the queue already" in last(result).message
    assert len(stage.host().files(f"{KEPT}\\run-0\\out")) == 8


ELSEWHERE = ", quarantine: 'C:\\elsewhere'"


@pytest.mark.parametrize("keep", ["quarantine", "delete"])
@pytest.mark.parametrize(("first", "second"), [("", ELSEWHERE), (ELSEWHERE, "")])
def test_a_second_clearing_into_another_folder(tmp_path: Path, first: str, second: str, keep: str) -> None:
    """Each task keeps, or deletes, what it took itself, and undo brings back whatever is left of both."""
    field = Field(tmp_path / "f", Work(name="x", book=CLEAR))
    tasks = f"- clear_queue: {{recount_after: 5, keep: {keep}{second}, messages: all}}\n"
    tasks = f"- clear_queue: {{recount_after: 5{first}}}\n" + tasks
    assert statuses(field.stage.run(tasks).apply()) == [Status.CHANGED, Status.CHANGED]
    kept = {folder: len(field.host.files(f"{folder}\\out")) for folder in field.quarantines()}
    folders = {"": f"{KEPT}\\run-0", ELSEWHERE: "C:\\elsewhere\\run-0"}
    assert kept == {folders[first]: 4} | ({folders[second]: 3} if keep == "quarantine" else {})
    assert {each.folder for each in known_quarantines(field.folder / "runs")["ex01"]} == {
        QUARANTINE_FOLDER,
        "C:\\elsewhere",
    }
    back = undo(field.stage, "run-0")
    plan = back.plan()
    gone = [risk.text for risk in plan.plays[0].hosts[0].risks() if "cannot be put back" in risk.text]
    words = "the 3 messages that run run-0 took cannot be put back: it removed them from the quarantine"
    assert gone == ([f"{words}; 3 OF THESE are no report: mail of users is gone"] if keep == "delete" else [])
    assert Status.FAILED not in statuses(back.apply(plan))
    assert len(field.host.files(f"{ROOT}\\out")) == (7 if keep == "quarantine" else 4)


def test_a_clearing_after_one_that_deleted_in_the_same_run(tmp_path: Path) -> None:
    """The folder is free again; undo brings back what lies in it, and says in red what does not come back."""
    field = Field(tmp_path / "f", Work(name="x", book=CLEAR))
    tasks = "- clear_queue: {recount_after: 5, keep: delete}\n- clear_queue: {recount_after: 5, messages: all}\n"
    assert statuses(field.stage.run(tasks).apply()) == [Status.CHANGED, Status.CHANGED]
    back = undo(field.stage, "run-0")
    plan = back.plan()
    texts = [risk.text for risk in plan.plays[0].hosts[0].risks() if risk.grave]
    assert texts[0] == "the 4 messages that run run-0 took cannot be put back: it removed them from the quarantine"
    back.apply(plan)
    assert len(field.host.files(f"{ROOT}\\out")) == 3


def _stops(task: TaskResult) -> int:
    """How often the service was stopped."""
    outcomes = (outcome for phase in task.phases for outcome in phase.outcomes if outcome.item.resource == IMS)
    states = (outcome.after for outcome in outcomes)
    return sum(isinstance(state, ServiceState) and state.status is ServiceStatus.STOPPED for state in states)


@pytest.mark.parametrize("batch", [1, 2, 10])
def test_files_that_cannot_be_put_back_do_not_hold_the_rest(stage: Stage, batch: int) -> None:
    """A name that is taken in the queue, a file that is held open: all others go back, these are told one by one."""
    host = stage.host()
    stage.run("- clear_queue: {messages: all}").apply()
    names = sorted(host.files(f"{KEPT}\\run-0\\out"))
    for name, file in zip(names[:2], mailbox("x", {MessageKind.USER: 2}, seed=7), strict=True):
        host.put_file(replace(file, path=f"{ROOT}\\out\\{name}"))
    kept = f"{KEPT}\\run-0\\out\\{names[2]}"
    host.put_file(SimulatedFile(path=kept, content=host.content(kept), held=True))
    task = last(stage.run(f"- restore_queue: {{run: run-0, batch: {batch}, drain_timeout: 0}}").apply())
    assert task.status is Status.FAILED
    assert task.message.startswith("3 messages could not be put back, and stay in quarantine: ")
    assert task.message.endswith("; no other of those chosen lies there yet")
    assert all(name in task.message for name in names[:3])
    assert "give the same command again" in task.next_step
    assert sorted(host.files(f"{KEPT}\\run-0\\out")) == names[:3]
    assert set(host.files(f"{ROOT}\\out")) == set(names) - {names[2]}
    left = {
        file.name: file.reason
        for phase in task.phases
        for outcome in phase.outcomes
        if isinstance(outcome.after, MoveState)
        for file in outcome.after.left
    }
    assert sorted(left) == names[:3]
    assert _stops(task) <= -(-len(names) // batch) + 2
    assert (_status(stage), _closed(stage, "run-0")) == (ServiceStatus.RUNNING, True)
    host.put_file(SimulatedFile(path=kept, content=host.content(kept)))
    for name in names[:2]:
        host.remove_file(f"{ROOT}\\out\\{name}")
    assert last(stage.run("- restore_queue: {run: run-0, drain_timeout: 0}").apply()).status is Status.CHANGED
    assert host.files(f"{KEPT}\\run-0\\out") == {}


def test_files_that_cannot_be_put_back_on_a_stopped_service(stage: Stage) -> None:
    """All goes back at once; what does not is told, and the service stays stopped."""
    host = stage.host()
    stage.run("- clear_queue: {restart: false}").apply()
    name = min(host.files(f"{KEPT}\\run-0\\out"))
    kept = f"{KEPT}\\run-0\\out\\{name}"
    host.put_file(SimulatedFile(path=kept, content=host.content(kept), held=True))
    task = last(stage.run("- restore_queue: {run: run-0}").apply())
    assert (task.status, list(host.files(f"{KEPT}\\run-0\\out"))) == (Status.FAILED, [name])
    assert f"1 message could not be put back, and stays in quarantine: {name}; no other of those" in task.message
    assert (_status(stage), _closed(stage, "run-0")) == (ServiceStatus.STOPPED, True)


def test_a_restore_of_which_nothing_moves_gives_up(tmp_path: Path) -> None:
    """When everything is kept from being moved, the service is not stopped for every batch of it."""
    stage = Stage(tmp_path, hosts=HOSTS.replace("ndr: 5", "ndr: 60"))
    host = stage.host()
    stage.run("- clear_queue: {}").apply()
    for name, content in host.files(f"{KEPT}\\run-0\\out").items():
        host.put_file(SimulatedFile(path=f"{KEPT}\\run-0\\out\\{name}", content=content, held=True))
    task = last(stage.run("- restore_queue: {run: run-0, batch: 5, drain_timeout: 0}").apply())
    assert "30 messages could not be put back" in task.message
    assert "after these 30 others were not tried" in task.message
    assert (task.status, _stops(task), _closed(stage, "run-0")) == (Status.FAILED, 6, True)


def test_ctrl_c_counts_what_could_not_be_moved(stage: Stage) -> None:
    """What is left after a restore that was interrupted is all that lies there."""
    host = stage.host()
    stage.run("- clear_queue: {}").apply()
    name = min(host.files(f"{KEPT}\\run-0\\out"))
    kept = f"{KEPT}\\run-0\\out\\{name}"
    host.put_file(SimulatedFile(path=kept, content=host.content(kept), held=True))
    stand = stage.run("- restore_queue: {run: run-0, batch: 2, drain_timeout: 0}")
    plan = stand.plan()
    stage.wrap = lambda _name, connection: PressesCtrlC(connection, stand.run.fleet.interrupt.event.set, after=1)
    task = last(stand.apply(plan))
    assert "1 message went back to the queue; 4 messages of those chosen lie in" in task.message


def _closed(stage: Stage, run: str) -> bool:
    state = stage.host().read(Quarantine(QUARANTINE_FOLDER, run))
    return isinstance(state, QuarantineState) and state.status is QuarantineStatus.CLOSED


def test_ctrl_c_ends_a_restore_after_the_batch_it_is_at(stage: Stage) -> None:
    """What was put back and what is left is said, the service runs, and the same command goes on with the rest."""
    stage.run("- clear_queue: {}").apply()
    book = "- restore_queue: {run: run-0, batch: 2, drain_timeout: 0}"
    stand = stage.run(book)
    plan = stand.plan()
    press = stand.run.fleet.interrupt.event.set
    stage.wrap = lambda _host, connection: PressesCtrlC(connection, press, after=1)
    ended = last(stand.apply(plan))
    stage.wrap = lambda _host, connection: connection
    assert ended.status is Status.FAILED
    assert ended.message == (
        "the run was interrupted: 2 messages went back to the queue; "
        "3 messages of those chosen lie in quarantine run-0 yet"
    )
    assert ended.next_step == "Give the same command again: it goes on with what is left."
    assert len(stage.host().files(f"{KEPT}\\run-0\\out")) == 3
    assert (_status(stage), _closed(stage, "run-0")) == (ServiceStatus.RUNNING, True)
    assert last(stage.run(book).apply()).status is Status.CHANGED
    assert stage.host().files(f"{KEPT}\\run-0\\out") == {}


def test_ctrl_c_while_the_service_does_not_stay_started(stage: Stage, tmp_path: Path) -> None:
    """The batch that made it stop is taken out again, and mail goes on."""
    state = stage.host().read(QUEUE)
    assert isinstance(state, QueueState)
    bad = next(message.name for message in state.messages if message.kind is MessageKind.NDR)
    stage = Stage(tmp_path, hosts=f"{HOSTS}  queue: {{chokes_on: [{bad}]}}\n")
    stage.run("- clear_queue: {}").apply()
    stand = stage.run("- restore_queue: {run: run-0, batch: 100, drain_timeout: 20}")
    plan = stand.plan()
    press = stand.run.fleet.interrupt.event.set
    stage.wrap = lambda _host, connection: PressesCtrlC(connection, press, after=1)
    ended = last(stand.apply(plan))
    assert ended.status is Status.FAILED
    assert "the run was interrupted: 0 messages went back to the queue" in ended.message
    assert (_status(stage), _closed(stage, "run-0")) == (ServiceStatus.RUNNING, True)
    assert len(stage.host().files(f"{KEPT}\\run-0\\out")) == 5


def test_rounds_that_come_to_no_end_are_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap that is reached is no success."""
    stage.run("- clear_queue: {}").apply()
    monkeypatch.setattr("ndrfix.engine.run._MOST_ROUNDS", 2)
    ended = last(stage.run("- restore_queue: {run: run-0, batch: 2, drain_timeout: 0}").apply())
    assert ended.status is Status.FAILED
    assert "not through after 2 rounds: 2 messages went back to the queue; 3 messages of those" in ended.message
    assert (_status(stage), _closed(stage, "run-0")) == (ServiceStatus.RUNNING, True)


def test_mail_that_was_set_aside_is_not_purged(stage: Stage) -> None:
    """A message in `bad` is mail of a user as likely as not: the run's quarantine stays until a person looked."""
    stage.run("- clear_queue: {}").apply()
    for file in mailbox(f"{KEPT}\\run-0\\bad", {MessageKind.USER: 1}):
        stage.host().put_file(file)
    quarantine = Quarantine(QUARANTINE_FOLDER, "run-0")
    before = stage.host().read(quarantine)
    assert isinstance(before, QuarantineState)
    purge = Change(resource=quarantine, before=before, after=ABSENT)
    (outcome,) = stage.host().connect().apply([purge], on_event=lambda _: None)
    assert outcome.status is OutcomeStatus.FAILED
    assert "set aside in `bad`" in outcome.message
    assert len(stage.host().files(f"{KEPT}\\run-0\\bad")) == 1
    assert len(stage.host().files(f"{KEPT}\\run-0\\out")) == 5


def test_a_run_with_messages_set_aside_holds_up_no_other_purge(tmp_path: Path) -> None:
    """The others are removed, it stays, and how much mail of users goes is told in red, before and afterwards."""
    field = Field(tmp_path / "f", Work(name="x", book=CLEAR))
    field.clear("- clear_queue: {recount_after: 5, messages: all}\n")
    field.put_report()
    field.clear()
    first, second = sorted(field.quarantines())
    for file in mailbox(f"{second}\\bad", {MessageKind.USER: 1}):
        field.host.put_file(file)
    stand = field.stage.run("- purge_quarantine: {older_than_days: 0}\n")
    stand.run.context = replace(stand.run.context, run_id="20261201-0000-purge")
    plan = stand.plan()
    risks = [risk.text for risk in plan.plays[0].hosts[0].risks()]
    assert risks == [
        "7 messages are removed for good",
        "3 OF THESE are no non-delivery reports: mail of users is removed too",
    ]
    task = last(stand.apply(plan))
    assert task.status is Status.CHANGED
    assert [risk.text for phase in task.phases for risk in phase.plan.risks] == risks
    assert list(field.quarantines()) == [second]
    assert (len(field.host.files(f"{second}\\out")), field.host.files(first)) == (1, {})


@pytest.mark.parametrize("known", [True, False])
def test_undo_of_a_clearing_whose_quarantine_was_purged_since(stage: Stage, known: bool) -> None:
    """The registry value goes back, and it is said loudly that the messages cannot, and who removed them."""
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters"
    value = f"- set_registry: {{path: '{key}', name: SuppressNDROptions, type: dword, data: 1}}"
    stage.run(f"{value}\n- clear_queue: {{}}\n").apply()
    quarantine = Quarantine(QUARANTINE_FOLDER, "run-0")
    before = stage.host().read(quarantine)
    assert isinstance(before, QuarantineState)
    purge = Change(resource=quarantine, before=before, after=ABSENT)
    (gone,) = stage.host().connect().apply([purge], on_event=lambda _: None)
    if known:
        journal = Journal(folder=stage.folder / "runs" / "the-purge", clock=str, mask=str)
        journal.open(playbook="purge")
        recorder = HostRecorder(journal, "ex01")
        recorder.met("MAIL1")
        recorder.intent("Purge", [purge], [], hidden=False)
        recorder.outcome("Purge", gone, hidden=False)
        journal.close()
    back = undo(stage, "run-0")
    plan = back.plan()
    messages, *rest = of(back.apply(plan)).tasks
    assert messages.status is Status.OK
    assert [task.status for task in rest] == [Status.CHANGED, Status.CHANGED]
    who = "run the-purge" if known else "somebody"
    (risk,) = plan.plays[0].hosts[0].risks()
    what = "the 5 messages" if known else "the messages"
    assert risk.text == f"{what} that run run-0 took cannot be put back: {who} removed them from the quarantine"
    assert risk.grave
    value_now = stage.host().read(RegistryValue(RegistryKey.parse(key), "SuppressNDROptions"))
    assert value_now == ABSENT


def test_a_restore_of_a_quarantine_that_is_gone_fails(stage: Stage) -> None:
    """Only the way back of a whole run goes on without it."""
    assert last(stage.run("- restore_queue: {run: run-0}").shown()).status is Status.FAILED


@pytest.mark.parametrize(
    ("arguments", "messages", "mail"),
    [
        ("keep: delete", 5, ""),
        ("keep: delete, messages: all", 8, "; 3 OF THESE are no report: mail of users is gone"),
    ],
)
def test_undo_of_a_clearing_that_deleted_tells_what_is_gone(
    stage: Stage, arguments: str, messages: int, mail: str
) -> None:
    """In red, with its number, the mail of users apart; what can be taken back is taken back all the same."""
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters"
    value = f"- set_registry: {{path: '{key}', name: SuppressNDROptions, type: dword, data: 1}}"
    stage.run(f"{value}\n- clear_queue: {{{arguments}}}\n").apply()
    stand = undo(stage, "run-0")
    plan = stand.plan()
    tasks = of(stand.apply(plan)).tasks
    assert [(task.name.partition(" ")[0], task.status) for task in tasks] == [
        ("Put", Status.OK),
        ("Put", Status.CHANGED),
        ("Restart", Status.CHANGED),
    ]
    took = f"the {messages} messages that run run-0 took cannot be put back"
    text = f"{took}: it removed them from the quarantine{mail}"
    for risks in (plan.plays[0].hosts[0].risks(), tasks[0].phases[0].plan.risks):
        assert [(risk.text, risk.grave) for risk in risks] == [(text, True)]


def test_undo_counts_no_mail_that_stayed(stage: Stage) -> None:
    """A message that was left where it was is not gone."""
    state = stage.host().read(QUEUE)
    assert isinstance(state, QueueState)
    name = next(message.name for message in state.messages if message.kind is MessageKind.USER)
    path = f"{ROOT}\\out\\{name}"
    stage.host().put_file(SimulatedFile(path=path, content=stage.host().content(path), held=True))
    stage.run("- clear_queue: {keep: delete, messages: all}\n").apply()
    plan = undo(stage, "run-0").plan()
    (risk,) = plan.plays[0].hosts[0].risks()
    assert risk.text.startswith("the 7 messages that run run-0 took")
    assert "; 2 OF THESE are no report" in risk.text


def test_undo_of_a_purge_says_that_nothing_comes_back(stage: Stage) -> None:
    """It took nothing, but what it removed does not come back by undoing it."""
    stage.run("- clear_queue: {}").apply()
    stand = stage.run("- purge_quarantine: {older_than_days: 0}\n")
    run = "20261201-0000-purge"
    stand.run.context = replace(stand.run.context, run_id=run)
    assert last(stand.apply()).status is Status.CHANGED
    (risk,) = undo(stage, run).plan().plays[0].hosts[0].risks()
    words = f"the 5 messages that run run-0 took cannot be put back: run {run} removed them from the quarantine"
    assert (risk.text, risk.grave) == (words, True)


def _removal_from_below(field: Field) -> int:
    """The number of the operation with which a removal of all messages is within two of its end."""
    stand = field.stage.run(_DELETE)
    stand.apply(stand.plan())
    return field.host.operations - 5


_DELETE = "- clear_queue: {messages: all, keep: delete, recount_after: 5}\n"


@pytest.mark.parametrize(
    ("kind", "killed", "told"),
    [
        (FaultKind.DENIED, False, "it removed them from the quarantine; UP TO 3"),
        (FaultKind.HELD, False, "it removed them from the quarantine; UP TO 3"),
        (FaultKind.RESTARTED, False, "how the removal ended is not known; UP TO 3"),
        (FaultKind.LOST, False, "how the removal ended is not known; 3"),
        (FaultKind.LOST, True, "how the removal ended is not known; 3"),
    ],
)
def test_undo_tells_what_a_removal_deleted_that_broke_off(
    tmp_path: Path, kind: FaultKind, killed: bool, told: str
) -> None:
    """In red, with its number and the mail of users; what is left is put back."""
    nth = _removal_from_below(Field(tmp_path / "whole", Work(name="x", book=_DELETE)))
    field = Field(tmp_path / "f", Work(name="x", book=_DELETE))
    result = field.run(Strike(FaultAt.OPERATION, nth, kind, killed=killed))
    left = sum(state.messages or 0 for state in field.quarantines().values())
    if result and kind in (FaultKind.DENIED, FaultKind.HELD):
        assert "; 5 of the 7 messages in quarantine run-0 are gone for good, 2 lie there yet" in last(result).message
        assert "`purge_quarantine` removes" in last(result).next_step
    elif result:
        assert "not known whether it was carried out: the removal of quarantine run-0" in last(result).message
    stand = undo(field.stage, "run-0")
    plan = stand.plan()
    (risk,) = (each for each in plan.plays[0].hosts[0].risks() if "cannot be put back" in each.text)
    assert risk.grave
    what = "5 of the 7 messages" if left else "the 7 messages"
    assert risk.text.startswith(f"{what} that run run-0 took cannot be put back: it removed them")
    assert risk.text.endswith(f"{told} OF THESE are no report: mail of users is gone")
    assert last(stand.apply(plan)).status is (Status.CHANGED if left else Status.OK)
    assert len(field.host.files(f"{ROOT}\\out")) == left


@pytest.mark.parametrize(("kind", "deleted"), [(FaultKind.LOST, 7), (FaultKind.HELD, 3)])
def test_undo_tells_what_another_run_deleted_that_broke_off(tmp_path: Path, kind: FaultKind, deleted: int) -> None:
    """With the run that did; undoing that run puts back nothing that it did not take."""
    field = Field(tmp_path / "f", Work(name="x", book="- purge_quarantine: {older_than_days: 0}\n"))
    field.clear("- clear_queue: {messages: all, recount_after: 5}\n")
    result = field.run(Strike(FaultAt.OPERATION, 4, kind))
    assert result is not None
    assert "no message was moved" not in last(result).message
    run = Path(result.folder).name
    stand = undo(field.stage, run)
    plan = stand.plan()
    assert last(stand.apply(plan)).status is Status.OK
    lost = "the 7 messages" if deleted == 7 else f"{deleted} of the 7 messages"
    text = f"{lost} that run run-0 took cannot be put back: "
    for risks in (plan.plays[0].hosts[0].risks(), undo(field.stage, "run-0").plan().plays[0].hosts[0].risks()):
        risk = next(risk for risk in risks if risk.text.startswith(text))
        assert risk.grave
        assert "run 20260101-0000-" in risk.text
    assert "UP TO 3 OF THESE are no report: mail of users may be gone" in risk.text
    assert field.host.files(f"{ROOT}\\out") == {}


def hung_and_moved(field: Field) -> None:
    """A clearing that was begun while the service hung on its way to a stop, and broke off in the middle of the moves
    when it had stopped.
    """
    field.put_service(ServiceStatus.STOP_PENDING, ServiceMode.NEVER_STOPS)
    field.clear()
    (run,) = field.quarantines()
    text = field.host.content(f"{run}\\manifest.txt").decode("ascii")
    report = next(each for each in field.messages() if each.kind is MessageKind.NDR)
    record = manifest.record(PendingMove("out", "out", False, report.file))
    field.host.put_file(SimulatedFile(path=f"{run}\\manifest.txt", content=(text + record).encode("ascii")))


def _hung(field: Field) -> None:
    field.put_service(ServiceStatus.STOP_PENDING, ServiceMode.NEVER_STOPS)
    field.clear()


@pytest.mark.parametrize(
    ("first", "told"),
    [(_hung, "it is left running"), (hung_and_moved, "it is stopped for the moves and started again")],
)
@pytest.mark.parametrize("again", [True, False])
def test_a_service_that_was_started_meanwhile_is_not_stopped_by_what_finishes_the_run(
    first: Callable[[Field], None], told: str, again: bool, tmp_path: Path
) -> None:
    """It was to stay stopped; that it is running is somebody's will, and is put on record before it is stopped."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    first(field)
    assert field.owed() == {ServiceStatus.STOPPED}
    field.put_service(ServiceStatus.RUNNING)
    result = field.run() if again else field.resume()
    assert result is not None
    texts = [check.text for task in of(result).tasks for phase in task.phases for check in phase.plan.checks]
    assert any("though it was to be stopped at the end" in text and told in text for text in texts), texts
    assert [*field.complaints(), *field.unsettled({ServiceStatus.RUNNING})] == []
    assert {each.promised for each in field.quarantines().values()} == {ServiceStatus.RUNNING}


@pytest.mark.parametrize("first", [_hung, hung_and_moved])
def test_a_service_that_was_paused_meanwhile_is_said_to_be_running_at_the_end(
    first: Callable[[Field], None], tmp_path: Path
) -> None:
    """Not left as it is: nothing brings it back to a pause but a person."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    first(field)
    field.put_service(ServiceStatus.PAUSED)
    plan = of(field.resume()).tasks[0].phases[0].plan
    assert not any("left running" in check.text for check in plan.checks)
    words = "MSExchangeIMC is paused: it is running at the end; pause it again if it is to be so"
    assert words in [risk.text for risk in plan.risks]
    assert list(field.unsettled({ServiceStatus.RUNNING})) == []


def test_a_promise_that_was_changed_holds_when_finishing_breaks_off_too(tmp_path: Path) -> None:
    """The service was started by hand, finishing stops it for the moves and is lost: the next one starts it."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    hung_and_moved(field)
    field.put_service(ServiceStatus.RUNNING)
    field.struck(field.resume, Strike(FaultAt.OPERATION, 2, FaultKind.LOST, Sent.AFTER, killed=True))
    assert (field.service, field.owed()) == (ServiceStatus.STOPPED, {ServiceStatus.RUNNING})
    field.resume()
    assert [*field.complaints(), *field.unsettled({ServiceStatus.RUNNING}), *field.unmoved()] == []


def test_no_more_than_max_messages_go_when_reports_come_meanwhile(tmp_path: Path) -> None:
    """Reports that come between the look and the stop wait for the next run."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    staged = field.stage.run("- clear_queue: {max_messages: 4, recount_after: 5}\n")
    plan = staged.plan()

    def attack() -> None:
        for _ in range(5):
            field.put_report()

    field.host.meanwhile(field.host.operations + 2, attack)
    of(staged.apply(plan))
    assert [found.messages for found in field.quarantines().values()] == [4]


def test_mail_that_somebody_saved_among_the_quarantines_is_never_called_nothing(tmp_path: Path) -> None:
    """The folder is passed over, with its name; the queue is cleared all the same, and taken back."""
    field = Field(tmp_path / "f", Work(name="x", book=CLEAR))
    saved = f"{KEPT}\\saved by hand\\monday\\MSG"
    field.host.put_file(SimulatedFile(path=saved, content=b"mail of a user"))
    field.clear()
    for result in (field.resume(), undo(field.stage, "run-0").apply()):
        assert {task.status for task in of(result).tasks} <= {Status.OK, Status.CHANGED}
        told = [check.text for task in of(result).tasks for phase in task.phases for check in phase.plan.checks]
        assert any("passed over" in text and text.endswith(": saved by hand") for text in told)
    assert not list(field.complaints())
    assert field.host.content(saved) == b"mail of a user"


def test_a_report_that_was_held_open_is_not_said_to_have_come(tmp_path: Path) -> None:
    """It lay there before and was let go after the moves; the recount cannot know, and says both."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    name = next(message.name for message in field.messages() if message.kind is MessageKind.NDR)
    path = f"{ROOT}\\out\\{name}"
    report = SimulatedFile(path=path, content=field.host.content(path))
    field.host.put_file(replace(report, held=True))
    staged = field.stage.run(CLEAR)
    plan = staged.plan()
    field.host.meanwhile(field.host.operations + 7, lambda: field.host.put_file(report))
    task = of(staged.apply(plan)).tasks[0]
    texts = [check.text for phase in task.phases for check in phase.plan.checks]
    assert any("1 of them reports; 1 came since" in text and "or could not be read before" in text for text in texts)


def test_mail_of_users_that_is_held_open_did_not_change(tmp_path: Path) -> None:
    """It stays since it cannot be moved, which `left:` tells; nothing is said of mail that came or was changed."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    name = next(message.name for message in field.messages() if message.kind is MessageKind.USER)
    path = f"{ROOT}\\out\\{name}"
    mail = SimulatedFile(path=path, content=field.host.content(path))
    field.host.put_file(mail)
    staged = field.stage.run("- clear_queue: {recount_after: 5, messages: all}\n")
    plan = staged.plan()
    field.host.meanwhile(field.host.operations + 3, lambda: field.host.put_file(replace(mail, held=True)))
    task = of(staged.apply(plan)).tasks[0]
    texts = [check.text for phase in task.phases for check in phase.plan.checks]
    left = [each.name for phase in task.phases for done in phase.outcomes for each in getattr(done.after, "left", ())]
    assert left == [name]
    assert not any("came" in text for text in texts), texts


def test_a_last_copy_is_told_in_red_and_never_purged(tmp_path: Path) -> None:
    """Its line of the manifest is damaged and its original gone: resume says so, and a purge by name fails."""
    field = Field(tmp_path / "f", Work(name="x", book=CLEAR))
    field.clear("- clear_queue: {messages: all, recount_after: 5}\n")
    base = f"{KEPT}\\run-0"
    name, content = min(field.host.files(f"{base}\\out").items())
    field.host.remove_file(f"{base}\\out\\{name}")
    field.host.put_file(SimulatedFile(path=f"{base}\\part\\out.{name}", content=content))
    lines = field.host.content(f"{base}\\manifest.txt").decode().split("\r\n")
    torn = ["torn" if line.startswith("move|out|") and name in line else line for line in lines]
    field.host.put_file(SimulatedFile(path=f"{base}\\manifest.txt", content="\r\n".join(torn).encode()))
    told = [risk for task in of(field.resume()).tasks for phase in task.phases for risk in phase.plan.risks]
    assert [risk.grave for risk in told] == [True]
    assert told[0].text.startswith("run-0: 1 copy lies in `part`, and may be all that is left of a message")
    stand = field.stage.run("- purge_quarantine: {older_than_days: 0, run: run-0}\n")
    stand.run.context = replace(stand.run.context, run_id="20261201-0000-purge")
    ended = last(stand.apply())
    assert ended.status is Status.FAILED
    assert "may be all that is left of a message: it stays" in ended.message
    assert field.host.files(f"{base}\\part") == {f"out.{name}": content}
