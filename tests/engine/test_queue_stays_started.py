"""A service that is started where a bad message waits: it stops again, and whoever started it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.connections.simulation import FaultAt, FaultKind
from ndrfix.engine.result import RunResult, Status
from ndrfix.exchange.layout import IMS
from ndrfix.report.standstill import standstills
from ndrfix.resources import BAD, OUT, MessageKind, ServiceStatus, StartType
from tests.engine.queue_field import CLEAR, ELSEWHERE, KEPT, RESUME, Field, Work, planned
from tests.engine.queue_strikes import Strike
from tests.engine.stage import of
from tests.engine.test_engine_undo import undo

ALL = "- clear_queue: {recount_after: 5, messages: all}\n"
LEFT_STOPPED = ALL.replace("}", ", restart: false}")
RESTORE = "- restore_queue: {run: run-0, drain_timeout: 0}\n"
STILL = ["MAIL STANDS STILL on ex01: MSExchangeIMC IS STOPPED."]


@pytest.fixture
def choking(tmp_path: Path) -> Field:
    """A host on which a message of a user makes the service stop."""
    work = Work(name="clear", book=CLEAR, mail_goes=True)
    messages = Field(tmp_path / "alike", work).messages()
    bad = next(each.name for each in messages if each.kind is MessageKind.USER)
    return Field(tmp_path / "f", work, chokes_on=(bad,))


def _killed(nth: int) -> Strike:
    return Strike(FaultAt.OPERATION, nth, FaultKind.LOST, killed=True)


def _stopped_again(field: Field, result: RunResult) -> list[str]:
    """What does not hold of a result that has to say that the service did not stay started; nothing is left open."""
    first = of(result).tasks[0]
    assert (first.status, field.service) == (Status.FAILED, ServiceStatus.STOPPED)
    assert [each.text for each in standstills(result)] == STILL
    assert "4116, 4182" in first.next_step
    return [*field.complaints(), *field.unsettled({ServiceStatus.STOPPED})]


@pytest.mark.parametrize("nth", range(5, 14))
def test_resume_sees_whether_the_service_stays_started(choking: Field, nth: int) -> None:
    """The bad message was put back, and the client killed: before the service was started, or since."""
    choking.clear(ALL)
    choking.struck(planned(choking.stage.run(RESTORE)), _killed(nth))
    choking.host.clock.seconds += 60
    result = choking.resume()
    assert "did not stay started" in of(result).tasks[0].message
    assert _stopped_again(choking, result) == []


def test_resume_watches_a_service_that_it_finds_running(choking: Field) -> None:
    """It was started a moment ago, by who was killed then: that it runs yet says nothing."""
    choking.clear(strike=_killed(6))
    choking.put_service(ServiceStatus.STOPPED)
    choking.stage.run("- set_service: {name: MSExchangeIMC, state: started}\n").apply()
    assert choking.service is ServiceStatus.RUNNING
    assert _stopped_again(choking, choking.resume()) == []


@pytest.mark.parametrize("kinds", ["[user]", "[user, ndr]"])
def test_what_is_finished_first_is_watched_too(choking: Field, kinds: str) -> None:
    """Whether the clearing has anything more to do or not; the next one finds nothing left open."""
    choking.clear(ALL)
    choking.struck(planned(choking.stage.run(RESTORE.replace("}", f", kinds: {kinds}}}"))), _killed(9))
    stand = choking.stage.run(CLEAR)
    stand.run.resume = RESUME
    result = stand.apply()
    assert [each.text for each in standstills(result)] == STILL
    assert of(result).tasks[0].status in (Status.FAILED, Status.DRIFTED)
    assert [*choking.complaints(), *choking.unsettled({ServiceStatus.STOPPED})] == []
    again = choking.stage.run(ALL.replace("}", ", restart: true}")).apply()
    assert of(again).tasks[0].status is Status.CHANGED
    assert choking.service is ServiceStatus.RUNNING


# --- undo -----------------------------------------------------------------------------------------------------------


def test_undo_starts_a_service_that_the_run_left_stopped_before_messages_go_back(choking: Field) -> None:
    """So that the bad one among them is found and set aside, and nobody is told of mail that stands still."""
    choking.clear(LEFT_STOPPED)
    back = undo(choking.stage, "run-0")
    plan = back.plan()
    risks = [risk.text for risk in plan.plays[0].hosts[0].risks()]
    assert "MSExchangeIMC, which the run left stopped, is started before they go back" in risks
    assert not [text for text in risks if "STAYS STOPPED" in text]
    result = back.apply(plan)
    assert (choking.service, standstills(result)) == (ServiceStatus.RUNNING, ())
    assert list(choking.host.files(f"{KEPT}\\run-0\\{BAD}")) == list(choking.chokes_on)
    assert {each.name for each in choking.messages()}.isdisjoint(choking.chokes_on)
    choking.host.clock.seconds += 60
    assert [*choking.complaints(), *choking.unsettled({ServiceStatus.RUNNING})] == []


def test_undo_blames_no_message_that_it_puts_back_for_one_that_came_since(choking: Field) -> None:
    """The service does not stay started before anything went back: it fails, and all stays where it was."""
    choking.clear(LEFT_STOPPED.replace(", messages: all", ""))
    back = undo(choking.stage, "run-0")
    back.run.resume = RESUME
    result = back.apply()
    task = of(result).tasks[0]
    assert (task.status, task.next_step.endswith(f"`{RESUME} -l ex01` finishes it.")) == (Status.FAILED, True)
    assert [each.text for each in standstills(result)] == STILL
    assert len(choking.host.files(f"{KEPT}\\run-0\\{OUT}")) == 4
    assert list(choking.complaints()) == []


def test_a_disabled_service_is_put_back_after_the_messages(choking: Field) -> None:
    """It cannot be started before its start type went back."""
    choking.clear(LEFT_STOPPED)
    disabled = SimulatedService(name=IMS.name, status=ServiceStatus.STOPPED, start=StartType.DISABLED)
    choking.host.put_service(disabled)
    texts = [risk.text for risk in undo(choking.stage, "run-0").plan().plays[0].hosts[0].risks()]
    assert any("STAYS STOPPED" in text for text in texts)
    assert not any("is started before" in text for text in texts)


def test_a_service_that_undo_puts_back_is_watched(choking: Field) -> None:
    """It stops again over what waits in the queue."""
    choking.stage.run("- set_service: {name: MSExchangeIMC, state: stopped}\n").apply()
    result = undo(choking.stage, "run-0").apply()
    (task,) = of(result).tasks
    assert task.message == "the work is done, but MSExchangeIMC did not stay started: it IS STOPPED on ex01"
    assert _stopped_again(choking, result) == []


def test_undo_finishes_what_broke_off_in_another_folder_first(tmp_path: Path) -> None:
    """As `restore_queue` in a playbook does: the journals tell where else runs worked."""
    field = Field(tmp_path / "f", Work(name="clear", book=CLEAR))
    field.clear()
    field.put_report()
    field.clear(f"- clear_queue: {{recount_after: 5, quarantine: '{ELSEWHERE}'}}\n", _killed(5))
    assert field.owed() == {ServiceStatus.RUNNING}
    result = undo(field.stage, "run-0").apply()
    checks = [check.text for phase in of(result).tasks[0].phases for check in phase.plan.checks]
    assert any("broke off here" in text and "finished first" in text for text in checks), checks
    assert [*field.complaints(), *field.unsettled({ServiceStatus.RUNNING})] == []
