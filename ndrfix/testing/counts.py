"""What a host was asked: requests by kind, bytes, open shells and connections."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class RequestKind(StrEnum):
    """What an HTTP request is for: an action of WS-Management, or `logon` for one that only served to log on."""

    LOGON = "logon"
    CREATE = "create"
    RECEIVE = "receive"
    COMMAND = "command"
    SEND = "send"
    SIGNAL = "signal"
    DELETE = "delete"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The state of a host's counters at one moment.

    Attributes:
        requests: HTTP requests that were read to their end, by kind; kinds that did not occur are missing.
        faults: How often a rule took effect.
        up: Bytes from clients, with headers and before TLS.
        down: Bytes to clients, likewise.
        shells: Remote shells that are open now.
        most_shells: The most that were open at a time.
        connections: TCP connections that are open now.
        accepted: TCP connections that were ever accepted.
    """

    requests: Mapping[RequestKind, int]
    faults: int = 0
    up: int = 0
    down: int = 0
    shells: int = 0
    most_shells: int = 0
    connections: int = 0
    accepted: int = 0

    @property
    def total(self) -> int:
        """All HTTP requests."""
        return sum(self.requests.values())


class Meter:
    """The counters of one host; may be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: Counter[RequestKind] = Counter()
        self._faults = self._up = self._down = self._shells = self._most_shells = self._connections = self._accepted = 0

    def asked(self, kind: RequestKind, size: int, faults: int) -> None:
        """Count a request of `size` bytes on which so many rules took effect."""
        with self._changed:
            self._requests[kind] += 1
            self._up += size
            self._faults += faults
            self._changed.notify_all()

    def answered(self, size: int) -> None:
        """Count bytes to a client."""
        with self._changed:
            self._down += size
            self._changed.notify_all()

    def shells(self, count: int) -> None:
        """Note how many shells are open."""
        with self._changed:
            self._shells, self._most_shells = count, max(count, self._most_shells)
            self._changed.notify_all()

    def connections(self, count: int, *, accepted: int = 0) -> None:
        """Note how many connections are open, and how many were accepted just now."""
        with self._changed:
            self._connections = count
            self._accepted += accepted
            self._changed.notify_all()

    @property
    def now(self) -> Counts:
        """The counters as they are now."""
        with self._changed:
            return self._counts()

    def wait(self, until: Callable[[Counts], bool], timeout: float) -> Counts:
        """The counters as soon as they are as wanted.

        Raises:
            TimeoutError: they were not within `timeout` seconds; says how they are.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: until(self._counts()), timeout):
                raise TimeoutError(f"after {timeout:g} s still {self._counts()}")
            return self._counts()

    def _counts(self) -> Counts:
        return Counts(
            requests=MappingProxyType(dict(self._requests)),
            faults=self._faults,
            up=self._up,
            down=self._down,
            shells=self._shells,
            most_shells=self._most_shells,
            connections=self._connections,
            accepted=self._accepted,
        )
