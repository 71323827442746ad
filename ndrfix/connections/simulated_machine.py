"""The machine inside a simulated host: registry, services, files and rights, and what reading and writing them does."""

from __future__ import annotations

import math
from collections.abc import Callable

from ndrfix.connections import keys, rules
from ndrfix.connections.base import Outcome, Progress, Reading
from ndrfix.connections.keys import service_value
from ndrfix.connections.rules import Control, RefusedError
from ndrfix.connections.simulated_files import Files
from ndrfix.connections.simulated_moves import Mover
from ndrfix.connections.simulated_operations import HeldError, Operations
from ndrfix.connections.simulated_queue import Queues
from ndrfix.connections.simulated_registry import Registry
from ndrfix.connections.simulated_runs import Runs
from ndrfix.connections.simulated_services import ServiceControl, SimulatedService, VirtualClock
from ndrfix.connections.simulation import Denial, HostDescription, SimulatedFile
from ndrfix.connections.winpath import expand, full, is_full, joined, normal, program
from ndrfix.exchange import layout
from ndrfix.resources import (
    ABSENT,
    OUT,
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
    Unreadable,
    Verb,
)

_IMS = layout.IMS
_DELIVERY, _CHOKES = 5.0, 3.0  # virtual seconds after a start: mail leaves, the service stops over a bad message


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
        self._deny = description.deny
        self._queues = Queues(
            self._files,
            description.queue,
            description.volumes,
            self._path,
            lambda path: self._denies(path, writing=False),
        )
        self._runs = Runs(self._files, self.operations, self._path)
        self._leaves = math.inf
        for service in description.services:
            self.put_service(service)
        for key, values in description.registry.items():
            self._registry.create(key)
            for value, data in values.items():
                self._registry.put(value, data)
        root = self._root()
        if root is not None:
            self._queues.fill(root)

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

    def remove_file(self, path: str) -> None:
        """Take a file away."""
        self._files.remove(full(path))

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
            where = self._where(resource)
            if where is not None and self._denies(where, writing=False):
                return Unreadable(reason=f"access to {where} is denied", denied=True)
            match resource:
                case MessageQueue():
                    return self._queues.queue(resource)
                case Folder():
                    return self._queues.folder(resource)
                case Quarantine():
                    return self._runs.one(resource)
                case Quarantines():
                    return self._runs.all(resource)
        except RefusedError as error:
            return Unreadable(reason=error.message)

    def _where(self, resource: MessageQueue | Folder | Quarantine | Quarantines) -> str | None:
        """The folder that a resource is about, None when it is not known."""
        match resource:
            case MessageQueue():
                root = self._path(resource.root)
                return None if root is None else joined(root, f"\\{OUT}")
            case Folder():
                return self._path(resource.path)
            case Quarantines():
                return self._path(resource.folder)
            case Quarantine():
                above = self._path(resource.folder)
                return None if above is None else joined(above, f"\\{resource.run}")

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

    def _root(self) -> str | None:
        """Where the queue lies, as the service finds it, whoever may read that."""
        value = self._registry.value(layout.ROOT_DIR)
        text = value.data if isinstance(value, RegistryData) else None
        if not isinstance(text, str) or not isinstance(value, RegistryData):
            return None
        text = expand(text) if value.type is RegistryType.EXPANDSTRING else text
        return normal(text) if is_full(text) else None

    def _deliver(self) -> None:
        """Mail leaves the queue a while after the service was started."""
        root = self._root() if self._clock.seconds >= self._leaves else None
        if root is not None and self._ims_runs():
            self._queues.delivered(root)

    def _started(self) -> None:
        """The Internet Mail Service has started: it works on its queue, and may stop again because of what is in it."""
        value = self._registry.value(layout.SUPPRESSION)
        number = value.data if isinstance(value, RegistryData) else 0
        self._leaves = self._clock.seconds + _DELIVERY
        root = self._root()
        if root is not None and not self._queues.started(root, suppressed=number in (0x1, 0x10, 0x100)):
            self._services.die(_IMS, after=_CHOKES)

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
        if isinstance(resource, Quarantine):
            where = self._where(resource)
            return where is not None and self._denies(where, writing=writing)
        return any((denial.writes if writing else denial.reads) and _covers(denial, resource) for denial in self._deny)

    def _denies(self, path: str, *, writing: bool) -> bool:
        return bool(self._deny) and self._denied(File(path), writing=writing)

    # --- writing ----------------------------------------------------------------------------------------------------

    def carry_out(self, item: RemoteItem, tell: Callable[[Progress], None], *, denied: bool = False) -> Outcome:
        """Carry out one item, or refuse it; `denied` makes the machine refuse it for want of rights."""
        if isinstance(item, Move):
            return self._move(item, tell, denied=denied)
        found = self.read(item.resource)
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

    def _move(self, move: Move, tell: Callable[[Progress], None], *, denied: bool) -> Outcome:
        if denied:
            return rules.moved(move, MoveState(moved=0, size=0), rules.denied(move.queue))
        try:
            mover = self._mover(move)
        except RefusedError as error:
            return rules.moved(move, MoveState(moved=0, size=0), error)
        self.writes.append(move)
        try:
            mover.carry_out(tell)
        except RefusedError as error:
            return rules.moved(move, mover.state(), error)
        return rules.moved(move, mover.state())

    def _mover(self, move: Move) -> Mover:
        root = self._path(move.queue.root)
        if root is None:
            raise RefusedError("the folder of the queue is not known", "Find out what RootDir is, on the host.")
        return Mover(
            move=move,
            root=root,
            run=self._runs.folder(move.quarantine),
            files=self._files,
            operations=self.operations,
            runs=self._runs,
            clock=self._clock,
            denied=lambda path: self._denies(path, writing=True),
            data_held=self._ims_runs,
        )

    def _write(self, item: RemoteItem, found: Reading, tell: Callable[[Progress], None]) -> None:
        resource = item.resource
        if isinstance(resource, Service) and isinstance(found, ServiceState):
            self._write_service(item, resource, found, tell)
        elif isinstance(item, Change) and isinstance(resource, Quarantine):
            if item.after != item.before:
                self.writes.append(item)
                self._runs.change(item)
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
            self._control(lambda: self._set_start(service, start))
        for request in requests:
            self._control(lambda: None)
            for text, elapsed in self._services.carry_out(request, item.timeout):
                tell(Progress(item=item, text=text, elapsed=elapsed, limit=item.timeout))
            if request.service == _IMS and request.control is Control.START:
                self._started()
        if isinstance(item, Action) and item.verb is Verb.WATCH:
            self._watch(item, tell)

    def _watch(self, watch: Action, tell: Callable[[Progress], None]) -> None:
        for text, elapsed in self._services.watch(watch.resource, watch.timeout):
            tell(Progress(item=watch, text=text, elapsed=elapsed, limit=watch.timeout))

    def _control(self, act: Callable[[], None]) -> None:
        try:
            self.operations.do(act)
        except HeldError as error:
            raise RefusedError("the service database is locked by another program") from error

    def _set_start(self, service: Service, start: StartType) -> None:
        self._services.set_start(service, start)
        kept = service_value(service, "Start")
        if self._registry.value(kept) != ABSENT:
            self._registry.put(kept, RegistryData(RegistryType.DWORD, rules.START_NUMBERS[start]))


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
