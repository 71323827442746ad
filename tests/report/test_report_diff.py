"""Diffs as values, and states in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ndrfix.exchange.values import PARAMETERS, SUPPRESS_NDR_OPTIONS
from ndrfix.report.diff import DiffLine, change_text, diff, item_lines, same, state_text
from ndrfix.report.text import Pen
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Action,
    Artifact,
    Change,
    ComputerState,
    FileState,
    FileVersionState,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    RegistryData,
    RegistryKey,
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
from ndrfix.secrets import Masker, Secret

PEN = Pen()
IMC = Service("MSExchangeIMC")
T = RegistryType
DENY = RegistryValue(PARAMETERS, "RelayDenyList")


def service(status: ServiceStatus, start: StartType = StartType.MANUAL, name: str = "") -> ServiceState:
    return ServiceState(status=status, start=start, display_name=name)


def multi(*items: str) -> RegistryData:
    return RegistryData(T.MULTISTRING, items)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ABSENT, "absent"),
        (PRESENT, "present"),
        (RegistryData(T.DWORD, 0x100), "dword 0x00000100 (256)"),
        (RegistryData(T.DWORD, 0xFFFFFFFF), "dword 0xFFFFFFFF (4294967295)"),
        (RegistryData(T.QWORD, 1), "qword 0x0000000000000001 (1)"),
        (RegistryData(T.STRING, r"C:\exchsrvr\imcdata"), r"string C:\exchsrvr\imcdata"),
        (RegistryData(T.STRING, ""), 'string ""'),
        (RegistryData(T.STRING, "absent"), 'string "absent"'),
        (RegistryData(T.STRING, " a "), 'string " a "'),
        (RegistryData(T.STRING, 'say "a → b"'), 'string "say ""a → b"""'),
        (RegistryData(T.STRING, "a\nb"), 'string "a\\nb"'),
        (RegistryData(T.EXPANDSTRING, "%windir%"), "expandstring %windir%"),
        (RegistryData(T.BINARY, b"\x00\xff"), "binary, 2 bytes: 00ff"),
        (RegistryData(T.BINARY, bytes(17)), f"binary, 17 bytes: {'00' * 16}…"),
        (RegistryData(T.NONE, b""), "none, 0 bytes"),
        (multi("a"), "multistring, 1 item"),
        (ServiceStatus.STOP_PENDING, "STOP_PENDING"),
        (StartType.AUTOMATIC, "automatic"),
        (service(ServiceStatus.STOPPED), "stopped, start type manual"),
        (Unreadable(reason="access denied"), "not readable (access denied)"),
        (FileVersionState(path="x", version="5.5.2658.3", size=1, modified=""), "version 5.5.2658.3, 1 byte"),
        (FileVersionState(path="x", version="", size=2000, modified=""), "version not given, 2,000 bytes"),
        (FileState(path="x", size=0, modified="", directory=True), "a folder"),
        (FileState(path="x", size=5, modified="2004-01-01T00:00:00Z"), "5 bytes, modified 2004-01-01T00:00:00Z"),
        (ComputerState(name="ACMEMAIL1", os_version="5.0.2195"), "ACMEMAIL1, Windows 5.0.2195"),
        (TreeState(keys=(TreeKey(path=""), TreeKey(path="a"))), "2 keys"),
    ],
)
def test_state_in_words(state: State, text: str) -> None:
    """Every kind of state has a short text that cannot be taken for another one."""
    assert state_text(state, PEN) == text


def test_a_promise_that_changes_is_told() -> None:
    """Of a quarantine that is open before and after."""
    before = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.STOPPED)
    after = replace(before, promised=ServiceStatus.RUNNING)
    (line,) = diff(Change(resource=Quarantine("C:\\kept", "run-1"), before=before, after=after))
    assert (line.name, line.aspect) == ("quarantine run-1", "service at the end")
    assert (line.before, line.after) == (ServiceStatus.STOPPED, ServiceStatus.RUNNING)


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (RegistryData(T.DWORD, 123456), "123456"),
        (RegistryData(T.BINARY, b"correct horse" + bytes(99)), "correct horse"),
        (RegistryData(T.BINARY, bytes(10) + "correct horse".encode("utf-16-le")), "correct horse"),
        (RegistryData(T.STRING, 'say "x"' * 300 + "correct horse"), "correct horse"),
    ],
)
def test_secret_data_is_masked(data: RegistryData, secret: str) -> None:
    """A value that holds a secret shows a mask, as a number, as bytes, and as text."""
    text = state_text(data, Pen(masker=Masker([Secret(secret)]), limit=10_000))
    assert "********" in text
    assert not {secret, secret.encode().hex()} & {*text.split(" "), text}


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (ABSENT, RegistryData(T.DWORD, 0x100), "absent → dword 0x00000100 (256) no_smtp_return_address"),
        (RegistryData(T.DWORD, 0), ABSENT, "dword 0x00000000 (0) off → absent"),
        (ABSENT, RegistryData(T.STRING, "256"), "absent → string 256 (documented as dword, KB 837794)"),
    ],
)
def test_meaning_stands_beside_the_value(before: State, after: State, text: str) -> None:
    """What Exchange takes a documented value for is told on either side, a wrong type too."""
    (line,) = diff(Change(resource=SUPPRESS_NDR_OPTIONS.resource, before=before, after=after))
    assert change_text(line, PEN) == text
    assert (line.subject, line.name) == (str(PARAMETERS), "SuppressNDROptions")
    assert (line.before, line.after) == (before, after)


def test_default_value_and_key_have_names() -> None:
    """A value without a name is called (default), a key as a whole (key)."""
    value = Change(resource=RegistryValue(PARAMETERS, ""), before=ABSENT, after=RegistryData(T.STRING, "x"))
    key = Change(resource=PARAMETERS, before=ABSENT, after=PRESENT)
    assert [line.name for item in (value, key) for line in diff(item)] == ["(default)", "(key)"]


@pytest.mark.parametrize(
    ("before", "after", "texts"),
    [
        (service(ServiceStatus.RUNNING), service(ServiceStatus.STOPPED), ["running → stopped"]),
        (
            service(ServiceStatus.RUNNING),
            service(ServiceStatus.RUNNING, StartType.DISABLED),
            ["start type manual → disabled"],
        ),
        (
            service(ServiceStatus.STOPPED),
            service(ServiceStatus.RUNNING, StartType.AUTOMATIC),
            ["start type manual → automatic", "stopped → running"],
        ),
        (ABSENT, service(ServiceStatus.STOPPED), ["absent → stopped, start type manual"]),
    ],
)
def test_service_shows_what_differs(before: State, after: State, texts: list[str]) -> None:
    """Of a service only the sides that change are shown, each on its line."""
    assert [change_text(line, PEN) for line in diff(Change(resource=IMC, before=before, after=after))] == texts


def test_action_and_artifact_are_deeds() -> None:
    """What is no state has no before and after, but says what is done."""
    assert diff(Action(verb=Verb.RESTART, resource=IMC)) == (
        DiffLine(subject="", name="MSExchangeIMC", deed="restart"),
    )
    (line,) = diff(Artifact(path="backup/a.reg", content=b"12345"))
    assert (line.name, change_text(line, PEN)) == ("backup/a.reg", "a file of 5 bytes for the run folder")


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (multi("a", "b", "c"), multi("a", "c", "d"), ("  1 item unchanged", "- b", "  1 item unchanged", "+ d")),
        (multi("a", "b"), multi("b", "a"), ("+ b", "  1 item unchanged", "- b")),
        (ABSENT, multi("x y", ""), ("+ x y", '+ ""')),
        (multi("a"), ABSENT, ("- a",)),
        (multi("a"), multi("A"), ("- a", "+ A")),
        (ABSENT, RegistryData(T.DWORD, 1), ()),
    ],
)
def test_list_items_added_and_removed(before: State, after: State, lines: tuple[str, ...]) -> None:
    """Of a list it is told which items go, which come, and how many stay; order and letter case count."""
    (line,) = diff(Change(resource=DENY, before=before, after=after))
    assert item_lines(line, PEN) == lines


def test_long_lists_are_cut() -> None:
    """A list of hundreds of items takes a bounded number of lines."""
    (line,) = diff(Change(resource=DENY, before=ABSENT, after=multi(*map(str, range(300)))))
    assert item_lines(line, PEN)[-2:] == ("+ 23", "  … 276 more lines")


def test_only_status_and_start_of_a_service_are_wanted() -> None:
    """What else a service tells of itself does not spoil the proof, anything else does."""
    stopped = service(ServiceStatus.STOPPED)
    assert same(stopped, service(ServiceStatus.STOPPED, name="Internet Mail Service"))
    assert not same(stopped, service(ServiceStatus.RUNNING))
    assert not same(stopped, service(ServiceStatus.STOPPED, StartType.DISABLED))
    assert not same(RegistryData(T.DWORD, 1), RegistryData(T.QWORD, 1))
    assert not same(stopped, None)


def test_subject_is_the_key_in_full() -> None:
    """The hive's name is part of what a line belongs to."""
    key = RegistryKey.parse("HKEY_LOCAL_MACHINE\\SOFTWARE\\Acme")
    (line,) = diff(Change(resource=RegistryValue(key, "a"), before=ABSENT, after=RegistryData(T.DWORD, 1)))
    assert line.subject == r"HKLM\SOFTWARE\Acme"
