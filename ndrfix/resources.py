"""What can be observed and changed on a host: resources, their states, and the items that a step may plan.

A resource says *which thing*, a state says *how it is*. Both are frozen values. Names of keys, values, services and
files are compared as Windows compares them (without case); the spelling that the user gave is kept for display.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


def fold(text: str) -> str:
    """The form in which Windows compares names: upper case letter by letter, so that no letter becomes two."""
    return text.upper() if text.isascii() else "".join(up if len(up := char.upper()) == 1 else char for char in text)


# --- states ---------------------------------------------------------------------------------------------------------


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


State = Absent | Present | RegistryData | ServiceState | FileState | FileVersionState | ComputerState | TreeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The state could not be read. `reason` is a sentence; `denied` tells that rights are missing."""

    reason: str
    denied: bool = False


# --- resources ------------------------------------------------------------------------------------------------------


class Hive(StrEnum):
    """The roots of the registry, by their short names."""

    HKLM = "HKLM"
    HKCR = "HKCR"
    HKCU = "HKCU"
    HKU = "HKU"
    HKCC = "HKCC"


HIVE_NAMES: dict[str, Hive] = {
    "HKLM": Hive.HKLM,
    "HKEY_LOCAL_MACHINE": Hive.HKLM,
    "HKCR": Hive.HKCR,
    "HKEY_CLASSES_ROOT": Hive.HKCR,
    "HKCU": Hive.HKCU,
    "HKEY_CURRENT_USER": Hive.HKCU,
    "HKU": Hive.HKU,
    "HKEY_USERS": Hive.HKU,
    "HKCC": Hive.HKCC,
    "HKEY_CURRENT_CONFIG": Hive.HKCC,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """Equality and hash by `identity`, a tuple in which names are folded."""

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, _Named) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.identity))


@dataclass(frozen=True, slots=True, eq=False)
class RegistryKey(_Named):
    r"""A registry key. Only `\` separates: `Ciphers\DES 56/56` is one key below `Ciphers`."""

    hive: Hive
    path: str

    @classmethod
    def parse(cls, text: str) -> RegistryKey:
        r"""The key that a user's spelling means: `HKLM\…`, `HKLM:\…`, `HKEY_LOCAL_MACHINE\…`, doubled backslashes.

        Raises:
            ValueError: the text does not begin with the name of a hive, or names no key below it.
        """
        parts = [part for part in text.strip().split("\\") if part]
        root = parts[0].removesuffix(":").upper() if parts else ""
        if root not in HIVE_NAMES:
            raise ValueError(f"{text!r} does not begin with a registry hive (HKLM, HKEY_LOCAL_MACHINE, HKLM:, …)")
        if len(parts) < 2:
            raise ValueError(f"{text!r} names a whole hive, a key below it is needed")
        return cls(HIVE_NAMES[root], "\\".join(parts[1:]))

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return (self.hive, fold(self.path))

    def __str__(self) -> str:
        return f"{self.hive}\\{self.path}"


@dataclass(frozen=True, slots=True, eq=False)
class RegistryValue(_Named):
    """A value of a key; `name` is empty for the unnamed default value. State: `RegistryData` or `ABSENT`."""

    key: RegistryKey
    name: str

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return (self.key.identity, fold(self.name))

    def __str__(self) -> str:
        return f"{self.key}\\{self.name or '(default)'}"


@dataclass(frozen=True, slots=True, eq=False)
class RegistryTree(_Named):
    """A key with all that lies below it, `depth` levels deep (0: the key's own values). State: `TreeState` or
    `ABSENT`.
    """

    key: RegistryKey
    depth: int

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return (self.key.identity, self.depth)

    def __str__(self) -> str:
        return f"{self.key}\\… ({self.depth} levels)"


@dataclass(frozen=True, slots=True, eq=False)
class Service(_Named):
    """A service by its short name, taken literally. State: `ServiceState` or `ABSENT`."""

    name: str

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return (fold(self.name),)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Located(_Named):
    r"""A path that the far side works out while it answers: the content of a registry value, or the program of a
    service (its `ImagePath` without quotes and arguments), followed by `tail` (`\out`; `\..\x.dll` is allowed).
    """

    base: RegistryValue | Service
    tail: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return (type(self.base).__name__, self.base.identity, fold(self.tail))

    def __str__(self) -> str:
        return f"<{self.base}>{self.tail}"


def _path_identity(path: str | Located) -> tuple[object, ...]:
    return path.identity if isinstance(path, Located) else (fold(path.replace("/", "\\").rstrip("\\")),)


@dataclass(frozen=True, slots=True, eq=False)
class File(_Named):
    """A file or folder. State: `FileState` or `ABSENT`."""

    path: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return _path_identity(self.path)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class FileVersion(_Named):
    """A program file and its version resource. State: `FileVersionState` or `ABSENT`."""

    path: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return _path_identity(self.path)

    def __str__(self) -> str:
        return f"version of {self.path}"


@dataclass(frozen=True, slots=True, eq=False)
class Computer(_Named):
    """The computer at the far end of the connection. State: `ComputerState`."""

    def __str__(self) -> str:
        return "computer"


Resource = RegistryValue | RegistryKey | RegistryTree | Service | File | FileVersion | Computer
COMPUTER = Computer()


# --- items ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A state to be replaced by another: written only when `before` is still what is there. Its reverse is the swap.

    Can be written: `RegistryValue` (data or ABSENT; missing keys are made), `RegistryKey` (PRESENT or ABSENT; removed
    only when it has no subkeys), `Service` (status and start type; a status that is to be reached is stopped or
    running). `timeout` is the limit in seconds for reaching the new state.
    """

    resource: RegistryValue | RegistryKey | Service
    before: State
    after: State
    timeout: float = field(default=60.0, compare=False)

    def reversed(self) -> Change:
        """The change that takes this one back."""
        return Change(resource=self.resource, before=self.after, after=self.before, timeout=self.timeout)


class Verb(StrEnum):
    """What an action does."""

    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to do that is no state. `timeout`, in seconds, holds for each half of it (stop, then start)."""

    verb: Verb
    resource: Service
    timeout: float = field(default=600.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file for the run folder on the consultant's machine; `path` is relative with forward slashes."""

    path: str
    content: bytes


RemoteItem = Change | Action
Item = Change | Action | Artifact
