"""What is said of a task that broke off: what is certain, what is not, which service is stopped, how it goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.engine.aftermath import (
    Rescue,
    Standing,
    abandoned,
    failed,
    in_flight,
    lost,
    moved_on,
    named,
    put_back,
    standing,
    state_words,
)
from ndrfix.engine.recorder import RecordError
from ndrfix.engine.result import PhaseResult
from ndrfix.errors import FarSideError, HostError, UnreachableError
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
    Unreadable,
    Verb,
)
from ndrfix.steps.base import Check, StepPlan

RUNNING = ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC)
STOPPED = ServiceState(status=ServiceStatus.STOPPED, start=StartType.AUTOMATIC)
PENDING = ServiceState(status=ServiceStatus.STOP_PENDING, start=StartType.AUTOMATIC)
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
    assert found.stake == stopped
    assert replace(found, seen=dict.fromkeys(found.stake, STOPPED)).loud() == "".join(
        f"; {service.name} was stopped when last seen" for service in stopped
    )


def test_a_stop_that_was_not_carried_out_stopped_nothing() -> None:
    """What failed or drifted says itself how the service is."""
    for status in (OutcomeStatus.FAILED, OutcomeStatus.DRIFTED):
        assert standing([phase(STOP, outcomes=(bad(STOP, status),))], "ex01", "").stake == ()


@pytest.mark.parametrize(
    ("last", "read", "words"),
    [
        (STOPPED, True, "; MSExchangeIMC IS STOPPED on ex01"),
        (PENDING, True, "; MSExchangeIMC IS STOP_PENDING on ex01"),
        (RUNNING, True, ""),
        (STOPPED, False, "; MSExchangeIMC was stopped when last seen"),
        (RUNNING, False, ""),
        (Unreadable(reason="no"), False, ""),
    ],
)
def test_only_what_was_read_is_said_to_be(last: Reading, read: bool, words: str) -> None:
    """A service that somebody started meanwhile is not said to be stopped; what could not be read was so once."""
    stands = replace(standing([phase(OPEN, STOP)], "ex01", ""), seen={IMS: last}, read=read)
    assert stands.loud() == "; no message was moved" + words


def test_a_service_that_is_to_be_stopped_is_not_shouted_about() -> None:
    """What was promised counts: `restart: false` leaves it stopped."""
    calm = replace(OPEN, after=QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED))
    assert standing([phase(calm, STOP)], "ex01", "").stake == ()
    assert put_back([phase(calm, STOP)]) == put_back([phase(STOP)]) == ()
    assert put_back([phase(OPEN, STOP)]) == (STOP.reversed(),)


def test_a_stop_that_is_under_way_may_have_happened() -> None:
    """Items without an outcome: when they were sent it is not known what they did."""
    half = [phase(OPEN, STOP, START, outcomes=(done(OPEN),))]
    assert standing(half, "ex01", "", in_flight=True).loud() == (
        "; no message was moved; MSExchangeIMC may be stopped on ex01"
    )
    assert standing(half, "ex01", "").loud() == "; no message was moved"


def test_work_on_the_queue_has_a_command_that_finishes_it() -> None:
    """The command is named with the host, once a quarantine was to be touched; no message was moved till moves come."""
    assert standing([phase(VALUE, STOP)], "ex01", RESUME).resume == ""
    assert standing([phase(OPEN)], "ex01", "").resume == ""
    before = standing([phase(OPEN, STOP)], "ex01", RESUME)
    assert before.resume == "`ndrfix resume RUN -l ex01` finishes it."
    assert before.loud() == "; no message was moved"
    assert not standing([phase(OPEN, STOP), phase(MOVE)], "ex01", RESUME).unmoved


def test_what_failed_is_told_with_what_was_tried_after_it() -> None:
    """Put right, or not, or so already; only a service that was not put right is shouted about."""
    stands = Standing(host="ex01", stake=(IMS,), seen={IMS: STOPPED}, resume="Resume.")
    loud = "; MSExchangeIMC was stopped when last seen"
    broken = bad(MOVE, message="disk full", next_step="Make room.")
    assert failed(broken, Rescue(), stands) == (f"disk full{loud}", "Make room. Resume.")
    assert (
        failed(broken, Rescue(outcomes=(done(START),)), stands)[0]
        == "disk full; afterwards MSExchangeIMC was put right"
    )
    so_already = Rescue(outcomes=(bad(START, OutcomeStatus.DRIFTED, before=RUNNING),))
    assert failed(broken, so_already, stands)[0] == "disk full; afterwards MSExchangeIMC was put right"
    for other in (
        bad(START, message="it did not start", before=STOPPED),
        bad(START, message="it did not start"),
        bad(MOVE, message="it did not start"),
    ):
        text = f"disk full; trying to put things right failed too: it did not start{loud}"
        assert failed(broken, Rescue(outcomes=(other,)), stands)[0] == text
    gone = Rescue(error=UnreachableError("no answer", host="ex01"))
    assert "failed too: no answer" in failed(broken, gone, stands)[0]
    assert abandoned("lost", Rescue(), stands) == f"lost{loud}"
    assert (
        abandoned("lost", Rescue(outcomes=(done(START),)), stands) == "lost; afterwards MSExchangeIMC was started again"
    )


def test_what_drifted_is_planned_again() -> None:
    """An outcome without words of its own gets some."""
    stands = Standing(host="ex01")
    told = failed(bad(VALUE, OutcomeStatus.DRIFTED), Rescue(), stands)
    assert told == (f"{ROOT_DIR} could not be changed", "Somebody else changed it after the plan. Plan again.")
    assert failed(bad(VALUE, OutcomeStatus.DRIFTED, next_step="Look."), Rescue(), stands)[1] == "Look."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UnreachableError("it broke", host="ex01", sent=True), "not known whether it was carried out"),
        (UnreachableError("it broke", host="ex01", sent=False), "not sent"),
        (FarSideError("it broke", host="ex01"), "not known whether it was carried out"),
        (RecordError("it broke"), "not sent"),
    ],
)
def test_what_was_lost_is_certain_or_not(error: HostError, words: str) -> None:
    """Items with an outcome are certain, those after them are not; files for the run folder are not the host's."""
    plan = StepPlan(items=(Artifact(path="x", content=b""), STOP, MOVE, DATA, RESTART))
    assert lost(error, [done(STOP)], plan) == (
        f"it broke; done and read back before: MSExchangeIMC; {words}: the move of 2 messages to "
        "quarantine, the move of queue.dat to quarantine, the restart of MSExchangeIMC"
    )
    assert lost(error, [], StepPlan()) == "it broke"
    assert in_flight(error) is (words != "not sent")


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (
            QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.RUNNING, messages=2),
            "5 of the 7 messages",
        ),
        (ABSENT, "all of the 7 messages"),
        (None, "how many of the 7 messages in quarantine run-9 are gone for good is not known"),
    ],
)
def test_a_removal_that_failed_tells_what_it_deleted(after: Reading | None, words: str) -> None:
    """With what becomes of the rest; it is never said that nothing was moved."""
    before = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.RUNNING, messages=7)
    gone = Change(resource=Quarantine("D:\\kept", "run-9"), before=before, after=ABSENT)
    outcome = Outcome(item=gone, status=OutcomeStatus.FAILED, before=before, after=after, message="it is held open")
    stands = standing([phase(gone)], "ex01", "")
    message, next_step = failed(outcome, Rescue(), stands)
    assert message.startswith(f"it is held open; {words}")
    assert "no message was moved" not in message
    assert "`purge_quarantine` removes" in next_step
    assert lost(UnreachableError("it broke", sent=True), [], StepPlan(items=(gone,))).endswith(
        ": the removal of quarantine run-9"
    )


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
