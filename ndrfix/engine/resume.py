"""Finishing, on every host, what a run left half done in its message queue."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ndrfix.engine.damage import Damages
from ndrfix.engine.errand import Errand
from ndrfix.engine.history import histories_of
from ndrfix.engine.plan import BoundTask, PlannedTask
from ndrfix.engine.result import Status
from ndrfix.resources import Quarantine
from ndrfix.steps import finish_queue, queue_left

NAME = "Finish what broke off in the message queue"
LEFT = "Look what is left to do"


def known_quarantines(
    runs: Path, clients: Collection[str] | None = None, damages: Damages | None = None
) -> dict[str, list[Quarantine]]:
    """The quarantines on each host that any journal below a folder of runs tells of; whose journals are read, and what
    of a damaged one, is as in `read_each`.
    """
    found: dict[str, list[Quarantine]] = {}
    for _, histories in histories_of(runs, clients, damages):
        for history in histories:
            found.setdefault(history.host, []).extend(history.quarantines)
    return found


def returned_last(
    runs: Path, clients: Collection[str] | None = None, damages: Damages | None = None
) -> dict[str, list[Quarantine]]:
    """The quarantines on each host from which the last run that worked on any there was putting messages back; as in
    `known_quarantines`.
    """
    found: dict[str, list[Quarantine]] = {}
    for _, histories in histories_of(runs, clients, damages):
        found |= {each.host: each.returned for each in histories if each.quarantines}
    return found


def resume_planners(
    hosts: Sequence[str],
    computers: Mapping[str, str],
    known: Mapping[str, Iterable[Quarantine]],
    only: Mapping[str, Iterable[Quarantine]] | None = None,
    returned: Mapping[str, Sequence[Quarantine]] | None = None,
) -> tuple[Errand, ...]:
    """The errand on each host: look into every folder of quarantines that is `known` there, finish what is open in it;
    with `only`, into those of these quarantines, and finish nothing else. Then say what is left, above all of messages
    that were to be `returned`.

    `computers` are the names that must answer.
    """
    work: dict[str, dict[str, tuple[str, ...]]] = {}
    for host in hosts:
        work[host] = (
            _runs(only.get(host, ())) if only is not None else dict.fromkeys(("", *_runs(known.get(host, ()))), ())
        )
    numbers = {folder: number for number, folder in enumerate(dict.fromkeys(itertools.chain(*work.values())))}
    returned = returned or {}
    return tuple(
        Errand(
            name=host,
            computer=computers.get(host, ""),
            because="it answered before",
            tasks=(
                *(_task(folder, runs, numbers[folder]) for folder, runs in work[host].items()),
                _left(work[host], returned.get(host, ()), len(numbers)),
            ),
            needed=_is_needed,
        )
        for host in hosts
    )


def _is_needed(task: BoundTask, done: Sequence[PlannedTask]) -> bool:
    """What is left is told where something was finished."""
    return task.step is not queue_left.STEP or any(each.result.status is Status.WOULD_CHANGE for each in done)


def _runs(quarantines: Iterable[Quarantine]) -> dict[str, tuple[str, ...]]:
    """The runs in each folder of quarantines; the one beside the queue has no name."""
    found: dict[str, tuple[str, ...]] = {}
    for each in quarantines:
        folder = each.folder if isinstance(each.folder, str) else ""
        found[folder] = (*found.get(folder, ()), each.run)
    return found


def _task(folder: str, runs: tuple[str, ...], number: int) -> BoundTask:
    args = finish_queue.FinishQueueArgs(folder=folder, runs=runs)
    return BoundTask(index=number, name=_name(folder), step=finish_queue.STEP, args=args)


def _left(places: Mapping[str, tuple[str, ...]], returned: Sequence[Quarantine], number: int) -> BoundTask:
    args = queue_left.QueueLeftArgs(
        places=tuple(finish_queue.FinishQueueArgs(folder=folder, runs=runs) for folder, runs in places.items()),
        returned=tuple(returned),
    )
    return BoundTask(index=number, name=LEFT, step=queue_left.STEP, args=args)


def _name(folder: str) -> str:
    return f"{NAME} ({folder})" if folder else NAME
