"""A stage for engine tests: a playbook over simulated hosts, planned and applied as the command line does it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.connections.base import Connection
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.engine.fleet import Fleet
from ndrfix.engine.pending import owed_handlers
from ndrfix.engine.plan import Plan
from ndrfix.engine.preparation import prepare, schemas
from ndrfix.engine.recorder import Journal
from ndrfix.engine.records import not_sealed
from ndrfix.engine.result import HostResult, RunContext, RunResult, Status, TaskResult
from ndrfix.engine.run import Run, result_of
from ndrfix.engine.selection import Selection
from ndrfix.inventory import load_inventory, parse_extra_vars
from ndrfix.playbook import load_playbook
from ndrfix.steps import STEPS
from ndrfix.steps.base import AnyStep

HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SOFTWARE\Acme: {Mode: 1, Name: old}
  services:
    MSExchangeIMC:
      display_name: Microsoft Exchange Internet Mail Service
      status: running
      start: automatic
      image: C:\exchsrvr\msexcimc.exe
      stop_seconds: 2
      start_seconds: 2
  files:
    C:\exchsrvr\msexcimc.exe: {version: 5.5.2658.3, size: 1}
ex02:
  base: ex01
  computer: {name: MAIL2}
"""


@dataclass(slots=True)
class Stage:
    """`folder` holds the inventory, the playbook and the runs; the hosts live as long as the stage."""

    folder: Path
    hosts: str = HOSTS
    variables: str = ""
    steps: Mapping[str, AnyStep] = field(default_factory=lambda: {step.name: step for step in STEPS})
    mask: Callable[[str], str] = str
    seal: Callable[[str], str] = not_sealed
    wrap: Callable[[str, Connection], Connection] = lambda _host, connection: connection
    simulation: Simulation = field(init=False)
    numbers: itertools.count[int] = field(default_factory=itertools.count, init=False)

    def __post_init__(self) -> None:
        self.simulation = Simulation.parse(self.hosts)
        names = "".join(f"    {name}:\n" for name in self.simulation.names)
        text = f"all:\n  vars:\n    ansible_connection: simulated\n{self.variables}  hosts:\n{names}"
        (self.folder / "inventory.yml").write_text(text)

    def host(self, name: str = "ex01") -> SimulatedHost:
        """A simulated host."""
        return self.simulation.host(name)

    def run(self, playbook: str, *, extra: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> Stand:
        """The playbook's text, ready to be planned. Plain tasks are put into a play over all hosts."""
        if not playbook.lstrip().startswith("- name: play"):
            inner = "".join(f"    {line}\n" for line in playbook.strip("\n").splitlines())
            playbook = f"- name: play\n  hosts: all\n  tasks:\n{inner}"
        path = self.folder / "book.yml"
        path.write_text(playbook)
        inventory = load_inventory([self.folder / "inventory.yml"])
        selection = Selection(extra=parse_extra_vars(extra), environment={}, tags=tags)
        owed = owed_handlers(self.folder / "runs", "book")
        prepared = prepare(load_playbook(path, schemas(self.steps)), inventory, self.steps, selection, owed)
        context = RunContext(run_id=f"run-{next(self.numbers)}", started="2026-01-01T00:00:00Z", playbook="book.yml")
        run = Run(
            context=context,
            fleet=Fleet(forks=4),
            connect=lambda name: self.wrap(name, self.host(name).connect()),
            clock=itertools.count().__next__,
            owed=owed,
        )
        return Stand(self, run, prepared.jobs)


@dataclass(slots=True)
class Stand:
    """A run that may begin."""

    stage: Stage
    run: Run
    jobs: tuple[object, ...]

    def plan(self) -> Plan:
        """Its plan."""
        return self.run.plan(self.jobs)  # type: ignore[arg-type] # the jobs of `prepare`, kept opaque here

    def shown(self) -> RunResult:
        """Its plan as a report draws it."""
        return result_of(self.plan(), 0.0)

    def apply(self, plan: Plan | None = None) -> RunResult:
        """What came of applying its plan."""
        journal = Journal(
            folder=self.stage.folder / "runs" / self.run.context.run_id,
            clock=lambda: f"2026-01-01T00:00:{next(self.stage.numbers):02}Z",
            mask=self.stage.mask,
            seal=self.stage.seal,
        )
        journal.open(playbook="book")
        try:
            return self.run.apply(plan or self.plan(), journal)
        finally:
            journal.close()


def of(result: RunResult, host: str = "ex01", play: int = 0) -> HostResult:
    """One host's result."""
    return next(each for each in result.plays[play].hosts if each.host == host)


def statuses(result: RunResult, host: str = "ex01", play: int = 0) -> list[Status]:
    """The statuses of a host's tasks, in order."""
    return [task.status for task in of(result, host, play).tasks]


def last(result: RunResult, host: str = "ex01") -> TaskResult:
    """The last task of a host."""
    return of(result, host).tasks[-1]
