"""Finishing, on every host, what a run left half done in its message queue."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ndrfix.engine.errand import Errand
from ndrfix.engine.history import read_history
from ndrfix.engine.plan import BoundTask
from ndrfix.resources import Quarantine
from ndrfix.steps import finish_queue

NAME = "Finish what broke off in the message queue"


def known_quarantines(runs: Path) -> dict[str, list[Quarantine]]:
    """The quarantines on each host that any journal below a folder of runs tells of.

    Raises:
        InputError: a journal cannot be read or understood.
    """
    found: dict[str, list[Quarantine]] = {}
    for path in sorted(runs.glob("*/journal.jsonl")):
        for history in read_history(path.parent):
            found.setdefault(history.host, []).extend(history.quarantines)
    return found


def resume_planners(
    hosts: Sequence[str], computers: Mapping[str, str], known: Mapping[str, Iterable[Quarantine]], run: str = ""
) -> tuple[Errand, ...]:
    """The errand on each host: look into every folder of quarantines that is known there, finish what is open in it.

    `computers` are the names that must answer; `run` limits it to one run.
    """
    folders = {
        host: ("", *dict.fromkeys(each.folder for each in known.get(host, ()) if isinstance(each.folder, str)))
        for host in hosts
    }
    numbers = {folder: number for number, folder in enumerate(dict.fromkeys(itertools.chain(*folders.values())))}
    return tuple(
        Errand(
            name=host,
            computer=computers.get(host, ""),
            because="it answered before",
            tasks=tuple(_task(folder, run, numbers[folder]) for folder in folders[host]),
        )
        for host in hosts
    )


def _task(folder: str, run: str, number: int) -> BoundTask:
    args = finish_queue.FinishQueueArgs(folder=folder, run=run)
    return BoundTask(index=number, name=_name(folder), step=finish_queue.STEP, args=args)


def _name(folder: str) -> str:
    return f"{NAME} ({folder})" if folder else NAME
