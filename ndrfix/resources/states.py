"""The states of resources. ABSENT is a state like any other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Absent:
    """The thing does not exist. Absence is a state like any other, on both sides of a change."""

    def __str__(self) -> str:
        return "absent"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Present:
    """The thing exists, and its existence is all there is to know (a registry key)."""

    def __str__(self) -> str:
        return "present"


PRESENT = Present()


class RegistryType(StrEnum):
    """The registry's data types, by the names that `win_regedit` uses."""

    NONE = "none"
    STRING = "string"
    EXPANDSTRING = "expandstring"
    BINARY = "binary"
    DWORD = "dword"
    QWORD = "qword"
    MULTISTRING = "multistring"


@dataclass(frozen=True, slots=True)
class RegistryData:
    """The typed content of a registry value.

    `data` is `str` for string and expandstring (unexpanded), `bytes` for binary and none, an unsigned `int` for dword
    and qword, and a tuple of `str` for multistring.
    """

    type: RegistryType
    data: str | int | bytes | tuple[str, ...]


class ServiceStatus(StrEnum):
    """The seven states of the service control manager."""

    STOPPED = "stopped"
    START_PENDING = "start_pending"
    STOP_PENDING = "stop_pending"
    RUNNING = "running"
    CONTINUE_PENDING = "continue_pending"
    PAUSE_PENDING = "pause_pending"
    PAUSED = "paused"

    @property
    def word(self) -> str:
        """As people read it: `stopped`; on its way as Windows writes it, `STOP_PENDING`."""
        return self.value.upper() if self.value.endswith("_pending") else self.value


class StartType(StrEnum):
    """How a service is started; `boot` and `system` are for drivers."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    DISABLED = "disabled"
    BOOT = "boot"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """A service that exists. `dependents` are the short names of *running* services that depend on it.

    `image_path` is the raw `ImagePath` value, unexpanded, with its arguments.
    """

    status: ServiceStatus
    start: StartType
    display_name: str = ""
    image_path: str = ""
    dependents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file or folder that exists. `path` is the full path after resolution; `size` in bytes (0 for a folder);
    `modified` is UTC as `YYYY-MM-DDTHH:MM:SSZ`.
    """

    path: str
    size: int
    modified: str
    read_only: bool = False
    directory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersionState:
    """A file with what its version resource says; `version` is the four numbers with dots, empty when it has none."""

    path: str
    version: str
    size: int
    modified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputerState:
    """The computer that answers. `os_version` and `powershell` are dotted numbers, `bits` those of the session's
    process.
    """

    name: str
    os_version: str
    powershell: str = ""
    administrator: bool = True
    bits: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeKey:
    """One key of a registry tree: `path` relative to the tree's top (empty for the top), values in the order read."""

    path: str
    values: tuple[tuple[str, RegistryData], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """A registry key that exists with all that lies below it, down to the depth asked for; parents come before
    children.
    """

    keys: tuple[TreeKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The state could not be read. `reason` is a sentence; `denied` tells that rights are missing."""

    reason: str
    denied: bool = False
