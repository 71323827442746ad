"""What a journal keeps of work on a message queue: enough to put messages back, and to find what broke off."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.engine.damage import Damages
from ndrfix.engine.history import read_history
from ndrfix.engine.pending import Debt, owed_handlers
from ndrfix.engine.records import (
    holds_secret,
    item_record,
    outcome_record,
    quarantine_of,
    resource_record,
    state_record,
)
from ndrfix.engine.removal import Removal, removed_from
from ndrfix.engine.resume import known_quarantines
from ndrfix.errors import InputError
from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER, QUEUE, ROOT_DIR
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    FolderState,
    LeftFile,
    Located,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RemoteItem,
    Service,
    ServiceStatus,
    Unreadable,
    Verb,
)

RUN = Quarantine(QUARANTINE_FOLDER, "run-1")
ELSEWHERE = Quarantine("D:\\kept", "run-1")
OPEN = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.RUNNING)
FILES = (QueueFile("A [1]", 5, 7), QueueFile("ü", -1, 0))
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_folders = st.one_of(_texts, st.builds(Located, st.sampled_from([ROOT_DIR, Service("S")]), _texts))


@given(st.builds(Quarantine, _folders, _texts))
def test_a_quarantine_survives_its_record(quarantine: Quarantine) -> None:
    """Written to JSON and read again it is the same, wherever it lies."""
    found = quarantine_of(json.loads(json.dumps(resource_record(quarantine))))
    assert repr(found) == repr(quarantine)


def test_a_folder_below_a_key_is_no_folder() -> None:
    """A record that no run wrote raises."""
    record = {"folder": {"below": {"kind": "registry_key", "key": "HKLM\\SOFTWARE"}, "tail": "x"}, "run": "r"}
    with pytest.raises(ValueError, match="below a registry key"):
        quarantine_of(record)


def test_a_move_is_kept_by_its_files() -> None:
    """Also with no_log, which is about values: a client must be able to tell what was taken."""
    move = Move(queue=MessageQueue("C:\\q"), quarantine=RUN, files=FILES)
    record = item_record(move, hidden=True)
    assert record["move"] == "to quarantine"
    assert record["files"] == [("A [1]", 5, 7), ("ü", -1, 0)]
    assert (record["at"], record["kept"]) == ("out", "out")
    assert record["resource"] == {"kind": "queue", "root": {"path": "C:\\q"}}
    assert item_record(move.reversed())["move"] == "back"
    after = MoveState(moved=1, size=5, left=(LeftFile("ü", "is held open"),))
    outcome = Outcome(item=move, status=OutcomeStatus.DONE, after=after)
    assert outcome_record(outcome, str)["after"] == {"moved": 1, "size": 5, "left": [["ü", "is held open"]]}
    assert not holds_secret(outcome, lambda _: "***")


def test_states_of_the_queue_have_records() -> None:
    """Numbers and places, no message."""
    assert state_record(QueueState(path="C:\\q")) == {"queue": "C:\\q", "messages": 0}
    assert state_record(FolderState(path="C:\\q", files=1, size=2)) == {"folder": "C:\\q", "files": 1, "size": 2}
    assert state_record(OPEN) == {"quarantine": "open", "promised": "running"}
    assert state_record(QuarantinesState(path="C:\\k", runs=(("a", OPEN),))) == {"quarantines": ["a"]}


def _journal(folder: Path, *entries: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    met = {"event": "met", "host": "ex01", "computer": "MAIL1"}
    lines = (json.dumps(entry | {"host": "ex01"}) + "\n" for entry in (met, *entries))
    (folder / "journal.jsonl").write_text("".join(lines))
    return folder


def _intent(*items: RemoteItem) -> dict[str, Any]:
    return {"event": "intent", "items": [item_record(item) for item in items]}


def _outcome(item: RemoteItem, status: OutcomeStatus = OutcomeStatus.DONE) -> dict[str, Any]:
    return {"event": "outcome", **outcome_record(Outcome(item=item, status=status), str)}


OPENED = Change(resource=RUN, before=ABSENT, after=OPEN)
TAKE = Move(queue=QUEUE, quarantine=RUN, files=FILES)
BACK = Move(queue=QUEUE, quarantine=ELSEWHERE, files=FILES, back=True)
DATA = Move(queue=QUEUE, quarantine=RUN, files=FILES[1:], at="", kept="")
GONE = Change(resource=RUN, before=OPEN, after=ABSENT)
ANOTHER = Quarantine("D:\\kept", "run-9")
OTHER = Move(queue=QUEUE, quarantine=ANOTHER, files=FILES)
WATCH = Action(verb=Verb.WATCH, resource=IMS)


@pytest.mark.parametrize(
    ("entries", "worked_on", "taken"),
    [
        ([], [], []),
        ([_intent(OPENED)], [RUN], []),
        ([_intent(OPENED), _outcome(OPENED), _intent(DATA)], [RUN], []),
        ([_intent(OPENED, TAKE)], [RUN], [RUN]),
        ([_intent(TAKE), _outcome(TAKE, OutcomeStatus.FAILED)], [RUN], [RUN]),
        ([_intent(TAKE), _outcome(TAKE), _intent(TAKE), _outcome(TAKE)], [RUN], [RUN]),
        ([_intent(BACK), _outcome(BACK)], [ELSEWHERE], []),
        ([_intent(BACK, TAKE)], [ELSEWHERE, RUN], [RUN]),
        ([_intent(WATCH), _outcome(WATCH)], [], []),
        ([_intent(TAKE), _outcome(TAKE), _intent(GONE), _outcome(GONE)], [RUN], []),
        ([_intent(TAKE), _intent(GONE), _outcome(GONE, OutcomeStatus.FAILED)], [RUN], [RUN]),
        ([_intent(OTHER), _outcome(OTHER)], [ANOTHER], []),
    ],
)
def test_quarantines_of_a_run(
    tmp_path: Path, entries: list[dict[str, Any]], worked_on: list[Quarantine], taken: list[Quarantine]
) -> None:
    """All that it worked on, and those into which it took, or may have taken, messages; none of it is a change that is
    taken back by itself.
    """
    (found,) = read_history(_journal(tmp_path / RUN.run, *entries))
    assert (found.quarantines, found.quarantined) == (worked_on, taken)
    assert (found.changes, found.unsure, found.restarted, found.broken, found.hidden) == ([], [], [], [], 0)
    assert found.empty is not bool(taken or found.lost)


def test_what_a_run_removed_for_good(tmp_path: Path) -> None:
    """How many messages, and how many of them were no reports: of what it took itself; of another run's, not known."""
    take = replace(TAKE, mail=frozenset({"A [1]", "ü"}))
    took = _outcome(take) | {"after": {"moved": 1, "size": 5, "left": [["ü", "is held open"]]}}
    gone = replace(GONE, before=replace(OPEN, messages=7, size=9))
    other = replace(gone, resource=ANOTHER)
    entries = (_intent(take), took, _intent(gone, other), _outcome(gone), _outcome(other))
    (found,) = read_history(_journal(tmp_path / RUN.run, *entries))
    assert found.lost == [
        Removal(quarantine=RUN, by=RUN.run, messages=7, mail=1),
        Removal(quarantine=ANOTHER, by=RUN.run, messages=7),
    ]
    assert not found.empty


PART = replace(OPEN, messages=2, size=2)


@pytest.mark.parametrize(
    ("status", "after", "left"),
    [
        (OutcomeStatus.FAILED, PART, 2),
        (OutcomeStatus.FAILED, ABSENT, 0),
        (OutcomeStatus.FAILED, Unreadable(reason="denied"), None),
        (OutcomeStatus.FAILED, None, None),
        (None, None, None),
    ],
)
def test_what_a_removal_that_broke_off_deleted(
    tmp_path: Path, status: OutcomeStatus | None, after: Reading | None, left: int | None
) -> None:
    """As far as it is known; the quarantine is one to put back from as long as anything lies there."""
    gone = replace(GONE, before=replace(OPEN, messages=7, size=9))
    known = Outcome(item=gone, status=status or OutcomeStatus.DONE, before=gone.before, after=after)
    ended = [] if status is None else [{"event": "outcome", **outcome_record(known, str)}]
    (found,) = read_history(_journal(tmp_path / RUN.run, _intent(TAKE), _outcome(TAKE), _intent(gone), *ended))
    assert found.lost == [Removal(quarantine=RUN, by=RUN.run, messages=7, left=left, mail=0)]
    assert found.quarantined == ([] if left == 0 else [RUN])


@pytest.mark.parametrize("status", [OutcomeStatus.FAILED, OutcomeStatus.DRIFTED])
def test_a_removal_that_deleted_nothing_is_none(tmp_path: Path, status: OutcomeStatus) -> None:
    """Refused, or not begun since somebody else was there before."""
    gone = replace(GONE, before=PART)
    known = Outcome(item=gone, status=status, before=PART, after=PART)
    entry = {"event": "outcome", **outcome_record(known, str)}
    (found,) = read_history(_journal(tmp_path / RUN.run, _intent(TAKE), _outcome(TAKE), _intent(gone), entry))
    assert (found.lost, found.quarantined) == ([], [RUN])


@pytest.mark.parametrize(
    ("removals", "wanted"),
    [
        ([], (0, 0, False, 0)),
        ([(7, 2, 3)], (7, 5, False, 3)),
        ([(7, 2, 3), (2, 0, None)], (7, 7, False, 3)),
        ([(7, None, 3), (2, 0, None)], (7, 2, True, 3)),
        ([(4, 0, 1), (3, 0, 2)], (7, 7, False, 3)),
        ([(4, 0, 1), (3, 1, None)], (7, 6, False, 3)),
        ([(3, None, None)], (3, 0, True, 2)),
    ],
)
def test_removals_of_one_quarantine_come_to(
    removals: list[tuple[int, int | None, int | None]], wanted: tuple[int, int, bool, int]
) -> None:
    """What lay there counts once, however often its removal was begun; what came after a whole one counts apart."""
    each = [Removal(quarantine=RUN, by="a", messages=lay, left=left, mail=mail) for lay, left, mail in removals]
    found = removed_from(RUN, [*each, Removal(quarantine=ANOTHER, by="b", messages=9)], 2)
    assert (found.messages, found.sure, found.unsure, found.mail) == wanted


def test_known_quarantines_come_from_all_runs(tmp_path: Path) -> None:
    """By host; folders without a journal are passed over."""
    _journal(tmp_path / "a", _intent(TAKE))
    _journal(tmp_path / "b", _intent(BACK))
    (tmp_path / "c").mkdir()
    assert known_quarantines(tmp_path) == {"ex01": [RUN, ELSEWHERE]}
    assert known_quarantines(tmp_path / "nowhere") == {}


def test_folders_in_which_any_run_worked_are_owed_a_look(tmp_path: Path) -> None:
    """Of every playbook, since what broke off there is found by nobody else; the folder beside the queue needs none."""
    _journal(tmp_path / "a", _intent(TAKE))
    assert owed_handlers(tmp_path, "book") == {}
    _journal(tmp_path / "b", _intent(BACK))
    assert isinstance(ELSEWHERE.folder, str)
    assert owed_handlers(tmp_path, "book") == {"ex01": Debt(elsewhere=(ELSEWHERE.folder,))}


def test_old_journals_are_not_held_in_memory(tmp_path: Path) -> None:
    """They are read entry by entry, however long they are and however many."""
    values = [item_record(Change(resource=ROOT_DIR, before=ABSENT, after=ABSENT), hidden=False)] * 20
    entry = json.dumps({"event": "intent", "time": "t", "host": "ex01", "task": "Set", "items": values, "notify": []})
    for number in range(4):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        text = json.dumps({"event": "run", "time": "t", "playbook": "book"}) + "\n" + f"{entry}\n" * 500
        (folder / "journal.jsonl").write_text(text)
    tracemalloc.start()
    try:
        assert owed_handlers(tmp_path, "book") == {}
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


def test_a_journal_counts_up_to_its_damage(tmp_path: Path) -> None:
    """What it tells before is as true as ever; the rest is told to be not known."""
    restart = item_record(Action(verb=Verb.RESTART, resource=IMS), hidden=False)
    entries = [
        {"event": "run", "time": "t", "playbook": "book"},
        {"event": "intent", "time": "t", "host": "ex01", "task": "Do", "items": [restart], "notify": ["Tell"]},
    ]
    (tmp_path / "run-1").mkdir()
    text = "".join(f"{json.dumps(each)}\n" for each in entries)
    (tmp_path / "run-1" / "journal.jsonl").write_text(text + "{broken\n" + text)
    damages = Damages()
    owed = owed_handlers(tmp_path, "book", None, damages)
    assert (owed["ex01"].handlers, owed["ex01"].broken) == ({"Tell": "run-1"}, frozenset({IMS}))
    assert len(list(damages.texts())) == 1
    with pytest.raises(InputError, match="cannot be understood"):
        owed_handlers(tmp_path, "book")
