"""The exit code of a run."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfix.engine.result import RunResult, Status, TaskResult
from ndrfix.errors import ExitCode

FAILURES = frozenset({Status.FAILED, Status.DRIFTED})
CHANGES = frozenset({Status.CHANGED, Status.WOULD_CHANGE})


def all_tasks(result: RunResult) -> Iterator[TaskResult]:
    """Every task result of the run."""
    return (task for play in result.plays for host in play.hosts for task in host.tasks)


def exit_code(result: RunResult, detailed: bool) -> ExitCode:
    """The code of a run that came to its end or was interrupted.

    An unreachable host wins over a failed one, as in Ansible; a failure that was ignored is still a failure. Hosts that
    were not begun for want of time come after both. `detailed` (`--detailed-exitcode`) tells apart by 10 that changes
    are pending or were made.
    """
    found = {task.status for task in all_tasks(result)}
    if result.interrupted:
        return ExitCode.INTERRUPTED
    if Status.UNREACHABLE in found:
        return ExitCode.UNREACHABLE
    if found & FAILURES:
        return ExitCode.FAILED
    if result.not_begun:
        return ExitCode.NOT_BEGUN
    return ExitCode.CHANGES if detailed and found & CHANGES else ExitCode.FINE
