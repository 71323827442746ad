"""Simulated hosts read from YAML. Anything unknown or impossible is an error that names its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import (
    Access,
    Denial,
    Fault,
    FaultAt,
    FaultKind,
    HostDescription,
    Sent,
    SimulatedFile,
    SimulatedQueue,
)
from ndrfix.connections.simulation_data import registry_data
from ndrfix.connections.winpath import is_full
from ndrfix.errors import InputError, did_you_mean
from ndrfix.place import Place
from ndrfix.resources import (
    HIVE_NAMES,
    ComputerState,
    File,
    MessageKind,
    RegistryData,
    RegistryKey,
    RegistryValue,
    Service,
    ServiceStatus,
    StartType,
)
from ndrfix.source import Entry, List, Map, Node, Scalar, kind, load_file, load_text

_HOST = (
    "base",
    "computer",
    "registry",
    "services",
    "files",
    "volumes",
    "messages",
    "queue",
    "deny",
    "faults",
    "unreachable",
)
_COMPUTER = ("name", "os_version", "powershell", "administrator", "bits")
_SERVICE = ("display_name", "status", "start", "image", "depends_on", "stop_seconds", "start_seconds", "mode")
_FILE = ("size", "modified", "version", "read_only", "directory", "text", "held")
_QUEUE = ("refill", "delivers", "chokes_on")
_KINDS = {
    FaultAt.OPEN: (FaultKind.UNREACHABLE, FaultKind.DENIED),
    FaultAt.READ: (FaultKind.LOST, FaultKind.DENIED),
    FaultAt.APPLY: (FaultKind.LOST, FaultKind.DENIED),
    FaultAt.OPERATION: (FaultKind.LOST, FaultKind.RESTARTED, FaultKind.DENIED, FaultKind.HELD),
}

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
_Registry = dict[RegistryKey, dict[RegistryValue, RegistryData]]


def load(path: Path) -> dict[str, HostDescription]:
    """Return the hosts of a file by name; see `Simulation.load`."""
    return _hosts(load_file(path), str(path))


def parse(text: str, source: str) -> dict[str, HostDescription]:
    """Return the hosts of a text by name; `source` is its name in places."""
    return _hosts(load_text(text, source), source)


def _hosts(root: Node | None, source: str) -> dict[str, HostDescription]:
    if root is None:
        raise InputError("the simulation describes no host", place=Place(file=source))
    entries = {entry.key.text: entry for entry in _map(root, "hosts by name").entries}
    return {name: _Hosts(entries).host(name, ()) for name in entries}


@dataclass(frozen=True, slots=True)
class _Hosts:
    """The hosts of a file, of which one may begin as another."""

    entries: Mapping[str, Entry]

    def host(self, name: str, seen: tuple[str, ...]) -> HostDescription:
        entry = self.entries[name]
        fields = _fields(entry.value, _HOST, f"host {name}")
        base = self._base(fields.get("base"), (*seen, name))
        computer = base.computer if base else ComputerState(name=name.upper(), os_version="5.0.2195")
        if "computer" in fields:
            computer = _computer(fields["computer"], computer)
        elif base:
            computer = replace(computer, name=name.upper())
        inherited = base.queue if base else SimulatedQueue()
        if "messages" in fields:
            inherited = replace(inherited, messages=_messages(fields["messages"]))
        services = _services(fields.get("services"), base.services if base else ())
        return HostDescription(
            computer=computer,
            registry=_registry(fields.get("registry"), base.registry if base else {}),
            services=services,
            files=_files(fields.get("files"), base.files if base else ()),
            queue=_queue(fields["queue"], inherited) if "queue" in fields else inherited,
            volumes=_volumes(fields.get("volumes"), base.volumes if base else {}),
            deny=_each(fields, "deny", base.deny if base else (), lambda node: _denial(node, services)),
            faults=_each(fields, "faults", base.faults if base else (), _fault),
            unreachable=_text(fields["unreachable"]) if "unreachable" in fields else "",
        )

    def _base(self, node: Node | None, seen: tuple[str, ...]) -> HostDescription | None:
        if node is None:
            return None
        name = _text(node)
        if name not in self.entries:
            raise InputError(f"there is no host {name!r}{did_you_mean(name, self.entries)}", place=node.place)
        if name in seen:
            raise InputError(f"the host {name!r} begins as itself: {' -> '.join((*seen, name))}", place=node.place)
        return self.host(name, seen)


# --- parts of a host ------------------------------------------------------------------------------------------------


def _computer(node: Node, base: ComputerState) -> ComputerState:
    fields = _fields(node, _COMPUTER, "computer")
    return ComputerState(
        name=_text(fields["name"]) if "name" in fields else base.name,
        os_version=_text(fields["os_version"]) if "os_version" in fields else base.os_version,
        powershell=_text(fields["powershell"]) if "powershell" in fields else base.powershell,
        administrator=_flag(fields["administrator"]) if "administrator" in fields else base.administrator,
        bits=int(_number(fields["bits"])) if "bits" in fields else base.bits,
    )


def _registry(node: Node | None, base: Mapping[RegistryKey, Mapping[RegistryValue, RegistryData]]) -> _Registry:
    registry: _Registry = {key: dict(values) for key, values in base.items()}
    for entry in _map(node, "registry").entries if node else ():
        key = _key(entry.key)
        values = registry.setdefault(key, {})
        if _is_null(entry.value):
            del registry[key]
            continue
        for value in _map(entry.value, f"values of {key}").entries:
            resource = RegistryValue(key, value.key.text)
            values.pop(resource, None)
            if not _is_null(value.value):
                values[resource] = registry_data(value.value)
    return registry


def _services(node: Node | None, base: tuple[SimulatedService, ...]) -> tuple[SimulatedService, ...]:
    services = {Service(service.name): service for service in base}
    for entry in _map(node, "services").entries if node else ():
        name = Service(entry.key.text)
        inherited = services.pop(name, SimulatedService(name=name.name))
        if not _is_null(entry.value):
            services[name] = _service(entry, inherited)
    return tuple(services.values())


def _service(entry: Entry, base: SimulatedService) -> SimulatedService:
    fields = _fields(entry.value, _SERVICE, f"service {base.name}")
    return SimulatedService(
        name=base.name,
        display_name=_text(fields["display_name"]) if "display_name" in fields else base.display_name,
        status=_choice(fields["status"], ServiceStatus) if "status" in fields else base.status,
        start=_choice(fields["start"], StartType) if "start" in fields else base.start,
        image=_text(fields["image"]) if "image" in fields else base.image,
        depends_on=_texts(fields["depends_on"]) if "depends_on" in fields else base.depends_on,
        stop_seconds=_number(fields["stop_seconds"]) if "stop_seconds" in fields else base.stop_seconds,
        start_seconds=_number(fields["start_seconds"]) if "start_seconds" in fields else base.start_seconds,
        mode=_choice(fields["mode"], ServiceMode) if "mode" in fields else base.mode,
    )


def _files(node: Node | None, base: tuple[SimulatedFile, ...]) -> tuple[SimulatedFile, ...]:
    files = {File(file.path): file for file in base}
    for entry in _map(node, "files").entries if node else ():
        path = entry.key.text
        if not is_full(path):
            raise InputError(f"{path!r} is not a full path (C:\\… or \\\\server\\…)", place=entry.key.place)
        inherited = files.pop(File(path), SimulatedFile(path=path))
        if not _is_null(entry.value):
            files[File(path)] = _file(entry.value, inherited)
    return tuple(files.values())


def _file(node: Node, base: SimulatedFile) -> SimulatedFile:
    fields = _fields(node, _FILE, f"file {base.path}")
    return SimulatedFile(
        path=base.path,
        size=int(_number(fields["size"])) if "size" in fields else base.size,
        modified=_modified(fields["modified"]) if "modified" in fields else base.modified,
        version=_text(fields["version"]) if "version" in fields else base.version,
        read_only=_flag(fields["read_only"]) if "read_only" in fields else base.read_only,
        directory=_flag(fields["directory"]) if "directory" in fields else base.directory,
        content=_text(fields["text"]).encode() if "text" in fields else base.content,
        held=_flag(fields["held"]) if "held" in fields else base.held,
    )


def _volumes(node: Node | None, base: Mapping[str, int]) -> dict[str, int]:
    volumes = dict(base)
    for entry in _map(node, "volumes").entries if node else ():
        letter = entry.key.text.removesuffix(":").upper()
        if not re.fullmatch(r"[A-Z]", letter):
            raise InputError(f"{entry.key.text!r} is not the letter of a drive", place=entry.key.place)
        volumes[letter] = int(_number(entry.value))
    return volumes


def _messages(node: Node) -> tuple[tuple[MessageKind, int], ...]:
    fields = _fields(node, tuple(each.value for each in MessageKind), "messages")
    return tuple((MessageKind(name), int(_number(count))) for name, count in fields.items())


def _queue(node: Node, base: SimulatedQueue) -> SimulatedQueue:
    fields = _fields(node, _QUEUE, "queue")
    return SimulatedQueue(
        messages=base.messages,
        refill=int(_number(fields["refill"])) if "refill" in fields else base.refill,
        delivers=_flag(fields["delivers"]) if "delivers" in fields else base.delivers,
        chokes_on=_texts(fields["chokes_on"]) if "chokes_on" in fields else base.chokes_on,
    )


def _denial(node: Node, services: tuple[SimulatedService, ...]) -> Denial:
    if isinstance(node, Scalar):
        return Denial(_denied(node, services))
    fields = _fields(node, ("to", "access"), "denial", needed=("to",))
    access = _choice(fields["access"], Access) if "access" in fields else Access.ALL
    return Denial(_denied(fields["to"], services), access)


def _denied(node: Node, services: tuple[SimulatedService, ...]) -> RegistryKey | Service | File:
    text = _text(node)
    if is_full(text):
        return File(text)
    if text.partition("\\")[0].removesuffix(":").upper() in HIVE_NAMES and isinstance(node, Scalar):
        return _key(node)
    names = [service.name for service in services]
    if Service(text) not in map(Service, names):
        raise InputError(
            f"{text!r} is neither a registry key, a full path nor a service of this host{did_you_mean(text, names)}",
            place=node.place,
        )
    return Service(text)


def _fault(node: Node) -> Fault:
    fields = _fields(node, ("at", "kind", "nth", "sent"), "fault", needed=("at", "kind"))
    at, what = _choice(fields["at"], FaultAt), _choice(fields["kind"], FaultKind)
    if what not in _KINDS[at]:
        place = fields["kind"].place
        raise InputError(f"at {at} a fault is one of {', '.join(_KINDS[at])}, not {what}", place=place)
    carried_out = at in (FaultAt.APPLY, FaultAt.OPERATION) and what in (FaultKind.LOST, FaultKind.RESTARTED)
    if "sent" in fields and not carried_out:
        text = "'sent' is only for a connection lost at apply, or a loss or restart at an operation"
        raise InputError(text, place=fields["sent"].place)
    sent = _choice(fields["sent"], Sent) if "sent" in fields else Sent.BEFORE
    if sent is Sent.DURING and what is not FaultKind.RESTARTED:
        raise InputError("'during' is only for a restart", place=fields["sent"].place)
    nth = int(_number(fields["nth"])) if "nth" in fields else 1
    if nth < 1:
        raise InputError("'nth' counts from 1", place=fields["nth"].place)
    return Fault(at=at, kind=what, nth=nth, sent=sent)


# --- values ---------------------------------------------------------------------------------------------------------


def _map(node: Node, what: str) -> Map:
    if not isinstance(node, Map):
        raise InputError(f"{what}: a mapping is needed, not {kind(node)}", place=node.place)
    return node


def _fields(node: Node, known: tuple[str, ...], what: str, *, needed: tuple[str, ...] = ()) -> dict[str, Node]:
    if _is_null(node) and not needed:
        return {}
    entries = _map(node, what).entries
    for entry in entries:
        name = entry.key.text
        if name not in known:
            guess = did_you_mean(name, known)
            raise InputError(
                f"{what}: there is no {name!r} here{guess}",
                place=entry.key.place,
                next_step=f"Known are: {', '.join(known)}.",
            )
    fields = {entry.key.text: entry.value for entry in entries}
    missing = [name for name in needed if name not in fields]
    if missing:
        raise InputError(f"{what}: {', '.join(missing)} is missing", place=node.place)
    return fields


def _each(fields: Mapping[str, Node], name: str, inherited: tuple[T, ...], build: Callable[[Node], T]) -> tuple[T, ...]:
    if name not in fields:
        return inherited
    node = fields[name]
    if not isinstance(node, List):
        raise InputError(f"{name}: a list is needed, not {kind(node)}", place=node.place)
    return tuple(build(item) for item in node.items)


def _key(scalar: Scalar) -> RegistryKey:
    try:
        return RegistryKey.parse(scalar.text)
    except ValueError as error:
        raise InputError(str(error), place=scalar.place) from error


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _text(node: Node) -> str:
    # A version such as 4.0 is a number to YAML; what counts is how it was written.
    if isinstance(node, Scalar) and isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
        return node.text
    raise InputError(f"a text is needed, not {kind(node)}", place=node.place)


def _texts(node: Node) -> tuple[str, ...]:
    items: Iterable[Node] = node.items if isinstance(node, List) else (node,)
    return tuple(_text(item) for item in items)


def _flag(node: Node) -> bool:
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    raise InputError(f"yes or no is needed, not {kind(node)}", place=node.place)


def _number(node: Node) -> float:
    if isinstance(node, Scalar) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        if node.value >= 0:
            return node.value
        raise InputError(f"{node.text} is negative", place=node.place)
    raise InputError(f"a number is needed, not {kind(node)}", place=node.place)


def _modified(node: Node) -> str:
    text = node.text if isinstance(node, Scalar) else ""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        raise InputError("a time is written as 2004-07-20T13:45:00Z (UTC)", place=node.place)
    return text


def _choice(node: Node, choices: type[E]) -> E:
    text = _text(node)
    known = [choice.value for choice in choices]
    if text not in known:
        raise InputError(
            f"{text!r} is not one of {', '.join(known)}{did_you_mean(text, known)}",
            place=node.place,
        )
    return choices(text)
