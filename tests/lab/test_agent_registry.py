"""The agent reads and writes the registry of a real PowerShell."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from itertools import count

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.connections.protocol import parse_state
from ndrfix.connections.winrm import WinRM
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Change,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    State,
    TreeKey,
    TreeState,
    Unreadable,
)

pytestmark = pytest.mark.lab
Connect = Callable[..., WinRM]
Script = Callable[[str], list[str]]
_NUMBERS = count()


@pytest.fixture
def key() -> RegistryKey:
    return RegistryKey.parse(rf"HKLM\SOFTWARE\ndrfix tests\{next(_NUMBERS)}")


@pytest.fixture
def connection(lab_connect: Connect) -> WinRM:
    return lab_connect()


def _apply(connection: WinRM, *changes: Change) -> list[Outcome]:
    return list(connection.apply(changes, on_event=lambda _progress: None))


def _put(connection: WinRM, value: RegistryValue, after: State) -> Outcome:
    (outcome,) = _apply(connection, Change(resource=value, before=ABSENT, after=after))
    return outcome


def _hive_path(key: RegistryKey) -> str:
    return f"'HKLM:\\{key.path}'"


@pytest.mark.parametrize(
    "data",
    [
        RegistryData(RegistryType.DWORD, 0),
        RegistryData(RegistryType.DWORD, 0x100),
        RegistryData(RegistryType.DWORD, 0xFFFFFFFF),
        RegistryData(RegistryType.QWORD, 0xFFFFFFFFFFFFFFFF),
        RegistryData(RegistryType.STRING, ""),
        RegistryData(RegistryType.STRING, "a|b>c<d*e?f\\g~`'\"$x_x000A_"),
        RegistryData(RegistryType.STRING, "Grüße 漢字 😀\r\n\tend\x1b "),
        RegistryData(RegistryType.STRING, "lone \ud83d surrogate"),
        RegistryData(RegistryType.EXPANDSTRING, "%SystemRoot%\\x"),
        RegistryData(RegistryType.BINARY, b""),
        RegistryData(RegistryType.BINARY, b"\x00"),
        RegistryData(RegistryType.BINARY, bytes(range(256)) * 256),
        RegistryData(RegistryType.NONE, b""),
        RegistryData(RegistryType.NONE, b"\x01\x02"),
        RegistryData(RegistryType.MULTISTRING, ()),
        RegistryData(RegistryType.MULTISTRING, ("one",)),
        RegistryData(RegistryType.MULTISTRING, ("b", "a", "ü|?", "x y")),
    ],
    ids=lambda data: f"{data.type}-{str(data.data)[:12]!a}",
)
def test_every_type_survives_a_write_and_a_read(
    connection: WinRM, key: RegistryKey, data: RegistryData, lab_script: Script
) -> None:
    """What was written is read back with its type and content, by the outcome, by a read, as part of a tree."""
    value = RegistryValue(key, "value [1]*")
    outcome = _put(connection, value, data)
    assert (outcome.status, outcome.before, outcome.after) == (OutcomeStatus.DONE, ABSENT, data), outcome.message
    tree = RegistryTree(key, 1)
    states = connection.read([value, tree])
    assert states[value] == data
    assert states[tree] == TreeState(keys=(TreeKey(path="", values=(("value [1]*", data),)),))
    (kind,) = lab_script(f"(Get-Item -LiteralPath {_hive_path(key)}).GetValueKind('value [1]*').ToString()")
    assert kind.casefold() == {"none": "none"}.get(data.type, {"multistring": "multistring"}.get(data.type, data.type))


def test_the_unnamed_value_is_one_of_its_own(connection: WinRM, key: RegistryKey, lab_script: Script) -> None:
    """The empty name means the key's default value, not a value called `(default)`."""
    _put(connection, RegistryValue(key, ""), RegistryData(RegistryType.STRING, "x"))
    assert connection.read([RegistryValue(key, "(default)")])[RegistryValue(key, "(default)")] == ABSENT
    assert lab_script(f"(Get-Item -LiteralPath {_hive_path(key)}).GetValue('')") == ["x"]


def test_a_slash_does_not_separate_keys(connection: WinRM, key: RegistryKey, lab_script: Script) -> None:
    """`DES 56/56` is one key, and missing parents are made."""
    odd = RegistryKey(key.hive, key.path + r"\Ciphers\DES 56/56")
    _put(connection, RegistryValue(odd, "Enabled"), RegistryData(RegistryType.DWORD, 0))
    names = lab_script(f"[Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('{key.path}\\Ciphers').GetSubKeyNames()")
    assert names == ["DES 56/56"]


def test_names_are_compared_without_case(connection: WinRM, key: RegistryKey) -> None:
    """A value is found under another spelling of its name."""
    _put(connection, RegistryValue(key, "SuppressNDROptions"), RegistryData(RegistryType.DWORD, 1))
    asked = RegistryValue(RegistryKey(key.hive, key.path.upper()), "SUPPRESSndrOPTIONS")
    assert connection.read([asked])[asked] == RegistryData(RegistryType.DWORD, 1)


def test_drift_is_refused_by_content_and_by_type(connection: WinRM, key: RegistryKey) -> None:
    """A value that is no longer `before` is left alone, and nothing after it is carried out."""
    value = RegistryValue(key, "v")
    one, text = RegistryData(RegistryType.DWORD, 1), RegistryData(RegistryType.STRING, "1")
    _put(connection, value, one)
    for before in (ABSENT, text, RegistryData(RegistryType.DWORD, 2)):
        change = Change(resource=value, before=before, after=RegistryData(RegistryType.DWORD, 9))
        later = Change(resource=RegistryValue(key, "later"), before=ABSENT, after=one)
        (outcome,) = _apply(connection, change, later)
        assert (outcome.status, outcome.before, outcome.after) == (OutcomeStatus.DRIFTED, one, one)
    assert set(connection.read([value, RegistryValue(key, "later")]).values()) == {one, ABSENT}


def test_a_value_that_is_already_as_wanted_has_drifted(connection: WinRM, key: RegistryKey) -> None:
    """`after` in place of `before` is drift too; equal `before` and `after` is done without a write."""
    value, one = RegistryValue(key, "v"), RegistryData(RegistryType.DWORD, 1)
    _put(connection, value, one)
    assert _put(connection, value, one).status is OutcomeStatus.DRIFTED
    (outcome,) = _apply(connection, Change(resource=value, before=one, after=one))
    assert (outcome.status, outcome.after) == (OutcomeStatus.DONE, one)


def test_a_change_and_its_reverse_restore_the_host(connection: WinRM, key: RegistryKey) -> None:
    """Writing, then writing the swapped pair, ends where it began."""
    value = RegistryValue(key, "v")
    change = Change(resource=value, before=ABSENT, after=RegistryData(RegistryType.MULTISTRING, ("a",)))
    outcomes = _apply(connection, change, change.reversed())
    assert [outcome.status for outcome in outcomes] == [OutcomeStatus.DONE] * 2
    assert outcomes[1].after == ABSENT


def test_keys_are_made_and_removed_but_not_with_subkeys(connection: WinRM, key: RegistryKey) -> None:
    """A key is created with its parents, and only removed when nothing lies below it."""
    below = RegistryKey(key.hive, key.path + "\\below")
    made = Change(resource=below, before=ABSENT, after=PRESENT)
    assert [one.status for one in _apply(connection, made)] == [OutcomeStatus.DONE]
    (refused,) = _apply(connection, Change(resource=key, before=PRESENT, after=ABSENT))
    assert (refused.status, refused.after) == (OutcomeStatus.FAILED, PRESENT)
    assert "subkeys" in refused.message
    outcomes = _apply(connection, made.reversed(), Change(resource=key, before=PRESENT, after=ABSENT))
    assert [one.after for one in outcomes] == [ABSENT, ABSENT]


def test_content_that_does_not_fit_its_type_fails(connection: WinRM, key: RegistryKey) -> None:
    """A number beyond 32 bits and a text with a NUL are refused, and nothing is written."""
    value = RegistryValue(key, "v")
    for data in (RegistryData(RegistryType.DWORD, 1 << 32), RegistryData(RegistryType.STRING, "a\0b")):
        outcome = _put(connection, value, data)
        assert (outcome.status, outcome.after) == (OutcomeStatus.FAILED, ABSENT)
        assert outcome.message


def test_a_tree_lists_parents_before_children_down_to_its_depth(connection: WinRM, key: RegistryKey) -> None:
    """Depth 0 is the key's own values; each level more adds the keys one level down."""
    one = RegistryData(RegistryType.DWORD, 1)
    for path in ("", "\\a", "\\a\\b", "\\c"):
        _put(connection, RegistryValue(RegistryKey(key.hive, key.path + path), "v"), one)
    trees = [RegistryTree(key, depth) for depth in (0, 1, 2)]
    states = connection.read(trees)
    paths = [[one.path for one in state.keys] for state in states.values() if isinstance(state, TreeState)]
    assert paths == [[""], ["", "a", "c"], ["", "a", "a\\b", "c"]]


def test_missing_rights_are_told_from_other_reasons(lab_script: Script) -> None:
    """Both exceptions of .NET and error 5 of Windows mean denied, however deep they are wrapped."""
    agent = files("ndrfix.connections").joinpath("agent.ps1").read_text(encoding="ascii")
    causes = {
        "New-Object System.UnauthorizedAccessException('no')": True,
        "New-Object System.Security.SecurityException('no')": True,
        "New-Object System.ComponentModel.Win32Exception(5)": True,
        "New-Object System.InvalidOperationException('no', (New-Object System.ComponentModel.Win32Exception(5)))": True,
        "New-Object System.ComponentModel.Win32Exception(2)": False,
        "New-Object System.IO.IOException('no')": False,
    }
    for cause, denied in causes.items():
        (text,) = lab_script(f"{agent}\n$e = {cause}; try {{ throw $e }} catch {{ Get-NdrfixUnreadable $_ }}")
        found = parse_state(text)
        assert isinstance(found, Unreadable)
        assert found.denied is denied, cause


def test_odd_data_is_unreadable_with_a_reason(connection: WinRM, key: RegistryKey) -> None:
    """A key name that Windows cannot have does not fail the batch."""
    wrong = RegistryValue(RegistryKey(key.hive, "x" * 300), "v")
    right = RegistryValue(key, "v")
    states = connection.read([wrong, right])
    assert states[right] == ABSENT
    assert states[wrong] == ABSENT or isinstance(states[wrong], Unreadable)
