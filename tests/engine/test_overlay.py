"""The overlay of a dry run: predicts what the host then does, and leaves the host alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.connections.simulation import Denial, HostDescription, SimulatedFile
from ndrfix.engine.overlay import Overlay
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    PRESENT,
    Change,
    ComputerState,
    File,
    FileState,
    FileVersion,
    FileVersionState,
    Hive,
    Located,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    State,
    TreeKey,
    TreeState,
    Unreadable,
)
from tests import strategies

TOP = RegistryKey(Hive.HKLM, "Top")
ROOT = RegistryValue(TOP, "RootDir")
OUT = File(Located(ROOT, "\\out"))
EX01 = ComputerState(name="EX01", os_version="4.0.1381")


def dword(number: int) -> RegistryData:
    return RegistryData(RegistryType.DWORD, number)


def text(content: str, type_: RegistryType = RegistryType.STRING) -> RegistryData:
    return RegistryData(type_, content)


def host() -> SimulatedHost:
    """A host on which the value RootDir names the first of two folders."""
    files = (SimulatedFile(path="C:\\one\\out", directory=True), SimulatedFile(path="C:\\two\\out", directory=True))
    made = SimulatedHost(HostDescription(computer=EX01, files=files))
    made.put_value(ROOT, text("C:\\one"))
    return made


def apply(connection: Connection, items: Sequence[RemoteItem]) -> list[Outcome]:
    return list(connection.apply(items, on_event=lambda _: None))


def change(connection: Connection, resource: RegistryValue | RegistryKey | Service, after: State) -> Outcome:
    before = connection.read([resource])[resource]
    assert not isinstance(before, Unreadable)
    (outcome,) = apply(connection, [Change(resource=resource, before=before, after=after)])
    return outcome


def all_readings(connection: Connection) -> dict[Resource, Reading]:
    names = ("Top", "Sub", "DES 56/56", "ä")
    trees = [RegistryTree(RegistryKey(Hive.HKLM, name), depth) for name in names for depth in (0, 1, 9)]
    tops = [RegistryKey(Hive.HKLM, name) for name in names]
    listed = [Service(name) for name in (*strategies.SERVICE_NAMES, "Unknown")]
    kept = RegistryTree(RegistryKey(Hive.HKLM, "SYSTEM\\CurrentControlSet\\Services"), 9)
    return dict(connection.read([*trees, *tops, *listed, kept, COMPUTER]))


def resolved(
    connection: Connection, wanted: Sequence[RemoteItem | tuple[RegistryValue | RegistryKey | Service, State]]
) -> list[RemoteItem]:
    """The items in which wishes became changes, from what the connection shows at the beginning."""
    made: list[RemoteItem] = []
    for item in wanted:
        if not isinstance(item, tuple):
            made.append(item)
            continue
        resource, after = item
        before = connection.read([resource])[resource]
        made.append(Change(resource=resource, before=ABSENT if isinstance(before, Unreadable) else before, after=after))
    return made


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.tuples(strategies.registry_values(), strategies.registry_data()), max_size=6),
    services=strategies.simulated_services(),
    denied=st.lists(st.one_of(strategies.registry_keys(), strategies.services()), max_size=1),
    batches=st.lists(st.lists(strategies.items(), max_size=3), max_size=5),
)
def test_law_overlay_predicts(
    values: list[tuple[RegistryValue, RegistryData]],
    services: tuple[SimulatedService, ...],
    denied: list[RegistryKey | Service],
    batches: list[list[RemoteItem | tuple[RegistryValue | RegistryKey | Service, State]]],
) -> None:
    """The overlay gives the outcomes and states that the host gives afterwards, and leaves the host alone."""
    made = SimulatedHost(HostDescription(computer=EX01, services=services))
    for value, data in values:
        made.put_value(value, data)
    for resource in denied:
        made.deny(Denial(resource))
    live = made.connect()
    untouched = all_readings(live)

    overlay = Overlay(made.connect())
    planned = []
    predicted = []
    for batch in batches:
        planned.append(resolved(overlay, batch))
        predicted.append(apply(overlay, planned[-1]))
    expected = all_readings(overlay)

    assert all_readings(live) == untouched
    assert made.writes == ()
    assert [apply(live, each) for each in planned] == predicted
    assert all_readings(live) == expected


def test_value_below_missing_key() -> None:
    """A value that is set below a missing key makes the key, its parents and their place in a tree visible."""
    overlay = Overlay(host().connect())
    value = RegistryValue(RegistryKey(Hive.HKLM, "top\\New\\Deep"), "x")

    assert change(overlay, value, dword(1)).status is OutcomeStatus.DONE

    deep, new, tree = value.key, RegistryKey(Hive.HKLM, "Top\\NEW"), RegistryTree(TOP, 9)
    assert overlay.read([value, deep, new, tree]) == {
        value: dword(1),
        deep: PRESENT,
        new: PRESENT,
        tree: TreeState(
            keys=(
                TreeKey(path="", values=(("RootDir", text("C:\\one")),)),
                TreeKey(path="New"),
                TreeKey(path="New\\Deep", values=(("x", dword(1)),)),
            )
        ),
    }


def test_removed_key_stays_empty_when_made_again() -> None:
    """What a removed key held does not show through the key that is made in its place."""
    overlay = Overlay(host().connect())
    change(overlay, TOP, ABSENT)
    assert set(overlay.read([TOP, ROOT, RegistryTree(TOP, 1)]).values()) == {ABSENT}
    change(overlay, TOP, PRESENT)
    assert overlay.read([RegistryTree(TOP, 1), ROOT]) == {
        RegistryTree(TOP, 1): TreeState(keys=(TreeKey(path=""),)),
        ROOT: ABSENT,
    }


def test_key_made_again_takes_the_new_spelling() -> None:
    """A key that is removed and made again is spelled as the second time, a value set again as the first."""
    overlay = Overlay(host().connect())
    sub = RegistryKey(Hive.HKLM, "Top\\Sub")
    for key, after in ((sub, PRESENT), (sub, ABSENT), (RegistryKey(Hive.HKLM, "Top\\SUB"), PRESENT)):
        change(overlay, key, after)
    change(overlay, RegistryValue(TOP, "ROOTDIR"), dword(1))
    tree = RegistryTree(TOP, 1)
    expected = TreeState(keys=(TreeKey(path="", values=(("RootDir", dword(1)),)), TreeKey(path="SUB")))
    assert overlay.read([tree]) == {tree: expected}


def test_value_replaced_and_removed() -> None:
    """A value of the host that was changed, removed and made again is each time what it was made last."""
    overlay = Overlay(host().connect())
    for after in (dword(1), ABSENT, dword(2), ABSENT):
        change(overlay, ROOT, after)
        assert overlay.read([ROOT]) == {ROOT: after}


def test_path_under_changed_value() -> None:
    """A path that begins with a changed value is looked up where the new value points."""
    overlay = Overlay(host().connect())
    change(overlay, ROOT, text("C:\\two\\"))
    reading = overlay.read([OUT])[OUT]
    assert isinstance(reading, FileState)
    assert reading.path == "C:\\two\\out"


def test_path_under_value_that_only_the_host_expands() -> None:
    """A path with a variable in it is not guessed: it is unreadable with the reason."""
    overlay = Overlay(host().connect())
    change(overlay, ROOT, text("%DATA%\\two", RegistryType.EXPANDSTRING))
    reading = overlay.read([OUT])[OUT]
    assert isinstance(reading, Unreadable)
    assert "%DATA%\\two" in reading.reason


def test_path_under_removed_value() -> None:
    """A path that begins with a removed value does not exist; with a number in its place it is unreadable."""
    overlay = Overlay(host().connect())
    change(overlay, ROOT, ABSENT)
    assert overlay.read([OUT]) == {OUT: ABSENT}
    change(overlay, ROOT, dword(1))
    assert isinstance(overlay.read([OUT])[OUT], Unreadable)


def test_program_of_a_service_reads_through() -> None:
    """A program is found through the service that runs it, also after the service was stopped in the overlay."""
    made = host()
    made.put_service(SimulatedService(name="Svc", image='"C:\\bin\\svc.exe" -x'))
    made.put_file(SimulatedFile(path="C:\\bin\\svc.exe", version="5.5.2657.72", size=7))
    overlay = Overlay(made.connect())
    state = overlay.read([Service("Svc")])[Service("Svc")]
    assert isinstance(state, ServiceState)
    change(overlay, Service("Svc"), ServiceState(status=ServiceStatus.STOPPED, start=state.start))
    program = FileVersion(Located(Service("Svc")))
    reading = overlay.read([program])[program]
    assert isinstance(reading, FileVersionState)
    assert reading.version == "5.5.2657.72"


class Counting:
    """A connection that counts its reads."""

    def __init__(self) -> None:
        self.reads = 0
        self._connection = host().connect()

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        self.reads += 1
        return self._connection.read(resources)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        raise AssertionError("a dry run applies nothing to the host")

    def close(self) -> None:
        self._connection.close()


def test_one_read_for_a_batch() -> None:
    """What a batch of items needs to know is asked of the host in one request."""
    below = Counting()
    items = [Change(resource=RegistryValue(TOP, str(n)), before=ABSENT, after=dword(n)) for n in range(9)]
    assert [outcome.status for outcome in apply(Overlay(below), items)] == [OutcomeStatus.DONE] * 9
    assert below.reads == 1
