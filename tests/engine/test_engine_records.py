"""What a journal keeps of an item is enough to take it back: record and item are each other's inverse."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.records import change_of, item_record, opened_record, outcome_record, state_record
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    ComputerState,
    FileState,
    FileVersionState,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Service,
    TreeKey,
    TreeState,
    Unreadable,
    Verb,
)
from tests import strategies

VALUE = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Acme"), "Mode")
TEXT = RegistryData(RegistryType.STRING, "x")


@given(item=st.one_of(strategies.blind_changes(), strategies.restarts()))
def test_a_change_survives_its_record(item: RemoteItem) -> None:
    """Written to JSON and read again, a change is the same change."""
    record = json.loads(json.dumps(item_record(item)))
    if isinstance(item, Change):
        assert change_of(record) == item
    elif isinstance(item, Action):
        assert record == {"action": "restart", "resource": {"kind": "service", "name": item.resource.name}}


def test_hidden_records_hold_no_values() -> None:
    """With no_log neither states nor texts of the host are kept, and the change cannot be had back."""
    change = Change(resource=VALUE, before=ABSENT, after=TEXT)
    assert set(item_record(change, hidden=True)) == {"change", "resource"}
    outcome = Outcome(item=change, status=OutcomeStatus.FAILED, before=ABSENT, after=TEXT, message="x is not y")
    assert set(outcome_record(outcome, str, hidden=True)) == {"resource", "status"}
    with pytest.raises(KeyError):
        change_of(item_record(change, hidden=True))


@given(item=strategies.blind_changes())
def test_a_sealed_change_is_had_back_with_the_key_only(item: Change) -> None:
    """Sealed values are unreadable in the record; opened it is the same change, and its outcome the same states."""
    kept: list[str] = []

    def seal(text: str) -> str:
        kept.append(text)
        return f"#{len(kept) - 1}"

    record = item_record(item, hidden=True, seal=seal)
    assert set(record) == {"change", "resource", "sealed"}
    assert opened_record(record, lambda _: None) == record
    assert change_of(opened_record(record, lambda text: kept[int(text[1:])])) == item
    outcome = Outcome(
        item=item, status=OutcomeStatus.FAILED, before=item.before, after=item.after, message="x is not y"
    )
    told = outcome_record(outcome, str, hidden=True, seal=seal)
    assert set(told) == {"resource", "status", "sealed"}
    opened = opened_record(told, lambda text: kept[int(text[1:])])
    plain = outcome_record(outcome, str)
    assert (opened["before"], opened["after"]) == (plain["before"], plain["after"])


def test_values_sealed_for_another_record_are_refused() -> None:
    """A token that was moved to another resource's record is damage, never a change of that resource."""
    change = Change(resource=VALUE, before=ABSENT, after=TEXT)
    other = item_record(Change(resource=Service("S"), before=ABSENT, after=ABSENT), hidden=True)
    kept: list[str] = []

    def seal(text: str) -> str:
        kept.append(text)
        return "x"

    item_record(change, hidden=True, seal=seal)
    with pytest.raises(ValueError, match="another resource"):
        opened_record(other | {"sealed": "x"}, lambda _: kept[0])


def test_states_that_are_only_read_have_records_too() -> None:
    """Every state can be written down."""
    tree = TreeState(keys=(TreeKey(path="", values=(("a", TEXT), ("b", TEXT))), TreeKey(path="Sub")))
    file = FileState(path=r"C:\x", size=3, modified="2000-01-01T00:00:00Z")
    version = FileVersionState(path=r"C:\x", version="1.2.3.4", size=3, modified="2000-01-01T00:00:00Z")
    computer = ComputerState(name="MAIL1", os_version="4.0.1381")
    assert state_record(tree) == {"keys": 2, "values": 2}
    assert state_record(file)["size"] == 3
    assert state_record(version)["version"] == "1.2.3.4"
    assert state_record(computer)["computer"] == "MAIL1"
    assert state_record(Unreadable(reason="denied")) == {"state": "unreadable", "reason": "denied"}


@pytest.mark.parametrize(
    "record",
    [
        item_record(Action(verb=Verb.RESTART, resource=Service("S"))),
        {"resource": {"kind": "file", "name": "x"}, "before": {"state": "absent"}, "after": {"state": "absent"}},
        item_record(Change(resource=VALUE, before=ABSENT, after=TEXT)) | {"after": {"keys": 1}},
    ],
)
def test_what_is_no_change_is_refused(record: dict[str, object]) -> None:
    """A record of something else raises, it is never taken for a change."""
    with pytest.raises((ValueError, KeyError)):
        change_of(record)
