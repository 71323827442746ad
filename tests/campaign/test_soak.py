"""A soak: many hosts, run after run, with faults at a tenth of all requests. The long form takes `NDRFIX_SOAK=1`."""

from __future__ import annotations

import gc
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.engine.result import RunResult
from ndrfix.testing import (
    Delay,
    Drip,
    Drop,
    Effect,
    Garbage,
    HtmlError,
    KillShells,
    Refuse,
    Rule,
    SoapFault,
    Truncate,
    Unauthorized,
)
from tests.campaign import laws
from tests.campaign.field import Field, Post, by_host, histories, sockets
from tests.campaign.ground import Ground, Look, Route

LONG = "NDRFIX_SOAK" in os.environ
HOSTS, RUNS, SETTLED = (300, 20, 5) if LONG else (20, 3, 1)
SHARE = 0.1  # of all requests
REQUESTS = 40  # more than a plan or an apply makes, repeats and all
EFFECTS: tuple[Effect, ...] = (
    *(Drop(), Drop(after=True), Unauthorized(), HtmlError(500), HtmlError(503), Truncate(), Garbage(), KillShells()),
    *(SoapFault(code) for code in (5, 995, 14, 2150858793, 2150858843, 2150859173)),
    *(Refuse(0.5), Drip(0.001), Delay(0.3)),
)


@dataclass(slots=True)
class Soak:
    """Runs over the same hosts; `ends` counts what became of hosts, `memory` is what each run left: bytes, objects."""

    ground: Ground
    folder: Path
    dice: random.Random
    names: tuple[str, ...]
    complaints: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[int, int]] = field(default_factory=list)
    _field: Field = field(init=False)

    def __post_init__(self) -> None:
        routes = (Route.NTLM, Route.BASIC)
        posts = {name: Post(routes[number % 2]) for number, name in enumerate(self.names)}
        self._field = Field(self.ground, self.folder, posts, forks=50)

    def run(self, number: int) -> None:
        """One plan and apply of all hosts, after somebody put them back; faults strike in both."""
        self.ground.undo(self.names)
        before = self.ground.look(self.names)
        threads, opened = threading.active_count(), sockets()
        job = self._field.job(self.names)
        self._strike()
        plan, shown = job.plan()
        self._planned(number, shown, before)
        self._strike()
        result = job.apply(plan)
        self.ground.settle(self.names)
        met = {host.host for host in plan.plays[0].hosts if host.computer is not None}
        self._applied(number, result, met, before)
        self._bounded(number, threads, opened)
        self.ends.update(f"plan {laws.ended(host)}" for host in by_host(shown).values())
        self.ends.update(f"apply {laws.ended(host)}" for name, host in by_host(result).items() if name in met)

    def _strike(self) -> None:
        self.ground.settle(self.names)
        self.ground.inject({name: tuple(self._rules()) for name in self.names})

    def _rules(self) -> Iterator[Rule]:
        for number in range(1, REQUESTS):
            if self.dice.random() < SHARE:
                yield Rule(self.dice.choice(EFFECTS), nth=number)

    def _complain(self, number: int, name: str, complaints: Iterator[str]) -> None:
        self.complaints += [f"run {number}: {name}: {text}" for text in complaints]

    def _planned(self, number: int, shown: RunResult, before: dict[str, Look]) -> None:
        ends, looks = by_host(shown), self.ground.look(self.names)
        for name in self.names:
            written = looks[name].writes[len(before[name].writes) :]
            self._complain(number, name, laws.nothing_sent(ends[name], written))
            self._complain(number, name, laws.said(ends[name]))

    def _applied(self, number: int, result: RunResult, met: set[str], before: dict[str, Look]) -> None:
        ends, told, looks = by_host(result), histories(result), self.ground.look(self.names)
        for name in self.names:
            end, written = ends[name], looks[name].writes[len(before[name].writes) :]
            if name in met:
                self._complain(number, name, laws.true(end, written, looks[name], told.get(name)))
            else:
                self._complain(number, name, laws.nothing_sent(end, written))
            self._complain(number, name, laws.said(end))
            if new := looks[name].connections:
                self.complaints.append(f"run {number}: {name}: {new} connections are left")
            lost = looks[name].shells - before[name].shells
            if lost > looks[name].faults - before[name].faults:
                self.complaints.append(f"run {number}: {name}: {lost} shells are left")

    def _bounded(self, number: int, threads: int, opened: int) -> None:
        if threading.active_count() > threads:
            self.complaints.append(f"run {number} left threads: {threading.enumerate()}")
        if sockets() > opened:
            self.complaints.append(f"run {number} left {sockets() - opened} sockets")

    def weigh(self) -> None:
        """Note what is left after a run, its results given up."""
        gc.collect()
        self.memory.append((_resident(), len(gc.get_objects())))

    def finish(self) -> None:
        """Without faults every host comes to its end, and nothing is owed."""
        self.ground.settle(self.names)
        job = self._field.job(self.names)
        ends, looks = by_host(job.apply(job.plan()[0])), self.ground.look(self.names)
        for name in self.names:
            self._complain(RUNS + 1, name, laws.converged(ends[name], looks[name]))
        self.complaints += [f"{name}: a handler is owed" for name in self._field.owed()]


def _resident() -> int:
    """The memory of this process in bytes; 0 where the system does not tell."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if path.exists() else 0


def test_many_hosts_run_after_run(ground: Ground, tmp_path: Path, tell: Callable[[str], None]) -> None:
    """Every result and journal is true of its host, every time, and nothing piles up."""
    names = tuple(f"ex{number:03}" for number in range(1, HOSTS + 1))
    soak = Soak(ground, tmp_path, random.Random(55), names)
    for number in range(1, RUNS + 1):
        soak.run(number)
        soak.weigh()
    struck = sum(look.faults for look in ground.look(names).values())
    asked = sum(look.requests for look in ground.look(names).values())
    soak.finish()
    early, late = soak.memory[SETTLED - 1], soak.memory[-1]
    sizes = f"{early[0] / 2**20:.0f} MB after run {SETTLED}, {late[0] / 2**20:.0f} MB after run {RUNS}"
    ends = ", ".join(f"{count} {end}" for end, count in sorted(soak.ends.items()))
    tell(f"soak: {HOSTS} hosts, {RUNS} runs, {struck} faults in {asked} requests; {ends}; {sizes}")
    tell(f"soak: objects: {early[1]} after run {SETTLED}, {late[1]} after run {RUNS}")
    assert not soak.complaints, "\n".join(soak.complaints)
    assert struck > SHARE * asked / 2
    # What is alive does not grow at all; beside it the allocator keeps some of what the largest run took.
    assert late[1] < early[1] * 1.005, soak.memory
    assert late[0] < early[0] * 1.25, soak.memory
