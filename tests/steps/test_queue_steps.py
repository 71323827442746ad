"""The steps about the message queue, as pure functions: what they plan from what is observed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from ndrfix.connections.base import Reading
from ndrfix.exchange.layout import ARCHIVES, CLUSTER, IMS, OUT_FOLDER, QUARANTINE_FOLDER, QUEUE, ROOT_DIR, SUPPRESSION
from ndrfix.resources import (
    ABSENT,
    BAD,
    OUT,
    REPLACED,
    Action,
    Change,
    FileState,
    Folder,
    FolderState,
    Item,
    Message,
    MessageKind,
    Move,
    PendingMove,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RegistryData,
    RegistryType,
    Resource,
    ServiceState,
    ServiceStatus,
    StartType,
    Unreadable,
)
from ndrfix.steps import check_queue, clear_queue, purge_quarantine, restore_queue, step_named
from ndrfix.steps.base import AnyStep, Check, InRun, MovedOnError, NotReadableError, Observed, StepPlan
from ndrfix.steps.finish_queue import STEP as FINISH
from ndrfix.steps.put_back import PutBack
from ndrfix.steps.queue_left import STEP as LEFT
from ndrfix.steps.restoring_args import RestoreQueueArgs, TakeBackArgs

STAYS = "MSExchangeIMC was stopped before and STAYS STOPPED"
_GUARDED: Mapping[Resource, str] = {IMS: "ims", CLUSTER: "cluster", ROOT_DIR: "root", SUPPRESSION: "suppression"}
RUN = "20261125-0930-reverse-ndr-7f3a"
NDR, USER, UNKNOWN = MessageKind.NDR, MessageKind.USER, MessageKind.UNKNOWN
RUNNING = ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC)
STOPPED = replace(RUNNING, status=ServiceStatus.STOPPED)
OPEN = QuarantineState(
    status=QuarantineStatus.OPEN,
    promised=ServiceStatus.RUNNING,
    messages=0,
    size=0,
    began="2026-11-25T09:30:00Z",
    data=True,
)
CLOSED = replace(OPEN, status=QuarantineStatus.CLOSED)


def message(name: str, kind: MessageKind = NDR, size: int = 1000, **more: Any) -> Message:
    """A message written at a time of its own."""
    return Message(name, size, 132_000_000_000_000_000 + size, kind, **more)


def queue(*messages: Message) -> QueueState:
    """A queue with these messages."""
    return QueueState(path=r"C:\exchsrvr\imcdata", messages=messages, data=QueueFile("queue.dat", 4096, 1))


class Host:
    """What is observed, by what changes from test to test; everything else is as on a healthy host."""

    def __init__(self, *messages: Message, **states: Reading) -> None:
        self.states: dict[str, Reading] = {
            "queue": queue(*messages),
            "ims": RUNNING,
            "cluster": ABSENT,
            "root": RegistryData(RegistryType.STRING, r"C:\exchsrvr\imcdata"),
            "suppression": RegistryData(RegistryType.DWORD, 0x100),
            "own": ABSENT,
            "folder": ABSENT,
            "kept": ABSENT,
            "volume": ABSENT,
            "out": ABSENT,
            "file": ABSENT,
            **states,
        }

    def observed(self, step: AnyStep, args: Any, number: int) -> Observed:
        """What phase `number` of a step asks for."""
        known: dict[Resource, str] = {
            QUEUE: "queue",
            IMS: "ims",
            CLUSTER: "cluster",
            ROOT_DIR: "root",
            SUPPRESSION: "suppression",
            OUT_FOLDER: "out",
        }
        phase = step.phases[number]
        readings = {resource: self._state(resource, known) for resource in phase.probe(args)}
        further = phase.further(args, Observed(readings)) if phase.further else ()
        return Observed({**readings, **{resource: self._state(resource, known) for resource in further}})

    def _state(self, resource: Resource, known: Mapping[Resource, str]) -> Reading:
        return self.states[known.get(resource) or self._name(resource)]

    def _name(self, resource: Resource) -> str:
        places: Mapping[str, str] = {
            "Quarantine": "own",
            "Quarantines": "folder",
            "MessageQueue": "kept",
            "File": "file",
        }
        if isinstance(resource, Folder):
            return next((name for name in reversed(self.states) if str(resource).endswith(f"\\{name}")), "volume")
        return next(
            (name for name in self.states if str(resource).endswith(f"\\{name}")), places[type(resource).__name__]
        )


def clearing(**args: Any) -> Any:
    """The arguments of `clear_queue` in a run."""
    step = clear_queue.STEP
    assert step.in_run is not None
    return step.in_run(step.args.model_validate(args), InRun(run_id=RUN))


def clear(host: Host, number: int, **args: Any) -> StepPlan:
    """What a phase of `clear_queue` plans."""
    bound = clearing(**args)
    return clear_queue.STEP.phases[number].plan(bound, host.observed(clear_queue.STEP, bound, number))


def words(items: tuple[Item, ...]) -> list[str]:
    """Items in a few words each."""
    found = []
    for item in items:
        if isinstance(item, Move):
            ends = f"{item.at or 'root'} → {item.kept or 'run'}" if not item.back else f"{item.kept} → {item.at}"
            found.append(f"move {len(item.files)} {ends}")
        elif isinstance(item, Change):
            found.append(f"{item.resource}: {_state(item.before)} → {_state(item.after)}")
        elif isinstance(item, Action):
            found.append(f"{item.verb} {item.resource}")
    return found


def _state(state: Any) -> str:
    return str(getattr(state, "status", state))


# --- clear_queue ----------------------------------------------------------------------------------------------------


def test_only_reports_are_taken() -> None:
    """Of everything in the queue only this service's own reports move, then queue.dat; the service runs again."""
    kinds = [NDR, USER, UNKNOWN, MessageKind.RECEIPT, MessageKind.BOUNCE, NDR]
    host = Host(*(message(f"AAAAAAA{number}", kind) for number, kind in enumerate(kinds)))
    look = clear(host, 1)
    assert words(look.items) == [f"quarantine {RUN}: absent → open", "MSExchangeIMC: running → stopped"]
    host.states |= {"ims": STOPPED, "own": OPEN}
    move = clear(host, 2)
    assert words(move.items) == [
        "move 1 root → run",
        "move 2 out → out",
        "MSExchangeIMC: stopped → running",
        f"quarantine {RUN}: open → closed",
    ]
    assert isinstance(move.items[1], Move)
    assert [file.name for file in move.items[1].files] == ["AAAAAAA0", "AAAAAAA5"]
    assert words(move.on_failure) == ["MSExchangeIMC: stopped → running"]


def test_a_queue_without_reports_is_left_alone() -> None:
    """No report: the service is not stopped, nothing is opened, and later phases have nothing to do."""
    host = Host(message("AAAAAAAA", USER))
    assert clear(host, 1).items == ()
    assert "nothing to clear" in clear(host, 1).note
    assert [clear(host, number).items for number in (2, 3, 4)] == [(), (), ()]


def test_messages_all_takes_the_mail_of_users_and_says_so() -> None:
    """`messages: all` is a grave risk that names the number of messages that are no reports."""
    host = Host(message("AAAAAAAA"), message("BBBBBBBB", USER), message("CCCCCCCC", UNKNOWN))
    plan = clear(host, 1, messages="all")
    (grave,) = [risk for risk in plan.risks if risk.grave]
    assert "takes 2 messages that are no non-delivery reports" in grave.text
    host.states |= {"own": OPEN, "ims": STOPPED}
    assert words(clear(host, 2, messages="all").items)[1] == "move 3 out → out"


def test_keep_delete_is_a_grave_risk_and_comes_last() -> None:
    """What is deleted lies in quarantine until the service runs again, and the removal says what it removes."""
    host = Host(message("AAAAAAAA"))
    assert [risk.grave for risk in clear(host, 1, keep="delete").risks] == [False, True]
    closed = replace(CLOSED, messages=7, size=7000)
    host.states |= {"own": closed}
    (gone,) = clear(host, 4, keep="delete").items
    assert isinstance(gone, Change)
    assert gone.before == QuarantineState(
        status=QuarantineStatus.CLOSED, promised=ServiceStatus.RUNNING, messages=7, size=7000
    )
    assert gone.after == ABSENT
    assert clear(host, 4).items == ()


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ({"root": ABSENT}, "where the queue lies is not known"),
        ({"ims": ABSENT}, "there is no service"),
        ({"cluster": RUNNING}, "cluster"),
        ({"ims": replace(RUNNING, dependents=("Relay",))}, "running services depend on it: Relay"),
        ({"ims": replace(RUNNING, start=StartType.DISABLED)}, "disabled"),
    ],
)
def test_a_host_on_which_the_queue_cannot_be_worked_on(states: dict[str, Reading], text: str) -> None:
    """A guard that fails stops the host before anything is looked at."""
    plan = clear(Host(message("AAAAAAAA"), **states), 0)
    assert plan.failed
    assert plan.items == ()
    assert text in plan.checks[0].text
    assert plan.checks[0].next_step


def test_a_disabled_cluster_service_is_no_cluster() -> None:
    """Where the cluster service is stopped and disabled, nothing can fail over."""
    host = Host(cluster=replace(STOPPED, start=StartType.DISABLED))
    assert not clear(host, 0).failed


@pytest.mark.parametrize(
    ("status", "restart", "promised"),
    [
        (RUNNING, None, ServiceStatus.RUNNING),
        (STOPPED, None, ServiceStatus.STOPPED),
        (STOPPED, True, ServiceStatus.RUNNING),
        (RUNNING, False, ServiceStatus.STOPPED),
        (replace(RUNNING, status=ServiceStatus.STOP_PENDING), None, ServiceStatus.STOPPED),
        (replace(RUNNING, status=ServiceStatus.START_PENDING), None, ServiceStatus.RUNNING),
    ],
)
def test_the_service_is_left_as_it_was_unless_asked(
    status: ServiceState, restart: bool | None, promised: ServiceStatus
) -> None:
    """The promise that the quarantine keeps is what the service was, or what was asked for."""
    (opened, *_) = clear(Host(message("AAAAAAAA"), ims=status), 1, restart=restart).items
    assert isinstance(opened, Change)
    assert isinstance(opened.after, QuarantineState)
    assert opened.after.promised is promised
    own = replace(OPEN, promised=promised)
    moves = clear(Host(message("AAAAAAAA"), ims=STOPPED, own=own), 2).items
    started = [item for item in moves if isinstance(item, Change) and item.resource == IMS]
    assert bool(started) is (promised is ServiceStatus.RUNNING)


def test_too_many_messages_are_a_failed_check() -> None:
    """`max_messages` counts what would be taken; the numbers are said."""
    host = Host(message("AAAAAAAA"), message("BBBBBBBB"), message("CCCCCCCC", USER))
    assert not clear(host, 1, max_messages=2).failed
    plan = clear(host, 1, max_messages=1)
    assert plan.failed
    assert "2 messages would be taken, more than max_messages allows (1)" in plan.checks[0].text


@pytest.mark.parametrize(
    ("value", "warns"),
    [
        (ABSENT, True),
        (RegistryData(RegistryType.DWORD, 0), True),
        (RegistryData(RegistryType.DWORD, 100), True),
        (RegistryData(RegistryType.DWORD, 0x10), False),
    ],
)
def test_a_clearing_that_will_refill_is_warned_about(value: Reading, warns: bool) -> None:
    """Without a documented number in SuppressNDROptions new reports come at once."""
    plan = clear(Host(message("AAAAAAAA"), suppression=value), 1)
    assert any("nothing suppresses new reports" in risk.text for risk in plan.risks) is warns


@pytest.mark.parametrize(
    ("path", "more", "text"),
    [
        (r"C:\exchsrvr\imcdata\OUT\kept", {}, "lies in `out`"),
        (r"C:\exchsrvr\imcdata\pickup", {}, "lies in `pickup`"),
        (r"C:\exchsrvr\imcdata\NDRFIX-part\x", {}, "lies in `ndrfix-part` of the queue, where copies are made"),
        (r"C:\exchsrvr\imcdata\work\..\in\x", {}, "lies in `in`"),
        (r"D:\kept", {}, "another volume"),
        (r"D:\kept", {"other_volume": True}, "does not exist"),
    ],
)
def test_a_quarantine_at_a_wrong_place_is_refused(path: str, more: dict[str, Any], text: str) -> None:
    """Not where the service works, and not on another volume unless asked for."""
    plan = clear(Host(message("AAAAAAAA")), 1, quarantine=path, **more)
    assert plan.failed
    assert text in plan.checks[0].text


@pytest.mark.parametrize(("free", "fails"), [(10 * 1024 * 1024 + 1000, False), (10 * 1024 * 1024 + 999, True)])
def test_another_volume_needs_room(free: int, fails: bool) -> None:
    """Copies need their own size, and as much again as the service wants free."""
    volume = FolderState(path="D:\\", files=0, size=0, free=free)
    assert clear(Host(message("AAAAAAAA"), volume=volume), 1, quarantine=r"D:\kept", other_volume=True).failed is fails


def room(path: str, volume: str, free: int | None = None) -> FolderState:
    """A folder on a volume."""
    return FolderState(path=path, files=0, size=0, volume=volume, free=free)


@pytest.mark.parametrize("place", [{}, {"quarantine": r"C:\mounted\kept"}])
def test_another_volume_on_the_same_drive_is_seen(place: dict[str, Any]) -> None:
    """A mount point or a junction, at imcdata or above the quarantine: refused, unless other volumes are asked for."""
    host = Host(message("AAAAAAAA"), out=room("C:\\exchsrvr\\imcdata\\out", "7"), volume=room("C:\\exchsrvr", "8"))
    refused = clear(host, 1, **place)
    assert refused.failed
    path = place.get("quarantine", r"C:\exchsrvr\ndrfix-quarantine")
    assert refused.checks[0].text == f"the quarantine {path} is on another volume than C:\\exchsrvr\\imcdata"
    assert not clear(host, 1, **place, other_volume=True).failed
    host.states["volume"] = room("C:\\exchsrvr", "7")
    assert not clear(host, 1, **place).failed


def test_one_volume_under_two_drives_is_one_volume() -> None:
    """Letters do not count where the host tells the volumes apart."""
    host = Host(message("AAAAAAAA"), out=room("C:\\exchsrvr\\imcdata\\out", "7"), volume=room("S:\\", "7"))
    assert not clear(host, 1, quarantine=r"S:\kept").failed


@pytest.mark.parametrize(("free", "fails"), [(127, True), (128, False)])
def test_the_manifest_needs_room(free: int, fails: bool) -> None:
    """Said before the service is stopped; with less than the service itself wants free, that is said too."""
    out = room("C:\\exchsrvr\\imcdata\\out", "7", free)
    plan = clear(Host(message("AAAAAAAA"), out=out, volume=out), 1)
    assert plan.failed is fails
    if fails:
        assert "has 127 bytes free, 128 are needed" in plan.checks[0].text
    else:
        assert any("less than 10 MB are free" in risk.text for risk in plan.risks)


def test_a_quarantine_beside_the_queue_is_taken() -> None:
    """A folder whose name only begins like one of the service's own is none of them."""
    assert not clear(Host(message("AAAAAAAA")), 1, quarantine=r"c:\exchsrvr\imcdata\outside").failed


@pytest.mark.parametrize(
    ("root", "path", "fails"),
    [
        (r"C:\EXCHSR~1\imcdata", r"C:\exchsrvr\imcdata\out\kept", True),
        (r"C:\exchsrvr\imcdata.", r"C:\Exchsrvr\IMCDATA\in", True),
        (r"C:\EXCHSR~1\imcdata", r"C:\exchsrvr\imcdata\outside", False),
        (r"C:\EXCHSR~1\imcdata", r"C:\exchsrvr\other\out\kept", False),
        ("C:/exchsrvr/imcdata/", "C:/exchsrvr/imcdata/out", True),
        (r"C:\exchsrvr\imcdata", r"C:\exchsrvr", False),
    ],
)
def test_a_root_that_is_not_written_plainly_is_taken_for_any(root: str, path: str, fails: bool) -> None:
    """A short name in RootDir may be the folder of the quarantine: where that is not known, it is refused."""
    host = Host(message("AAAAAAAA"), queue=replace(queue(message("AAAAAAAA")), path=root))
    assert clear(host, 1, quarantine=path).failed is fails


QUARANTINE_STEPS = (clear_queue.STEP, restore_queue.STEP, purge_quarantine.STEP)


@pytest.mark.parametrize("step", QUARANTINE_STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("kept", "full path"),
        (r"\kept", "full path"),
        ("D:", "full path"),
        ("D:\\", "whole drive"),
        (r"D:\x\..", "whole drive"),
        (r"D:kept", "full path"),
        (r"\\?\C:\exchsrvr\imcdata\out\q", "full path"),
        (r"\\.\C:\q", "full path"),
        (r"\\localhost\C$\exchsrvr\imcdata\out\q", "full path"),
        ("//?/C:/q", "full path"),
        (r"C:\exchsrvr\imcdata\out.\q", "'out.' ends in a dot or a blank"),
        (r"C:\exchsrvr\imcdata\out \q", "'out ' ends in a dot or a blank"),
        ("C:/exchsrvr/imcdata/out. ./q", "ends in a dot or a blank"),
        ("C:\\q\\...", "ends in a dot or a blank"),
        (r"C:\exchsrvr\IMCDAT~1\out\q", "'IMCDAT~1' looks like a short name"),
        (r"C:\exchsrvr\imcdata\out::$DATA\q", "holds ':'"),
        (r"C:\q:stream", "holds ':'"),
        (r"C:\q*", "holds '*'"),
        ("C:\\q\tx", "holds"),
    ],
)
def test_a_quarantine_that_is_not_written_plainly_is_wrong_input(step: AnyStep, path: str, why: str) -> None:
    """One folder, one spelling: any other would get around the look at where it lies, or means nothing on the host."""
    asked = {"run": "other"} if step is restore_queue.STEP else {}
    with pytest.raises(ValidationError, match=re.escape(why)):
        step.args.model_validate({**asked, "quarantine": path})


@pytest.mark.parametrize("step", QUARANTINE_STEPS, ids=lambda step: step.name)
def test_slashes_and_steps_up_are_worked_out(step: AnyStep) -> None:
    """What Windows works out from the text alone is worked out alike."""
    asked = {"run": "other"} if step is restore_queue.STEP else {}
    args = step.args.model_validate({**asked, "quarantine": "d:/Kept/x/../ mail/"})
    assert args.folder == Quarantines(r"D:\kept\ MAIL")


def test_no_other_mail_of_users_goes_than_was_shown() -> None:
    """With `messages: all`, mail that came or was changed after the plan stays; reports that came go."""

    def settled(before: tuple[Message, ...], after: tuple[Message, ...], **args: Any) -> StepPlan:
        shown, now = (clear(Host(*each, ims=STOPPED, own=OPEN), 2, **args) for each in (before, after))
        return clear_queue.STEP.phases[2].settle(shown, now)

    def taken(plan: StepPlan) -> str:
        moves = [item for item in plan.items if isinstance(item, Move) and item.at]
        return " ".join(file.name for move in moves for file in move.files)

    before = (message("A"), message("B", USER), message("C", UNKNOWN), message("D", USER))
    other = (message("A2"), message("B", USER), message("C", UNKNOWN, size=7), message("E", USER), message("F"))
    plan = settled(before, other, messages="all")
    assert taken(plan) == "A2 B F"
    (check,) = plan.checks
    assert check.text == "2 messages besides reports came or changed since the plan was shown, and stay in the queue"
    assert taken(settled(before, (message("E", USER),), messages="all")) == ""
    assert words(settled(before, (message("E", USER),), messages="all").items)[0] == "move 1 root → run"
    assert (taken(settled(before, other)), settled(before, other).checks) == ("A2 F", ())
    assert settled(before, before, messages="all").checks == ()


def test_a_clearing_tells_of_no_more_mail_than_was_shown() -> None:
    """What came since is not said to go; a drift it is not, since mail comes all the time."""
    few = clear(Host(message("A"), message("B", USER)), 1, messages="all")
    many = clear(Host(message("A"), message("B", USER), message("C", USER)), 1, messages="all")
    settled = clear_queue.STEP.phases[1].settle(few, many)
    assert (settled.items, settled.risks) == (few.items, few.risks)


def test_a_plan_with_nothing_to_clear_clears_nothing() -> None:
    """Reports that came after such a plan are left, and that is said."""
    settle = clear_queue.STEP.phases[1].settle
    settled = settle(clear(Host(), 1), clear(Host(message("AAAAAAAA")), 1))
    assert settled.items == ()
    assert "1 message that came since is left" in settled.note


def test_a_service_that_was_stopped_meanwhile_is_a_drift() -> None:
    """Somebody stopped the service after the plan: its promise would be another one."""
    settle = clear_queue.STEP.phases[1].settle
    with pytest.raises(MovedOnError):
        settle(clear(Host(message("AAAAAAAA")), 1), clear(Host(message("AAAAAAAA"), ims=STOPPED), 1))


def test_a_service_that_stops_again_fails_the_recount() -> None:
    """The result says loudly that the service is stopped, and where the messages are."""
    plan = clear(Host(ims=STOPPED, own=CLOSED), 4)
    assert plan.failed
    assert "MSExchangeIMC IS STOPPED again" in plan.checks[0].text
    assert RUN in plan.checks[0].text


def _counted(host: Host, **arguments: Any) -> str:
    """What an apply says of the queue after a clearing."""
    plan = clear(host, 4, **arguments)
    return clear_queue.STEP.phases[4].settle(plan, plan).checks[0].text


def test_reports_that_flow_back_are_told() -> None:
    """The recount says how many reports wait again, and where they may come from."""
    text = _counted(Host(message("AAAAAAAA"), message("B", USER), own=CLOSED))
    assert text == (
        "60 s after the start: 2 messages in the queue, 1 of them reports; 1 came since, as from the information store "
        "(Q197792), or could not be read before: clear the queue again"
    )


def test_reports_that_could_not_be_moved_are_not_said_to_flow_back() -> None:
    """What was left where it was is told apart from what came since."""
    own = replace(CLOSED, pending=(pending("AAAAAAAA"), pending("B", back=True)))
    text = _counted(Host(message("AAAAAAAA"), own=own))
    assert "1 of them reports; 1 could not be moved, see `left:`" in text
    assert "came since" not in text
    assert "1 could not be moved, see `left:`; 1 came since" in _counted(
        Host(message("AAAAAAAA"), message("B"), own=own)
    )


def test_a_plan_announces_the_count_and_makes_none() -> None:
    """What a plan counts has not happened; and where no service was started, no start is spoken of."""
    plan = clear(Host(own=CLOSED), 4)
    assert [check.text for check in plan.checks] == ["the queue will be counted again 60 s after the start"]
    stays = replace(CLOSED, promised=ServiceStatus.STOPPED)
    plan = clear(Host(own=stays, ims=STOPPED), 4, restart=False)
    assert [check.text for check in plan.checks] == ["the queue will be counted again afterwards"]
    assert _counted(Host(own=stays, ims=STOPPED)).startswith("afterwards: 0 messages")


def test_a_service_that_stays_stopped_is_told_in_red() -> None:
    """In the plan, and after the clearing; not where that was asked for, nor where it is started."""
    stopped = Host(message("AAAAAAAA"), ims=STOPPED)
    plan = clear(stopped, 1)
    assert [risk.text for risk in plan.risks if risk.grave] == [f"{STAYS}; `restart: true` starts it"]
    for asked in (False, True):
        assert not [risk for risk in clear(stopped, 1, restart=asked).risks if risk.grave]
    assert not [risk for risk in clear(Host(message("AAAAAAAA")), 1).risks if risk.grave]
    nothing = clear(Host(ims=STOPPED), 1)
    assert (nothing.items, [check.text for check in nothing.checks if check.standstill]) == ((), [STAYS])
    after = clear(Host(own=replace(CLOSED, promised=ServiceStatus.STOPPED), ims=STOPPED), 4)
    settled = clear_queue.STEP.phases[4].settle(after, after)
    assert [check.text for check in settled.checks if check.standstill] == [STAYS]
    assert settled.checks[0].text.startswith("afterwards: 0 messages")


@pytest.mark.parametrize("step", [clear_queue.STEP, restore_queue.STEP], ids=lambda step: step.name)
def test_what_broke_off_in_another_folder_is_finished_first(step: AnyStep) -> None:
    """The folder beside the queue is always looked into, and those that journals tell of; one with two names once."""
    assert step.in_run is not None
    asked = {"run": "other"} if step is restore_queue.STEP else {}
    args = step.args.model_validate({**asked, "quarantine": r"D:\kept"})
    bound = step.in_run(args, InRun(run_id="this", elsewhere=(r"E:\once", r"C:\exchsrvr\ndrfix-quarantine")))
    beside, once = Quarantines(QUARANTINE_FOLDER), Quarantines(r"E:\once")
    twice = Quarantines(r"C:\exchsrvr\ndrfix-quarantine")
    assert set(step.phases[0].probe(bound)) >= {Quarantines(r"D:\kept"), beside, once, twice}
    own = QuarantinesState(path=r"D:\kept", runs=(("other", CLOSED),))
    here = QuarantinesState(path=r"C:\exchsrvr\ndrfix-quarantine", runs=(("first", OPEN),))
    there = QuarantinesState(path=r"E:\once", runs=(("second", replace(OPEN, messages=1)),))

    def planned(**other: Reading) -> StepPlan:
        found = {resource: Host(ims=STOPPED).states[known] for resource, known in _GUARDED.items()}
        found |= {Quarantines(r"D:\kept"): own, beside: here, twice: here, once: other.get("once", there)}
        assert step.phases[0].further is not None
        found |= dict.fromkeys(step.phases[0].further(bound, Observed(found)), _holding(0))
        return step.phases[0].plan(bound, Observed(found))

    assert words(planned().items) == [
        "MSExchangeIMC: stopped → running",
        "quarantine first: open → closed",
        "watch MSExchangeIMC",
        "quarantine second: open → closed",
    ]
    assert [item.resource for item in planned().items if isinstance(item, Change)][1:] == [
        Quarantine(QUARANTINE_FOLDER, "first"),
        Quarantine(r"E:\once", "second"),
    ]
    torn = planned(once=QuarantinesState(path=r"E:\once", unreadable=(("second", "cut off"),)))
    assert (torn.failed, torn.items) == (True, ())
    with pytest.raises(NotReadableError):
        planned(once=Unreadable(reason="access is denied", denied=True))


def test_the_quarantine_is_told_by_its_full_path() -> None:
    """Beside the queue's root as it was resolved, or where it was asked for."""
    assert clear(Host(message("AAAAAAAA")), 1).checks[0].text == f"quarantine: C:\\exchsrvr\\ndrfix-quarantine\\{RUN}"


# --- what broke off -------------------------------------------------------------------------------------------------


def pending(name: str, *, back: bool = False, at: str = OUT, kept: str = OUT) -> PendingMove:
    """A file on record."""
    return PendingMove(at, kept, back, QueueFile(name, 10, 20))


@pytest.mark.parametrize(
    ("state", "ims", "wanted"),
    [
        (replace(OPEN, data=False), STOPPED, ["IMS: stopped → running", "watch IMS", "close"]),
        (
            replace(OPEN, data=False, messages=3),
            STOPPED,
            ["move 1 root → run", "IMS: stopped → running", "watch IMS", "close"],
        ),
        (replace(OPEN, messages=3), RUNNING, ["watch IMS", "close"]),
        (
            replace(OPEN, messages=3, data=False, pending=(pending("A"), pending("B"))),
            RUNNING,
            [
                "IMS: running → stopped",
                "move 1 root → run",
                "move 2 out → out",
                "IMS: stopped → running",
                "watch IMS",
                "close",
            ],
        ),
        (
            replace(OPEN, messages=3, pending=(pending("A"),)),
            STOPPED,
            [f"move 1 root → {REPLACED}", "move 1 out → out", "IMS: stopped → running", "watch IMS", "close"],
        ),
        (
            replace(OPEN, messages=3, pending=(pending("A", back=True),)),
            STOPPED,
            [f"move 1 root → {REPLACED}", "move 1 out → out", "IMS: stopped → running", "watch IMS", "close"],
        ),
        (replace(OPEN, promised=ServiceStatus.STOPPED, messages=3), STOPPED, ["close"]),
    ],
)
def test_what_broke_off_is_finished(state: QuarantineState, ims: ServiceState, wanted: list[str]) -> None:
    """queue.dat goes first, and never stays because one was taken before; then the files on record, and the service
    gets the state that was promised. Where it is to run it is watched, also when it ran already.
    """
    runs = QuarantinesState(path="C:\\q", runs=((RUN, state),))
    args = FINISH.args.model_validate({})
    plan = FINISH.phases[0].plan(args, Host(ims=ims, folder=runs).observed(FINISH, args, 0))
    short = [
        text.replace("MSExchangeIMC", "IMS").replace(f"quarantine {RUN}: open → closed", "close")
        for text in words(plan.items)
    ]
    assert short == wanted
    assert f"run {RUN} broke off here" in plan.checks[0].text
    assert "still at work from elsewhere" in plan.risks[0].text


def test_a_clearing_finishes_what_broke_off_first() -> None:
    """The first phase of `clear_queue` does what `ndrfix resume` would."""
    runs = QuarantinesState(path="C:\\q", runs=(("20261101-0000-a-0000", replace(OPEN, pending=(pending("A"),))),))
    assert words(clear(Host(ims=STOPPED, folder=runs), 0).items)[1] == "move 1 out → out"


def test_a_manifest_that_cannot_be_read_stops_work_on_the_queue() -> None:
    """Whether anything is half done there is not known: clearing and putting back fail, with the path, what lies there
    and what is to be done.
    """
    found = QuarantinesState(path="C:\\q", runs=((RUN, CLOSED),), unreadable=(("x", "no manifest"),))
    lies: dict[str, Reading] = {"x\\out": _holding(2)}
    restore = Restoring("A")
    observed = Host(folder=found, **lies).observed(restore.step, restore.args, 0)
    for plan in (
        clear(Host(message("AAAAAAAA"), folder=found, **lies), 0),
        restore.step.phases[0].plan(restore.args, observed),
    ):
        assert (plan.failed, plan.items) == (True, ())
        text = "it is not known whether anything is half done in C:\\q\\x: no manifest; found: 2 files in `out`"
        assert plan.checks[0].text == text
        assert "Put the messages back by hand" in plan.checks[0].next_step


def _asked(step: AnyStep) -> dict[str, str]:
    return {"run": "other"} if step is restore_queue.STEP else {}


@pytest.mark.parametrize("step", [clear_queue.STEP, restore_queue.STEP, FINISH], ids=lambda step: step.name)
def test_a_folder_that_is_not_of_ndrfix_is_passed_over(step: AnyStep) -> None:
    """Somebody's own folder among the quarantines holds up no work and is called no rest of one: it may hold mail."""
    names = ("saved by hand", "monday", *"abcde")
    unreadable = tuple((name, "there is no manifest.txt in it") for name in names)
    found = QuarantinesState(path="C:\\q", runs=(("other", CLOSED),), unreadable=unreadable)
    host = Host(folder=found, **{"ndrfix-quarantine\\saved by hand": _holding(1)})
    args = clearing() if step is clear_queue.STEP else step.args.model_validate(_asked(step))
    plan = step.phases[0].plan(args, host.observed(step, args, 0))
    assert not plan.failed
    (check,) = plan.checks
    assert check.text == (
        "passed over in C:\\q, as not from ndrfix (no manifest.txt, no `out`, `bad` or `part`): saved by hand, monday, "
        "a, b, c and 2 more"
    )


@pytest.mark.parametrize(
    "mark",
    ["saved\\out", "saved\\bad", "saved\\part", "saved\\replaced", "ndrfix-part\\saved", "queue.dat", "manifest.txt"],
)
def test_a_folder_with_a_mark_of_ndrfix_is_not_passed_over(mark: str) -> None:
    """As is one in which a look at that is refused."""
    found = QuarantinesState(path="C:\\q", unreadable=(("saved", "there is no manifest.txt in it"),))
    there: Reading = FileState(path="C:\\x", size=1, modified="") if "." in mark else _holding(0)
    for state in (there, Unreadable(reason="access is denied", denied=True)):
        assert clear(Host(folder=found, **{mark: state}), 0).failed


def _holding(files: int) -> FolderState:
    return FolderState(path="C:\\x", files=files, size=files)


@pytest.mark.parametrize("step", [FINISH, LEFT], ids=lambda step: step.name)
@pytest.mark.parametrize(
    ("states", "lies", "advice"),
    [
        ({}, "no message was found there", "where no other file lies there, no message is missing"),
        ({"queue.dat": FileState(path="C:\\x", size=1, modified="")}, "found: a queue.dat", "every folder below it"),
        ({"ndrfix-quarantine\\x": _holding(1)}, "no message was found there", "where no other file lies there"),
        ({"ndrfix-quarantine\\x": _holding(3)}, "found: 2 files in the folder itself", "it may be messages"),
        ({"x\\out": _holding(3)}, "found: 3 files in `out`", "move them from `out` of that folder"),
        ({"x\\bad": _holding(1)}, "found: 1 file in `bad`", "Keep what lies in `bad` elsewhere"),
        ({"x\\part": _holding(2), "x\\out": _holding(1)}, "1 file in `out`, 2 files in `part`", "A copy is of use"),
        ({"ndrfix-part\\x": _holding(2)}, "2 files in `ndrfix-part\\x` of the queue", "A copy is of use"),
        ({"x\\out": Unreadable(reason="denied")}, "what cannot be read in `out`", "may read it all"),
    ],
)
def test_resume_says_what_lies_where_the_manifest_is_torn(
    step: AnyStep, states: dict[str, Reading], lies: str, advice: str
) -> None:
    """A fault with what is there, and what a person is to do with it."""
    found = QuarantinesState(path="C:\\q", unreadable=(("x", "its manifest.txt is not one of ndrfix"),))
    args = step.args.model_validate({"places": (FINISH.args(),)} if step is LEFT else {})
    states = {"manifest.txt": FileState(path="C:\\x", size=1, modified=""), **states}
    plan = step.phases[0].plan(args, Host(folder=found, **states).observed(step, args, 0))
    (check,) = (check for check in plan.checks if not check.ok)
    assert "remove that folder" not in check.next_step
    assert check.text.startswith("it is not known whether anything is half done in C:\\q\\x: its manifest.txt is not")
    assert check.text.endswith(lies)
    assert advice in check.next_step


@pytest.mark.parametrize("step", [clear_queue.STEP, restore_queue.STEP, purge_quarantine.STEP, FINISH])
@pytest.mark.parametrize("state", [OPEN, CLOSED], ids=str)
def test_lines_of_a_manifest_that_say_nothing_are_told(step: AnyStep, state: QuarantineState) -> None:
    """By whoever works there, or finishes it; a clearing does not tell what came to its end long ago."""
    found = QuarantinesState(path="C:\\q", runs=(("a", replace(state, garbled=2)), ("b", CLOSED)))
    args = step.args.model_validate({"run": "a"} if step is restore_queue.STEP else {})
    plan = step.phases[0].plan(args, Host(folder=found).observed(step, args, 0))
    told = [check.text for check in plan.checks if "2 lines of its manifest say nothing" in check.text]
    assert not plan.failed
    assert len(told) == (0 if step is clear_queue.STEP and state is CLOSED else 1)
    assert all(text.startswith("a: ") for text in told)


def test_nothing_broke_off() -> None:
    """Closed quarantines, or none, are nothing to finish."""
    args = FINISH.args.model_validate({})
    for found in (ABSENT, QuarantinesState(path="C:\\q", runs=((RUN, CLOSED),))):
        plan = FINISH.phases[0].plan(args, Host(folder=found).observed(FINISH, args, 0))
        assert (plan.items, plan.checks) == ((), ())
        assert "nothing was left half done" in plan.note


# --- check_queue ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reports", "others", "accept", "ok", "text"),
    [
        (100, 100, ["absent"], False, "looks like a reverse-NDR attack: 100 of 200 messages"),
        (100, 101, ["absent"], False, "many reports, but more other mail"),
        (99, 0, ["absent"], True, "too few to call it an attack: 99 of 99"),
        (49, 50, ["absent"], True, "no attack: 49 of 99"),
        (0, 0, ["absent"], True, "no attack: 0 of 0"),
        (100, 0, ["absent", "probably_present", "present"], True, "attack"),
    ],
)
def test_an_attack_is_told_by_number_and_share(
    reports: int, others: int, accept: list[str], ok: bool, text: str
) -> None:
    """Both thresholds must be reached."""
    step = check_queue.STEP
    args = step.args.model_validate({"accept": accept})
    found = queue(*(message(f"N{n}") for n in range(reports)), *(message(f"U{n}", USER) for n in range(others)))
    readings: dict[Resource, Reading] = {
        QUEUE: found,
        OUT_FOLDER: ABSENT,
        IMS: RUNNING,
        **dict.fromkeys(ARCHIVES, ABSENT),
    }
    plan = step.phases[0].plan(args, Observed(readings))
    assert plan.checks[0].ok is ok
    assert text in plan.checks[0].text


def _looked(host: Host, **arguments: Any) -> StepPlan:
    step = check_queue.STEP
    args = step.args.model_validate(arguments)
    return step.phases[0].plan(args, host.observed(step, args, 0))


@pytest.mark.parametrize("status", [ServiceStatus.STOPPED, ServiceStatus.PAUSED, ServiceStatus.STOP_PENDING])
def test_a_service_that_does_not_run_is_part_of_what_is_seen(status: ServiceStatus) -> None:
    """It fails nothing, since a clearing may come next, and it is marked as what must not be overlooked."""
    plan = _looked(Host(ims=replace(RUNNING, status=status)))
    (check,) = (check for check in plan.checks if check.standstill)
    assert check.ok
    assert check.text == f"MSExchangeIMC is {status.word}: nothing leaves the queue"
    assert not any(check.standstill for check in _looked(Host()).checks)
    assert not any(check.standstill for check in _looked(Host(ims=ABSENT)).checks)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (Host(message("A"), message("B")), "2 messages would be taken, more than max_messages allows (1)"),
        (Host(cluster=RUNNING), "part of a cluster"),
        (Host(ims=ABSENT), "MSExchangeIMC"),
        (Host(ims=replace(RUNNING, start=StartType.DISABLED)), "disabled"),
    ],
)
def test_what_a_clearing_would_refuse_can_be_found_out_before(host: Host, text: str) -> None:
    """With `max_messages` the check fails as the clearing would; without it looks only."""
    plan = _looked(host, max_messages=1)
    (check,) = (check for check in plan.checks if not check.ok)
    assert text in check.text
    assert not _looked(host).failed
    assert not _looked(Host(message("A"), message("B", USER)), max_messages=1).failed


def test_a_disk_that_fills_is_told() -> None:
    """Archived copies and little free space are said, and are no reason to stop."""
    step = check_queue.STEP
    archive = FolderState(path="C:\\a", files=10, size=600 * 1024 * 1024, free=50 * 1024 * 1024)
    readings: dict[Resource, Reading] = {
        QUEUE: queue(),
        OUT_FOLDER: archive,
        IMS: RUNNING,
        **dict.fromkeys(ARCHIVES, archive),
    }
    plan = step.phases[0].plan(step.args.model_validate({}), Observed(readings))
    assert not plan.failed
    assert [text for check in plan.checks[1:] if (text := check.text)] == [
        "1,200 MB of archived copies in C:\\a and C:\\a: they fill the disk; archival can be switched off (Q306958)",
        "50 MB free on the volume of C:\\a: below 10 MB comes flush mode (Q189587)",
    ]


# --- restore_queue --------------------------------------------------------------------------------------------------


class Restoring:
    """`restore_queue` against a queue that is moved in memory, of which some messages make the service stop.

    `bad` ones make it stop when it starts, `slow` ones while it is watched; those in `late` are bad from that start on;
    `held` ones cannot be moved; `refused` are those that cannot be taken out of the queue, so many times. A slow one
    makes it stop at the look with the number `at_look` after a start; `strangers` wait in the queue from the first.
    """

    def __init__(
        self,
        files: str,
        *,
        bad: str = "",
        slow: str = "",
        late: Mapping[str, int] | None = None,
        held: str = "",
        refused: Mapping[str, int] | None = None,
        at_look: int = 1,
        strangers: str = "",
        leaves: bool = True,
        ims: ServiceState = RUNNING,
        **args: Any,
    ) -> None:
        self.kept = {
            name: message(
                name, USER, recipients=(f"{name.lower()}@acme.example",), sender=f"{name}.Boss@contoso.example"
            )
            for name in files
        }
        self.out = {name: message(name, USER) for name in strangers}
        self.refused, self.at_look, self.looks = dict(refused or {}), at_look, 0
        self.aside: list[str] = []
        self.faults: list[Check] = []
        self.bad, self.leaves, self.ims, self.own = set(bad), leaves, ims, CLOSED
        self.slow, self.late, self.held = set(slow), late or {}, set(held)
        self.step: AnyStep = restore_queue.STEP
        self.args = self.step.args.model_validate({"run": RUN, **args})
        self.starts = 0

    def phase(self, number: int, last: StepPlan | None = None) -> StepPlan:
        """What is planned next."""
        phase = self.step.phases[number]
        observed = self.observed(number)
        return phase.again(self.args, observed, last) if last and phase.again else phase.plan(self.args, observed)

    def observed(self, number: int) -> Observed:
        """What a phase looks at."""
        runs = QuarantinesState(path="C:\\q", runs=((RUN, self.own),))
        host = Host(*self.out.values(), ims=self.ims, own=self.own, folder=runs, kept=queue(*self.kept.values()))
        return host.observed(self.step, self.args, number)

    def carry_out(self, plan: StepPlan) -> None:
        """Do it, as a host would."""
        assert not plan.failed, plan.checks
        for item in plan.items:
            if isinstance(item, Move):
                self._move(item)
            elif isinstance(item, Change) and item.resource == IMS:
                assert isinstance(item.after, ServiceState)
                waits = self.ims.status is ServiceStatus.STOP_PENDING and item.after == STOPPED
                assert waits or item.before == self.ims
                self.ims = item.after
                if item.after == RUNNING:
                    self.starts += 1
                    self.looks = 0
                    self._work()
            elif isinstance(item, Change):
                assert isinstance(item.after, QuarantineState)
                self.own = replace(self.own, status=item.after.status, promised=item.after.promised)
            elif isinstance(item, Action):
                self.looks += 1
                if self.slow & set(self.out) and self.looks >= self.at_look:
                    self.ims = STOPPED

    def _move(self, move: Move) -> None:
        assert self.ims == STOPPED
        for file in move.files:
            if not move.at or file.name in self.held:
                continue
            if not move.back and self.refused.get(file.name):
                self.refused[file.name] -= 1
                continue
            if move.back and move.kept == BAD:
                self.aside.remove(file.name)
                self.out[file.name] = message(file.name, USER)
            elif move.back:
                self.out[file.name] = self.kept.pop(file.name)
            elif move.kept == BAD:
                del self.out[file.name]
                self.aside.append(file.name)
            else:
                self.kept[file.name] = self.out.pop(file.name)

    def _work(self) -> None:
        self.bad |= {name for name, start in self.late.items() if self.starts >= start}
        if self.bad & set(self.out):
            self.ims = STOPPED
        elif self.leaves:
            self.out = {name: each for name, each in self.out.items() if name in self.slow}

    def run(self) -> None:
        """All phases to their end; only messages that were set aside are a fault, the last one."""
        self.carry_out(self.phase(0))
        self.carry_out(self.phase(1))
        last: StepPlan | None = None
        for _ in range(500):
            plan = self.phase(2, last)
            if not plan.items:
                self.faults = [check for check in plan.checks if not check.ok]
                aside = [check.text for check in self.faults if "set aside in `bad`" in check.text]
                assert len(self.faults) == len(aside), plan.checks
                assert self.aside == [name for text in aside for name in text.rpartition(": ")[2].split(", ")]
                break
            self.carry_out(plan)
            last = plan
        else:
            pytest.fail("does not come to an end")
        self.carry_out(self.phase(3))


def test_messages_go_back_in_batches() -> None:
    """Each batch gets a start of its own, and the next one waits until it has left."""
    host = Restoring("ABCDEFG", batch=3)
    host.run()
    assert (host.kept, host.out, host.aside, host.starts) == ({}, {}, [], 3)
    assert (host.own.status, host.ims) == (QuarantineStatus.CLOSED, RUNNING)


@pytest.mark.parametrize("bad", ["A", "D", "G", "AG", "CDE", "ABCDEFG"])
def test_a_bad_message_is_found_and_set_aside(bad: str) -> None:
    """Whichever messages stop the service, just these are set aside, everything else is sent, and the service runs."""
    host = Restoring("ABCDEFG", bad=bad, batch=4)
    host.run()
    assert sorted(host.aside) == sorted(bad)
    assert (host.kept, host.out, host.ims) == ({}, {}, RUNNING)


@pytest.mark.parametrize("start", [2, 3, 4, 5])
@pytest.mark.parametrize("bad", ["A", "D", "I", "AD"])
def test_a_message_of_an_earlier_batch_that_still_waits_is_found(bad: str, start: int) -> None:
    """The service tries what waits again later: who made it stop is sought among all that was put back."""
    host = Restoring("ABCDEFGHIJ", late=dict.fromkeys(bad, start), leaves=False, batch=2, drain_timeout=0)
    host.run()
    assert sorted(host.aside) == sorted(bad)
    assert (host.kept, sorted(host.out), host.ims) == ({}, sorted(set("ABCDEFGHIJ") - set(bad)), RUNNING)


def test_a_message_of_another_that_has_the_same_name_is_not_touched() -> None:
    """A message that still lies in quarantine was not put back: its namesake in the queue is somebody else's."""
    host = Restoring("AB", batch=2, leaves=False)
    host.own, host.ims, host.out = OPEN, STOPPED, {"A": message("A", USER)}
    last = StepPlan(carry=PutBack(batch=("A", "B"), once_more=True))
    plan = host.phase(2, last)
    assert words(plan.items) == ["MSExchangeIMC: stopped → running"]


def test_a_message_that_stops_the_service_only_after_a_while_is_found() -> None:
    """The service is started once more for the same messages, not again and again."""
    host = Restoring("ABCDEFG", slow="F", leaves=False, batch=4, drain_timeout=20)
    host.run()
    assert host.aside == ["F"]
    assert (host.kept, sorted(host.out), host.ims) == ({}, list("ABCDEG"), RUNNING)


def test_the_last_batch_is_watched_once_without_a_drain_timeout_too() -> None:
    """A service that stops over it a moment later is not left behind stopped."""
    host = Restoring("ABC", slow="C", leaves=False, batch=2, drain_timeout=0)
    host.run()
    assert (host.aside, sorted(host.out), host.ims) == (["C"], ["A", "B"], RUNNING)


def test_a_message_is_not_to_blame_for_a_service_that_does_not_start_without_it_either() -> None:
    """What was set aside goes back to where it lay, and the rest of the quarantine stays."""
    host = Restoring("ABCDE", batch=4)

    def never() -> None:
        host.ims = STOPPED

    host._work = never  # type: ignore[method-assign] # the service cannot run at all
    with pytest.raises(AssertionError, match="does not stay started"):
        host.run()
    assert (sorted(host.kept), host.out, host.aside) == (list("ABCDE"), {}, [])


def test_a_service_that_is_about_to_stop_is_waited_for() -> None:
    """Seen while it stops by itself it is no running service: a message may have made it stop."""
    host = Restoring("ABCDEF", bad="B", batch=3)
    work = host._work

    def slowly() -> None:
        work()
        if host.ims == STOPPED:
            host.ims = replace(STOPPED, status=ServiceStatus.STOP_PENDING)

    host._work = slowly  # type: ignore[method-assign] # it takes its time
    host.run()
    assert (host.kept, host.out, host.aside, host.ims) == ({}, {}, ["B"], RUNNING)
    host = Restoring("AB", ims=replace(STOPPED, status=ServiceStatus.STOP_PENDING))
    host.run()
    assert (host.kept, sorted(host.out), host.ims) == ({}, ["A", "B"], STOPPED)


def test_a_restore_that_ends_early_takes_out_again_what_may_have_stopped_the_service() -> None:
    """The service must run without anybody who looks after it; what is left is said."""
    host = Restoring("ABCDEF", bad="D", leaves=False, batch=2, drain_timeout=0)
    host.carry_out(host.phase(0))
    host.carry_out(host.phase(1))
    early = host.step.phases[2].early
    assert early is not None
    first = host.phase(2)
    host.carry_out(first)
    look = early(host.args, host.observed(2), first)
    assert words(look.items) == ["watch MSExchangeIMC"]
    plan = early(host.args, host.observed(2), look)
    assert plan.carry is None
    assert (plan.items, plan.checks[0].text) == ((), f"4 messages of those chosen lie in quarantine {RUN} yet")
    watched = host.phase(2, first)
    host.carry_out(watched)
    second = host.phase(2, watched)
    host.carry_out(second)
    assert host.ims == STOPPED
    plan = early(host.args, host.observed(2), second)
    assert plan.checks[0].text == f"6 messages of those chosen lie in quarantine {RUN} yet"
    host.carry_out(plan)
    host.carry_out(host.phase(3))
    assert (sorted(host.kept), host.out, host.ims) == (list("ABCDEF"), {}, RUNNING)
    assert host.own.status is QuarantineStatus.CLOSED


def test_a_start_that_is_refused_once_blames_no_message() -> None:
    """The service stopped for a reason that has gone: it is started once more, and no message is set aside."""
    host = Restoring("ABCDE", bad="B", batch=5)
    work = host._work

    def stops_once() -> None:
        work()
        host.bad = set()

    host._work = stops_once  # type: ignore[method-assign] # the service recovers by itself
    host.run()
    assert (host.kept, host.out, host.aside, host.ims) == ({}, {}, [], RUNNING)


@pytest.mark.parametrize("batch", [1, 2, 4, 7])
@pytest.mark.parametrize("ims", [RUNNING, STOPPED], ids=["running", "stopped"])
@pytest.mark.parametrize(("bad", "held"), [("B", "A"), ("B", "ACDEFG"), ("", "ABCDEFG"), ("CG", "DF"), ("A", "G")])
def test_what_cannot_be_moved_holds_neither_the_rest_nor_a_search(
    bad: str, held: str, ims: ServiceState, batch: int
) -> None:
    """Held open, a message stays where it lies, blames no other and is named at the end; bad ones are found."""
    host = Restoring("ABCDEFG", bad=bad, held=held, ims=ims, batch=batch, drain_timeout=0)
    with pytest.raises(AssertionError, match=f"could not be put back, and stays? in quarantine: {', '.join(held)};"):
        host.run()
    found = bad if ims == RUNNING else ""
    assert (sorted(host.kept), sorted(host.aside), host.ims) == (sorted(held), sorted(found), ims)
    assert host.own.status is QuarantineStatus.CLOSED


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("batch", [1, 3, 6])
@pytest.mark.parametrize("leaves", [True, False])
@pytest.mark.parametrize(("bad", "refused"), [(bad, refused) for bad in "ADF" for refused in "ACDF"])
def test_a_message_that_cannot_be_taken_out_at_first_stays_a_suspect(
    bad: str, refused: str, *, leaves: bool, batch: int, times: int
) -> None:
    """Nobody else pays for it; where it is the bad one, and can be moved at last, it is found."""
    host = Restoring("ABCDEF", bad=bad, refused={refused: times}, batch=batch, leaves=leaves, drain_timeout=0)
    if times == 1 or bad != refused:
        host.run()
        assert (host.aside, host.kept, host.ims) == ([bad], {}, RUNNING)
        return
    with contextlib.suppress(AssertionError):
        host.run()
    assert set(host.aside) <= {bad}


@pytest.mark.parametrize("batch", [1, 3, 6])
@pytest.mark.parametrize("bad", list("ABCDEF"))
def test_a_bad_message_that_cannot_be_taken_out_fails_the_restore(bad: str, batch: int) -> None:
    """It is named, no other is set aside, and what stands still is said."""
    host = Restoring("ABCDEF", bad=bad, refused={bad: 1000}, batch=batch, leaves=False, drain_timeout=0)
    with pytest.raises(AssertionError, match="does not stay started"):
        host.run()
    (fault,) = host.faults
    assert fault.text.endswith(f"none of these can be taken out of the queue again: {bad}")
    assert fault.standstill
    assert host.aside == []
    assert sorted((*host.kept, *host.out)) == list("ABCDEF")


def test_of_messages_none_of_which_can_be_taken_out_none_is_blamed() -> None:
    """All of them are in question yet."""
    host = Restoring("ABCD", bad="C", refused=dict.fromkeys("ABCD", 1000), batch=4, leaves=False, drain_timeout=0)
    with pytest.raises(AssertionError, match="does not stay started"):
        host.run()
    assert host.faults[0].text.endswith("taken out of the queue again: A, B, C, D")
    assert (host.aside, sorted(host.out)) == ([], list("ABCD"))


def test_a_search_in_vain_leaves_nothing_set_aside_without_proof() -> None:
    """What was blamed before goes back to the others first."""
    host = Restoring("AB", batch=1, leaves=False)
    host.own, host.ims, host.out = OPEN, STOPPED, {"A": host.kept.pop("A")}
    del host.kept["B"]
    host.aside = ["B"]
    carry = PutBack(earlier=("A",), once_more=True, blamed=("B",), fruitless=2)
    plan = host.phase(2, StepPlan(carry=carry))
    host.carry_out(plan)
    assert (host.aside, list(host.kept), list(host.out)) == ([], ["B"], ["A"])
    assert host.phase(2, plan).checks[0].text.endswith("taken out of the queue again: A")


@pytest.mark.parametrize(("at_look", "leaves"), [(0, True), (0, False), (1, False), (3, False)])
@pytest.mark.parametrize(("files", "batch"), [("A", 1), ("ABC", 10), ("ABCDEFGHIJ", 4), ("ABCDEF", 1)])
def test_a_message_that_came_from_elsewhere_lets_no_other_be_set_aside(
    files: str, batch: int, at_look: int, *, leaves: bool
) -> None:
    """The service does not stay started without any that was put back: these go back to the others, in red."""
    how = {"slow": "Z", "at_look": at_look} if at_look else {"bad": "Z"}
    host = Restoring(files, strangers="Z", batch=batch, leaves=leaves, drain_timeout=20, **how)
    with pytest.raises(AssertionError, match="does not stay started"):
        host.run()
    (fault,) = host.faults
    assert fault.text.endswith("though no message that was put back waits in the queue")
    assert fault.standstill
    assert (host.aside, sorted((*host.kept, *host.out)), host.ims) == ([], [*files, "Z"], STOPPED)
    assert "Z" in host.out


def test_a_service_that_stops_when_all_has_left_is_seen() -> None:
    """With nothing in the queue of what was put back the service is watched all the same before it is left."""
    host = Restoring("ABC", strangers="Z", slow="Z", drain_timeout=0)
    with pytest.raises(AssertionError, match="does not stay started"):
        host.run()
    assert (host.aside, host.kept, list(host.out)) == ([], {}, ["Z"])


def test_a_restore_that_ends_early_blames_nobody_without_proof() -> None:
    """The service is watched first; where it stops again, what was set aside goes back to the others."""
    host = Restoring("A", strangers="Z", slow="Z", drain_timeout=0, leaves=False)
    host.carry_out(host.phase(0))
    host.carry_out(host.phase(1))
    last: StepPlan | None = None
    while not host.aside:
        last = host.phase(2, last)
        host.carry_out(last)
    early = host.step.phases[2].early
    assert early is not None
    assert last is not None
    look = early(host.args, host.observed(2), last)
    assert words(look.items) == ["watch MSExchangeIMC"]
    host.carry_out(look)
    plan = early(host.args, host.observed(2), look)
    host.carry_out(plan)
    assert (host.aside, sorted(host.kept), sorted(host.out)) == ([], ["A"], ["Z"])
    assert [check.text for check in plan.checks] == [f"1 message of those chosen lies in quarantine {RUN} yet"]


def test_what_an_earlier_restore_set_aside_is_not_passed_over() -> None:
    """A task fails when nothing else lies there, and tells it in red else; what takes a run back goes on, in red."""
    args = {"run": RUN}
    states: dict[str, Reading] = {"own": CLOSED, "bad": FolderState(path="C:\\q\\bad", files=2, size=2)}
    text = f"2 messages lie in `bad` of quarantine {RUN}, as the service stops with them: NOT PUT BACK"
    step, phase = restore_queue.STEP, restore_queue.STEP.phases[1]
    for kept, arguments, fails, red in (
        (queue(), RestoreQueueArgs(**args), [text], []),
        (queue(), TakeBackArgs(**args), [], [text]),
        (queue(message("A", USER)), RestoreQueueArgs(**args), [], [text]),
    ):
        plan = phase.plan(arguments, Host(kept=kept, **states).observed(step, arguments, 1))
        assert [check.text for check in plan.checks if not check.ok] == fails
        assert [risk.text for risk in plan.risks if risk.grave] == red
        assert plan.failed is bool(fails)


def test_resume_tells_what_was_set_aside() -> None:
    """No step puts it back: nobody else would find it."""
    args = LEFT.args(places=(), returned=(Quarantine("C:\\q", RUN),))
    host = Host(kept=queue(), bad=FolderState(path="C:\\q\\bad", files=1, size=2))
    texts = [check.text for check in LEFT.phases[0].plan(args, host.observed(LEFT, args, 0)).checks]
    told = f"1 message lies in `bad` of quarantine {RUN}, as the service stops with it: no step puts it back"
    assert texts[-1] == f"{told}; look at it there, and move it away by hand"


def test_messages_that_cannot_be_sent_at_once_do_not_hold_the_rest() -> None:
    """After `drain_timeout` the next batch goes back, what waits is left to the service."""
    host = Restoring("ABCD", leaves=False, batch=2, drain_timeout=20)
    host.run()
    assert (host.kept, sorted(host.out)) == ({}, ["A", "B", "C", "D"])


def test_a_stopped_service_stays_stopped() -> None:
    """All goes back at once, and nothing is started."""
    host = Restoring("ABCD", ims=STOPPED, batch=2)
    host.run()
    assert (host.kept, sorted(host.out), host.starts, host.ims) == ({}, ["A", "B", "C", "D"], 0, STOPPED)


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ({"names": "b"}, "B"),
        ({"names": ["A", "C"]}, "AC"),
        ({"recipients": "*@ACME.example"}, "ABC"),
        ({"recipients": "c@*"}, "C"),
        ({"senders": "b.boss@*"}, "B"),
        ({"senders": ["a.boss@contoso.example", "nobody@contoso.example"]}, "A"),
        ({"senders": "?.boss@*", "names": "A"}, None),
        ({"senders": "b.boss@*", "recipients": "*", "names": "A"}, None),
        ({"kinds": "ndr"}, ""),
        ({"kinds": ["user"], "names": ["A"]}, "A"),
    ],
)
def test_messages_are_chosen(args: dict[str, Any], wanted: str | None) -> None:
    """By name, recipient, sender and kind, all of which must fit; that nothing does is a fault where it was named."""
    host = Restoring("ABC", leaves=False, **args)
    if wanted is None:
        assert host.phase(1).failed
        return
    host.run()
    assert sorted(host.out) == list(wanted)


@pytest.mark.parametrize("argument", ["kinds", "names", "recipients", "senders"])
def test_an_empty_list_does_not_mean_all(argument: str) -> None:
    """A list that a template left empty must not put back everything; in a run, what was not given is still all."""
    step = restore_queue.STEP
    with pytest.raises(ValidationError, match="the list is empty and chooses no message"):
        step.args.model_validate({"run": RUN, argument: []})
    assert step.in_run is not None
    bound = step.in_run(step.args.model_validate({"run": RUN, "names": "A"}), InRun(run_id="this"))
    assert (bound.names, bound.kinds, len(bound.chosen([message("A"), message("B")]))) == (("A",), (), 1)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"names": "AAAAAAAB"}, "is named 'AAAAAAAB', did you mean 'AAAAAAAA'?"),
        (
            {"recipients": "aaaaaaaa@amce.example"},
            "is to 'aaaaaaaa@amce.example', did you mean 'aaaaaaaa@acme.example'?",
        ),
        ({"recipients": "*@elsewhere.test"}, "is to '*@elsewhere.test'"),
        (
            {"senders": "a.bos@contoso.example"},
            "is from 'a.bos@contoso.example', did you mean 'A.Boss@contoso.example'?",
        ),
        ({"names": "AAAAAAAA", "kinds": "ndr"}, "fits all that is asked for"),
    ],
)
def test_what_was_named_and_is_not_there_is_a_fault(args: dict[str, Any], text: str) -> None:
    """The nearest that is there is named; nothing is done."""
    host = Restoring("AB", **args)
    host.kept = {"AAAAAAAA": replace(host.kept["A"], name="AAAAAAAA", recipients=("aaaaaaaa@acme.example",))}
    plan = host.phase(1)
    assert (plan.failed, plan.items) == (True, ())
    assert plan.checks[0].text == f"no message in quarantine {RUN} {text}"
    assert plan.checks[0].next_step


def test_one_that_is_not_there_among_others_is_told() -> None:
    """The others go back; a second restore of the same names need not find those that went."""
    texts = [check.text for check in Restoring("AB", names=["A", "X"]).phase(1).checks]
    assert texts == ["1 message goes back to the queue", f"no message in quarantine {RUN} is named 'X'"]


@pytest.mark.parametrize(
    ("files", "args", "note"),
    [("", {"names": "A"}, f"no message lies in quarantine {RUN}"), ("A", {"kinds": "ndr"}, "is of kind ndr")],
)
def test_a_restore_of_nothing_is_noted(files: str, args: dict[str, Any], note: str) -> None:
    """An empty quarantine, or a kind that does not lie there, is no fault."""
    plan = Restoring(files, **args).phase(1)
    assert (plan.failed, plan.items) == (False, ())
    assert plan.note.endswith(note)


def test_a_service_that_does_not_stay_started_fails() -> None:
    """When no message that was put back explains it, nobody goes on trying."""
    host = Restoring("A")
    host.own, host.ims = OPEN, STOPPED
    first = host.phase(2)
    assert words(first.items) == ["MSExchangeIMC: stopped → running"]
    again = host.phase(2, first)
    assert again.failed
    assert "MSExchangeIMC IS STOPPED" in again.checks[0].text


def test_a_run_that_is_not_there_is_named() -> None:
    """The runs that there are help to find the right one."""
    host = Restoring("A", run="20261125-0930-reverse-ndr-0000")
    assert f"there are: {RUN}" in host.phase(0).checks[0].text


# --- purge_quarantine -----------------------------------------------------------------------------------------------


def purge(host: Host, **args: Any) -> StepPlan:
    """What `purge_quarantine` plans."""
    step = purge_quarantine.STEP
    assert step.in_run is not None
    bound = step.in_run(step.args.model_validate(args), InRun(run_id=RUN))
    return step.phases[0].plan(bound, host.observed(step, bound, 0))


@pytest.mark.parametrize(
    ("began", "args", "goes"),
    [
        ("2026-10-25T09:30:00Z", {}, True),
        ("2026-10-25T09:30:00Z", {"run": "OLDER"}, True),
        ("2026-10-26T09:31:00Z", {}, False),
        ("2026-11-24T09:30:00Z", {"older_than_days": 1}, True),
        ("2026-10-25T09:30:00Z", {"run": "open"}, False),
        ("yesterday", {"older_than_days": 0}, False),
        ("2026-11-25T09:30:40Z", {"older_than_days": 0}, True),
    ],
)
def test_old_runs_are_removed(began: str, args: dict[str, Any], goes: bool) -> None:
    """Only what is old enough, closed, and asked for; the removal says how much lies there."""
    states = {"older": replace(CLOSED, began=began, messages=5, size=99), "open": replace(OPEN, began=began)}
    found = QuarantinesState(path="C:\\q", runs=tuple(states.items()), unreadable=(("x", "no manifest"),))
    plan = purge(Host(folder=found), **args)
    assert words(plan.items) == (["quarantine older: closed → absent"] if goes else [])
    texts = " ".join(check.text for check in plan.checks)
    assert "5 messages" in texts
    assert "it broke off and stays" in texts
    assert "no manifest" in texts


def test_one_message_that_is_removed_is_one() -> None:
    """Words for one are not those for many."""
    old = replace(CLOSED, began="2026-11-24T09:30:00Z", messages=1, size=99)
    found = QuarantinesState(path="C:\\q", runs=(("a", old),))
    plan = purge(Host(folder=found, kept=queue(message("A"))), older_than_days=1)
    assert [check.text for check in plan.checks] == ["a: 1 message, 0 KB, 1 day old"]
    assert [risk.text for risk in plan.risks] == ["1 message is removed for good"]


OLD = replace(CLOSED, began="2026-09-01T09:30:00Z", messages=3, size=2048)


def test_mail_of_users_that_is_removed_is_told_in_red() -> None:
    """How many of the messages are no reports, run by run and in all; none, where all are reports."""
    found = QuarantinesState(path="C:\\q", runs=(("first", OLD), ("second", OLD), ("third", replace(OLD, messages=0))))
    mixed = queue(message("A"), message("B", USER), message("C", UNKNOWN))
    plan = purge(Host(folder=found, first=mixed, second=queue(message("A"), message("B"), message("C", USER))))
    texts = [check.text for check in plan.checks]
    assert [text.partition(", 2 KB")[0] for text in texts] == [
        "first: 3 messages (no reports: 1 user, 1 unknown)",
        "second: 3 messages (no reports: 1 user)",
        "third: 0 messages",
    ]
    assert [(risk.text, risk.grave) for risk in plan.risks] == [
        ("6 messages are removed for good", True),
        ("3 OF THESE are no non-delivery reports: mail of users is removed too", True),
    ]
    reports = queue(message("A"), message("B"), message("C"))
    plan = purge(Host(folder=QuarantinesState(path="C:\\q", runs=(("first", OLD),)), first=reports))
    assert [risk.text for risk in plan.risks] == ["3 messages are removed for good"]


@pytest.mark.parametrize("many", [True, False])
def test_what_is_not_looked_into_may_be_mail(many: bool) -> None:
    """More messages than can be kept in mind are not read, nor what cannot be: that is told in red, too."""
    big = replace(OLD, messages=250_001) if many else OLD
    found = QuarantinesState(path="C:\\q", runs=(("big", big), ("small", OLD)))
    unread: dict[str, Reading] = {} if many else {"big": Unreadable(reason="access is denied", denied=True)}
    host = Host(folder=found, kept=queue(message("A"), message("B"), message("C")), **unread)
    plan = purge(host)
    assert "not looked into: it may hold mail of users" in plan.checks[0].text
    text = f"{big.messages if many else 3:,} OF THESE were not looked into"
    assert any(risk.text.startswith(text) and risk.grave for risk in plan.risks)


def test_a_run_with_messages_set_aside_holds_up_no_other() -> None:
    """It stays, that is said, and the others are removed."""
    found = QuarantinesState(path="C:\\q", runs=(("first", OLD), ("second", OLD)))
    host = Host(folder=found, kept=queue(message("A")))
    host.states["first\\bad"] = FolderState(path="C:\\q\\first\\bad", files=2, size=2)
    plan = purge(host)
    assert words(plan.items) == ["quarantine second: closed → absent"]
    assert "first: 3 messages" in plan.checks[0].text
    assert "2 messages set aside in `bad`: it stays" in plan.checks[0].text
    assert plan.risks[0].text == "3 messages are removed for good"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ((RUN,), f", did you mean '{RUN}'?"),
        (("a", "b"), "; there are: a, b, torn"),
    ],
)
def test_a_run_that_is_not_there_cannot_be_removed(runs: tuple[str, ...], text: str) -> None:
    """A misspelled run is a fault: personal data that was to go would stay for ever."""
    found = QuarantinesState(path="C:\\q", runs=tuple((run, OLD) for run in runs), unreadable=(("torn", "cut"),))
    plan = purge(Host(folder=found), run=RUN.replace("7f3a", "7f3b"))
    assert (plan.failed, plan.items) == (True, ())
    assert plan.checks[0].text == f"no quarantine of run {RUN.replace('7f3a', '7f3b')}{text}"
    assert plan.checks[0].next_step
    assert purge(Host(), run="x").checks[0].text == "no quarantine of run x; there is none on this host"


@pytest.mark.parametrize(
    ("run", "state", "text", "advice"),
    [
        ("first", "bad", "2 messages set aside in `bad`: it stays", "purge again"),
        (
            "first",
            "part",
            "2 copies lie in `part`, and may be all that is left of messages: it stays",
            "purge again",
        ),
        ("open", "", "it broke off and stays", "`ndrfix resume`"),
        ("young", "", "1 day old; it stays: `older_than_days` is 30", "`older_than_days: 0`"),
        ("ageless", "", "age not known; it stays", "by hand"),
        ("TORN", "", "torn: left alone, cut", "by hand"),
    ],
)
def test_a_run_asked_for_by_name_that_stays_is_a_fault(run: str, state: str, text: str, advice: str) -> None:
    """Personal data that was to go is there yet; of all runs, the same is told and fails nothing."""
    runs = {
        "first": replace(OLD, garbled=1),
        "open": replace(OPEN, began=OLD.began),
        "young": replace(OLD, began="2026-11-24T09:30:00Z"),
        "ageless": replace(OLD, began="yesterday"),
    }
    found = QuarantinesState(path="C:\\q", runs=tuple(runs.items()), unreadable=(("torn", "cut"),))
    host = Host(folder=found, **({f"first\\{state}": _holding(2)} if state else {}))
    plan = purge(host, run=run)
    assert (plan.failed, plan.items) == (True, ())
    (check,) = (check for check in plan.checks if not check.ok)
    assert text in check.text
    assert advice in check.next_step
    assert not purge(host).failed


@pytest.mark.parametrize("garbled", [0, 1])
@pytest.mark.parametrize("part", [_holding(1), Unreadable(reason="access is denied", denied=True)])
def test_the_last_copy_of_a_message_is_never_removed(garbled: int, part: Reading) -> None:
    """A copy counts where lines of the manifest say nothing; otherwise its message lies elsewhere."""
    found = QuarantinesState(path="C:\\q", runs=(("first", replace(OLD, garbled=garbled)),))
    host = Host(folder=found, **{"first\\part": part})
    plan = purge(host)
    assert words(plan.items) == ([] if garbled else ["quarantine first: closed → absent"])
    assert ("all that is left of" in plan.checks[0].text) is bool(garbled)
    asked: list[tuple[AnyStep, dict[str, Any]]] = [
        (FINISH, {}),
        (LEFT, {"places": (FINISH.args(),)}),
        (restore_queue.STEP, {"run": "FIRST"}),
    ]
    for step, arguments in asked:
        args = step.args.model_validate(arguments)
        risks = step.phases[0].plan(args, host.observed(step, args, 0)).risks
        assert [risk.grave for risk in risks if "all that is left of" in risk.text] == [True] * garbled


def test_a_wrong_clock_of_the_host_makes_no_run_old() -> None:
    """A run whose id is of today is young, whatever the host's clock said when it began."""
    young = replace(CLOSED, began="2004-05-03T12:00:00Z", messages=5, size=99)
    assert purge(Host(folder=QuarantinesState(path="C:\\q", runs=((RUN, young),)))).items == ()


def test_every_step_of_the_queue_is_known() -> None:
    """Playbooks find the steps by their names; the one for `ndrfix resume` is not for playbooks."""
    assert all(step_named(name) for name in ("check_queue", "clear_queue", "restore_queue", "purge_quarantine"))
    assert step_named("finish_queue") is None
