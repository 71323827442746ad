"""Rules about saved run results: what a run did not get to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ndrfix.lint.model import Remark, Rule, Severity, Sort, some
from ndrfix.lint.results import ResultView

if TYPE_CHECKING:
    from ndrfix.report.schema import TaskDocument


def _tasks(view: ResultView, status: str) -> Iterator[tuple[str, str, TaskDocument]]:
    """Every task with that status, with its host and why."""
    for play in view.run.plays if view.run is not None else ():
        for host in play.hosts:
            for task in host.tasks:
                if task.status == status:
                    yield host.host, task.message, task


def _told(view: ResultView, status: str, word: str, advice: str) -> Iterator[Remark]:
    """One remark for each task and reason, with the hosts."""
    found: dict[tuple[str, str], list[str]] = {}
    for host, why, task in _tasks(view, status):
        found.setdefault((task.name, why), []).append(host)
    playbook = view.run.playbook if view.run is not None else ""
    for (name, why), hosts in found.items():
        yield Remark(
            message=f"{name!r} {word} on {some(hosts)}" + (f": {why}" if why else ""),
            place=view.places.get((playbook, name), view.document.top),
            help=advice,
        )


def _not_evaluated(view: ResultView) -> Iterator[Remark]:
    yield from _told(view, "not_evaluated", "was not evaluated", "What it would do on these hosts is not known.")


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
