"""What the campaign on the queue lets happen: faults of link, host and client, and what others do on the host."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.simulation import Fault, FaultAt, FaultKind, Sent
from ndrfix.errors import UnreachableError
from ndrfix.exchange.layout import IMS
from ndrfix.resources import COMPUTER, RemoteItem, Resource, Unreadable


class KilledError(BaseException):
    """The client is gone, in the middle of whatever it did."""


class Hand(StrEnum):
    """What others do on the host, or the service by itself, while ndrfix is at work."""

    MAIL_COMES = "mail of a user comes"
    REPORT_COMES = "a report comes"
    MAIL_LEAVES = "mail of a user leaves"
    REPORT_LEAVES = "a report leaves"
    STARTED = "somebody starts the service"
    STOPPED = "somebody stops the service"
    HANGS = "the service hangs as it stops"
    DATA = "queue.dat is there again"

    @property
    def touches_service(self) -> bool:
        """Whether the service is then in a state that somebody else answers for."""
        return self in (Hand.STARTED, Hand.STOPPED, Hand.HANGS)


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens at the nth operation of the host, or at the nth reading, both counted from 1.

    `goes_on`: the far side carries the request out to its end after the link is lost. `returns`: a new session is had
    at once after it. `denied`: the one resource that the account may not read.
    """

    at: FaultAt
    nth: int
    what: FaultKind | Hand
    sent: Sent = Sent.BEFORE
    goes_on: bool = False
    killed: bool = False
    returns: bool = False
    denied: Resource | None = None

    def __str__(self) -> str:
        more = ("and goes on" * self.goes_on, "client killed" * self.killed, "a new session is had" * self.returns)
        place = f"{self.sent} {self.at} {self.nth}" if self.at is FaultAt.OPERATION else f"at reading {self.nth}"
        return ", ".join(filter(None, (f"{self.what} {place}", *more, str(self.denied or ""))))

    @property
    def others(self) -> bool:
        """Whether somebody else acts; otherwise something goes wrong."""
        return isinstance(self.what, Hand)

    @property
    def leaves_session(self) -> bool:
        """Whether the host can be reached to the end, and nothing is at work there when the task ends."""
        return not self.killed and (self.returns or self.what not in (FaultKind.LOST, FaultKind.RESTARTED))


LOST, RESTARTED, DENIED, HELD = FaultKind.LOST, FaultKind.RESTARTED, FaultKind.DENIED, FaultKind.HELD


def strikes(operations: int, readings: Sequence[Sequence[Resource]]) -> Iterator[Strike]:
    """Every strike at work that takes so many operations and reads this, one reading after the other."""
    for nth in range(1, operations + 1):
        yield from _at_operation(nth)
    for nth, resources in enumerate(readings, start=1):
        yield from _at_reading(nth, resources)


def _at_operation(nth: int) -> Iterator[Strike]:
    at = FaultAt.OPERATION
    yield Strike(at, nth, LOST, Sent.BEFORE)
    yield Strike(at, nth, LOST, Sent.AFTER)
    yield Strike(at, nth, LOST, Sent.AFTER, goes_on=True)
    yield Strike(at, nth, RESTARTED, Sent.BEFORE)
    yield Strike(at, nth, RESTARTED, Sent.AFTER)
    yield Strike(at, nth, LOST, Sent.BEFORE, killed=True)
    yield Strike(at, nth, LOST, Sent.AFTER, goes_on=True, killed=True)
    yield Strike(at, nth, RESTARTED, Sent.BEFORE, killed=True)
    yield Strike(at, nth, DENIED)
    yield Strike(at, nth, HELD)
    yield from (Strike(at, nth, hand) for hand in Hand)


def _at_reading(nth: int, resources: Iterable[Resource]) -> Iterator[Strike]:
    at = FaultAt.READ
    yield Strike(at, nth, LOST)
    yield Strike(at, nth, LOST, returns=True)
    yield Strike(at, nth, RESTARTED, returns=True)
    yield Strike(at, nth, LOST, killed=True)
    yield from (Strike(at, nth, DENIED, denied=resource) for resource in resources if resource != COMPUTER)
    yield from (Strike(at, nth, hand) for hand in Hand)


@dataclass(slots=True)
class Moments:
    """What was read so far. `applied`: anything was sent; `looked`: the service was looked at after somebody else had
    acted.
    """

    readings: list[tuple[Resource, ...]] = field(default_factory=list)
    applied: bool = False
    acted: bool = False
    looked: bool = False


@dataclass(slots=True)
class Link:
    """A connection to the host on which the strike happens (None: nothing does). `act` does what others do."""

    host: SimulatedHost
    strike: Strike | None
    moments: Moments
    act: Callable[[], None] = lambda: None
    _below: Connection | None = None
    _dead: bool = False

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        self.moments.readings.append(tuple(resources))
        strike = self.strike
        due = strike is not None and strike.at is FaultAt.READ and strike.nth == len(self.moments.readings)
        if strike is not None and due:
            self._struck(strike)
        if self.moments.acted and IMS in resources:
            self.moments.looked = True
        found = dict(self._session().read(resources))
        if strike is not None and due and strike.denied in found:
            found[strike.denied] = Unreadable(reason=f"access to {strike.denied} is denied", denied=True)
        return found

    def _struck(self, strike: Strike) -> None:
        if strike.what is RESTARTED:
            self.host.restart()
        if strike.killed:
            raise KilledError
        if strike.what in (LOST, RESTARTED):
            self._below, self._dead = None, not strike.returns
            self._session()
            raise UnreachableError("the connection was lost", host=self.host.name)
        if strike.others:
            self.act()

    def _session(self) -> Connection:
        if self._dead:
            raise UnreachableError("the connection was lost", host=self.host.name)
        if self._below is None:
            self._below = self.host.connect()
        return self._below

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        self.moments.applied = True
        if self.moments.acted and any(item.resource == IMS for item in items):
            self.moments.looked = True
        done = 0
        try:
            for outcome in self._session().apply(items, on_event=on_event):
                done += 1
                yield outcome
        except UnreachableError as error:
            self._dead = self._dead or error.sent
            if self.strike is not None and self.strike.goes_on:
                rest = self.host.connect().apply(items[done + 1 :], on_event=on_event)
                list(itertools.takewhile(lambda each: each.status is OutcomeStatus.DONE, rest))
            if self.strike is not None and self.strike.killed:
                raise KilledError from error
            raise

    def close(self) -> None:
        if self._below is not None:
            self._below.close()


def laid(strike: Strike, host: SimulatedHost, act: Callable[[], None]) -> None:
    """Let what is to happen at an operation happen there, counted from now on."""
    if strike.at is not FaultAt.OPERATION:
        return
    nth = host.operations + strike.nth
    if isinstance(strike.what, Hand):
        host.meanwhile(nth, act)
    else:
        host.add_fault(Fault(at=FaultAt.OPERATION, kind=strike.what, nth=nth, sent=strike.sent))
