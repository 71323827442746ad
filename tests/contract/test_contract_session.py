"""The contract of a connection: whole requests, unreadable things, closing."""

from __future__ import annotations

import pytest

from ndrfix.connections.base import OutcomeStatus
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    Change,
    ComputerState,
    File,
    FileVersion,
    Located,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Resource,
    Service,
    Unreadable,
)
from tests.contract.hosts import ContractHost

ONE = RegistryData(RegistryType.DWORD, 1)


def test_contract_empty_requests(host: ContractHost) -> None:
    """Nothing asked, nothing answered."""
    connection = host.connection()
    assert connection.read([]) == {}
    assert list(connection.apply([], on_event=lambda _: None)) == []


def test_contract_keys_are_what_was_asked(host: ContractHost, scratch: RegistryKey) -> None:
    """The answer has exactly the resources asked for, also when one is asked for twice."""
    value = RegistryValue(scratch, "v")
    asked: list[Resource] = [COMPUTER, scratch, value, Service("NoSuchService"), File("C:\\no\\such"), value]
    assert set(host.connection().read(asked)) == set(asked)


def test_contract_unreadable_fails_alone(host: ContractHost, scratch: RegistryKey) -> None:
    """What cannot be read says why, and the rest of the request is read."""
    number, value = RegistryValue(scratch, "number"), RegistryValue(scratch, "v")
    for each in (number, value):
        host.seed_value(each, ONE)
    no_path, not_full = File(Located(number, "\\x")), FileVersion("not\\full.dll")
    found = host.connection().read([no_path, value, not_full, COMPUTER])
    for resource in (no_path, not_full):
        reading = found[resource]
        assert isinstance(reading, Unreadable)
        assert reading.reason
        assert not reading.denied
    assert found[value] == ONE
    assert isinstance(found[COMPUTER], ComputerState)


def test_contract_denied(host: ContractHost, scratch: RegistryKey) -> None:
    """What may not be read is told to be denied; an item for it fails and nothing follows."""
    denied = host.denied()
    if not isinstance(denied, RegistryValue):
        pytest.skip("on this host nothing is denied")
    value, connection = RegistryValue(scratch, "v"), host.connection()
    found = connection.read([denied, value])
    reading = found[denied]
    assert isinstance(reading, Unreadable)
    assert reading.denied
    assert found[value] == ABSENT
    items = [Change(resource=each, before=ABSENT, after=ONE) for each in (denied, value)]
    (outcome,) = connection.apply(items, on_event=lambda _: None)
    assert outcome.status is OutcomeStatus.FAILED
    assert outcome.message
    assert connection.read([value]) == {value: ABSENT}


def test_contract_outcomes_stream(host: ContractHost, scratch: RegistryKey) -> None:
    """The first outcome comes without the second item being waited for, and says what was read back."""
    items = [Change(resource=RegistryValue(scratch, name), before=ABSENT, after=ONE) for name in ("a", "b")]
    outcomes = host.connection().apply(items, on_event=lambda _: None)
    first = next(outcomes)
    assert (first.item, first.status, first.before, first.after) == (items[0], OutcomeStatus.DONE, ABSENT, ONE)
    assert next(outcomes).item == items[1]


def test_contract_path_below_a_missing_value(host: ContractHost, scratch: RegistryKey) -> None:
    """A path that begins with a value that is not there does not exist."""
    out = File(Located(RegistryValue(scratch, "RootDir"), "\\out"))
    assert host.connection().read([out]) == {out: ABSENT}


def test_contract_close_twice(host: ContractHost) -> None:
    """A connection may be closed again, and before it was used."""
    connection = host.connection()
    connection.close()
    connection.close()
