"""How the states and items of the message queue travel: both directions are each other's inverse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections.far_side import reading_text, requested_item, requested_resource
from ndrfix.connections.protocol import apply_request, parse_state, read_request, state_text
from ndrfix.connections.wire_states import message_count
from ndrfix.connections.wire_text import WireError
from ndrfix.resources import (
    Action,
    Change,
    Folder,
    FolderState,
    LeftFile,
    Located,
    Message,
    MessageKind,
    MessageQueue,
    Move,
    MoveState,
    PendingMove,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RegistryKey,
    RegistryValue,
    Resource,
    Service,
    ServiceStatus,
    State,
    Verb,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.one_of(TEXTS.map(lambda text: text.replace("/", "_") or "a"), st.sampled_from(["a*b<c", "x|y>z?", "[1]. ü"]))
SIZES = st.integers(0, 2**62)
FILES = st.builds(QueueFile, NAMES, st.integers(-1, 2**62), st.integers(0, 2**62))
MOVES = st.builds(PendingMove, st.sampled_from(["out", ""]), st.sampled_from(["out", "", "bad"]), st.booleans(), FILES)
QUARANTINES = st.builds(
    QuarantineState,
    status=st.sampled_from(QuarantineStatus),
    promised=st.sampled_from((ServiceStatus.RUNNING, ServiceStatus.STOPPED)),
    messages=SIZES,
    size=SIZES,
    began=st.just("2004-05-03T10:00:00Z"),
    pending=st.lists(MOVES, max_size=3, unique_by=lambda move: move.file.name).map(
        lambda moves: tuple(sorted(moves, key=lambda move: move.file.name))
    ),
    data=st.booleans(),
)
UNREADABLE = st.lists(st.tuples(NAMES, TEXTS), max_size=3, unique_by=lambda each: each[0])
STATES: st.SearchStrategy[State] = st.one_of(
    st.builds(QueueState, path=TEXTS, data=st.none() | FILES),
    st.builds(FolderState, path=TEXTS, files=SIZES, size=SIZES, free=st.none() | SIZES, volume=TEXTS),
    QUARANTINES,
    st.builds(
        QuarantinesState,
        path=TEXTS,
        runs=st.lists(st.tuples(NAMES, QUARANTINES), max_size=3, unique_by=lambda each: each[0]).map(
            lambda runs: tuple(sorted(runs, key=lambda each: each[0]))
        ),
        unreadable=UNREADABLE.map(lambda runs: tuple(sorted(runs))),
    ),
    st.builds(
        MoveState, moved=SIZES, size=SIZES, left=st.lists(st.builds(LeftFile, NAMES, TEXTS), max_size=3).map(tuple)
    ),
)
VALUE = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE\\a|b"), "RootDir")
PATHS = st.one_of(TEXTS, st.builds(Located, st.sampled_from([VALUE, Service("a b")]), TEXTS))
RESOURCES: st.SearchStrategy[Resource] = st.one_of(
    st.builds(MessageQueue, PATHS),
    st.builds(Folder, PATHS),
    st.builds(Quarantine, PATHS, NAMES),
    st.builds(Quarantines, PATHS),
)
# A file of a move may have any name; many of them travel packed.
ITEMS = st.builds(
    Move,
    queue=st.builds(MessageQueue, PATHS),
    quarantine=st.builds(Quarantine, PATHS, NAMES),
    files=st.one_of(st.lists(FILES, max_size=3), st.lists(FILES, min_size=60, max_size=80)).map(tuple),
    at=st.sampled_from(["out", ""]),
    kept=st.sampled_from(["out", "", "bad", "replaced"]),
    back=st.booleans(),
    replace=st.booleans(),
    timeout=st.integers(1, 10_000).map(float),
)


@given(STATES)
def test_a_state_of_the_queue_survives_the_wire(state: State) -> None:
    """Whatever names and reasons hold: separators, other alphabets, control characters."""
    text = reading_text(state)
    assert text.isascii()
    assert text.isprintable()
    assert parse_state(text) == state


@given(RESOURCES)
def test_a_request_for_the_queue_survives_the_wire(resource: Resource) -> None:
    """The far side asks for what was asked for."""
    found = requested_resource(read_request(resource))
    assert type(found) is type(resource)
    assert repr(found) == repr(resource)


@given(ITEMS)
def test_a_move_survives_the_wire(move: Move) -> None:
    """Its files in order, its folders, its limit."""
    found = requested_item(apply_request(move))
    assert isinstance(found, Move)
    assert (repr(found), found.timeout) == (repr(move), move.timeout)


@given(QUARANTINES, st.booleans())
def test_of_a_quarantine_only_what_is_compared_is_sent(state: QuarantineState, counted: bool) -> None:
    """Status, promise, and counts where they are given; the far side compares no more."""
    sent = replace(state, began="", pending=(), data=False)
    sent = sent if counted else replace(sent, messages=None, size=None)
    more = replace(sent, began=state.began, pending=state.pending, data=state.data)
    assert state_text(more) == state_text(sent)
    assert parse_state(state_text(sent)) == sent
    change = Change(resource=Quarantine("C:\\q", "run"), before=more, after=sent)
    found = requested_item(apply_request(change))
    assert isinstance(found, Change)
    assert (found.resource, found.before, found.after) == (change.resource, sent, sent)


def test_a_watch_survives_the_wire() -> None:
    """It is an action like a restart."""
    watch = Action(verb=Verb.WATCH, resource=Service("A"), timeout=30.0)
    assert requested_item(apply_request(watch)) == watch


def test_messages_are_counted_with_their_queue() -> None:
    """The number of messages that belong to a queue's answer; other answers have none."""
    one = Message(name="a", size=1, written=2, kind=MessageKind.USER)
    assert message_count(reading_text(QueueState(path="C:\\q", messages=(one, one)))) == 2
    assert message_count("absent") == message_count("folder>C:>3>1>>") == 0


@pytest.mark.parametrize(
    "text",
    [
        "queue>C:",
        "queue>C:>1>name*1",
        "queue>C:>1>name*x*2",
        "folder>C:>x>1>>",
        "folder>C:>1>1>",
        "folder>C:>1>1",
        "quarantine>open",
        "quarantine>ajar>running",
        "quarantine>open>asleep",
        "quarantine>open>running>1",
        "quarantine>open>running>1>2>then",
        "quarantine>open>running>1>2>then>0>out/out/0/a/1?",
        "quarantine>open>running>1>2>then>0>out/out/0/a/1/2",
        "quarantines>C:",
        "quarantines>C:>run*open*running*1*2*then*0<",
        "quarantines>C:>run*why",
        "moved>1>2",
        "moved>1>2>a<",
        "moved>x>2>",
    ],
)
def test_what_follows_no_form_of_the_queue_is_refused(text: str) -> None:
    """A cell too few, a list without its end, a word or number that is none."""
    with pytest.raises(WireError):
        parse_state(text)
