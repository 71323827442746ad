"""Simulated hosts: Windows-like machines in memory, for tests of playbooks and for the demo.

    simulation = Simulation.load(Path("hosts.yml"))
    connection = simulation.host("ex01").connect()

A host lives as long as its object: what one connection writes, the next one reads. Services keep their times on a
virtual clock, nothing ever sleeps. The file format is on the documentation page "Simulated hosts".
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ndrfix.connections import simulation_file
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.simulated_machine import Machine
from ndrfix.connections.simulated_operations import RestartedError
from ndrfix.connections.simulated_services import SimulatedService, VirtualClock
from ndrfix.connections.simulation import Denial, Fault, FaultAt, FaultKind, HostDescription, Sent, SimulatedFile
from ndrfix.errors import FarSideError, InputError, UnreachableError, did_you_mean
from ndrfix.place import Place
from ndrfix.resources import MessageQueue, RegistryData, RegistryKey, RegistryValue, RemoteItem, Resource


class Simulation:
    """Simulated hosts by name, compared without case.

    The hosts are independent and may be used from different threads.
    """

    def __init__(self, hosts: Mapping[str, HostDescription], *, source: str = "") -> None:
        self._source = source
        self._hosts = {name.casefold(): SimulatedHost(description, name=name) for name, description in hosts.items()}

    @classmethod
    def load(cls, path: Path) -> Simulation:
        """Return the hosts that a YAML file describes.

        Raises:
            InputError: the file cannot be read, or something in it is wrong; names the place.
        """
        return cls(simulation_file.load(path), source=str(path))

    @classmethod
    def parse(cls, text: str, *, source: str = "<text>") -> Simulation:
        """Return the hosts that a YAML text describes; see `load`."""
        return cls(simulation_file.parse(text, source), source=source)

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts' names in the order of the file."""
        return tuple(host.name for host in self._hosts.values())

    def host(self, name: str) -> SimulatedHost:
        """Return the host of that name; always the same object.

        Raises:
            InputError: there is none.
        """
        found = self._hosts.get(name.casefold())
        if found is None:
            place = Place(file=self._source) if self._source else None
            raise InputError(f"there is no simulated host {name!r}{did_you_mean(name, self.names)}", place=place)
        return found


class SimulatedHost:
    """One machine in memory. All methods may be called from any thread.

    `writes` are the items that wrote something, in order; `clock` is the virtual time.
    """

    def __init__(self, description: HostDescription, *, name: str = "") -> None:
        self.name = name or description.computer.name
        self.clock = VirtualClock()
        self._description = description
        self._lock = threading.RLock()
        self._machine = Machine(description, self.clock)
        self._counted: Counter[FaultAt] = Counter()

    @property
    def writes(self) -> tuple[RemoteItem, ...]:
        """The items that changed the host, or began to, since it was made."""
        with self._lock:
            return tuple(self._machine.writes)

    def connect(self) -> SimulatedConnection:
        """Return a connection; the session is opened by its first verb."""
        return SimulatedConnection(self)

    def read(self, resource: Resource) -> Reading:
        """Return the state of one resource as a connection would read it; faults are left out."""
        with self._lock:
            return self._machine.read(resource)

    @property
    def operations(self) -> int:
        """How many single operations (service controls, manifest writes, copies, renames, deletions) were begun."""
        with self._lock:
            return self._machine.operations.count

    def contents(self, queue: MessageQueue) -> Mapping[str, bytes]:
        """What each message of a queue holds, by name; of those that can be opened."""
        with self._lock:
            return self._machine.contents(queue)

    def put_value(self, value: RegistryValue, data: RegistryData | None) -> None:
        """Set a registry value, or remove it (None), as somebody else on the host would: no comparison, no log."""
        with self._lock:
            self._machine.put_value(value, data)

    def put_key(self, key: RegistryKey) -> None:
        """Make a registry key, as somebody else on the host would."""
        with self._lock:
            self._machine.put_key(key)

    def put_service(self, service: SimulatedService) -> None:
        """Install a service or replace it, as somebody else on the host would."""
        with self._lock:
            self._machine.put_service(service)

    def put_file(self, file: SimulatedFile) -> None:
        """Put a file or folder in place, as somebody else on the host would."""
        with self._lock:
            self._machine.put_file(file)

    def files(self, folder: str) -> Mapping[str, bytes]:
        """The files directly in a folder with what they hold, by name."""
        with self._lock:
            return self._machine.files(folder)

    def remove_file(self, path: str) -> None:
        """Take a file away, as somebody else on the host would."""
        with self._lock:
            self._machine.remove_file(path)

    def content(self, path: str) -> bytes:
        """What a file holds; nothing for one that is not there or has no content."""
        with self._lock:
            return self._machine.content(path)

    def add_fault(self, fault: Fault) -> None:
        """Let something go wrong at an operation that is still to come."""
        with self._lock:
            self._machine.operations.add(fault)

    def meanwhile(self, nth: int, act: Callable[[], object]) -> None:
        """Let somebody else act on the host just before an operation that is still to come."""
        with self._lock:
            self._machine.operations.meanwhile(nth, act)

    def restart(self) -> None:
        """Restart the computer: services come up, or not, as their start type has it."""
        with self._lock:
            self._machine.restart()

    def deny(self, denial: Denial) -> None:
        """Take rights away."""
        with self._lock:
            self._machine.deny(denial)

    # --- for SimulatedConnection ------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin a session, or raise what stands in its way."""
        with self._lock:
            if self._description.unreachable:
                raise UnreachableError(self._description.unreachable, host=self.name)
            fault = self._fault(FaultAt.OPEN)
        if fault is None:
            return
        if fault.kind is FaultKind.DENIED:
            raise UnreachableError(
                f"{self.name} refuses the login", host=self.name, next_step="Check the user and the password."
            )
        raise UnreachableError(f"{self.name} does not answer", host=self.name)

    def read_all(self, resources: Sequence[Resource]) -> dict[Resource, Reading]:
        """Read as one request, or raise the fault that is due."""
        with self._lock:
            fault = self._fault(FaultAt.READ)
            if fault is None:
                return {resource: self._machine.read(resource) for resource in resources}
        if fault.kind is FaultKind.DENIED:
            raise FarSideError(f"{self.name} refuses the request: access is denied", host=self.name)
        raise self._lost(sent=False)

    def carry_out(self, item: RemoteItem, tell: Callable[[Progress], None], *, first: bool) -> Outcome:
        """Carry out one item of a request (`first`: nothing of the request was sent before), or raise the fault."""
        with self._lock:
            fault = self._fault(FaultAt.APPLY)
            if fault and fault.kind is not FaultKind.DENIED and fault.sent is Sent.BEFORE:
                raise self._lost(sent=not first)
            denied = fault is not None and fault.kind is FaultKind.DENIED
            try:
                outcome = self._machine.carry_out(item, tell, denied=denied)
            except RestartedError as error:
                self._machine.restart()
                raise self._lost(sent=True) from error
            lost, self._machine.operations.lost = self._machine.operations.lost, False
            if lost or (fault and not denied):
                raise self._lost(sent=True)
            return outcome

    def _lost(self, *, sent: bool) -> UnreachableError:
        return UnreachableError(
            f"the connection to {self.name} was lost",
            host=self.name,
            next_step="Run the same command again.",
            sent=sent,
        )

    def _fault(self, at: FaultAt) -> Fault | None:
        self._counted[at] += 1
        return next(
            (fault for fault in self._description.faults if fault.at is at and fault.nth == self._counted[at]), None
        )


class SimulatedConnection:
    """A session with a simulated host: a `Connection`. After the session is lost, only a new connection helps."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self._opened = False
        self._ended = ""

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """Return the states; see `Connection.read`."""
        self._need_session()
        try:
            return self._host.read_all(resources)
        except UnreachableError as error:
            self._ended = error.what
            raise

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """Carry the items out; see `Connection.apply`."""
        self._need_session()
        for index, item in enumerate(items):
            try:
                outcome = self._host.carry_out(item, on_event, first=index == 0)
            except UnreachableError as error:
                self._ended = error.what
                raise
            yield outcome
            if outcome.status is not OutcomeStatus.DONE:
                return

    def close(self) -> None:
        """End the session; it may be ended already."""
        self._ended = self._ended or f"the connection to {self._host.name} was closed"

    def _need_session(self) -> None:
        if self._ended:
            raise UnreachableError(self._ended, host=self._host.name)
        if not self._opened:
            self._host.open()
            self._opened = True
