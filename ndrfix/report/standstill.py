"""Where mail stands still: the hosts on which the Internet Mail Service does not run though it was to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ndrfix.engine.result import HostResult, Mode, RunResult, Status, TaskResult
from ndrfix.exchange.layout import IMS
from ndrfix.report.text import Pen
from ndrfix.resources import Artifact, Move, Quarantine, RemoteItem


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
    begun = False
    for task in host.tasks:
        items = _items(task)
        begun = begun or any(isinstance(item, Move) or isinstance(item.resource, Quarantine) for item in items)
        down = next((each for each in task.down if each.service == IMS), None)
        check = next((check for phase in task.phases for check in phase.plan.checks if check.standstill), None)
        if down:
            why = f"{IMS} {down.words}"
            yield Standstill(host=host.host, why=why, maybe=not down.sure, resumable=begun)
        elif check:
            ended = task.status in (Status.OK, Status.CHANGED)  # nothing is left to finish of what ended well
            yield Standstill(host=host.host, why=check.text, resumable=begun and mode is Mode.APPLY and not ended)
        elif any(item.resource == IMS for item in items):
            yield None


def _items(task: TaskResult) -> list[RemoteItem]:
    return [item for phase in task.phases for item in phase.plan.items if not isinstance(item, Artifact)]
