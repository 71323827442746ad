"""What came of a run: frozen values that the engine makes and every report draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ndrfix.connections.base import Outcome
from ndrfix.resources import ComputerState, Service
from ndrfix.steps.base import StepPlan


class Mode(StrEnum):
    """Only for words in reports: what happens is decided by how the engine was composed."""

    PLAN = "plan"
    APPLY = "apply"


class Status(StrEnum):
    """What became of a task on a host. Compliant, changed and not evaluated are never merged."""

    OK = "ok"
    CHANGED = "changed"
    WOULD_CHANGE = "would_change"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"
    NOT_EVALUATED = "not_evaluated"
    MANUAL = "manual"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseResult:
    """One phase of a task: its plan, and in an apply what became of the items (in order, as far as it came)."""

    plan: StepPlan
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A service that does not run though it was to. `words` say how it stands (`IS STOPPED`); `sure`: it was seen so,
    and nothing is under way that may have started it, or stopped it, since.
    """

    service: Service
    words: str
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """A task, or one item of its loop, on one host.

    `message` says what is wrong, or why the task was skipped or not evaluated; `next_step` what to do about it.
    `hidden` marks `no_log`: reports show that the task exists and its status, none of its values.
    `index` counts the play's tasks from 0, handlers after them; `label` is the loop item's text. `down` are the
    services that do not run after the task though they were to, or perhaps not.
    """

    index: int
    name: str
    step: str
    status: Status
    handler: bool = False
    label: str = ""
    phases: tuple[PhaseResult, ...] = ()
    message: str = ""
    next_step: str = ""
    down: tuple[Down, ...] = ()
    ignored: bool = False
    hidden: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostResult:
    """One host in one play. `computer` is None when the host was never reached; `late` tells that it was not begun,
    since the time was up.
    """

    host: str
    computer: ComputerState | None
    tasks: tuple[TaskResult, ...]
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayResult:
    """One play; `hosts` in inventory order. `left_out` are its tasks, by name, that the tags do not select."""

    name: str
    hosts: tuple[HostResult, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What the client's reports carry: whom to call there, the path of a picture, a colour (`#rrggbb`), a line at the
    foot. Each may be empty.
    """

    contact: str = ""
    logo: str = ""
    colour: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run is told from outside, so that what it predicts is what happens.

    `run_id` is `<YYYYMMDD-HHMM>-<playbook>-<4 hex>`; `started` is UTC as `YYYY-MM-DDTHH:MM:SSZ`; `client` is the name
    of the client worked for (empty: not told), `letterhead` what the reports for it carry.
    """

    run_id: str
    started: str
    playbook: str
    inventory: tuple[str, ...] = ()
    client: str = ""
    letterhead: Letterhead = Letterhead()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A whole run. `folder` is where its files are (empty: none were written); `seconds` its duration.

    `interrupted` tells that Ctrl-C ended it early.
    """

    context: RunContext
    mode: Mode
    plays: tuple[PlayResult, ...]
    seconds: float
    folder: str = ""
    interrupted: bool = False

    @property
    def not_begun(self) -> tuple[str, ...]:
        """The hosts that were not begun, since the time was up."""
        return tuple(dict.fromkeys(host.host for play in self.plays for host in play.hosts if host.late))
