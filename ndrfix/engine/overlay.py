"""The connection of a dry run: it reads a host through what it was told to change, and never writes to the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ndrfix.connections import rules
from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.keys import service_value
from ndrfix.connections.rules import Control, RefusedError, Request
from ndrfix.connections.winpath import joined
from ndrfix.engine.overlay_queue import QueuePatches
from ndrfix.engine.overlay_registry import RegistryPatches
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Absent,
    Change,
    File,
    FileVersion,
    Folder,
    Located,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    Quarantines,
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
    StartType,
    State,
    TreeState,
    Unreadable,
)

_REACHED = {
    Control.STOP: ServiceStatus.STOPPED,
    Control.START: ServiceStatus.RUNNING,
    Control.CONTINUE: ServiceStatus.RUNNING,
}


class Overlay:
    """A `Connection` over another one, of which only `read` and `close` are ever called.

    `apply` compares and refuses as the host would, keeps what was written in memory and shows it in later reads. What a
    host alone knows it cannot predict: a service that does not start, a right to write that is missing.
    """

    def __init__(self, connection: Connection) -> None:
        self._below = connection
        self._registry = RegistryPatches()
        self._queues = QueuePatches()
        self._services: dict[Service, tuple[ServiceStatus, StartType]] = {}
        self._depends_on: dict[Service, tuple[str, ...]] = {}

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """Return the states as they would be after what was applied here; see `Connection.read`."""
        return self._read(resources, self._below.read)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """Carry the items out in memory; see `Connection.apply`."""
        del on_event  # nothing takes time here, so there is no progress to tell
        ask = _Once(self._below)
        ask.read(_needed(items))
        for item in items:
            outcome = self._carry_out(item, ask.read)
            yield outcome
            if outcome.status is not OutcomeStatus.DONE:
                return

    def close(self) -> None:
        """Close the connection below."""
        self._below.close()

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, resources: Sequence[Resource], ask: _Ask) -> dict[Resource, Reading]:
        sources = {resource: self._source(resource) for resource in resources}
        asked = [source for source in dict.fromkeys(sources.values()) if not isinstance(source, _Known)]
        found = ask(asked) if asked else {}
        return {
            resource: source.reading if isinstance(source, _Known) else self._shown(resource, found[source])
            for resource, source in sources.items()
        }

    def _one(self, resource: Resource, ask: _Ask) -> Reading:
        return self._read((resource,), ask)[resource]

    def _source(self, resource: Resource) -> Resource | _Known:
        """What is to be asked of the host in place of the resource, or what is known without asking."""
        known: State | None = None
        match resource:
            case RegistryValue():
                known = self._registry.value(resource)
            case RegistryKey():
                known = self._registry.key(resource)
            case Quarantine():
                known = self._queues.quarantine(resource)
            case (
                File(path=Located(base=RegistryValue() as base) as path)
                | FileVersion(path=Located(base=RegistryValue() as base) as path)
            ):
                data = self._registry.value(base)
                return resource if data is None else _moved(resource, path, data)
            case _:
                pass
        return resource if known is None else _Known(known)

    def _shown(self, resource: Resource, found: Reading) -> Reading:
        if isinstance(resource, MessageQueue | Quarantines | Folder):
            return self._queues.shown(resource, found)
        if isinstance(resource, RegistryTree) and not isinstance(found, Unreadable):
            return self._registry.tree(resource, found)
        if isinstance(resource, Service) and isinstance(found, ServiceState):
            status, start = self._services.get(resource, (found.status, found.start))
            return replace(found, status=status, start=start, dependents=self._dependents(resource, found))
        return found

    def _dependents(self, service: Service, found: ServiceState) -> tuple[str, ...]:
        running = {Service(name) for name in found.dependents}
        for other, (status, _) in self._services.items():
            if status is ServiceStatus.STOPPED:
                running.discard(other)
            elif service in map(Service, self._depends_on[other]):
                running.add(other)
        return tuple(sorted(dependent.name for dependent in running))

    # --- writing ----------------------------------------------------------------------------------------------------

    def _carry_out(self, item: RemoteItem, ask: _Ask) -> Outcome:
        found = self._one(item.resource, ask)
        refused = rules.check_before(item, found)
        if refused:
            return refused
        try:
            if isinstance(item, Move):
                return rules.moved(item, self._queues.move(item, lambda resource: self._one(resource, ask)))
            if isinstance(item, Change) and isinstance(item.resource, Quarantine):
                self._queues.change(item, found)
                return rules.read_back(item, found, self._one(item.resource, ask))
            if isinstance(item.resource, Service) and isinstance(found, ServiceState):
                self._write_service(item, item.resource, found, ask)
            elif isinstance(item, Change) and not isinstance(found, Unreadable) and item.after != found:
                self._write_registry(item, found, ask)
        except RefusedError as error:
            if isinstance(item, Move):
                return rules.moved(item, MoveState(moved=0, size=0), error)
            return rules.failed(item, error, found, self._one(item.resource, ask))
        return rules.read_back(item, found, self._one(item.resource, ask))

    def _write_registry(self, change: Change, found: State, ask: _Ask) -> None:
        match change.resource, change.after:
            case RegistryValue() as value, RegistryData() as data:
                self._registry.set_value(value, data, found=found)
            case RegistryValue() as value, _:
                self._registry.remove_value(value)
            case RegistryKey() as key, after if after == PRESENT:
                self._registry.make_key(key)
            case RegistryKey() as key, _:
                tree = self._one(RegistryTree(key, 1), ask)
                # A key of which a part cannot be read has that part.
                if isinstance(tree, Unreadable) or (isinstance(tree, TreeState) and len(tree.keys) > 1):
                    raise rules.has_subkeys(key)
                self._registry.remove_key(key)

    def _write_service(self, item: RemoteItem, service: Service, found: ServiceState, ask: _Ask) -> None:
        requests = rules.requests_for(item, found, lambda other: self._look(other, ask))
        if isinstance(item, Change) and isinstance(item.after, ServiceState):
            self._set(service, found.status, item.after.start, ask)
            self._set_start_value(service, found.start, item.after.start, ask)
        for request in requests:
            state = self._one(request.service, ask)
            if isinstance(state, ServiceState):
                self._set(request.service, _reached(request, state), state.start, ask)
            if request.service == IMS and request.control is Control.START:
                self._queues.started(QUEUE)

    def _look(self, service: Service, ask: _Ask) -> tuple[Reading, tuple[str, ...]]:
        needed = service_value(service, "DependOnService")
        found = self._read((service, needed), ask)
        listed = found[needed]
        names = listed.data if isinstance(listed, RegistryData) and isinstance(listed.data, tuple) else ()
        return found[service], names

    def _set(self, service: Service, status: ServiceStatus, start: StartType, ask: _Ask) -> None:
        self._depends_on[service] = self._look(service, ask)[1]
        self._services[service] = (status, start)

    def _set_start_value(self, service: Service, before: StartType, after: StartType, ask: _Ask) -> None:
        # Windows keeps the start type in the registry: who reads it there must see the change too.
        value = service_value(service, "Start")
        found = self._one(value, ask)
        if isinstance(found, RegistryData) and before is not after:
            number = RegistryData(RegistryType.DWORD, rules.START_NUMBERS[after])
            self._registry.set_value(value, number, found=found)


_Ask = Callable[[Sequence[Resource]], Mapping[Resource, Reading]]


@dataclass(frozen=True, slots=True)
class _Known:
    """A reading that needs no host."""

    reading: Reading


class _Once:
    """Asks a connection for each resource at most once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[Resource, Reading] = {}

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        missing = [resource for resource in dict.fromkeys(resources) if resource not in self._found]
        if missing:
            self._found.update(self._connection.read(missing))
        return self._found


def _needed(items: Iterable[RemoteItem]) -> list[Resource]:
    """What deciding about the items is known to take, so that it is asked for at once."""
    needed: list[Resource] = []
    for item in items:
        if not isinstance(item, Move):  # a queue is read when it is come to: what is moved in it was read before
            needed.append(item.resource)
        if isinstance(item.resource, Service):
            needed += [service_value(item.resource, name) for name in ("DependOnService", "Start")]
        elif isinstance(item.resource, RegistryKey) and isinstance(item, Change) and item.after == ABSENT:
            needed.append(RegistryTree(item.resource, 1))
    return needed


def _reached(request: Request, state: ServiceState) -> ServiceStatus:
    return _REACHED.get(request.control, rules.settled(state.status))


def _moved(resource: File | FileVersion, path: Located, data: RegistryData | Absent) -> Resource | _Known:
    """The file under the path that a changed value names."""
    if isinstance(data, Absent):
        return _Known(ABSENT)
    if not isinstance(data.data, str):
        return _Known(Unreadable(reason=f"{path.base} holds no text, so it names no path"))
    if data.type is RegistryType.EXPANDSTRING and "%" in data.data:
        reason = (
            f"{path.base} would be changed to {data.data}; only the host can tell which path that is, once it is set"
        )
        return _Known(Unreadable(reason=reason))
    return type(resource)(joined(data.data, path.tail))
