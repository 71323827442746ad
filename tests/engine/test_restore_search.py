"""The search for the message that makes the service stop while mail is put back, on a whole host."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.connections.simulation import FaultAt, FaultKind, Sent
from ndrfix.engine.result import Status
from ndrfix.report.standstill import standstills
from ndrfix.resources import MessageKind, ServiceStatus
from tests.engine.queue_field import CLEAR, KEPT, RESUME, ROOT, Field, Work, planned
from tests.engine.queue_strikes import Strike
from tests.engine.stage import of
from tests.engine.test_engine_undo import undo

ALL = "- clear_queue: {messages: all, recount_after: 5}\n"
RESTORE = "- restore_queue: {run: run-0, drain_timeout: 0, batch: 3}\n"


def _emptied(folder: Path, bad: int) -> tuple[Field, str]:
    """A host with an empty queue, and the name of the message in quarantine with which its service stops."""
    folder.mkdir()
    work = Work(name="restore", book=CLEAR)
    name = sorted(message.name for message in Field(folder / "look", work).messages())[bad]
    field = Field(folder / "field", work, chokes_on=(name,))
    field.clear(ALL)
    return field, name


def _aside(field: Field) -> list[str]:
    return [name for name, _ in field._files(f"{KEPT}\\run-0\\bad")]


@pytest.mark.parametrize(
    ("kind", "operations"),
    [(FaultKind.DENIED, range(1, 34)), (FaultKind.HELD, range(13, 34, 2))],
    ids=["denied", "held"],
)
def test_one_operation_that_is_refused_blames_nobody_else(tmp_path: Path, kind: FaultKind, operations: range) -> None:
    """Whichever it is: nobody's mail but the bad one is set aside, nothing ends well that did not, and a service that
    stands still is told.
    """
    for operation in operations:
        field, bad = _emptied(tmp_path / str(operation), 2)
        session = field.stage.run(RESTORE)
        result = field.struck(planned(session), Strike(FaultAt.OPERATION, operation, kind, Sent.BEFORE))
        assert result is not None
        field.host.clock.seconds += 60
        (task,) = of(result).tasks
        assert set(_aside(field)) <= {bad}, operation
        assert task.status in (Status.FAILED, Status.DRIFTED), operation
        assert field.service is ServiceStatus.RUNNING or standstills(result), operation


@pytest.mark.parametrize("batch", [3, 10])
def test_a_bad_message_that_comes_meanwhile_is_nobody_elses_fault(tmp_path: Path, batch: int) -> None:
    """What was put back lies in quarantine again, and that mail stands still is the last word."""
    field = Field(tmp_path / "field", Work(name="restore", book=CLEAR), chokes_on=("NEWCOME0",))
    field.clear(ALL)
    session = field.stage.run(f"- restore_queue: {{run: run-0, batch: {batch}, drain_timeout: 0}}\n")
    session.run.resume = RESUME
    plan = session.plan()
    field.host.meanwhile(field.host.operations + 3, lambda: field._comes(MessageKind.USER))
    result = session.apply(plan)
    (task,) = of(result).tasks
    assert task.status is Status.FAILED
    assert "though no message that was put back waits in the queue" in task.message
    assert [each.text for each in standstills(result)] == ["MAIL STANDS STILL on ex01: MSExchangeIMC IS STOPPED."]
    assert _aside(field) == []
    assert [name for name, _ in field._files(f"{ROOT}\\out")] == ["NEWCOME0"]


def test_undo_goes_on_after_mail_was_set_aside(tmp_path: Path) -> None:
    """It fails and names the message; given again it takes back the rest, and says in red what lies in `bad`."""
    field, bad = _emptied(tmp_path / "host", 1)
    first = undo(field.stage, "run-0")
    (task,) = of(first.apply(first.plan())).tasks
    assert task.status is Status.FAILED
    assert task.message.endswith(f"as the service stops with it: {bad}")
    assert task.next_step.endswith("Then give the same command again: it takes back the rest.")
    assert _aside(field) == [bad]
    second = undo(field.stage, "run-0")
    (task,) = of(second.apply(second.plan())).tasks
    assert task.status is Status.OK
    (risk,) = (risk for phase in task.phases for risk in phase.plan.risks)
    assert (risk.text, risk.grave) == (
        "1 message lies in `bad` of quarantine run-0, as the service stops with it: NOT PUT BACK",
        True,
    )
