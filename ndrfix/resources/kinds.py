"""The kinds of things on a host: a resource says which thing. Compared as Windows compares names, without case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


def fold(text: str) -> str:
    """The form in which Windows compares names: upper case letter by letter, so that no letter becomes two."""
    if text.isascii():
        upper = text.upper()
        return text if upper == text else upper  # most names of messages are, and there are many
    return "".join(up if len(up := char.upper()) == 1 else char for char in text)


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


def path_identity(path: str | Located) -> tuple[object, ...]:
    """What equality of paths goes by: neither case nor the kind of slash counts."""
    return path.identity if isinstance(path, Located) else (fold(path.replace("/", "\\").rstrip("\\")),)


@dataclass(frozen=True, slots=True, eq=False)
class File(_Named):
    """A file or folder. State: `FileState` or `ABSENT`."""

    path: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return path_identity(self.path)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class FileVersion(_Named):
    """A program file and its version resource. State: `FileVersionState` or `ABSENT`."""

    path: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return path_identity(self.path)

    def __str__(self) -> str:
        return f"version of {self.path}"


@dataclass(frozen=True, slots=True, eq=False)
class Computer(_Named):
    """The computer at the far end of the connection. State: `ComputerState`."""

    def __str__(self) -> str:
        return "computer"


COMPUTER = Computer()
