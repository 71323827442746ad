"""From settings to connections: through a management host, and no more of them at a time than it allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from ndrfix.cli.connecting import Connector
from ndrfix.connections.base import Connection, Outcome, Progress, Reading
from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.protocol import Target
from ndrfix.errors import UnreachableError
from ndrfix.inventory import ConnectionSettings
from ndrfix.resources import ABSENT, PRESENT, Change, RegistryKey, RemoteItem, Resource
from ndrfix.secrets import Secret

KEY = RegistryKey.parse(r"HKLM\SOFTWARE\a")
NAMES = [f"ex{number:02}" for number in range(8)]


@dataclass(slots=True)
class Office:
    """What connections were made, and how many were in use at the same time."""

    made: list[tuple[Endpoint, Target | None]] = field(default_factory=list)
    inside: set[object] = field(default_factory=set)
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def connection(self, endpoint: Endpoint, target: Target | None, *, warn: Callable[[str], None]) -> Visitor:
        self.made.append((endpoint, target))
        warn(f"for {target.name if target else endpoint.name}")
        return Visitor(self)


class Visitor:
    """A connection that counts itself while it is in use."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        with self._office.lock:
            self._office.inside.add(self)
            self._office.most = max(self._office.most, len(self._office.inside))
        return dict.fromkeys(resources, ABSENT)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        self.read([])
        raise UnreachableError("lost")

    def close(self) -> None:
        with self._office.lock:
            self._office.inside.discard(self)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """The connections of the test."""
    office = Office()
    monkeypatch.setattr("ndrfix.connections.winrm.WinRM", office.connection)
    return office


def _connector(limit: int, warnings: list[str]) -> Connector:
    jump = ConnectionSettings(
        inventory_name="jump01",
        host="192.0.2.1",
        user="ACME\\jo",
        password=Secret("jump-secret"),
        computer_name="JUMP01",
        via_limit=limit,
    )
    targets = {
        name: ConnectionSettings(
            inventory_name=name, host=name.upper(), via="jump01", user="MAIL\\adm", password=Secret("old"), port=1
        )
        for name in NAMES
    }
    return Connector({"jump01": jump, **targets}, Path(), warn=warnings.append)


def test_the_session_goes_to_the_management_host(office: Office) -> None:
    """Address and account of the session are its own; those of the target are for the way from there."""
    warnings: list[str] = []
    connector = _connector(5, warnings)
    connector("ex01").close()
    connector("jump01").close()
    (through, target), (direct, nobody) = office.made
    assert (through.name, through.host, through.port, through.user) == ("jump01", "192.0.2.1", 5986, "ACME\\jo")
    assert (through, nobody) == (direct, None)
    assert target == Target(
        name="ex01",
        machine="EX01",
        via="jump01",
        via_computer="JUMP01",
        user="MAIL\\adm",
        password=Secret("old"),
    )
    assert warnings[0] == "for ex01"


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_targets_at_a_time_than_the_limit(office: Office, limit: int) -> None:
    """A connection waits before its first use until another is closed; closing twice frees one place only."""
    connector = _connector(limit, [])
    held = [connector(name) for name in NAMES[:limit]]
    for connection in held:
        connection.read([KEY])
        connection.read([KEY])
    entered: SimpleQueue[Connection] = SimpleQueue()

    def enter(name: str) -> None:
        connection = connector(name)
        connection.read([KEY])
        entered.put(connection)

    waiting = [threading.Thread(target=enter, args=(name,), daemon=True) for name in NAMES[limit : limit + 2]]
    for thread in waiting:
        thread.start()
    with pytest.raises(Empty):
        entered.get(timeout=0.1)
    held[0].close()
    held[0].close()
    first = entered.get(timeout=10)
    with pytest.raises(Empty):
        entered.get(timeout=0.1)
    first.close()
    entered.get(timeout=10)
    for thread in waiting:
        thread.join(10)
    assert office.most == limit


def test_an_apply_waits_for_its_turn_too(office: Office) -> None:
    """The place is taken by the first use, whatever it is, and given up after a failure like after anything."""
    connector = _connector(1, [])
    for name in NAMES[:2]:
        connection = connector(name)
        with pytest.raises(UnreachableError):
            list(
                connection.apply([Change(resource=KEY, before=ABSENT, after=PRESENT)], on_event=lambda _progress: None)
            )
        assert len(office.inside) == 1
        connection.close()
