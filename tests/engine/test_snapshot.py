"""What is asked of a host below a dry run: each thing once, and not more round trips than need be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.simulated import Simulation
from ndrfix.engine.overlay import Overlay
from ndrfix.engine.snapshot import Snapshot
from ndrfix.resources import COMPUTER, Action, RegistryKey, RegistryValue, RemoteItem, Resource, Service, Verb

IMC, STORE = Service("MSExchangeIMC"), Service("MSExchangeIS")
DEMO = Path(__file__).parents[2] / "ndrfix" / "demo" / "hosts.yml"


class Watched:
    """A connection to the demo's healthy host that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Resource]] = []
        self.closed = 0
        self._connection: Connection = Simulation.load(DEMO).host("fine").connect()

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        self.asked.append(resources)
        return self._connection.read(resources)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        raise AssertionError("a dry run applies nothing to the host")

    def close(self) -> None:
        self.closed += 1
        self._connection.close()


def test_a_resource_is_read_once_until_closed() -> None:
    """What was read is known until the session ends; exactly what is asked for is answered."""
    made: list[Watched] = []

    def connect() -> Watched:
        made.append(Watched())
        return made[-1]

    snapshot = Snapshot(connect)
    first = snapshot.read([COMPUTER])
    assert snapshot.read([COMPUTER]) == first
    assert len(made[0].asked) == 1
    assert list(snapshot.read([IMC])) == [IMC]
    snapshot.close()
    snapshot.close()
    snapshot.read([COMPUTER])
    assert [(len(each.asked), each.closed) for each in made] == [(2, 1), (1, 0)]


def test_a_restart_of_known_services_asks_nothing() -> None:
    """What deciding about a restart takes, its dependencies' states too, came with the services."""
    below = Watched()
    overlay = Overlay(Snapshot(lambda: below))
    overlay.read([IMC, STORE])
    restart = Action(verb=Verb.RESTART, resource=IMC, timeout=60)
    assert [outcome.status for outcome in overlay.apply([restart], on_event=print)] == [OutcomeStatus.DONE]
    overlay.read([IMC])
    assert len(below.asked) == 1


def test_only_what_is_missing_is_asked() -> None:
    """A later read asks for the rest alone."""
    below = Watched()
    snapshot = Snapshot(lambda: below)
    value = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE\\Microsoft\\Exchange\\Setup"), "Services")
    snapshot.read([value])
    snapshot.read([COMPUTER, value])
    assert [list(asked) for asked in below.asked] == [[value], [COMPUTER]]
