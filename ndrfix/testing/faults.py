"""What can be made to go wrong on the wire, and when: effects, and rules that say at which requests they occur.

Example: `host.inject(Rule(Drop(), kind=RequestKind.RECEIVE, nth=2))`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ndrfix.testing.counts import RequestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The TCP connection ends without an answer; with `after`, only once the request was carried out."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """The request waits for so many real seconds before it is carried out."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The request is refused by HTTP status 401, and the client has to log on again."""


@dataclass(frozen=True, slots=True)
class HtmlError:
    """The request is answered as by a proxy: with an HTTP error status and a page of HTML."""

    status: int = 500


@dataclass(frozen=True, slots=True)
class SoapFault:
    """The request is refused by a fault of WS-Management with that code (5 is access denied)."""

    code: int
    reason: str = "The request was refused by a rule of the test."


@dataclass(frozen=True, slots=True)
class Truncate:
    """The request is carried out; half of the answer's body is sent, then the connection ends."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """The request is carried out; the answer's body is no XML."""


@dataclass(frozen=True, slots=True)
class Drip:
    """The request is carried out; the answer comes byte by byte, with so many real seconds between them."""

    seconds: float


@dataclass(frozen=True, slots=True)
class KillShells:
    """All remote shells of the host are gone before the request is looked at."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """All connections of the host end, and new ones are refused for so many real seconds."""

    seconds: float


Effect = Drop | Delay | Unauthorized | HtmlError | SoapFault | Truncate | Garbage | Drip | KillShells | Refuse


@dataclass(frozen=True, slots=True)
class Rule:
    """An effect on the `nth` request of that kind (None: of any kind) since the rule was injected, counted from 1, and
    on the `times - 1` that follow it.

    Raises:
        ValueError: `nth` or `times` is less than 1.
    """

    effect: Effect
    kind: RequestKind | None = field(default=None, kw_only=True)
    nth: int = field(default=1, kw_only=True)
    times: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        if self.nth < 1 or self.times < 1:
            raise ValueError(f"a rule counts from 1: nth={self.nth}, times={self.times}")

    def covers(self, kind: RequestKind) -> bool:
        """Whether requests of that kind count."""
        return self.kind is None or self.kind is kind


class Rules:
    """The rules in force on one host; may be changed from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._seen: list[int] = []

    def add(self, *rules: Rule) -> None:
        """Put rules in force; they begin to count now."""
        with self._lock:
            self._rules += rules
            self._seen += [0] * len(rules)

    def clear(self) -> None:
        """Lift all rules."""
        with self._lock:
            self._rules.clear()
            self._seen.clear()

    def meet(self, kind: RequestKind) -> tuple[Effect, ...]:
        """The effects on a request that came just now."""
        with self._lock:
            effects: list[Effect] = []
            for number, rule in enumerate(self._rules):
                if rule.covers(kind):
                    self._seen[number] += 1
                    if rule.nth <= self._seen[number] < rule.nth + rule.times:
                        effects.append(rule.effect)
            return tuple(effects)
