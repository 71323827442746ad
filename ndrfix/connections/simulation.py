"""What a simulated host is made of: the description that a YAML file, or a test, gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.resources import ComputerState, File, RegistryData, RegistryKey, RegistryValue, Service

DEFAULT_MODIFIED = "2000-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFile:
    """A file or folder. `size` in bytes; `modified` is UTC as `YYYY-MM-DDTHH:MM:SSZ`; `version` is empty for none."""

    path: str
    size: int = 0
    modified: str = DEFAULT_MODIFIED
    version: str = ""
    read_only: bool = False
    directory: bool = False


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
    """The moment of a fault: the session is opened, a read is asked for, or an item is carried out."""

    OPEN = "open"
    READ = "read"
    APPLY = "apply"


class FaultKind(StrEnum):
    """What goes wrong: the session (`unreachable` when opened, `lost` later), or the right to do it (`denied`)."""

    UNREACHABLE = "unreachable"
    LOST = "lost"
    DENIED = "denied"


class Sent(StrEnum):
    """Whether the link is lost before an item reaches the host, or after it was carried out."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong once: at the `nth` opening, read or item of the host's life, counted from 1."""

    at: FaultAt
    kind: FaultKind
    nth: int = 1
    sent: Sent = Sent.BEFORE


def _empty() -> MappingProxyType[RegistryKey, Mapping[RegistryValue, RegistryData]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDescription:
    """A simulated host at the moment it is switched on. `unreachable` is the reason why no session is had, if so."""

    computer: ComputerState
    registry: Mapping[RegistryKey, Mapping[RegistryValue, RegistryData]] = field(default_factory=_empty)
    services: tuple[SimulatedService, ...] = ()
    files: tuple[SimulatedFile, ...] = ()
    deny: tuple[Denial, ...] = ()
    faults: tuple[Fault, ...] = ()
    unreachable: str = ""
