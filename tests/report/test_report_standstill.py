"""What a report says of mail that stands still, and of the way back: true of the host, and first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import Fault, FaultAt, FaultKind, Sent
from ndrfix.engine.result import RunResult, Status
from ndrfix.engine.run import result_of
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.report import Commands, render
from ndrfix.report.standstill import standstills
from ndrfix.resources import MessageKind, QueueState, ServiceState, ServiceStatus
from tests.engine.stage import Stage, Stand
from tests.engine.test_engine_undo import undo

ROOT = "C:\\exchsrvr\\imcdata"
HOSTS = r"""
ex01:
  computer: {{name: MAIL1, os_version: 5.0.2195}}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {{RootDir: 'C:\exchsrvr\imcdata'}}
  services:
    MSExchangeIMC: {{status: {status}, start: automatic, stop_seconds: {stop}, start_seconds: 2}}
"""
CLEAR = "- name: Clear\n  clear_queue: {recount_after: 5}\n"
COMMANDS = Commands(undo="ndrfix undo RUN -i inv.yml", resume="ndrfix resume RUN -i inv.yml")


def _stage(folder: Path, *, status: str = "running", stop: int = 2, more: str = "") -> Stage:
    stage = Stage(folder, hosts=HOSTS.format(status=status, stop=stop) + more)
    for file in mailbox(f"{ROOT}\\out", {MessageKind.NDR: 4, MessageKind.USER: 2}):
        stage.host().put_file(file)
    return stage


def _shown(result: RunResult, *, colour: bool = False) -> list[str]:
    text = render(replace(result, folder="runs/x"), width=80, colour=colour, verbosity=0, commands=COMMANDS)
    return text.splitlines()


def _in_run(stand: Stand, run_id: str) -> Stand:
    """With this id, by which ages are told."""
    stand.run.context = replace(stand.run.context, run_id=run_id)
    return stand


def _status(stage: Stage) -> ServiceStatus:
    state = stage.host().read(IMS)
    assert isinstance(state, ServiceState)
    return state.status


def test_a_service_left_stopped_is_said_first_and_in_red(tmp_path: Path) -> None:
    """Before the run's files and the way back, with the very command that finishes the work."""
    result = _stage(tmp_path, stop=10_000).run(CLEAR).apply()
    lines = _shown(result)
    line = "MAIL STANDS STILL on ex01: MSExchangeIMC IS STOP_PENDING. Finish it: ndrfix resume RUN -i inv.yml -l ex01"
    total = next(number for number, text in enumerate(lines) if text.startswith("1 host: "))
    assert lines[total + 1] == line
    assert lines[total + 2] == "Files of this run: runs/x"
    assert f"\x1b[31m{line}\x1b[0m" in _shown(result, colour=True)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (FaultKind.LOST, Sent.BEFORE),
        (FaultKind.LOST, Sent.AFTER),
        (FaultKind.RESTARTED, Sent.BEFORE),
        (FaultKind.RESTARTED, Sent.DURING),
        (FaultKind.RESTARTED, Sent.AFTER),
        (FaultKind.DENIED, Sent.BEFORE),
    ],
)
def test_the_report_is_true_of_the_service(tmp_path: Path, kind: FaultKind, sent: Sent) -> None:
    """Whatever breaks off where: a service that does not run is told, and what is told as sure is so."""
    told = 0
    for number in range(1, 30):
        folder = tmp_path / str(number)
        folder.mkdir()
        stage = _stage(folder)
        plan = (stand := stage.run(CLEAR)).plan()
        stage.host().add_fault(Fault(at=FaultAt.OPERATION, kind=kind, nth=number, sent=sent))
        found = standstills(stand.apply(plan))
        runs = _status(stage) in (ServiceStatus.RUNNING, ServiceStatus.START_PENDING)
        assert runs or found, number
        assert not runs or all(each.maybe for each in found), number
        assert all(each.resumable for each in found), number
        told += len(found)
    assert told or kind is FaultKind.DENIED


def test_a_clearing_that_comes_to_its_end_stands_nowhere(tmp_path: Path) -> None:
    """Nor does one of a service that was stopped and is to stay so, as the playbook says."""
    for status, book in (("running", CLEAR), ("stopped", CLEAR.replace("5}", "5, restart: false}"))):
        folder = tmp_path / status
        folder.mkdir()
        assert not any("STILL" in line for line in _shown(_stage(folder, status=status).run(book).apply()))


def test_a_stopped_service_is_said_by_the_check_too(tmp_path: Path) -> None:
    """`check_queue` tells it in a plan, and no command is promised that would do nothing."""
    stage = _stage(tmp_path, status="stopped")
    lines = _shown(stage.run("- check_queue: {}\n").shown(), colour=True)
    (line,) = (line for line in lines if "MAIL STANDS STILL" in line)
    assert line == "\x1b[31mMAIL STANDS STILL on ex01: MSExchangeIMC is stopped: nothing leaves the queue.\x1b[0m"
    done = _shown(stage.run("- check_queue: {}\n- set_service: {name: MSExchangeIMC, state: started}\n").apply())
    assert not any("STILL" in line for line in done)


def test_the_path_of_the_quarantine_is_the_real_one(tmp_path: Path) -> None:
    """What a plan says of it is what the report says, and where the host has it."""
    stage = _stage(tmp_path)
    stand = stage.run(CLEAR)
    plan = stand.plan()
    (task,) = result_of(plan, 0.0).plays[0].hosts[0].tasks
    said = next(check.text for phase in task.phases for check in phase.plan.checks if "quarantine: " in check.text)
    assert any(line.endswith(said) for line in _shown(stand.apply(plan)))
    assert stage.host().content(said.removeprefix("quarantine: ") + "\\manifest.txt")


def test_a_clearing_can_be_taken_back(tmp_path: Path) -> None:
    """By `ndrfix undo`."""
    assert "Take it back: ndrfix undo RUN -i inv.yml" in _shown(_stage(tmp_path).run(CLEAR).apply())


def test_what_is_removed_is_not_taken_back(tmp_path: Path) -> None:
    """After a removal, be it at once or later, no undo is offered that would do nothing."""
    stage = _stage(tmp_path)
    lines = _shown(stage.run("- clear_queue: {recount_after: 5, keep: delete}\n").apply())
    assert not any("ndrfix undo RUN" in line for line in lines)
    assert "Removed from quarantine for good: 4 messages. No undo brings them back." in lines
    folder = tmp_path / "purge"
    folder.mkdir()
    stage = _stage(folder)
    _in_run(stage.run(CLEAR), "20260101-0000-clear-0001").apply()
    purge = _in_run(stage.run("- purge_quarantine: {}\n"), "20260301-0000-purge-0002")
    lines = _shown(purge.apply())
    assert not any("ndrfix undo RUN" in line for line in lines)
    assert "Removed from quarantine for good: 4 messages. No undo brings them back." in lines


def test_what_is_put_back_is_sent(tmp_path: Path) -> None:
    """After a restore no undo is offered: the queue is cleared again instead."""
    stage = _stage(tmp_path)
    first = stage.run(CLEAR).apply()
    lines = _shown(stage.run(f"- restore_queue: {{run: {first.context.run_id}, drain_timeout: 5}}\n").apply())
    assert not any("ndrfix undo RUN" in line for line in lines)
    assert "What was put back into the queue is sent. clear_queue takes out again what still waits." in lines


def test_a_clearing_that_leaves_the_service_stopped_has_nothing_to_finish(tmp_path: Path) -> None:
    """It was stopped before: that is said in red, without a command that would do nothing."""
    stage = _stage(tmp_path, status="stopped")
    (found,) = standstills(stage.run(CLEAR).apply())
    assert (found.why, found.resumable) == ("MSExchangeIMC was stopped before and STAYS STOPPED", False)
    assert _status(stage) is ServiceStatus.STOPPED


def _put(stage: Stage, status: ServiceStatus, mode: ServiceMode = ServiceMode.OK) -> None:
    service = SimulatedService(name=IMS.name, status=status, mode=mode, stop_seconds=2, start_seconds=2)
    stage.host().put_service(service)


def test_a_service_that_stops_after_the_clearing_is_not_resumed(tmp_path: Path) -> None:
    """A message of a user is bad: what to do about that is said, and no command that has nothing left to finish."""
    queue = _stage(tmp_path).host().read(QUEUE)
    assert isinstance(queue, QueueState)
    bad = next(message.name for message in queue.messages if message.kind is MessageKind.USER)
    stage = _stage(tmp_path, more=f"  queue: {{chokes_on: [{bad}]}}\n")
    stand = stage.run(CLEAR)
    stand.run.resume = "ndrfix resume RUN"
    result = stand.apply()
    (task,) = result.plays[0].hosts[0].tasks
    assert task.status is Status.FAILED
    assert task.next_step.startswith("Look in the event log (4116, 4182 name a bad message)")
    assert "resume" not in task.next_step
    (line,) = (line for line in _shown(result) if "STILL" in line)
    assert line.startswith("MAIL STANDS STILL on ex01: MSExchangeIMC IS STOPPED. Look at the service on the host")


def test_a_service_that_does_not_come_to_the_end_of_its_start_may_stand(tmp_path: Path) -> None:
    """It may start yet: mail may stand still, in a run that works on the queue as in one that only starts it."""
    stage = _stage(tmp_path)
    _put(stage, ServiceStatus.RUNNING, ServiceMode.NEVER_STARTS)
    result = stage.run(CLEAR).apply()
    (found,) = standstills(result)
    assert found.text == "MAIL MAY STAND STILL on ex01: MSExchangeIMC IS START_PENDING."
    assert found.resumable
    assert "put things right" not in result.plays[0].hosts[0].tasks[0].message
    _put(stage, ServiceStatus.STOPPED, ServiceMode.NEVER_STARTS)
    (found,) = standstills(stage.run("- set_service: {name: MSExchangeIMC, state: started}\n").apply())
    assert (found.why, found.maybe, found.resumable) == ("MSExchangeIMC IS START_PENDING", True, False)


def test_a_service_that_hangs_on_its_way_to_a_stop_stands(tmp_path: Path) -> None:
    """It was on its way there before, and is not started again; that nothing leaves the queue is told all the same."""
    stage = _stage(tmp_path)
    _put(stage, ServiceStatus.STOP_PENDING, ServiceMode.NEVER_STOPS)
    (found,) = standstills(stage.run(CLEAR).apply())
    assert (found.why, found.maybe, found.resumable) == ("MSExchangeIMC IS STOP_PENDING", False, True)


def test_an_undo_that_stops_the_service_says_so(tmp_path: Path) -> None:
    """The run started it: in red before it is stopped again, and afterwards; where it hangs, that instead."""
    words = "MSExchangeIMC was stopped before the run and is stopped again"
    for stop, told in ((2, words), (10_000, "MSExchangeIMC IS STOP_PENDING")):
        for book in (
            "- set_service: {name: MSExchangeIMC, state: started}\n",
            CLEAR.replace("5}", "5, restart: true}"),
        ):
            folder = tmp_path / f"{stop}-{len(book)}"
            folder.mkdir()
            stage = _stage(folder, status="stopped", stop=stop)
            stage.run(book).apply()
            stand = undo(stage, "run-0")
            plan = stand.plan()
            risks = [risk.text for risk in plan.plays[0].hosts[0].risks() if risk.grave]
            assert f"{words}: mail stands still" in risks
            assert [each.why for each in standstills(stand.apply(plan))] == [told]


def test_an_undo_that_may_not_stop_the_service_says_nothing_of_a_stop(tmp_path: Path) -> None:
    """It runs on."""
    stage = _stage(tmp_path, status="stopped")
    stage.run("- set_service: {name: MSExchangeIMC, state: started}\n").apply()
    plan = (stand := undo(stage, "run-0")).plan()
    host = stage.host()
    host.add_fault(Fault(at=FaultAt.OPERATION, kind=FaultKind.DENIED, nth=host.operations + 1))
    result = stand.apply(plan)
    assert result.plays[0].hosts[0].tasks[0].status is Status.FAILED
    assert (_status(stage), standstills(result)) == (ServiceStatus.RUNNING, ())
