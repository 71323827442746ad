"""What is said of a task that broke off: what is certain, what is not, which service is stopped, how it goes on."""

from __future__ import annotations

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.aftermath import Standing, failed, lost, moved_on, named, standing, state_words
from ndrfix.engine.result import PhaseResult
from ndrfix.errors import FarSideError, UnreachableError
from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER, QUEUE, ROOT_DIR
from ndrfix.resources import (
    ABSENT,
    Action,
    Artifact,
    Change,
    Move,
    MoveState,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    RegistryData,
    RegistryType,
    RemoteItem,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    Verb,
)
from ndrfix.steps.base import Check, StepPlan

RUNNING = ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC)
STOPPED = ServiceState(status=ServiceStatus.STOPPED, start=StartType.AUTOMATIC)
MANUAL = ServiceState(status=ServiceStatus.STOPPED, start=StartType.MANUAL)
RUN = Quarantine(QUARANTINE_FOLDER, "run-1")
OPEN = Change(
    resource=RUN,
    before=ABSENT,
    after=QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.RUNNING),
)
STOP = Change(resource=IMS, before=RUNNING, after=STOPPED)
START = Change(resource=IMS, before=STOPPED, after=RUNNING)
MOVE = Move(queue=QUEUE, quarantine=RUN, files=(QueueFile("A", 1, 2), QueueFile("B", 1, 2)))
DATA = Move(queue=QUEUE, quarantine=RUN, files=(QueueFile("queue.dat", -1, 0),), at="", kept="")
RESTART = Action(verb=Verb.RESTART, resource=IMS)
VALUE = Change(resource=ROOT_DIR, before=ABSENT, after=RegistryData(RegistryType.STRING, "C:\\x"))
RESUME = "ndrfix resume RUN"


def done(item: RemoteItem) -> Outcome:
    before, after = (item.before, item.after) if isinstance(item, Change) else (RUNNING, RUNNING)
    if isinstance(item, Move):
        return Outcome(item=item, status=OutcomeStatus.DONE, after=MoveState(moved=2, size=2))
    return Outcome(item=item, status=OutcomeStatus.DONE, before=before, after=after)


def bad(item: RemoteItem, status: OutcomeStatus = OutcomeStatus.FAILED, **more: str | State) -> Outcome:
    return Outcome(item=item, status=status, **more)  # type: ignore[arg-type]  # the rest is checked by the dataclass at run time


def phase(*items: RemoteItem, outcomes: tuple[Outcome, ...] | None = None) -> PhaseResult:
    return PhaseResult(plan=StepPlan(items=items), outcomes=tuple(map(done, items)) if outcomes is None else outcomes)


@pytest.mark.parametrize(
    ("items", "stopped"),
    [
        ((), ()),
        ((STOP,), (IMS,)),
        ((STOP, START), ()),
        ((STOP, START, STOP), (IMS,)),
        ((RESTART,), ()),
        ((VALUE,), ()),
        ((Change(resource=IMS, before=STOPPED, after=MANUAL),), ()),
        ((Change(resource=Service("Other"), before=RUNNING, after=MANUAL), STOP), (Service("Other"), IMS)),
    ],
)
def test_a_service_is_stopped_when_the_task_stopped_it(
    items: tuple[RemoteItem, ...], stopped: tuple[Service, ...]
) -> None:
    """One that was stopped before, was started again, or was never touched is not shouted about."""
    found = standing([phase(*items)], "ex01", RESUME)
    assert found.stopped == stopped
    assert found.loud == "".join(f"; {service.name} IS STOPPED on ex01" for service in stopped)


def test_a_stop_that_was_not_carried_out_stopped_nothing() -> None:
    """What failed or drifted says itself how the service is."""
    for status in (OutcomeStatus.FAILED, OutcomeStatus.DRIFTED):
        assert standing([phase(STOP, outcomes=(bad(STOP, status),))], "ex01", "").stopped == ()


def test_work_on_the_queue_has_a_command_that_finishes_it() -> None:
    """The command is named with the host, once a quarantine was to be touched; no message was moved till moves come."""
    assert standing([phase(VALUE, STOP)], "ex01", RESUME).resume == ""
    assert standing([phase(OPEN)], "ex01", "").resume == ""
    before = standing([phase(OPEN, STOP)], "ex01", RESUME)
    assert before == Standing(
        host="ex01", stopped=(IMS,), resume="`ndrfix resume RUN -l ex01` finishes it.", unmoved=True
    )
    assert before.loud == "; no message was moved; MSExchangeIMC IS STOPPED on ex01"
    assert not standing([phase(OPEN, STOP), phase(MOVE)], "ex01", RESUME).unmoved


def test_what_failed_is_told_with_what_was_tried_after_it() -> None:
    """Put right, or not, or so already; only a service that was not put right is shouted about."""
    stands = Standing(host="ex01", stopped=(IMS,), resume="Resume.")
    loud = "; MSExchangeIMC IS STOPPED on ex01"
    broken = bad(MOVE, message="disk full", next_step="Make room.")
    assert failed(broken, (), stands) == (f"disk full{loud}", "Make room. Resume.")
    assert failed(broken, (done(START),), stands)[0] == "disk full; afterwards MSExchangeIMC was put right"
    so_already = bad(START, OutcomeStatus.DRIFTED, before=RUNNING)
    assert failed(broken, (so_already,), stands)[0] == "disk full; afterwards MSExchangeIMC was put right"
    for other in (
        bad(START, message="it did not start", before=STOPPED),
        bad(START, message="it did not start"),
        bad(MOVE, message="it did not start"),
    ):
        text = f"disk full; trying to put things right failed too: it did not start{loud}"
        assert failed(broken, (other,), stands)[0] == text


def test_what_drifted_is_planned_again() -> None:
    """An outcome without words of its own gets some."""
    stands = Standing(host="ex01")
    told = failed(bad(VALUE, OutcomeStatus.DRIFTED), (), stands)
    assert told == (f"{ROOT_DIR} could not be changed", "Somebody else changed it after the plan. Plan again.")
    assert failed(bad(VALUE, OutcomeStatus.DRIFTED, next_step="Look."), (), stands)[1] == "Look."


@pytest.mark.parametrize(("sent", "words"), [(True, "not known whether it was carried out"), (False, "not sent")])
def test_what_was_lost_is_certain_or_not(sent: bool, words: str) -> None:
    """Items with an outcome are certain, those after them are not; files for the run folder are not the host's."""
    plan = StepPlan(items=(Artifact(path="x", content=b""), STOP, MOVE, DATA, RESTART))
    error = UnreachableError("the session was lost", host="ex01", next_step="Wait.", sent=sent)
    found = lost(error, [done(STOP)], plan, Standing(host="ex01", stopped=(IMS,), resume="Resume."))
    assert isinstance(found, UnreachableError)
    assert found.what == (
        f"the session was lost; done and read back before: MSExchangeIMC; {words}: the move of 2 messages to "
        "quarantine, the move of queue.dat to quarantine, the restart of MSExchangeIMC"
        "; MSExchangeIMC IS STOPPED on ex01"
    )
    assert (found.next_step, found.host, found.sent) == ("Resume.", "ex01", sent)


def test_what_the_far_side_broke_is_no_lost_session() -> None:
    """Another error stays one, and what is to be done next is the error's own where no work on a queue waits."""
    error = FarSideError("nonsense", host="ex01", next_step="Report it.")
    found = lost(error, [], StepPlan(items=(VALUE,)), Standing(host="ex01"))
    assert isinstance(found, FarSideError)
    assert found.what == f"nonsense; not known whether it was carried out: {ROOT_DIR}"
    assert found.next_step == "Report it."
    bare = lost(FarSideError("nonsense", host="ex01", next_step=""), [], StepPlan(), Standing(host="ex01"))
    assert (bare.what, bare.next_step) == ("nonsense", "Run the plan again: it shows what the host is like now.")


def test_items_in_a_few_words() -> None:
    """One message is one, and the way is told."""
    one = Move(queue=QUEUE, quarantine=RUN, files=MOVE.files[:1], back=True)
    assert named(one) == "the move of 1 message back"
    assert named(MOVE) == "the move of 2 messages to quarantine"
    assert named(OPEN) == "quarantine run-1"


def test_what_moved_on_is_told_by_what_differs() -> None:
    """What was shown beside what is there now, and checks that are new."""
    now = StepPlan(items=(Change(resource=IMS, before=STOPPED, after=RUNNING),), checks=(Check(ok=True, text="new"),))
    shown = StepPlan(items=(STOP, VALUE))
    text = moved_on([shown], now)
    assert "MSExchangeIMC was running, start type automatic, is stopped, start type automatic" in text
    assert f"{ROOT_DIR} was" in text
    assert text.endswith("; new")
    assert moved_on([shown], shown) == moved_on([], StepPlan()) == ""
    assert state_words(RUN, ABSENT) == "absent"
