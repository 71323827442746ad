"""The hosts' side of a campaign, in a process of its own: hosts, faults, and what became of the hosts."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.managers import BaseManager

import yaml

from ndrfix.connections.base import Reading
from ndrfix.connections.simulated import Simulation
from ndrfix.resources import RegistryKey, RegistryValue, RemoteItem, Service
from ndrfix.testing import Drop, HostListener, RequestKind, Rule, WinRMEndpoint

OPTIONS = RegistryValue(
    RegistryKey.parse(r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters"), "SuppressNDROptions"
)
IMS = Service("MSExchangeIMC")
_HOSTS = r"""
server:
  computer: {name: MAIL, os_version: 5.0.2195}
  registry:
    HKLM\SOFTWARE\Microsoft\Exchange\Setup: {Services: 'C:\exchsrvr', ServicePackNumber: 4, NewestBuild: 0xA5D}
    HKLM\SOFTWARE\Microsoft\Updates\Exchange Server 5.5\SP5\837794: {Description: Exchange Server 5.5 Hotfix 837794}
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata', RelayFlags: 8}
  services:
    MSExchangeIMC:
      display_name: Microsoft Exchange Internet Mail Service
      image: C:\exchsrvr\connect\msexcimc\bin\msexcimc.exe
      stop_seconds: 2
  files:
    C:\exchsrvr\connect\msexcimc\bin\msexcimc.exe: {version: 5.5.2658.3, size: 503568}
jump:
  computer: {name: JUMP, os_version: 10.0.17763}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Control: {SCMApiConnectionParam: 0x80000000}
  services: {mrxsmb10: {}}
"""
_PATIENCE = 60.0


class Route(StrEnum):
    """How a host is reached: the scheme of logging on, or a management host of its own (by NTLM)."""

    NTLM = "ntlm"
    BASIC = "basic"
    VIA = "via"


Variables = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A host as it is: `writes` are the items that were carried out since it was served, `faults` counts rules that
    took effect; `shells` and the like are those of its management host if it has one.
    """

    writes: tuple[RemoteItem, ...]
    value: Reading
    service: Reading
    shells: int
    most_shells: int
    faults: int
    requests: int
    creates: int
    connections: int


@dataclass(frozen=True, slots=True)
class Tape(Rule):
    """A rule that never takes effect and notes every request: its kind, and how many items were written before it."""

    wrote: list[RemoteItem] = field(kw_only=True)
    heard: list[tuple[RequestKind, int]] = field(default_factory=list, kw_only=True)

    def covers(self, kind: RequestKind) -> bool:
        """See `Rule.covers`."""
        self.heard.append((kind, len(self.wrote)))
        return False


class Ground:
    """Simulated Exchange hosts behind an endpoint. Its methods are called from another process."""

    def __init__(self) -> None:
        self._endpoint = WinRMEndpoint(Simulation.parse(_HOSTS))
        self._routes: Mapping[str, Route] = {}
        self._tapes: dict[str, Tape] = {}

    def serve(self, routes: Mapping[str, Route]) -> dict[str, Variables]:
        """Begin with hosts of these names, in place of those of before; the variables by which they are reached."""
        self._endpoint.close()
        hosts = yaml.safe_load(_HOSTS)
        for name, route in routes.items():
            hosts[name] = {"base": "server", "computer": {"name": name.upper()}}
            if route is Route.VIA:
                hosts[_jump(name)] = {"base": "jump", "computer": {"name": _jump(name).upper()}}
        self._endpoint, self._routes = WinRMEndpoint(Simulation.parse(yaml.safe_dump(hosts))), dict(routes)
        self._endpoint.start()
        return dict(self._variables())

    def _variables(self) -> Iterator[tuple[str, Variables]]:
        for name, route in self._routes.items():
            if route is Route.VIA:
                yield _jump(name), self._wire(name).variables("ntlm")
                yield name, self._endpoint.host(name).variables(via=self._wire(name))
            else:
                yield name, self._wire(name).variables(route.value)

    def end(self) -> None:
        """Serve no more."""
        self._endpoint.close()

    def _wire(self, name: str) -> HostListener:
        """The listener that speaks with ndrfix for the host."""
        return self._endpoint.host(_jump(name) if self._routes[name] is Route.VIA else name)

    def inject(self, rules: Mapping[str, tuple[Rule, ...]]) -> None:
        """Put faults in force, by host."""
        for name, some in rules.items():
            self._wire(name).inject(*some)

    def settle(self, names: Iterable[str]) -> None:
        """Lift all faults, and wait until each host is through with all that it was sent and can be reached."""
        names = list(names)
        for name in names:
            self._wire(name).clear()
        for name in names:
            _settle(self._wire(name))

    def tape(self, names: Iterable[str]) -> None:
        """Note from now on what is asked of these hosts."""
        for name in names:
            wrote = self._endpoint.host(name).host._machine.writes
            self._wire(name).clear()
            self._tapes[name] = Tape(Drop(), wrote=wrote)
            self._wire(name).inject(self._tapes[name])

    def heard(self, name: str) -> list[tuple[RequestKind, int]]:
        """Each request of a host since `tape`, with how many items were written before it."""
        return list(self._tapes[name].heard)

    def look(self, names: Iterable[str]) -> dict[str, Look]:
        """How the hosts are."""
        return {name: self._look(name) for name in names}

    def _look(self, name: str) -> Look:
        host, counts = self._endpoint.host(name).host, self._wire(name).counts
        return Look(
            writes=host.writes,
            value=host.read(OPTIONS),
            service=host.read(IMS),
            shells=counts.shells,
            most_shells=counts.most_shells,
            faults=counts.faults,
            requests=counts.total,
            creates=counts.requests.get(RequestKind.CREATE, 0),
            connections=counts.connections,
        )

    def undo(self, names: Iterable[str]) -> None:
        """Remove the value, as somebody else would, so that there is work again."""
        for name in names:
            self._endpoint.host(name).host.put_value(OPTIONS, None)


def _jump(name: str) -> str:
    return f"j{name}"


def _settle(listener: HostListener) -> None:
    pause = threading.Event()
    listener.wait(lambda counts: counts.connections == 0, timeout=_PATIENCE)
    before = listener.counts.accepted
    while True:
        try:
            socket.create_connection((listener.address, listener.port), timeout=10).close()
            break
        except ConnectionRefusedError:
            pause.wait(0.05)
    listener.wait(lambda counts: counts.accepted > before and counts.connections == 0, timeout=_PATIENCE)


class _Manager(BaseManager):
    """Runs the ground's process."""

    begin: Callable[[], Ground]


_Manager.register("begin", Ground)


@contextmanager
def grounds() -> Iterator[Ground]:
    """A ground in a process of its own while the `with` block lasts."""
    with _Manager(ctx=multiprocessing.get_context("spawn")) as manager:
        ground = manager.begin()
        yield ground
        ground.end()
