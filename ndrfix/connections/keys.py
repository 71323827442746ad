"""How registry keys relate to each other: parents, what lies below, and the order in which a tree lists them."""

from __future__ import annotations

from ndrfix.resources import RegistryKey, RegistryValue, Service, fold

_SERVICES = "SYSTEM\\CurrentControlSet\\Services"


def lineage(key: RegistryKey) -> tuple[RegistryKey, ...]:
    """The key with all keys above it, the top one first, the key itself last."""
    parts = key.path.split("\\")
    return tuple(RegistryKey(key.hive, "\\".join(parts[: count + 1])) for count in range(len(parts)))


def below(key: RegistryKey, path: str) -> RegistryKey:
    """The key at a path relative to another; an empty path is the key itself."""
    return RegistryKey(key.hive, f"{key.path}\\{path}") if path else key


def relative(key: RegistryKey, top: RegistryKey) -> tuple[str, ...] | None:
    """The folded names that lead from `top` down to `key` (empty: the same key), None when it is not below."""
    if key.hive is not top.hive:
        return None
    names, above = fold(key.path).split("\\"), fold(top.path).split("\\")
    return tuple(names[len(above) :]) if names[: len(above)] == above else None


def last_name(key: RegistryKey) -> str:
    """The key's own name, without what stands above it."""
    return key.path.rpartition("\\")[2]


def service_value(service: Service, name: str) -> RegistryValue:
    """A value of the registry key in which the service control manager keeps a service."""
    return RegistryValue(RegistryKey.parse(f"HKLM\\{_SERVICES}\\{service.name}"), name)
