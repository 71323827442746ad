"""A service that is started where a bad message waits: it stops again, and whoever started it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.connections.simulation import FaultAt, FaultKind
from ndrfix.engine.result import RunResult, Status
from ndrfix.report.standstill import standstills
from ndrfix.resources import MessageKind, ServiceStatus
from tests.engine.queue_field import CLEAR, RESUME, Field, Work, planned
from tests.engine.queue_strikes import Strike
from tests.engine.stage import of

ALL = "- clear_queue: {recount_after: 5, messages: all}\n"
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
