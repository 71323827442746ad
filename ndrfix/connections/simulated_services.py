"""The service control manager of a simulated host, on a virtual clock: it waits without anybody waiting."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ndrfix.connections.rules import SETTLES, Control, RefusedError, Request
from ndrfix.resources import ABSENT, Absent, Service, ServiceState, ServiceStatus, StartType

# A service that takes its time gives a sign of life every so many virtual seconds.
_POLL = 5.0

_PENDING = {
    Control.STOP: ServiceStatus.STOP_PENDING,
    Control.START: ServiceStatus.START_PENDING,
    Control.CONTINUE: ServiceStatus.CONTINUE_PENDING,
}
_DOING = {
    ServiceStatus.START_PENDING: "starting",
    ServiceStatus.STOP_PENDING: "stopping",
    ServiceStatus.PAUSE_PENDING: "pausing",
    ServiceStatus.CONTINUE_PENDING: "continuing",
}


class ServiceMode(StrEnum):
    """How a simulated service behaves when it is told to stop or to start.

    `never-stops` stays STOP_PENDING and `never-starts` START_PENDING; `fails-to-start` ends STOPPED before it ever ran;
    `dies-at-start` runs and is STOPPED at once.
    """

    OK = "ok"
    NEVER_STOPS = "never-stops"
    NEVER_STARTS = "never-starts"
    FAILS_TO_START = "fails-to-start"
    DIES_AT_START = "dies-at-start"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedService:
    """A service as a simulation describes it; `stop_seconds` and `start_seconds` are its times on the virtual clock."""

    name: str
    display_name: str = ""
    status: ServiceStatus = ServiceStatus.RUNNING
    start: StartType = StartType.AUTOMATIC
    image: str = ""
    depends_on: tuple[str, ...] = ()
    stop_seconds: float = 1.0
    start_seconds: float = 1.0
    mode: ServiceMode = ServiceMode.OK


@dataclass(slots=True)
class VirtualClock:
    """The time of one simulated host, in seconds since it was made."""

    seconds: float = 0.0


@dataclass(slots=True)
class _Running:
    """A service in time: what it is now, and when a pending status ends."""

    made: SimulatedService
    status: ServiceStatus
    start: StartType
    due: float = field(default=math.inf)
    dies: float = field(default=math.inf)


class ServiceControl:
    """The services of a host."""

    def __init__(self, services: tuple[SimulatedService, ...], clock: VirtualClock) -> None:
        self._clock = clock
        self._services: dict[Service, _Running] = {}
        for service in services:
            self.put(service)

    def put(self, made: SimulatedService) -> None:
        """Install a service, or replace the one of that name."""
        running = _Running(made, made.status, made.start)
        self._services[Service(made.name)] = running
        if made.status in SETTLES:
            self._begin(running, made.status)

    def made(self, service: Service) -> SimulatedService | None:
        """The description of a service with its present status and start type, None when there is none."""
        found = self._services.get(service)
        return replace(found.made, status=self._status(found), start=found.start) if found else None

    def depends_on(self, service: Service) -> tuple[str, ...]:
        """The short names of the services that this one needs."""
        found = self._services.get(service)
        return found.made.depends_on if found else ()

    def state(self, service: Service) -> ServiceState | Absent:
        """The service as it is now on the virtual clock."""
        found = self._services.get(service)
        if found is None:
            return ABSENT
        dependents = (
            other.made.name
            for other in self._services.values()
            if service in map(Service, other.made.depends_on) and self._status(other) is not ServiceStatus.STOPPED
        )
        return ServiceState(
            status=self._status(found),
            start=found.start,
            display_name=found.made.display_name,
            image_path=found.made.image,
            dependents=tuple(sorted(dependents)),
        )

    def names(self) -> tuple[Service, ...]:
        """All services."""
        return tuple(self._services)

    def die(self, service: Service, *, after: float) -> None:
        """Let the service stop by itself after so many seconds, unless it is told to stop before."""
        self._services[service].dies = self._clock.seconds + after

    def boot(self, service: Service) -> None:
        """The service after a restart of the computer."""
        running = self._services[service].start in (StartType.AUTOMATIC, StartType.BOOT, StartType.SYSTEM)
        found = self._services[service]
        found.status, found.due = ServiceStatus.RUNNING if running else ServiceStatus.STOPPED, math.inf
        found.dies = math.inf

    def set_start(self, service: Service, start: StartType) -> None:
        """Set the start type of a service that exists."""
        self._services[service].start = start

    def carry_out(self, request: Request, limit: float) -> Iterator[tuple[str, float]]:
        """Do what is requested and yield a text and the seconds since the beginning, as signs of life.

        Raises:
            RefusedError: not settled within `limit` seconds, or settled where it should not.
        """
        service, began = self._services[request.service], self._clock.seconds
        yield from self._wait(service, began, limit)
        if request.control is Control.WAIT:
            return
        self._begin(service, _PENDING[request.control])
        yield from self._wait(service, began, limit)
        self._judge(service, request.control)

    def _begin(self, service: _Running, pending: ServiceStatus) -> None:
        made = service.made
        stopping = pending is ServiceStatus.STOP_PENDING
        stuck = ServiceMode.NEVER_STOPS if stopping else ServiceMode.NEVER_STARTS
        hangs = made.mode is stuck and pending in (ServiceStatus.STOP_PENDING, ServiceStatus.START_PENDING)
        seconds = made.stop_seconds if stopping else made.start_seconds
        service.status, service.dies = pending, math.inf
        service.due = math.inf if hangs else self._clock.seconds + seconds

    def _status(self, service: _Running) -> ServiceStatus:
        if service.status in SETTLES and service.due <= self._clock.seconds:
            starting = service.status is ServiceStatus.START_PENDING
            fails = service.made.mode in (ServiceMode.FAILS_TO_START, ServiceMode.DIES_AT_START)
            service.status = ServiceStatus.STOPPED if starting and fails else SETTLES[service.status]
            service.due = math.inf
        if service.status is ServiceStatus.RUNNING and service.dies <= self._clock.seconds:
            service.status, service.dies = ServiceStatus.STOPPED, math.inf
        return service.status

    def watch(self, service: Service, limit: float) -> Iterator[tuple[str, float]]:
        """Wait so many seconds as long as the service runs; signs of life as in `carry_out`."""
        found, began = self._services[service], self._clock.seconds
        while (status := self._status(found)) in (ServiceStatus.RUNNING, ServiceStatus.START_PENDING):
            if self._clock.seconds >= began + limit:
                return
            yield f"watching {found.made.name}: {status.upper()}", self._clock.seconds - began
            self._clock.seconds = min(self._clock.seconds + _POLL, found.due, found.dies, began + limit)

    def _wait(self, service: _Running, began: float, limit: float) -> Iterator[tuple[str, float]]:
        while (status := self._status(service)) in SETTLES:
            elapsed = self._clock.seconds - began
            if self._clock.seconds >= began + limit:
                raise RefusedError(
                    f"{service.made.name} is still {status.upper()} after {elapsed:g} s (limit {limit:g} s)",
                    "Look at the service on the host; then plan again, with a longer limit where it only needs time.",
                )
            yield f"{_DOING[status]} {service.made.name}: {status.upper()}", elapsed
            self._clock.seconds = min(self._clock.seconds + _POLL, service.due, began + limit)

    def _judge(self, service: _Running, control: Control) -> None:
        if control is not Control.START or self._status(service) is ServiceStatus.RUNNING:
            return
        dies = service.made.mode is ServiceMode.DIES_AT_START
        how = "started and stopped again at once" if dies else "stopped while it was starting"
        raise RefusedError(
            f"{service.made.name} {how} (exit code 1067)", "Look at the application and system event logs of the host."
        )
