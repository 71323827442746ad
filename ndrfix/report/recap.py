"""The recap: one line a host, byte for byte as Ansible prints it, since scripts search for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields

from ndrfix.engine.result import RunResult, Status, TaskResult
from ndrfix.report.exit import CHANGES, FAILURES
from ndrfix.report.text import Colour, Pen

_EVALUATED = CHANGES | {Status.OK, Status.MANUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A host's tasks in Ansible's seven columns, in its order; `ok` includes `changed`, a loop counts as one task.

    `changed` counts in a dry run what would change, `failed` what drifted too, `ok` what is left to a person (`manual`)
    and, together with `ignored`, a failure that was ignored. A task that was not evaluated counts nowhere. `rescued` is
    always 0: there are no blocks.
    """

    ok: int = 0
    changed: int = 0
    unreachable: int = 0
    failed: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


def count(results: Iterable[TaskResult]) -> Counts:
    """How the results of one task (several when it loops) on one host count."""
    found = tuple(results)
    statuses = {result.status for result in found}
    failures = tuple(result for result in found if result.status in FAILURES)
    changed = int(bool(statuses & CHANGES))
    if Status.UNREACHABLE in statuses:
        return Counts(unreachable=1)
    if failures:
        ignored = all(result.ignored for result in failures)
        return Counts(ok=1, changed=changed, ignored=1) if ignored else Counts(failed=1)
    if statuses & _EVALUATED:
        return Counts(ok=1, changed=changed)
    return Counts(skipped=int(statuses == {Status.SKIPPED}))


def by_task(tasks: Iterable[TaskResult]) -> dict[int, list[TaskResult]]:
    """The results of one host in one play by the task's index, in order."""
    grouped: dict[int, list[TaskResult]] = {}
    for task in tasks:
        grouped.setdefault(task.index, []).append(task)
    return dict(sorted(grouped.items()))


def counts(result: RunResult) -> dict[str, Counts]:
    """Every host's counts over all plays, in inventory order."""
    found: dict[str, Counts] = {}
    for play in result.plays:
        for host in play.hosts:
            tasks = (count(results) for results in by_task(host.tasks).values())
            found[host.host] = sum(tasks, found.get(host.host, Counts()))
    return found


def recap_line(host: str, counts: Counts, pen: Pen) -> str:
    """The line of a host: `"%-26s : %s …"`, each count as `"%s=%-4s"`."""
    columns = " ".join(f"{each.name}={value:<4}" for each, value in zip(fields(counts), astuple(counts), strict=True))
    name = f"{pen.line(host):<26}"
    return f"{pen.paint(name, _colour(counts))} : {columns}"


def recap_lines(result: RunResult, pen: Pen) -> Iterator[str]:
    """The lines of all hosts, sorted by name."""
    return (recap_line(host, found, pen) for host, found in sorted(counts(result).items()))


def _colour(counts: Counts) -> Colour:
    if counts.failed or counts.unreachable:
        return Colour.RED
    return Colour.YELLOW if counts.changed else Colour.GREEN
