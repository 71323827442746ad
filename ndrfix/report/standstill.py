"""Where mail stands still: the hosts on which the Internet Mail Service does not run though it was to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ndrfix.connections.base import OutcomeStatus
from ndrfix.engine.result import HostResult, Mode, PhaseResult, RunResult
from ndrfix.engine.unfinished import left_open
from ndrfix.exchange.layout import IMS
from ndrfix.report.text import Pen
from ndrfix.resources import Artifact, Item
from ndrfix.steps.base import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """A host and `why` its mail stands still; `maybe`: it is not known that it does. `resumable`: there is work on its
    queue for `ndrfix resume` to finish.
    """

    host: str
    why: str
    maybe: bool = False
    resumable: bool = False

    @property
    def text(self) -> str:
        """What is said of it."""
        return f"MAIL {'MAY STAND' if self.maybe else 'STANDS'} STILL on {self.host}: {self.why}."


def standstills(result: RunResult) -> tuple[Standstill, ...]:
    """The hosts on which mail stands still after the run, in the order of the inventory."""
    found: dict[str, Standstill] = {}
    for play in result.plays:
        for host in play.hosts:
            for each in _told(host, result.mode):
                found.pop(host.host, None)
                if each:
                    found[host.host] = each
    return tuple(found.values())


def standstill_lines(result: RunResult, pen: Pen, resume: str) -> Iterator[str]:
    """A line for each of them with what to do; `resume` is the command that finishes the run's work on queues."""
    for each in standstills(result):
        text = each.text
        if each.resumable and resume:
            text += f" Finish it: {resume} -l {shlex.quote(each.host)}"
        elif result.mode is Mode.APPLY:
            text += " Look at the service on the host; start it when what keeps it from running is mended."
        yield pen.whole().line(text)


def _told(host: HostResult, mode: Mode) -> Iterator[Standstill | None]:
    """What the tasks tell, in order: that mail stands still, or (None) that it does not. The last word counts."""
    phases: list[PhaseResult] = []
    for task in host.tasks:
        phases += task.phases
        resumable = mode is Mode.APPLY and left_open(phases, in_flight=True)
        down = next((each for each in task.down if each.service == IMS), None)
        check = next((check for phase in task.phases for check in _checks(phase, mode)), None)
        if down:
            why = f"{IMS} {down.words}"
            yield Standstill(host=host.host, why=why, maybe=not down.sure, resumable=resumable)
        elif check:
            yield Standstill(host=host.host, why=check.text, resumable=resumable)
        elif any(_is_about_service(item) for phase in task.phases for item in phase.plan.items):
            yield None


def _checks(phase: PhaseResult, mode: Mode) -> Iterator[Check]:
    """What its plan says of mail that stands still; nothing where it was for the phase to bring it to that."""
    done = sum(outcome.status is OutcomeStatus.DONE for outcome in phase.outcomes)
    remote = [item for item in phase.plan.items if not isinstance(item, Artifact)]
    if mode is Mode.PLAN or not any(_is_about_service(item) for item in remote[done:]):
        yield from (check for check in phase.plan.checks if check.standstill)


def _is_about_service(item: Item) -> bool:
    return not isinstance(item, Artifact) and item.resource == IMS
