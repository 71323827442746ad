"""The far side of the wire is the reverse of the near one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections import far_side
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.protocol import (
    OutcomeLine,
    ProgressLine,
    SlowLine,
    StateLine,
    Target,
    TargetLine,
    apply_request,
    parse_line,
    parse_state,
    read_request,
    state_text,
    target_request,
)
from ndrfix.connections.wire_text import WireError
from ndrfix.resources import (
    COMPUTER,
    PRESENT,
    Change,
    ComputerState,
    File,
    FileState,
    FileVersion,
    FileVersionState,
    Located,
    MessageQueue,
    Move,
    Quarantine,
    QueueFile,
    RegistryKey,
    RegistryTree,
    RemoteItem,
    Resource,
    ServiceState,
    ServiceStatus,
    StartType,
    TreeKey,
    TreeState,
    Unreadable,
)
from tests import strategies

TEXTS = st.text(max_size=12)
NUMBERS = st.integers(0, 2**40)
TIMES = st.just("2000-01-01T00:00:00Z")
DATA = strategies.registry_data()

PATHS = st.one_of(TEXTS, st.builds(Located, st.one_of(strategies.services(), strategies.registry_values()), TEXTS))
RESOURCES: st.SearchStrategy[Resource] = st.one_of(
    strategies.registry_values(),
    strategies.registry_keys(),
    strategies.services(),
    st.builds(RegistryTree, strategies.registry_keys(), st.integers(0, 9)),
    st.builds(File, PATHS),
    st.builds(FileVersion, PATHS),
    st.just(COMPUTER),
)
FULL_SERVICES = st.builds(
    ServiceState,
    status=st.sampled_from(ServiceStatus),
    start=st.sampled_from(StartType),
    display_name=TEXTS,
    image_path=TEXTS,
    dependents=st.lists(TEXTS, max_size=3).map(tuple),
)
VALUES = st.lists(st.tuples(TEXTS, DATA), max_size=3).map(tuple)
READINGS: st.SearchStrategy[Reading] = st.one_of(
    strategies.value_afters(),
    st.just(PRESENT),
    FULL_SERVICES,
    st.builds(FileState, path=TEXTS, size=NUMBERS, modified=TIMES, read_only=st.booleans(), directory=st.booleans()),
    st.builds(FileVersionState, path=TEXTS, version=st.sampled_from(("", "5.5.2653.23")), size=NUMBERS, modified=TIMES),
    st.builds(
        ComputerState,
        name=TEXTS,
        os_version=TEXTS,
        powershell=TEXTS,
        administrator=st.booleans(),
        bits=st.sampled_from((32, 64)),
    ),
    st.builds(TreeState, keys=st.lists(st.builds(TreeKey, path=TEXTS, values=VALUES), max_size=3).map(tuple)),
    st.builds(Unreadable, reason=TEXTS, denied=st.booleans()),
)
ITEM = Change(resource=RegistryKey.parse("HKLM\\SOFTWARE"), before=PRESENT, after=PRESENT)
ITEMS: st.SearchStrategy[RemoteItem] = st.one_of(strategies.blind_changes(), strategies.restarts())


@given(RESOURCES)
def test_far_side_understands_every_read(resource: Resource) -> None:
    """The resource that was asked for is the one that is understood, in its spelling."""
    understood = far_side.requested_resource(read_request(resource))
    assert understood == resource
    assert str(understood) == str(resource)


@given(ITEMS, st.integers(1, 10**7))
def test_far_side_understands_every_item(item: RemoteItem, milliseconds: int) -> None:
    """The item that was sent is the one that is understood, with its limit."""
    timed = replace(item, timeout=milliseconds / 1000)
    understood = far_side.requested_item(apply_request(timed))
    assert understood == timed
    assert understood.timeout == timed.timeout


@given(st.lists(st.builds(QueueFile, TEXTS, st.integers(-1, 2**40), NUMBERS), max_size=3), st.integers(0, 60))
def test_far_side_understands_every_move(files: list[QueueFile], more: int) -> None:
    """Its files in their order, few or so many that their list is packed."""
    many = tuple(QueueFile(f"MESSAGE{number}", number, number) for number in range(100, 100 + more))
    move = Move(queue=MessageQueue("C:\\imcdata"), quarantine=Quarantine("D:\\kept", "r"), files=(*files, *many))
    request = apply_request(move)
    assert far_side.requested_item(request) == move
    assert str(request["Files"]).startswith("z|") or len(str(request["Files"])) <= 1000


@given(TEXTS, TEXTS, st.one_of(st.none(), TEXTS))
def test_far_side_understands_every_target(machine: str, computer: str, user: str | None) -> None:
    """The target that was asked for is the one that is understood; no user is an empty one."""
    target = Target(name="ex01", machine=machine, via="jump01", via_computer=computer, user=user)
    understood = far_side.requested_target(target_request(target))
    assert understood == far_side.RequestedTarget(machine=machine, through=computer, user=user or "")


@given(READINGS, st.integers(0, 65535))
def test_far_side_spells_readings_of_a_target(reading: Reading, code: int) -> None:
    """What cannot be read on a target comes with its Windows error, everything else without."""
    line = StateLine(index=3, reading=reading, code=code if isinstance(reading, Unreadable) else 0)
    assert parse_line(far_side.state_line(3, reading, code)) == line


@given(
    st.builds(
        TargetLine,
        stage=st.sampled_from(("", "host", "logon", "registry")),
        code=st.integers(0, 65535),
        message=TEXTS,
        smb1=st.booleans(),
        pipes=st.booleans(),
    )
)
def test_far_side_tells_the_way(line: TargetLine) -> None:
    """How the way to a target went arrives as it was."""
    assert parse_line(far_side.target_line(line)) == line


@given(st.integers(0, 10**7))
def test_far_side_tells_slowness(milliseconds: int) -> None:
    """The longest wait arrives as it was, to the millisecond."""
    line = SlowLine(seconds=milliseconds / 1000)
    assert parse_line(far_side.slow_line(line)) == line


@given(READINGS)
def test_far_side_spells_every_reading(reading: Reading) -> None:
    """Every state, and every reason for none, is read as it was."""
    assert parse_state(far_side.reading_text(reading)) == reading
    assert parse_line(far_side.state_line(3, reading)) == StateLine(index=3, reading=reading)


@given(strategies.value_afters())
def test_far_side_spells_states_as_requests_do(state: Reading) -> None:
    """A state has one spelling, in requests and in answers."""
    assert not isinstance(state, Unreadable)
    assert far_side.reading_text(state) == state_text(state)


@given(st.sampled_from(OutcomeStatus), st.one_of(st.none(), READINGS), st.one_of(st.none(), READINGS), TEXTS, TEXTS)
def test_far_side_tells_every_outcome(
    status: OutcomeStatus, before: Reading | None, after: Reading | None, message: str, step: str
) -> None:
    """An outcome arrives as it was."""
    outcome = Outcome(item=ITEM, status=status, before=before, after=after, message=message, next_step=step)
    line = OutcomeLine(index=7, status=status, before=before, after=after, message=message, next_step=step)
    assert parse_line(far_side.outcome_line(7, outcome)) == line


@given(TEXTS, st.integers(0, 10**7))
def test_far_side_tells_progress(text: str, milliseconds: int) -> None:
    """A sign of life arrives as it was."""
    seconds = milliseconds / 1000
    progress = Progress(item=ITEM, text=text, elapsed=seconds, limit=seconds)
    line = ProgressLine(index=2, elapsed=seconds, limit=seconds, text=text)
    assert parse_line(far_side.progress_line(2, progress)) == line


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "Kind"),
        ({"Kind": "mailbox"}, "mailbox"),
        ({"Kind": "key", "Hive": "HKXX", "Path": "a"}, "HKXX"),
        ({"Kind": "tree", "Hive": "HKLM", "Path": "a", "Depth": "deep"}, "deep"),
        ({"Kind": "service", "Name": "a\\b"}, "backslash"),
        ({"Kind": "file", "Base": "drive", "Tail": "a"}, "drive"),
    ],
)
def test_far_side_refuses_a_wrong_read(row: dict[str, object], words: str) -> None:
    """A table that asks for nothing known is an error that names what is wrong."""
    with pytest.raises(WireError, match=words):
        far_side.requested_resource(row)


SERVICE = {"Kind": "service", "Name": "Alpha", "Timeout": 1}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"Kind": "computer", "Timeout": 1}, "computer cannot be written"),
        ({"Kind": "restart", "Name": "Alpha"}, "Timeout"),
        ({**SERVICE, "After": "absent"}, "Before"),
        ({**SERVICE, "Before": "unreadable>0>x", "After": "absent"}, "unreadable"),
        ({**SERVICE, "Before": "service>asleep>manual", "After": "absent"}, "asleep"),
    ],
)
def test_far_side_refuses_a_wrong_item(row: dict[str, object], words: str) -> None:
    """A table that tells nothing that can be carried out is an error that names what is wrong."""
    with pytest.raises(WireError, match=words):
        far_side.requested_item(row)
