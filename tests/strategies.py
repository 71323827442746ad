"""Hypothesis strategies for resources, states and items. Few names, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    Action,
    Change,
    Hive,
    Present,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    Verb,
)

SERVICE_NAMES = ("Alpha", "Beta", "Gamma", "Delta")
SETTLED = (ServiceStatus.RUNNING, ServiceStatus.STOPPED, ServiceStatus.PAUSED)
SETTABLE = (StartType.AUTOMATIC, StartType.MANUAL, StartType.DISABLED)

_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def registry_data() -> st.SearchStrategy[RegistryData]:
    """Anything that a registry value can hold."""
    return st.one_of(
        st.builds(RegistryData, st.just(RegistryType.DWORD), st.integers(0, 0xFFFF_FFFF)),
        st.builds(RegistryData, st.just(RegistryType.QWORD), st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)),
        st.builds(RegistryData, st.sampled_from((RegistryType.STRING, RegistryType.EXPANDSTRING)), _texts),
        st.builds(RegistryData, st.sampled_from((RegistryType.BINARY, RegistryType.NONE)), st.binary(max_size=8)),
        st.builds(RegistryData, st.just(RegistryType.MULTISTRING), st.lists(_texts, max_size=3).map(tuple)),
    )


def registry_keys() -> st.SearchStrategy[RegistryKey]:
    """A key in a small tree, spelled in either case."""
    names = st.sampled_from(("Top", "TOP", "Sub", "sub", "DES 56/56", "ä"))
    return st.lists(names, min_size=1, max_size=3).map(lambda parts: RegistryKey(Hive.HKLM, "\\".join(parts)))


def registry_values() -> st.SearchStrategy[RegistryValue]:
    """A value of one of those keys."""
    return st.builds(RegistryValue, registry_keys(), st.sampled_from(("", "One", "ONE", "two", "2500")))


def services() -> st.SearchStrategy[Service]:
    """A service that may exist."""
    return st.sampled_from((*SERVICE_NAMES, "Unknown")).map(Service)


def service_states() -> st.SearchStrategy[ServiceState]:
    """A settled service."""
    return st.builds(ServiceState, status=st.sampled_from(SETTLED), start=st.sampled_from(SETTABLE))


@st.composite
def simulated_services(draw: st.DrawFn) -> tuple[SimulatedService, ...]:
    """Services of which each may depend on those before it."""
    made: list[SimulatedService] = []
    for index, name in enumerate(SERVICE_NAMES):
        before = st.sampled_from((*SERVICE_NAMES[:index], "EventLog"))
        made.append(
            SimulatedService(
                name=name,
                display_name=f"The {name} service",
                status=draw(st.sampled_from(SETTLED)),
                start=draw(st.sampled_from(SETTABLE)),
                depends_on=tuple(draw(st.lists(before, max_size=2, unique=True))),
            )
        )
    return tuple(made)


def states() -> st.SearchStrategy[State]:
    """A state that a change may have on either side, fitting its resource or not."""
    return st.one_of(st.just(ABSENT), st.just(PRESENT), registry_data(), service_states())


def blind_changes() -> st.SearchStrategy[Change]:
    """A change that knows nothing of the host: mostly drifted or unfit."""
    resources = st.one_of(registry_values(), registry_keys(), services())
    return st.builds(Change, resource=resources, before=states(), after=states())


def value_afters() -> st.SearchStrategy[RegistryData | Absent]:
    """What a registry value may become."""
    return st.one_of(st.just(ABSENT), registry_data())


def key_afters() -> st.SearchStrategy[Present | Absent]:
    """What a registry key may become."""
    return st.sampled_from((PRESENT, ABSENT))


@st.composite
def wishes(draw: st.DrawFn) -> tuple[RegistryValue | RegistryKey | Service, State]:
    """A resource with a state that it may be wanted in; the change is made when the state before is known."""
    which = draw(st.integers(0, 2))
    if which == 0:
        return draw(registry_values()), draw(value_afters())
    if which == 1:
        return draw(registry_keys()), draw(key_afters())
    return draw(services()), draw(service_states())


def restarts() -> st.SearchStrategy[Action]:
    """A restart of a service that may exist."""
    return st.builds(Action, verb=st.just(Verb.RESTART), resource=services())


def items() -> st.SearchStrategy[RemoteItem | tuple[RegistryValue | RegistryKey | Service, State]]:
    """An item, or a wish that becomes a change once the state before is known."""
    return st.one_of(wishes(), wishes(), blind_changes(), restarts())
