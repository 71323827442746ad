"""A playbook as it was read: plays, tasks and handlers, each with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.place import Place
from ndrfix.source import List, Map, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSchema:
    """What a playbook must know of a step: its name and every argument name it takes, other spellings included."""

    name: str
    argument_names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A condition as it is written under `when`, without braces; `place` is where its text begins."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How many hosts go together: `amount` hosts, or that many percent of all hosts of the play."""

    place: Place
    amount: int
    percent: bool = False

    def size(self, hosts: int) -> int:
        """The number of hosts, at least one; a percentage is rounded down as Ansible does."""
        return max(1, hosts * self.amount // 100) if self.percent else self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class VarsFile:
    """A file of `vars_files`: its raw variables, and the place in the playbook that names it."""

    place: Place
    path: Path
    variables: Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task or handler.

    `args` are raw nodes, to be rendered once per host and loop item; `step_place` is the key that names the step.
    `ignore_errors` and `no_log` already include what the play says. `node` is the task as written, for the linter.
    """

    place: Place
    name: str
    step: str
    step_place: Place
    args: Map
    when: tuple[Expression, ...] = ()
    register: str = ""
    notify: tuple[str, ...] = ()
    loop: List | Scalar | None = None
    tags: frozenset[str] = frozenset()
    vars: Map
    ignore_errors: bool = False
    no_log: bool = False
    node: Map = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One play. `hosts` is a host pattern as written; several are joined by commas.

    `serial` is empty when all hosts go together; `max_fail_percentage` is None when failures never stop the play.
    """

    place: Place
    name: str
    hosts: str
    hosts_place: Place
    vars: Map
    vars_files: tuple[VarsFile, ...] = ()
    tags: frozenset[str] = frozenset()
    serial: tuple[Batch, ...] = ()
    max_fail_percentage: float | None = None
    ignore_errors: bool = False
    tasks: tuple[Task, ...]
    handlers: tuple[Task, ...] = ()
    node: Map = field(repr=False, compare=False)

    def handler(self, name: str) -> Task:
        """The handler of that name; every name that a task of this play notifies has one."""
        return next(handler for handler in self.handlers if handler.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """A playbook as it was read; one from `load_playbook` has no faults: every step, argument and handler exists."""

    place: Place
    path: Path
    plays: tuple[Play, ...]

    @property
    def tags(self) -> frozenset[str]:
        """Every tag that a play or task carries; handlers follow their notification, whatever tags they have."""
        return frozenset().union(*(play.tags.union(*(task.tags for task in play.tasks)) for play in self.plays))
