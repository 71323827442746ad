"""The contract of a connection: the registry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus
from ndrfix.connections.simulation_data import registry_data
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    Change,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Resource,
    State,
    TreeState,
    fold,
)
from ndrfix.source import Map, load_file
from tests.contract.hosts import ContractHost

_CASES = load_file(Path(__file__).with_name("values.yml"))
assert isinstance(_CASES, Map)
DATA = {entry.key.text: registry_data(entry.value) for entry in _CASES.entries}
DATA["binary of 64 KB"] = RegistryData(RegistryType.BINARY, bytes(range(256)) * 256)
DATA["string of 20 000"] = RegistryData(RegistryType.STRING, "äx" * 10_000)
ONE = RegistryData(RegistryType.DWORD, 1)
TWO = RegistryData(RegistryType.DWORD, 2)


def apply(connection: Connection, items: Sequence[RemoteItem]) -> list[Outcome]:
    return list(connection.apply(items, on_event=lambda _: None))


def written(resource: RegistryValue | RegistryKey, before: State, after: State) -> Change:
    return Change(resource=resource, before=before, after=after)


def shape(tree: object) -> dict[str, dict[str, RegistryData]]:
    """A tree without the order of its values, which Windows and Wine choose differently."""
    assert isinstance(tree, TreeState)
    return {fold(key.path): {fold(name): data for name, data in key.values} for key in tree.keys}


@pytest.mark.parametrize("case", DATA)
def test_contract_reads_data(host: ContractHost, scratch: RegistryKey, case: str) -> None:
    """Each type is read as it was stored."""
    value = RegistryValue(scratch, "v")
    host.seed_value(value, DATA[case])
    assert host.connection().read([value]) == {value: DATA[case]}


@pytest.mark.parametrize("case", DATA)
def test_contract_writes_data(host: ContractHost, scratch: RegistryKey, case: str) -> None:
    """Each type is written, read back, taken as `before` by the next change, and removed."""
    value, connection = RegistryValue(scratch, "v"), host.connection()
    there, back = written(value, ABSENT, DATA[case]), written(value, DATA[case], ABSENT)
    outcomes = apply(connection, [there, back])
    assert outcomes == [
        Outcome(item=there, status=OutcomeStatus.DONE, before=ABSENT, after=DATA[case]),
        Outcome(item=back, status=OutcomeStatus.DONE, before=DATA[case], after=ABSENT),
    ]
    assert connection.read([value]) == {value: ABSENT}


@pytest.mark.parametrize("name", ["", "2500", "with blank", "a\\b", "ä", "(default)", "x[y]*?"])
def test_contract_value_names(host: ContractHost, scratch: RegistryKey, name: str) -> None:
    """Names are literal text; the empty one is the default value and no other."""
    value, connection = RegistryValue(scratch, name), host.connection()
    assert [each.status for each in apply(connection, [written(value, ABSENT, ONE)])] == [OutcomeStatus.DONE]
    other = RegistryValue(scratch, "(default)" if name == "" else "")
    assert connection.read([value, other]) == {value: ONE, other: ABSENT}
    tree = RegistryTree(scratch, 0)
    assert shape(connection.read([tree])[tree]) == {"": {fold(name): ONE}}


def test_contract_slash_is_no_separator(host: ContractHost, scratch: RegistryKey) -> None:
    """A key whose name holds a slash is one key."""
    key = RegistryKey(scratch.hive, f"{scratch.path}\\Ciphers\\DES 56/56")
    connection = host.connection()
    apply(connection, [written(RegistryValue(key, "Enabled"), ABSENT, ONE)])
    tree, half = RegistryTree(scratch, 9), RegistryKey(scratch.hive, f"{scratch.path}\\Ciphers\\DES 56")
    found = connection.read([tree, half])
    assert shape(found[tree]) == {"": {}, "CIPHERS": {}, "CIPHERS\\DES 56/56": {"ENABLED": ONE}}
    assert found[half] == ABSENT


def test_contract_names_without_case(host: ContractHost, scratch: RegistryKey) -> None:
    """Keys and values are found, and changed, under any case."""
    host.seed_value(RegistryValue(RegistryKey(scratch.hive, f"{scratch.path}\\Sub"), "Name"), ONE)
    value = RegistryValue(RegistryKey(scratch.hive, f"{scratch.path}\\SUB".upper()), "nAME")
    connection = host.connection()
    assert connection.read([value]) == {value: ONE}
    apply(connection, [written(value, ONE, TWO)])
    tree = RegistryTree(scratch, 1)
    assert shape(connection.read([tree])[tree]) == {"": {}, "SUB": {"NAME": TWO}}


def test_contract_absence(host: ContractHost, scratch: RegistryKey) -> None:
    """What is not there is absent, below a key or without one."""
    connection = host.connection()
    missing: list[Resource] = [scratch, RegistryValue(scratch, "v"), RegistryTree(scratch, 3)]
    assert connection.read(missing) == dict.fromkeys(missing, ABSENT)
    host.seed_key(scratch)
    assert connection.read(missing[:2]) == {scratch: PRESENT, missing[1]: ABSENT}


def test_contract_removing_the_absent(host: ContractHost, scratch: RegistryKey) -> None:
    """Removing what is not there is done and makes nothing."""
    connection = host.connection()
    value = written(RegistryValue(scratch, "v"), ABSENT, ABSENT)
    key = written(scratch, ABSENT, ABSENT)
    assert [each.status for each in apply(connection, [value, key])] == [OutcomeStatus.DONE] * 2
    assert connection.read([scratch]) == {scratch: ABSENT}


def test_contract_keys(host: ContractHost, scratch: RegistryKey) -> None:
    """A key is made with those above it, and removed with its values."""
    connection = host.connection()
    deep = RegistryKey(scratch.hive, f"{scratch.path}\\A\\B")
    value = RegistryValue(deep, "v")
    items = [
        written(deep, ABSENT, PRESENT),
        written(value, ABSENT, ONE),
        written(deep, PRESENT, ABSENT),
    ]
    assert [each.status for each in apply(connection, items)] == [OutcomeStatus.DONE] * 3
    above = RegistryKey(scratch.hive, f"{scratch.path}\\A")
    assert connection.read([deep, value, above]) == {deep: ABSENT, value: ABSENT, above: PRESENT}


def test_contract_key_with_subkeys_stays(host: ContractHost, scratch: RegistryKey) -> None:
    """A key with others below it is not removed, and what is below stays."""
    value = RegistryValue(RegistryKey(scratch.hive, f"{scratch.path}\\A"), "v")
    host.seed_value(value, ONE)
    connection = host.connection()
    (outcome,) = apply(connection, [written(scratch, PRESENT, ABSENT)])
    assert outcome.status is OutcomeStatus.FAILED
    assert "key" in outcome.message
    assert connection.read([value, scratch]) == {value: ONE, scratch: PRESENT}


@pytest.mark.parametrize("depth", [0, 1, 2, 9])
def test_contract_tree_depth(host: ContractHost, scratch: RegistryKey, depth: int) -> None:
    """A tree ends at the depth asked for, parents before children."""
    paths = ["", "\\A", "\\A\\B", "\\A\\B\\C", "\\Z"]
    for path in paths:
        host.seed_value(RegistryValue(RegistryKey(scratch.hive, scratch.path + path), "v"), ONE)
    tree = RegistryTree(scratch, depth)
    reading = host.connection().read([tree])[tree]
    wanted = [path[1:] for path in paths if path.count("\\") <= depth]
    assert shape(reading) == {path: {"V": ONE} for path in wanted}
    assert isinstance(reading, TreeState)
    shown = [key.path for key in reading.keys]
    assert all(path.rpartition("\\")[0] in shown[:index] for index, path in enumerate(shown) if path)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (ABSENT, ONE),
        (ONE, ABSENT),
        (ONE, TWO),
        (RegistryData(RegistryType.STRING, "1"), ONE),
        (RegistryData(RegistryType.QWORD, 1), ONE),
        (RegistryData(RegistryType.EXPANDSTRING, "x"), RegistryData(RegistryType.STRING, "x")),
        (RegistryData(RegistryType.STRING, "x"), RegistryData(RegistryType.STRING, "X")),
        (RegistryData(RegistryType.MULTISTRING, ("a", "b")), RegistryData(RegistryType.MULTISTRING, ("b", "a"))),
        (RegistryData(RegistryType.MULTISTRING, ()), ABSENT),
        (RegistryData(RegistryType.BINARY, b""), RegistryData(RegistryType.BINARY, b"\0")),
        (RegistryData(RegistryType.NONE, b"\1"), RegistryData(RegistryType.BINARY, b"\1")),
    ],
)
def test_contract_compare_and_set(
    host: ContractHost, scratch: RegistryKey, there: RegistryData | Absent, expected: State
) -> None:
    """A value that is not as expected is not written: presence, type and data count. What was found is told."""
    value = RegistryValue(scratch, "v")
    if isinstance(there, RegistryData):
        host.seed_value(value, there)
    connection = host.connection()
    (outcome,) = apply(connection, [written(value, expected, RegistryData(RegistryType.STRING, "new"))])
    assert (outcome.status, outcome.before) == (OutcomeStatus.DRIFTED, there)
    assert outcome.message
    assert connection.read([value]) == {value: there}


def test_contract_key_compare_and_set(host: ContractHost, scratch: RegistryKey) -> None:
    """A key that is there when it should not be, or the other way round, is drifted."""
    connection = host.connection()
    (outcome,) = apply(connection, [written(scratch, PRESENT, ABSENT)])
    assert (outcome.status, outcome.before) == (OutcomeStatus.DRIFTED, ABSENT)
    host.seed_key(scratch)
    (outcome,) = apply(connection, [written(scratch, ABSENT, PRESENT)])
    assert (outcome.status, outcome.before) == (OutcomeStatus.DRIFTED, PRESENT)


def test_contract_stops_after_a_refusal(host: ContractHost, scratch: RegistryKey) -> None:
    """After an outcome that is not done nothing further is carried out."""
    first, second, third = (RegistryValue(scratch, name) for name in ("first", "second", "third"))
    connection = host.connection()
    items = [written(first, ABSENT, ONE), written(second, ONE, TWO), written(third, ABSENT, ONE)]
    outcomes = apply(connection, items)
    assert [each.status for each in outcomes] == [OutcomeStatus.DONE, OutcomeStatus.DRIFTED]
    assert connection.read([first, second, third]) == {first: ONE, second: ABSENT, third: ABSENT}


def test_contract_later_items_see_earlier_ones(host: ContractHost, scratch: RegistryKey) -> None:
    """An item is compared with what the item before it left."""
    value = RegistryValue(scratch, "v")
    items = [written(value, ABSENT, ONE), written(value, ONE, TWO), written(value, TWO, ABSENT)]
    assert [each.status for each in apply(host.connection(), items)] == [OutcomeStatus.DONE] * 3
