"""Which of a run's tasks are taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ndrfix.engine.history import HostHistory, read_history, tasks_of_run
from ndrfix.engine.records import not_opened
from ndrfix.engine.undo import restarted
from ndrfix.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Tasks by their names, without case, `*` for anything: `only` these (none: all), but not those of `skip`."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def wants(self, task: str) -> bool:
        """Whether a task is taken back."""
        return (not self.only or _any(self.only, task)) and not _any(self.skip, task)

    def histories(self, folder: Path, unseal: Callable[[str], str | None] = not_opened) -> tuple[HostHistory, ...]:
        """What the run in a folder did by the chosen tasks. Services that it restarted by any task are kept, where one
        of those changed something: they run with what it changed. `unseal` opens what was sealed.

        Raises:
            InputError: there is no such run, its journal cannot be understood, or a name fits none of its tasks.
        """
        chosen = read_history(folder, self.wants, unseal=unseal)
        if not (self.only or self.skip):
            return chosen
        self._check(tasks_of_run(folder))
        others = {each.host: each for each in read_history(folder, lambda task: not self.wants(task))}
        for history in chosen:
            if not history.empty and history.host in others:
                _keep_restarts(history, others[history.host])
        return chosen

    def left_out(self, folder: Path) -> tuple[str, ...]:
        """The tasks of the run that are not taken back."""
        return tuple(task for task in tasks_of_run(folder) if not self.wants(task))

    def _check(self, tasks: tuple[str, ...]) -> None:
        for pattern in (*self.only, *self.skip):
            if not any(_any((pattern,), task) for task in tasks):
                raise InputError(
                    f"no task of the run is called {pattern!r}{did_you_mean(pattern, tasks)}",
                    next_step=f"It changed something by: {', '.join(map(repr, tasks)) or 'none'}.",
                )


def _any(patterns: Iterable[str], task: str) -> bool:
    name = task.casefold()
    return any(pattern.casefold() == name or fnmatchcase(name, pattern.casefold()) for pattern in patterns)


def _keep_restarts(history: HostHistory, other: HostHistory) -> None:
    broken = [service for service in other.broken if service not in history.broken]
    history.broken.extend(broken)
    known = {*history.restarted, *history.broken}
    history.restarted.extend(service for service in restarted(other) if service not in known)
