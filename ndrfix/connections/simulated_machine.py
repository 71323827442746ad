"""The machine inside a simulated host: registry, services, files and rights, and what reading and writing them does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from ndrfix.connections import keys, rules
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.keys import service_value
from ndrfix.connections.rules import Control, RefusedError
from ndrfix.connections.simulated_files import Files
from ndrfix.connections.simulated_operations import Operations
from ndrfix.connections.simulated_queue import Queues
from ndrfix.connections.simulated_registry import Registry
from ndrfix.connections.simulated_services import ServiceControl, SimulatedService, VirtualClock
from ndrfix.connections.simulation import Denial, HostDescription, SimulatedFile
from ndrfix.connections.winpath import expand, full, joined, program
from ndrfix.exchange import layout
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Action,
    Change,
    Computer,
    File,
    FileVersion,
    Folder,
    Located,
    MessageQueue,
    Move,
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
    Unreadable,
    Verb,
)

_IMS, _QUEUE, _SUPPRESSION = layout.IMS, layout.QUEUE, layout.SUPPRESSION
_DELIVERY = 5.0  # virtual seconds after a start in which mail leaves


class Machine:
    """A Windows-like machine. `writes` are the items that changed it, or began to, in order."""

    def __init__(self, description: HostDescription, clock: VirtualClock) -> None:
        self.writes: list[RemoteItem] = []
        self._computer = description.computer
        self._registry = Registry()
        self._services = ServiceControl((), clock)
        self._files = Files(description.files)
        self._clock = clock
        self.operations = Operations(description.faults)
        self._queues = Queues(self._files, self.operations, description.queue, self._path, self._ims_runs)
        self._leaves = math.inf
        self._deny = description.deny
        for service in description.services:
            self.put_service(service)
        for key, values in description.registry.items():
            self._registry.create(key)
            for value, data in values.items():
                self._registry.put(value, data)
        self._queues.fill(_QUEUE)

    def put_value(self, value: RegistryValue, data: RegistryData | None) -> None:
        """Set a registry value, or remove it (None)."""
        if data is None:
            self._registry.remove(value)
        else:
            self._registry.put(value, data)

    def put_key(self, key: RegistryKey) -> None:
        """Make a registry key."""
        self._registry.create(key)

    def put_service(self, service: SimulatedService) -> None:
        """Install a service, or replace the one of that name."""
        self._services.put(service)
        self._register(service)

    def put_file(self, file: SimulatedFile) -> None:
        """Put a file or folder in place."""
        self._files.put(file)

    def deny(self, denial: Denial) -> None:
        """Take rights away."""
        self._deny = (*self._deny, denial)

    def _register(self, service: SimulatedService) -> None:
        """Write the registry key in which Windows keeps the service."""
        known = Service(service.name)
        texts = {"DisplayName": service.display_name, "ImagePath": service.image}
        for name, text in texts.items():
            kind = RegistryType.EXPANDSTRING if name == "ImagePath" else RegistryType.STRING
            if text:
                self._registry.put(service_value(known, name), RegistryData(kind, text))
        start = RegistryData(RegistryType.DWORD, rules.START_NUMBERS[service.start])
        self._registry.put(service_value(known, "Start"), start)
        if service.depends_on:
            needed = RegistryData(RegistryType.MULTISTRING, service.depends_on)
            self._registry.put(service_value(known, "DependOnService"), needed)

    # --- reading ----------------------------------------------------------------------------------------------------

    def read(self, resource: Resource) -> Reading:
        """Return the state of one resource."""
        if isinstance(resource, File | FileVersion):
            return self._read_file(resource)
        if isinstance(resource, MessageQueue | Folder | Quarantine | Quarantines):
            return self._read_queue(resource)
        if self._denied(resource, writing=False):
            return Unreadable(reason=f"access to {resource} is denied", denied=True)
        match resource:
            case Computer():
                return self._computer
            case RegistryValue():
                return self._registry.value(resource)
            case RegistryKey():
                return PRESENT if self._registry.exists(resource) else ABSENT
            case RegistryTree():
                return self._read_tree(resource)
            case Service():
                return self._services.state(resource)

    def _read_tree(self, tree: RegistryTree) -> Reading:
        for key in self._registry.below(tree.key, tree.depth):
            if self._denied(key, writing=False):
                return Unreadable(reason=f"access to {key} is denied", denied=True)
        return self._registry.tree(tree.key, tree.depth)

    def _read_file(self, resource: File | FileVersion) -> Reading:
        try:
            path = self._path(resource.path)
            if path is None:
                return ABSENT
            if self._denied(File(path), writing=False):
                return Unreadable(reason=f"access to {path} is denied", denied=True)
            return self._files.file(path) if isinstance(resource, File) else self._files.version(path)
        except RefusedError as error:
            return Unreadable(reason=error.message)

    def _read_queue(self, resource: MessageQueue | Folder | Quarantine | Quarantines) -> Reading:
        self._deliver()
        try:
            where = self._path(_where(resource))
            if where is not None and self._denied(File(where), writing=False):
                return Unreadable(reason=f"access to {where} is denied", denied=True)
            match resource:
                case MessageQueue():
                    return self._queues.queue(resource)
                case Folder():
                    return self._queues.folder(resource)
                case Quarantine():
                    return self._queues.quarantine(resource)
                case Quarantines():
                    return self._queues.quarantines(resource)
        except RefusedError as error:
            return Unreadable(reason=error.message)

    def contents(self, queue: MessageQueue) -> dict[str, bytes]:
        """What each message of a queue holds, by name; of those that can be opened."""
        return self._queues.contents(queue)

    def files(self, folder: str) -> dict[str, bytes]:
        """The files directly in a folder with what they hold, by name."""
        found = self._files.inside(full(folder))
        return {file.path.rpartition("\\")[2]: file.content or b"" for file in found if not file.directory}

    def content(self, path: str) -> bytes:
        """What a file holds."""
        file = self._files.find(full(path))
        return (file.content if file else None) or b""

    def _ims_runs(self) -> bool:
        state = self._services.state(_IMS)
        return isinstance(state, ServiceState) and state.status is not ServiceStatus.STOPPED

    def _deliver(self) -> None:
        """Mail leaves the queue a while after the service was started."""
        if self._clock.seconds >= self._leaves and self._ims_runs():
            self._queues.delivered(_QUEUE)

    def _started(self) -> None:
        """The Internet Mail Service has started: it works on its queue, and may stop again because of what is in it."""
        value = self._registry.value(_SUPPRESSION)
        number = value.data if isinstance(value, RegistryData) else 0
        self._leaves = self._clock.seconds + _DELIVERY
        if not self._queues.started(_QUEUE, suppressed=number in (0x1, 0x10, 0x100)):
            self._services.die(_IMS)

    def restart(self) -> None:
        """Restart the computer: services come up, or not, as their start type has it."""
        for service in self._services.names():
            self._services.boot(service)
        if self._ims_runs():
            self._started()

    def _path(self, path: str | Located) -> str | None:
        """The full path, None when what it begins with does not exist."""
        if isinstance(path, str):
            return full(path)
        found = self.read(path.base)
        match found:
            case Unreadable():
                raise RefusedError(found.reason)
            case ServiceState():
                return full(joined(program(found.image_path), path.tail)) if found.image_path else None
            case RegistryData(data=str(text)):
                start = expand(text) if found.type is RegistryType.EXPANDSTRING else text
                return full(joined(start, path.tail))
            case RegistryData():
                raise RefusedError(f"{path.base} holds no text, so it names no path")
            case _:
                return None

    def _denied(self, resource: Resource, *, writing: bool) -> bool:
        return any((denial.writes if writing else denial.reads) and _covers(denial, resource) for denial in self._deny)

    # --- writing ----------------------------------------------------------------------------------------------------

    def carry_out(self, item: RemoteItem, tell: Callable[[Progress], None], *, denied: bool = False) -> Outcome:
        """Carry out one item, or refuse it; `denied` makes the machine refuse it for want of rights."""
        found = self.read(item.resource)
        if isinstance(item, Move):
            return self._move(item, found, tell, denied=denied)
        refused = rules.check_before(item, found)
        if refused:
            return refused
        if denied or self._denied(item.resource, writing=True):
            return rules.failed(item, rules.denied(item.resource), found, found)
        try:
            self._write(item, found, tell)
        except RefusedError as error:
            return rules.failed(item, error, found, self.read(item.resource))
        return rules.read_back(item, found, self.read(item.resource))

    def _move(self, move: Move, found: Reading, tell: Callable[[Progress], None], *, denied: bool) -> Outcome:
        refused = rules.check_before(move, found)
        if refused:
            return replace(refused, before=None, after=None)
        if denied or self._denied_path(move):
            return rules.failed(move, rules.denied(move.queue), ABSENT, ABSENT)
        self.writes.append(move)
        try:
            return Outcome(item=move, status=OutcomeStatus.DONE, after=self._queues.move(move, tell))
        except RefusedError as error:
            return Outcome(item=move, status=OutcomeStatus.FAILED, message=error.message, next_step=error.next_step)

    def _denied_path(self, move: Move) -> bool:
        paths = (self._path(move.queue.root), self._path(move.quarantine.folder))
        return any(path is not None and self._denied(File(path), writing=True) for path in paths)

    def _write(self, item: RemoteItem, found: Reading, tell: Callable[[Progress], None]) -> None:
        resource = item.resource
        if isinstance(resource, Service) and isinstance(found, ServiceState):
            self._write_service(item, resource, found, tell)
        elif isinstance(item, Change) and isinstance(resource, Quarantine):
            self.writes.append(item)
            self._queues.change(item)
        elif isinstance(item, Change) and item.after != found:
            if isinstance(resource, RegistryKey) and item.after == ABSENT and self._registry.has_subkeys(resource):
                raise rules.has_subkeys(resource)
            self.writes.append(item)
            self._write_registry(item)

    def _write_registry(self, change: Change) -> None:
        match change.resource, change.after:
            case RegistryValue() as value, RegistryData() as data:
                self._registry.put(value, data)
            case RegistryValue() as value, _:
                self._registry.remove(value)
            case RegistryKey() as key, after if after == PRESENT:
                self._registry.create(key)
            case RegistryKey() as key, _:
                self._registry.delete(key)

    def _write_service(
        self, item: RemoteItem, service: Service, found: ServiceState, tell: Callable[[Progress], None]
    ) -> None:
        requests = rules.requests_for(item, found, lambda name: (self.read(name), self._services.depends_on(name)))
        start = item.after.start if isinstance(item, Change) and isinstance(item.after, ServiceState) else found.start
        if requests or start is not found.start:
            self.writes.append(item)
        if start is not found.start:
            self._set_start(service, start)
        for request in requests:
            self.operations.do(lambda: None)
            for text, elapsed in self._services.carry_out(request, item.timeout):
                tell(Progress(item=item, text=text, elapsed=elapsed, limit=item.timeout))
            if request.service == _IMS and request.control is Control.START:
                self._started()
        if isinstance(item, Action) and item.verb is Verb.WATCH:
            self._watch(item, tell)

    def _watch(self, watch: Action, tell: Callable[[Progress], None]) -> None:
        tell(Progress(item=watch, text=f"watching {watch.resource}", elapsed=0.0, limit=watch.timeout))
        if watch.resource != _IMS or self._ims_runs():
            self._clock.seconds += watch.timeout

    def _set_start(self, service: Service, start: StartType) -> None:
        self._services.set_start(service, start)
        kept = service_value(service, "Start")
        if self._registry.value(kept) != ABSENT:
            self._registry.put(kept, RegistryData(RegistryType.DWORD, rules.START_NUMBERS[start]))


def _where(resource: MessageQueue | Folder | Quarantine | Quarantines) -> str | Located:
    match resource:
        case MessageQueue():
            return resource.root
        case Folder():
            return resource.path
        case Quarantine() | Quarantines():
            return resource.folder


def _covers(denial: Denial, resource: Resource) -> bool:
    match denial.resource, resource:
        case RegistryKey() as denied, RegistryKey() as key:
            return keys.relative(key, denied) is not None
        case RegistryKey() as denied, RegistryValue() | RegistryTree() as inside:
            return keys.relative(inside.key, denied) is not None
        case File() as denied_file, File() as file:
            return f"{file.identity[0]}\\".startswith(f"{denied_file.identity[0]}\\")
        case denied_service, service:
            return denied_service == service
