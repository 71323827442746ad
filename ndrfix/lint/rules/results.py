"""Rules about saved run results: what a run did not get to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from ndrfix.lint.model import Remark, Rule, Severity, Sort, some
from ndrfix.lint.results import ResultView
from ndrfix.place import Place

if TYPE_CHECKING:
    from ndrfix.report.schema import TaskDocument


def _tasks(view: ResultView, status: str) -> Iterator[tuple[int, str, TaskDocument, int]]:
    """Every task with that status, with the number of its play and its host, and how many tasks right after it have it
    for the same reason: those are not told once more.
    """
    for number, play in enumerate(view.run.plays if view.run is not None else ()):
        for host in play.hosts:
            for (found, _), tasks in groupby(host.tasks, lambda task: (task.status, task.message)):
                if found == status:
                    first, *more = tasks
                    yield number, host.host, first, len(more)


def _told(view: ResultView, status: str, word: str, advice: str) -> Iterator[Remark]:
    """One remark for each task and reason, with the hosts."""
    found: dict[tuple[Place, int, int, str, str, int, str], list[str]] = {}
    for play, host, task, more in _tasks(view, status):
        which = (view.place(play, task), play, task.index, task.name)
        found.setdefault((*which, task.message, more, task.next_step or advice), []).append(host)
    for (place, _, _, name, why, more, help_), hosts in found.items():
        after = f", nor {'was the task' if more == 1 else f'were the {more} tasks'} after it" if more else ""
        yield Remark(
            message=f"{name!r} {word} on {some(hosts)}{after}" + (f": {why}" if why else ""),
            place=place,
            help=help_,
        )


def _not_evaluated(view: ResultView) -> Iterator[Remark]:
    unknown = "What it would do on these hosts is not known."
    yield from _told(view, "unreachable", "was not evaluated", unknown)
    yield from _told(view, "not_evaluated", "was not evaluated", unknown)
    if view.run is not None and view.run.not_begun:
        message = f"no task was evaluated on {some(view.run.not_begun)}: the time was up before they were begun"
        yield Remark(message=message, place=view.document.top, help=unknown)


def _failed(view: ResultView) -> Iterator[Remark]:
    yield from _told(view, "failed", "failed", "See the run's report for what to do.")


def _example(status: str, message: str = "") -> str:
    """A run of one task on one host, as `--json` writes it."""
    task: dict[str, object] = {
        "index": 0,
        "name": "Exchange 5.5 has Service Pack 4",
        "step": "check_service_pack",
        "handler": False,
    }
    task |= {"label": "", "status": status, "ignored": False, "hidden": False, "message": message}
    task |= {"next_step": "", "seconds": 0.1, "phases": []}
    run: dict[str, object] = {
        "schema": "ndrfix.run/1",
        "ndrfix": "0.1.0",
        "run_id": "20261125-0930-site-7f3a",
        "client": "",
    }
    run |= {"started": "2026-11-25T09:30:00Z", "playbook": "site.yml", "inventory": ["inventory.yml"], "mode": "plan"}
    run |= {"seconds": 0.2, "interrupted": False, "exit_code": 0, "folder": "", "not_begun": [], "hosts": []}
    plays = [{"name": "Look at the servers", "left_out": [], "hosts": [{"host": "ex01", "tasks": [task]}]}]
    return json.dumps(run | {"plays": plays}, indent=1) + "\n"


RULES: tuple[Rule, ...] = (
    Rule(
        id="result[shape]",
        tags=("results",),
        summary="A run result that this version cannot read.",
        why="Nothing can be said about the run.",
        bad=_example("done"),
        good=_example("ok"),
        fix="Write it anew with `ndrfix plan --json FILE`.",
        sorts=(Sort.RESULT,),
    ),
    Rule(
        id="result[not-evaluated]",
        severity=Severity.WARNING,
        tags=("results",),
        summary="A task that a saved plan or run did not evaluate.",
        why="A plan that leaves a task out for a host has not shown the client all that would change there.",
        bad=_example("not_evaluated", "'Exchange is installed' failed before it"),
        good=_example("ok"),
        fix="Mend what kept it from being evaluated, and plan again. Hosts can be simulated: `docs/simulation.md`.",
        sorts=(Sort.RESULT,),
        check=_not_evaluated,
    ),
    Rule(
        id="result[failed]",
        severity=Severity.WARNING,
        tags=("results",),
        summary="A task that failed in a saved plan or run.",
        why="The host was left at this task; what comes after it was not done.",
        bad=_example("failed", "Service Pack 3"),
        good=_example("ok"),
        fix="Do what the run's report says, and run again.",
        sorts=(Sort.RESULT,),
        check=_failed,
    ),
)
