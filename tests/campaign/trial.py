"""A trial: hosts that are planned, applied, and brought to their end, each with one fault at one request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.engine.plan import Plan
from ndrfix.engine.result import HostResult, RunResult, Status
from ndrfix.testing import Rule
from tests.campaign import laws
from tests.campaign.faults import Fault, Kinds
from tests.campaign.field import Field, Post, by_host, histories, sockets
from tests.campaign.ground import Ground, Look, Route
from tests.campaign.spots import Sequences, Spot

# No phase of any trial may take longer, in seconds; with the limits of its hosts each is through in a fraction.
BOUND = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """One host: how it is reached, in which run the fault strikes, and where."""

    fault: Fault
    route: Route
    phase: str
    spot: Spot

    def __str__(self) -> str:
        return f"{self.fault.name}: {self.route} {self.phase} {self.spot}"

    @property
    def rule(self) -> Rule:
        """The fault as the endpoint has it."""
        return Rule(self.fault.effect, nth=self.spot.number, times=self.fault.times)


def cases(kinds: Kinds, found: Mapping[Route, Sequences], *, all_words: bool) -> Iterator[Case]:
    """A case for each kind of fault at each request of a clean run; with `all_words`, for each fault of each kind."""
    for kind in kinds:
        for route in kind[0].routes:
            spots = [("apply", spot) for spot in found[route].apply]
            # A management host costs most, and to a plan nothing happens there that does not happen to an apply.
            spots += [("plan", spot) for spot in found[route].plan] if route is not Route.VIA else []
            for number, (phase, spot) in enumerate(spots):
                for fault in kind if all_words else (kind[number % len(kind)],):
                    yield Case(fault, route, phase, spot)


@dataclass(slots=True)
class Trial:
    """The cases, by the names of their hosts; `complaints` are what was found wrong."""

    ground: Ground
    folder: Path
    cases: Mapping[str, Case]
    forks: int
    complaints: list[str] = field(default_factory=list)
    _field: Field = field(init=False)

    def run(self) -> list[str]:
        """Plan and apply with faults, then again without for the hosts that need it; the complaints."""
        posts = {name: Post(case.route, case.fault.limits) for name, case in self.cases.items()}
        self._field = Field(self.ground, self.folder, posts, self.forks)
        job = self._field.job(self.cases)
        self._strike("plan")
        with self._watched("plan"):
            plan, shown = job.plan()
        self._planned(shown)
        self._strike("apply")
        with self._watched("apply"):
            result = job.apply(plan)
        self._applied(plan, result)
        self.ground.settle(self.cases)
        self._again(shown, result)
        return self.complaints

    def _strike(self, phase: str) -> None:
        self.ground.settle(self.cases)
        self.ground.inject({name: (case.rule,) for name, case in self.cases.items() if case.phase == phase})

    @contextmanager
    def _watched(self, phase: str) -> Iterator[None]:
        """Complain of what takes too long, and of threads and sockets that are left."""
        began, threads, open_sockets = time.monotonic(), threading.active_count(), sockets()
        yield
        if (seconds := time.monotonic() - began) > BOUND:
            self.complaints.append(f"{phase} took {seconds:.0f} s")
        if threading.active_count() > threads:
            self.complaints.append(f"{phase} left threads: {threading.enumerate()}")
        if sockets() > open_sockets:
            self.complaints.append(f"{phase} left {sockets() - open_sockets} sockets")

    # --- what is checked --------------------------------------------------------------------------------------------

    def _complain(self, name: str, complaints: Iterator[str]) -> None:
        self.complaints += [f"{self.cases[name]}: {text}" for text in complaints]

    def _planned(self, shown: RunResult) -> None:
        ends, looks = by_host(shown), self.ground.look(self.cases)
        for name, case in self.cases.items():
            self._complain(name, laws.nothing_sent(ends[name], looks[name].writes))
            if case.phase == "plan":
                self._complain(name, _struck(case, ends[name], looks[name]))

    def _applied(self, plan: Plan, result: RunResult) -> None:
        ends, told, looks = by_host(result), histories(result), self.ground.look(self.cases)
        met = {host.host for host in plan.plays[0].hosts if host.computer is not None}
        for name, case in self.cases.items():
            look = looks[name]
            if name in met:
                self._complain(name, laws.true(ends[name], look.writes, look, told.get(name)))
            else:
                self._complain(name, laws.nothing_sent(ends[name], look.writes))
            if case.phase == "apply":
                self._complain(name, _struck(case, ends[name], look))

    def _again(self, shown: RunResult, result: RunResult) -> None:
        """Without faults every host is brought to where it is wanted, and nothing is owed any more."""
        first, ends = by_host(shown), by_host(result)
        rest = [name for name in self.cases if {laws.ended(first[name]), laws.ended(ends[name])} != {Status.OK}]
        before = self.ground.look(self.cases)
        if rest:
            job = self._field.job(rest)
            with self._watched("again"):
                ends |= by_host(job.apply(job.plan()[0]))
        self.ground.settle(rest)
        after = self.ground.look(self.cases)
        for name, look in after.items():
            self._complain(name, laws.converged(ends[name], look))
            if look.shells != before[name].shells:
                self.complaints.append(f"{self.cases[name]}: a clean run left a shell")
        self.complaints += [f"{self.cases[name]}: a handler is owed" for name in self._field.owed()]


def _struck(case: Case, end: HostResult, look: Look) -> Iterator[str]:
    """What holds for the host at which the fault struck in this phase."""
    wanted = case.fault.end(case.spot)
    texts = [task.message for task in end.tasks if task.status in laws.BAD]
    if not look.faults:
        yield "the fault did not strike"
    if laws.ended(end) is not wanted:
        yield f"ended {laws.ended(end)} instead of {wanted}: {texts}"
    yield from laws.said(end)
    if texts and case.fault.word not in " ".join(texts):
        yield f"does not say {case.fault.word!r}: {texts}"
    # A shell cannot be deleted over a session that is lost: the host ends it after its idle time-out.
    if look.shells > min(look.faults, look.creates):
        yield f"left {look.shells} shells"
