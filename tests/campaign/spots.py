"""Where a fault can strike: the requests of a plan and of an apply, as a run had them that nothing disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.testing import RequestKind
from tests.campaign.field import Field, Post
from tests.campaign.ground import Ground, Route


@dataclass(frozen=True, slots=True)
class Spot:
    """One request of a run: the how-manieth it is, what it is for, and its kind."""

    number: int
    part: str
    kind: RequestKind

    def __str__(self) -> str:
        return f"request {self.number} ({self.part} {self.kind})"


@dataclass(frozen=True, slots=True)
class Sequences:
    """The requests of a plan and of an apply, for one route."""

    plan: tuple[Spot, ...]
    apply: tuple[Spot, ...]


def sequences(ground: Ground, folder: Path) -> dict[Route, Sequences]:
    """The requests of a clean run, by route."""
    names = {route.value: Post(route) for route in Route}
    field = Field(ground, folder, names, forks=3)
    job = field.job(names)
    ground.tape(names)
    plan, _ = job.plan()
    shown = {route: _spots(route, ground.heard(route.value)) for route in Route}
    ground.tape(names)
    job.apply(plan)
    done = {route: _spots(route, ground.heard(route.value)) for route in Route}
    return {route: Sequences(plan=shown[route], apply=done[route]) for route in Route}


def _spots(route: Route, heard: Sequence[tuple[RequestKind, int]]) -> tuple[Spot, ...]:
    """The requests in order: `open`, then the `first read` of the session, which is not repeated when it is lost, then
    reads and writes, and `close`. A command after which more was written is a write.
    """
    kinds = [kind for kind, _ in heard]
    ends = [*(writes for _, writes in heard[1:]), heard[-1][1]]
    commands = [at for at, kind in enumerate(kinds) if kind is RequestKind.COMMAND]
    # Through a management host the last call takes the way to the target down.
    last = commands[-1] if route is Route.VIA else kinds.index(RequestKind.DELETE)
    found: list[Spot] = []
    part = "open"
    for at, (kind, before) in enumerate(heard):
        if at == last:
            part = "close"
        elif kind is RequestKind.COMMAND:
            part = "first read" if at == commands[0] else "write" if ends[at] > before else "read"
        # The first request of NTLM is refused by every server: it only asks for the way to log on.
        greets = kind is RequestKind.LOGON and at == 0
        found.append(Spot(at + 1, "greeting" if greets else part, kind))
    return tuple(found)
