"""What becomes of the service when a queue is worked on, and what is said when it is not as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import FaultAt, FaultKind, Sent
from ndrfix.engine.result import Status, TaskResult
from ndrfix.exchange.layout import IMS
from ndrfix.resources import Action, MessageKind, ServiceStatus, StartType
from tests.engine.queue_field import CLEAR, KEPT, ROOT, Field, Work
from tests.engine.queue_strikes import Hand, Strike
from tests.engine.stage import last, of

RESTART = "- clear_queue: {recount_after: 5, restart: true}\n"
ALL = "- clear_queue: {recount_after: 5, messages: all}\n"
RESTORE = "- restore_queue: {run: run-0}\n"
DISABLED = "MSExchangeIMC is stopped and disabled: it cannot be started"


@pytest.fixture
def field(tmp_path: Path) -> Field:
    """A host with mail in its queue."""
    return Field(tmp_path / "f", Work(name="clear", book=CLEAR))


def _disabled(field: Field) -> None:
    service = SimulatedService(name=IMS.name, status=ServiceStatus.STOPPED, start=StartType.DISABLED)
    field.host.put_service(service)


def _no_reports(field: Field) -> None:
    for message in field.messages():
        if message.kind is MessageKind.NDR:
            field.host.remove_file(f"{ROOT}\\out\\{message.name}")


def _stopped(field: Field) -> None:
    field.put_service(ServiceStatus.STOPPED)


def _stopped_without_reports(field: Field) -> None:
    _no_reports(field)
    _stopped(field)


def _nothing_suppresses(field: Field) -> None:
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters"
    field.stage.run(f"- set_registry: {{path: '{key}', name: SuppressNDROptions, state: absent}}\n").apply()


def _after(field: Field, book: str, between: Callable[[Field], None]) -> TaskResult:
    """What comes of a playbook when something happens between the question and the answer."""
    stand = field.stage.run(book)
    plan = stand.plan()
    between(field)
    return last(stand.apply(plan))


# --- a service that cannot be started -------------------------------------------------------------------------------


def test_a_disabled_service_is_not_said_to_be_started(field: Field) -> None:
    """With `restart: true` the plan refuses; without, it stays stopped as before."""
    _disabled(field)
    shown = last(field.stage.run(RESTART).shown())
    assert (shown.status, shown.message) == (Status.FAILED, DISABLED)
    assert shown.next_step == "Set its start type first, with set_service and start_mode: auto."
    assert last(field.stage.run(CLEAR).shown()).status is Status.WOULD_CHANGE
    started = "- set_service: {name: MSExchangeIMC, start_mode: auto}\n" + RESTART
    assert [task.status for task in of(field.stage.run(started).apply()).tasks] == [Status.CHANGED, Status.CHANGED]


@pytest.mark.parametrize("book", [CLEAR, RESTORE])
def test_what_broke_off_is_not_finished_with_a_service_that_cannot_be_started(field: Field, book: str) -> None:
    """It was to run; it was disabled since. The plan says what broke off, and that the start type comes first."""
    field.clear(strike=Strike(FaultAt.OPERATION, 7, FaultKind.LOST))
    _disabled(field)
    for task in (last(field.stage.run(book).shown()), of(field.resume()).tasks[0]):
        assert (task.status, task.message) == (Status.FAILED, DISABLED)
        assert any("run run-0 broke off here" in check.text for check in task.phases[-1].plan.checks)
    field.put_service(ServiceStatus.STOPPED)
    field.resume()
    assert [*field.complaints(), *field.unsettled({ServiceStatus.RUNNING})] == []


# --- one that is paused, and one that stops soon after it was started -----------------------------------------------


@pytest.mark.parametrize("book", [CLEAR, RESTORE])
def test_a_paused_service_is_said_to_be_running_at_the_end(field: Field, book: str) -> None:
    """Nothing brings it back to a pause but a person; where it is to stay stopped there is nothing to say."""
    words = "MSExchangeIMC is paused: it is running at the end; pause it again if it is to be so"
    if book is RESTORE:
        field.clear(ALL)
    field.put_service(ServiceStatus.PAUSED)
    stand = field.stage.run(book)
    plan = stand.plan()
    assert words in [risk.text for risk in plan.plays[0].hosts[0].risks()]
    stopped = field.stage.run(CLEAR.replace("5}", "5, restart: false}")).plan()
    assert words not in [risk.text for risk in stopped.plays[0].hosts[0].risks()]
    assert last(stand.apply(plan)).status is Status.CHANGED
    assert field.service is ServiceStatus.RUNNING


@pytest.mark.parametrize(("seconds", "watched"), [(0, 5), (2, 5), (30, 30)])
def test_a_service_is_watched_after_every_start(field: Field, seconds: int, watched: int) -> None:
    """Also with `recount_after: 0`: one that stopped at once could do so unseen."""
    task = last(field.stage.run(f"- clear_queue: {{recount_after: {seconds}}}\n").apply())
    items = [item for phase in task.phases for item in phase.plan.items if isinstance(item, Action)]
    assert [item.timeout for item in items] == [watched]
    (text,) = (check.text for check in task.phases[-1].plan.checks)
    assert text.startswith(f"{watched} s after the start: ")


# --- what is said when the host is not as it was --------------------------------------------------------------------


def test_reports_that_all_left_are_nothing_to_clear(field: Field) -> None:
    """The service is not touched, and nothing is said to be otherwise than it was."""
    task = _after(field, CLEAR, _no_reports)
    assert (task.status, task.message) == (Status.OK, "")
    assert any(
        phase.plan.note == "there are no non-delivery reports in the queue: nothing to clear" for phase in task.phases
    )
    assert (field.service, field.quarantines()) == (ServiceStatus.RUNNING, {})


@pytest.mark.parametrize(
    ("first", "book", "between", "words"),
    [
        (_stopped, RESTART, _no_reports, "what was to be taken has left the queue since"),
        (
            _stopped_without_reports,
            RESTART,
            Field.put_report,
            "1 message would be taken, the plan showed none",
        ),
        (lambda _: None, CLEAR, _stopped, "MSExchangeIMC ran when the plan was shown, and does not run now"),
        (
            _stopped,
            CLEAR,
            lambda field: field.put_service(ServiceStatus.RUNNING),
            "MSExchangeIMC did not run when the plan was shown, and runs now",
        ),
        (
            lambda field: field.put_service(ServiceStatus.STOP_PENDING, ServiceMode.NEVER_STOPS),
            CLEAR,
            _stopped,
            "MSExchangeIMC was STOP_PENDING, start type automatic, is stopped, start type automatic",
        ),
        (
            lambda field: field.clear(ALL),
            RESTORE,
            _stopped,
            "MSExchangeIMC ran when the plan was shown, and does not run now",
        ),
    ],
)
def test_what_is_said_to_have_moved_on_has(
    field: Field, first: Callable[[Field], None], book: str, between: Callable[[Field], None], words: str
) -> None:
    """The messages that came or left, or the service, each by what it was and is."""
    first(field)
    task = _after(field, book, between)
    assert task.status is Status.DRIFTED
    assert task.message == f"the host is not as it was when the plan was shown: {words}"


def test_a_risk_that_is_new_is_named(field: Field) -> None:
    """Nothing suppresses new reports any more."""
    task = _after(field, CLEAR, _nothing_suppresses)
    assert task.status is Status.DRIFTED
    assert "nothing suppresses new reports (SuppressNDROptions is absent)" in task.message


def test_a_service_that_was_started_in_the_middle_is_told(field: Field) -> None:
    """Somebody starts it between its stop and the look after that: nothing is moved, and it was not ndrfix."""
    result = field.run(Strike(FaultAt.READ, 3, Hand.STARTED))
    assert result is not None
    task = last(result)
    assert task.status is Status.FAILED
    assert task.message == (
        "not converged: after the change MSExchangeIMC is still not as wanted; afterwards MSExchangeIMC runs again; "
        "no message was moved"
    )
    assert field.service is ServiceStatus.RUNNING
    assert list(field.complaints()) == []


def test_a_restart_in_the_first_line_of_the_manifest_is_told(field: Field) -> None:
    """Nothing was moved, the service came up with the host; what finishes it says what to look at, and how it is."""
    strike = Strike(FaultAt.OPERATION, 2, FaultKind.RESTARTED, Sent.DURING)
    field.struck(field.stage.run(CLEAR).apply, strike)
    assert (field.service, list(field.complaints())) == (ServiceStatus.RUNNING, [])
    for task in (of(field.resume()).tasks[0], last(field.stage.run(CLEAR).apply())):
        assert task.status is Status.FAILED
        assert "ndrfix-quarantine\\run-0: its manifest.txt is not one of ndrfix" in task.message
        assert "it can be removed" in task.next_step or "`ndrfix resume` says what" in task.next_step
    for each in field.host.files(f"{KEPT}\\run-0"):
        field.host.remove_file(f"{KEPT}\\run-0\\{each}")
    assert last(field.stage.run(CLEAR).apply()).status is Status.CHANGED
