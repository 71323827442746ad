"""What can go wrong on the wire, and what must become of a host at which it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ndrfix.engine.result import Status
from ndrfix.testing import (
    Delay,
    Drip,
    Drop,
    Effect,
    Garbage,
    HtmlError,
    KillShells,
    Refuse,
    SoapFault,
    Truncate,
    Unauthorized,
)
from tests.campaign.field import LIMITS, Limits
from tests.campaign.ground import Route
from tests.campaign.spots import Spot

FOREVER = 1_000_000
_LOST, _REFUSED = Status.UNREACHABLE, Status.FAILED

Ends = Mapping[str, Status]
"""By what a request is for, or that and its kind (which counts first), what becomes of the host; `ok` where neither
stands here: nothing was lost, or the read was repeated."""

LOST: Ends = {"greeting": _LOST, "open": _LOST, "first read": _LOST, "write": _LOST}
_LOGON_UNHARMED: Ends = {"greeting": Status.OK, "open logon": Status.OK}
_SESSION_LOST: Ends = {**LOST, **_LOGON_UNHARMED}
_RECEIVED_AGAIN: Ends = {f"{part} receive": Status.OK for part in ("open", "first read", "write")}
_DIRECT = (Route.NTLM, Route.BASIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, what becomes of hosts at which it strikes, and a word that a message about it must hold.

    `routes` are those on which it is tried.
    """

    name: str
    effect: Effect
    ends: Ends
    times: int = 1
    word: str = ""
    limits: Limits = field(default_factory=lambda: LIMITS)
    routes: tuple[Route, ...] = _DIRECT

    def end(self, spot: Spot) -> Status:
        """What becomes of the host."""
        return self.ends.get(f"{spot.part} {spot.kind}", self.ends.get(spot.part, Status.OK))


def _fault(code: int, ends: Ends, word: str) -> Fault:
    return Fault(name=f"fault {code}", effect=SoapFault(code), ends=ends, word=word)


DROP = Fault(name="drop", effect=Drop(), ends=LOST, word="connection", routes=tuple(Route))
DROP_AFTER = Fault(name="drop after", effect=Drop(after=True), ends=LOST, word="connection", routes=tuple(Route))
REFUSED = Fault(name="refused", effect=Refuse(2.0), ends={**LOST, "read": _LOST}, word="connection")
CUT = Fault(name="cut", effect=Truncate(), ends=LOST, word="connection")
UNAUTHORIZED = Fault(name="401", effect=Unauthorized(), ends={**LOST, "greeting": Status.OK})
HTML_500 = Fault(name="html 500", effect=HtmlError(), ends=LOST, word="HTTP status 500")
HTML_503 = Fault(name="html 503", effect=HtmlError(503), ends=LOST, word="HTTP status 503")
GARBAGE = Fault(name="garbage", effect=Garbage(), ends=_SESSION_LOST, word="something that is not WinRM")
SHELLS_KILLED = Fault(
    name="shells killed",
    effect=KillShells(),
    ends={**_SESSION_LOST, "open create": Status.OK},
    word="the remote shell",
    routes=tuple(Route),
)
# Denied is the host's word and no loss: it is not asked again. Of items under way nobody knows all the same.
DENIED = _fault(5, {**_SESSION_LOST, "open": _REFUSED, "first read": _REFUSED, "read": _REFUSED}, "remote shell")
TIMED_OUT = _fault(
    2150858793, {**_SESSION_LOST, "first read receive": Status.OK, "write receive": Status.OK}, "within 2 s"
)
KILLED = _fault(995, _SESSION_LOST, "ended in the middle of the work")
NO_MEMORY = _fault(14, _SESSION_LOST, "ran out of memory")
NO_SHELL = _fault(2150858843, _SESSION_LOST, "the remote shell")
TOO_MANY = _fault(2150859173, _SESSION_LOST, "too many remote shells")
# pypsrp asks once more for what it was to receive, and for nothing else.
LATE = Fault(name="late", effect=Delay(5.0), ends={**LOST, **_RECEIVED_AGAIN}, word="within 4 s")
HUNG = Fault(
    name="hung",
    effect=Delay(5.0),
    times=FOREVER,
    ends={**LOST, "read": _LOST},
    word="within 4 s",
    routes=tuple(Route),
)
SLOW = Fault(name="slow", effect=Drip(0.001), ends={})
SLOW_WITHOUT_END = Fault(
    name="slow without end",
    effect=Drip(0.2),
    times=FOREVER,
    ends={**LOST, "read": _LOST},
    word="time limit",
    limits={**LIMITS, "ndrfix_call_timeout": 5, "ndrfix_host_timeout": 10},
)

Kinds = tuple[tuple[Fault, ...], ...]
"""Kinds of faults; those of one kind differ in the words only, and take turns."""

# Each with one that waits, so that the others have the computer meanwhile.
CAMPAIGNS: Mapping[str, Kinds] = {
    "connection": ((DROP,), (DROP_AFTER,), (REFUSED,), (CUT,), (SLOW_WITHOUT_END,)),
    "answer": ((UNAUTHORIZED,), (HTML_500, HTML_503), (GARBAGE,), (LATE,), (SLOW,)),
    "shell": ((SHELLS_KILLED,), (DENIED,), (TIMED_OUT,), (KILLED, NO_MEMORY, NO_SHELL, TOO_MANY), (HUNG,)),
}
