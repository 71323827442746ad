"""What travels between ndrfix and the agent: texts, states, requests, lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections.base import OutcomeStatus
from ndrfix.connections.protocol import (
    CELL,
    ELEMENT,
    FIELD,
    PART,
    ROW,
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
from ndrfix.connections.wire_text import WireError, escape, unescape
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    PRESENT,
    Action,
    Change,
    ComputerState,
    File,
    FileState,
    FileVersion,
    FileVersionState,
    Located,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    TreeKey,
    TreeState,
    Unreadable,
    Verb,
)
from ndrfix.secrets import Secret

TEXTS = st.text(st.characters(exclude_categories=()))  # lone surrogates too: registry values can hold them
KEY = RegistryKey.parse("HKLM\\SOFTWARE\\a|b")
NUMBERS = st.one_of(
    st.builds(RegistryData, st.just(RegistryType.DWORD), st.integers(0, 0xFFFFFFFF)),
    st.builds(RegistryData, st.just(RegistryType.QWORD), st.integers(0, 0xFFFFFFFFFFFFFFFF)),
)
DATA = st.one_of(
    NUMBERS,
    st.builds(RegistryData, st.sampled_from([RegistryType.STRING, RegistryType.EXPANDSTRING]), TEXTS),
    st.builds(RegistryData, st.sampled_from([RegistryType.BINARY, RegistryType.NONE]), st.binary()),
    st.builds(RegistryData, st.just(RegistryType.MULTISTRING), st.lists(TEXTS).map(tuple)),
)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


@given(TEXTS)
def test_every_text_survives_the_wire(text: str) -> None:
    """Escaping loses no UTF-16 unit, and a second escaping of the result is the same."""
    assert _units(unescape(escape(text))) == _units(text)
    assert escape(unescape(escape(text))) == escape(text)


@given(TEXTS)
def test_escaped_text_is_printable_ascii_without_separators(text: str) -> None:
    """Nothing in it can be taken for a separator, for a control character, or for an escape of PSRP."""
    escaped = escape(text)
    assert escaped.isascii()
    assert escaped.isprintable()
    assert not set(escaped) & set(FIELD + PART + ROW + CELL + ELEMENT)
    assert "_x" not in escaped.casefold()


@pytest.mark.parametrize("text", ["\\", "a\\b", "\\u12", "\\uD83D", "\\x41"])
def test_a_broken_escape_is_refused(text: str) -> None:
    """Only what `escape` makes is taken."""
    with pytest.raises(WireError):
        unescape(text)


@given(DATA)
def test_registry_data_survives_the_wire(data: RegistryData) -> None:
    """One state has one spelling, and the spelling means that state."""
    found = parse_state(state_text(data))
    assert isinstance(found, RegistryData)
    assert state_text(found) == state_text(data)
    assert found.type is data.type


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (RegistryData(RegistryType.MULTISTRING, ()), RegistryData(RegistryType.MULTISTRING, ("",))),
        (RegistryData(RegistryType.STRING, "1"), RegistryData(RegistryType.DWORD, 1)),
        (RegistryData(RegistryType.BINARY, b""), RegistryData(RegistryType.BINARY, b"\0")),
        (RegistryData(RegistryType.STRING, ""), ABSENT),
        (RegistryData(RegistryType.STRING, "A"), RegistryData(RegistryType.STRING, "a")),
    ],
)
def test_states_that_differ_are_spelled_differently(left: State, right: State) -> None:
    """The far side compares spellings: what is not the same must not look the same."""
    assert state_text(left) != state_text(right)


def test_of_a_service_only_status_and_start_type_are_compared() -> None:
    """A caller may leave the other fields as they are, or empty."""
    bare = ServiceState(status=ServiceStatus.RUNNING, start=StartType.MANUAL)
    full = ServiceState(
        status=ServiceStatus.RUNNING, start=StartType.MANUAL, display_name="x", image_path="y", dependents=("z",)
    )
    assert state_text(bare) == state_text(full) == "service>running>manual"


def test_a_state_that_cannot_be_written_is_refused() -> None:
    """Files are not written by a change."""
    with pytest.raises(ValueError, match="FileState"):
        state_text(FileState(path="C:\\x", size=1, modified="2004-03-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("absent", ABSENT),
        ("present", PRESENT),
        ("data>dword>4294967295", RegistryData(RegistryType.DWORD, 0xFFFFFFFF)),
        ("data>multistring>", RegistryData(RegistryType.MULTISTRING, ())),
        ("data>multistring>?", RegistryData(RegistryType.MULTISTRING, ("",))),
        (
            "service>stop_pending>disabled>A \\u00fc>%x%\\\\y.exe>A?B?",
            ServiceState(
                status=ServiceStatus.STOP_PENDING,
                start=StartType.DISABLED,
                display_name="A ü",
                image_path="%x%\\y.exe",
                dependents=("A", "B"),
            ),
        ),
        (
            "file>C:\\\\x>5>2004-03-01T00:00:00Z>1>0",
            FileState(path="C:\\x", size=5, modified="2004-03-01T00:00:00Z", read_only=True),
        ),
        (
            "version>C:\\\\x>5.5.2658.10>5>2004-03-01T00:00:00Z",
            FileVersionState(path="C:\\x", version="5.5.2658.10", size=5, modified="2004-03-01T00:00:00Z"),
        ),
        (
            "computer>EX55>5.0.2195.0>2.0>0>32",
            ComputerState(name="EX55", os_version="5.0.2195.0", powershell="2.0", administrator=False, bits=32),
        ),
        ("tree>", TreeState(keys=())),
        (
            "tree>k*<v**string*x<k*a\\\\b<v*n*multistring*p?q?<",
            TreeState(
                keys=(
                    TreeKey(path="", values=(("", RegistryData(RegistryType.STRING, "x")),)),
                    TreeKey(path="a\\b", values=(("n", RegistryData(RegistryType.MULTISTRING, ("p", "q"))),)),
                )
            ),
        ),
        ("unreadable>1>no", Unreadable(reason="no", denied=True)),
    ],
)
def test_states_are_understood(text: str, state: object) -> None:
    """Every kind of answer means its state."""
    assert parse_state(text) == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "absent>",
        "data>dword",
        "data>dword>x",
        "data>word>1",
        "data>binary>!",
        "data>multistring>a",
        "service>running>manual",
        "service>asleep>manual>>>",
        "tree>v*n*dword*1<",
        "tree>x<",
        "tree>k*",
        "file>a>b>c>d>e",
    ],
)
def test_an_answer_that_follows_no_form_is_refused(text: str) -> None:
    """A wrong answer is an error, never a state that was not read."""
    with pytest.raises(WireError):
        parse_state(text)


def test_lines_are_understood() -> None:
    """Times come as milliseconds and are seconds; a state that was not read is None."""
    assert parse_line("state|3|absent") == StateLine(index=3, reading=ABSENT)
    assert parse_line("progress|0|1500|60000|stopping A: STOP_PENDING") == ProgressLine(
        index=0, elapsed=1.5, limit=60.0, text="stopping A: STOP_PENDING"
    )
    assert parse_line("outcome|1|failed|absent||no \\u007c|do") == OutcomeLine(
        index=1, status=OutcomeStatus.FAILED, before=ABSENT, after=None, message="no |", next_step="do"
    )


@pytest.mark.parametrize(
    "line", ["", "state", "state|x|absent", "state|1|", "outcome|1|fine|||a|b", "progress|0|1|2|\\x", "hello|1"]
)
def test_a_line_that_follows_no_form_is_refused(line: str) -> None:
    """Whatever else a host prints is not taken for an answer."""
    with pytest.raises(WireError):
        parse_line(line)


def test_requests_are_tables_of_escaped_texts() -> None:
    """Every resource has a request, and names travel escaped."""
    value, service = RegistryValue(KEY, "ü"), Service("A>B")
    place = {"Hive": "HKLM", "Path": "SOFTWARE\\\\a\\u007cb"}
    assert read_request(value) == {"Kind": "value", **place, "Name": "\\u00fc"}
    assert read_request(KEY) == {"Kind": "key", **place}
    assert read_request(RegistryTree(KEY, 2)) == {"Kind": "tree", **place, "Depth": 2}
    assert read_request(service) == {"Kind": "service", "Name": "A\\u003eB"}
    assert read_request(COMPUTER) == {"Kind": "computer"}
    assert read_request(File("C:\\x")) == {"Kind": "file", "Base": "", "Tail": "C:\\\\x"}
    assert read_request(FileVersion(Located(service, "\\t"))) == {
        "Kind": "version",
        "Base": "service",
        "Name": "A\\u003eB",
        "Tail": "\\\\t",
    }
    assert read_request(File(Located(value, ""))) == {
        "Kind": "file",
        "Base": "value",
        **place,
        "Name": "\\u00fc",
        "Tail": "",
    }


def test_items_carry_both_states_and_a_limit_in_milliseconds() -> None:
    """The far side needs `before` to compare, `after` to write, and a limit of at least one millisecond."""
    change = Change(
        resource=RegistryValue(KEY, "v"), before=ABSENT, after=RegistryData(RegistryType.DWORD, 1), timeout=1.5
    )
    request = apply_request(change)
    assert (request["Before"], request["After"], request["Timeout"]) == ("absent", "data>dword>1", 1500)
    assert apply_request(Action(verb=Verb.RESTART, resource=Service("A"), timeout=0)) == {
        "Kind": "restart",
        "Name": "A",
        "Timeout": 1,
    }


def test_the_request_for_a_target_holds_no_password() -> None:
    """Names are escaped like all texts; the password is not among the cells, and is not shown."""
    target = Target(
        name="ex01", machine="MAIL1", via="jump01", via_computer="JUMP*1", user="ACME\\jo", password=Secret("geheim")
    )
    request = target_request(target)
    assert request == {"Machine": "MAIL1", "Through": "JUMP\\u002a1", "User": "ACME\\\\jo"}
    assert "geheim" not in f"{target!r}{request}"
    assert target_request(Target(name="a", machine="B", via="c")) == {"Machine": "B", "Through": "", "User": ""}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "target|logon|1326|no\\u007cway|1|0",
            TargetLine(stage="logon", code=1326, message="no|way", smb1=True, pipes=False),
        ),
        ("target||0||0|1", TargetLine(stage="", code=0, message="", smb1=False, pipes=True)),
        ("slow|21050", SlowLine(seconds=21.05)),
        ("state|3|unreadable>1>no>5", StateLine(index=3, reading=Unreadable(reason="no", denied=True), code=5)),
        ("state|3|unreadable>0>no", StateLine(index=3, reading=Unreadable(reason="no"))),
    ],
)
def test_lines_about_a_target(text: str, line: object) -> None:
    """What a management host says beside its answers."""
    assert parse_line(text) == line


@pytest.mark.parametrize(
    "text",
    ["target|logon|x||1|1", "target|logon|1", "slow|", "state|0|unreadable>0>no>x", "state|0|unreadable>0>a>1>2"],
)
def test_broken_lines_about_a_target_are_refused(text: str) -> None:
    """A number that is none, or a part too many."""
    with pytest.raises(WireError):
        parse_line(text)
