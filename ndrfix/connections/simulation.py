"""What a simulated host is made of: the description that a YAML file, or a test, gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.resources import ComputerState, File, MessageKind, RegistryData, RegistryKey, RegistryValue, Service

DEFAULT_MODIFIED = "2000-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFile:
    """A file or folder. `size` in bytes; `modified` is UTC as `YYYY-MM-DDTHH:MM:SSZ`; `version` is empty for none.

    `content`, where it is given, is what the file holds, and its size counts. `held`: another program holds it open and
    shares it with nobody. `volume` is the letter of the volume that is mounted at a folder.
    """

    path: str
    size: int = 0
    modified: str = DEFAULT_MODIFIED
    version: str = ""
    read_only: bool = False
    directory: bool = False
    content: bytes | None = None
    held: bool = False
    volume: str = ""

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.size if self.content is None else len(self.content)


class Access(StrEnum):
    """What a denial takes away."""

    READ = "read"
    WRITE = "write"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Denial:
    """A key (with all below it), a service or a file (with all below it) to which rights are missing."""

    resource: RegistryKey | Service | File
    access: Access = Access.ALL

    @property
    def reads(self) -> bool:
        """Whether reading is denied."""
        return self.access is not Access.WRITE

    @property
    def writes(self) -> bool:
        """Whether writing is denied."""
        return self.access is not Access.READ


class FaultAt(StrEnum):
    """The moment of a fault: the session is opened, a read is asked for, an item is carried out, or one operation of it
    (a service is controlled, a manifest written, a file renamed or deleted).
    """

    OPEN = "open"
    READ = "read"
    APPLY = "apply"
    OPERATION = "operation"


class FaultKind(StrEnum):
    """What goes wrong: the session (`unreachable` when opened, `lost` later), or the right to do it (`denied`).

    At an operation, `lost` leaves the host at work to the end of the item; `restarted` is a restart of the computer,
    with which its work ends at once; `held`: another program has the file open.
    """

    UNREACHABLE = "unreachable"
    LOST = "lost"
    DENIED = "denied"
    RESTARTED = "restarted"
    HELD = "held"


class Sent(StrEnum):
    """Whether the link is lost before an item reaches the host, or after it was carried out.

    `during` is for a restart alone: what was being written is there in part.
    """

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong once: at the `nth` opening, read, item or operation of the host's life, from 1."""

    at: FaultAt
    kind: FaultKind
    nth: int = 1
    sent: Sent = Sent.BEFORE


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedQueue:
    """What lies in the queue, so many made-up `messages` of each kind, and how the Internet Mail Service works on it.

    At every start `refill` non-delivery reports flow back from the store, unless a documented number suppresses them;
    with `delivers` mail of users has left the queue 5 virtual seconds after a start. A message in `chokes_on`, by name,
    makes the service stop again 3 virtual seconds after a start.
    """

    messages: tuple[tuple[MessageKind, int], ...] = ()
    refill: int = 0
    delivers: bool = False
    chokes_on: tuple[str, ...] = ()


def _empty() -> MappingProxyType[RegistryKey, Mapping[RegistryValue, RegistryData]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDescription:
    """A simulated host at the moment it is switched on. `unreachable` is the reason why no session is had, if so.

    `volumes` are the bytes free on a drive, by its letter; on others, and on shares, there are 4 GB.
    """

    computer: ComputerState
    registry: Mapping[RegistryKey, Mapping[RegistryValue, RegistryData]] = field(default_factory=_empty)
    services: tuple[SimulatedService, ...] = ()
    files: tuple[SimulatedFile, ...] = ()
    deny: tuple[Denial, ...] = ()
    faults: tuple[Fault, ...] = ()
    queue: SimulatedQueue = SimulatedQueue()
    volumes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    unreachable: str = ""
