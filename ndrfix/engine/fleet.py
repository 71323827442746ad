"""Many hosts at a time: batches, the limit of failures, Ctrl-C, and one result whatever happens to a single host."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from ndrfix.engine.result import Status, TaskResult

THREADS = "ndrfix-host"
"""How the names of the hosts' threads begin."""

_POLL_SECONDS = 0.2
_FAILURES = (Status.FAILED, Status.UNREACHABLE, Status.DRIFTED)


class HostWork(Protocol):
    """What a batch consists of: a host by name."""

    @property
    def name(self) -> str:
        """The host's inventory name."""
        ...


class HostEnd(Protocol):
    """What a host's work comes to."""

    @property
    def host(self) -> str:
        """The host's inventory name."""
        ...


W = TypeVar("W", bound=HostWork)
R = TypeVar("R", bound=HostEnd)


@dataclass(slots=True)
class Interrupt:
    """Ctrl-C, as the hosts' threads see it: they end after the task they are at."""

    event: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self.event.is_set()


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Runs work for many hosts, `forks` at a time. `bugs` collects the tracebacks of what must never happen;
    `on_interrupt` is told when Ctrl-C was heard.
    """

    forks: int
    on_interrupt: Callable[[], None] = lambda: None
    interrupt: Interrupt = field(default_factory=Interrupt)
    bugs: list[str] = field(default_factory=list)

    def run(self, hosts: Sequence[W], work: Callable[[W], R], crashed: Callable[[W, str], R]) -> tuple[R, ...]:
        """The end of each host, in the order given.

        An exception out of `work` is a bug of ndrfix or of a step: that host ends as `crashed` says, the others go on.
        """
        if not hosts:
            return ()
        with self._pool(min(self.forks, len(hosts))) as pool:
            futures = [pool.submit(self._guarded, host, work, crashed) for host in hosts]
            self._wait(futures)
            return tuple(future.result() for future in futures)

    @contextmanager
    def _pool(self, size: int) -> Iterator[Executor]:
        pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix=THREADS)
        try:
            yield pool
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown(wait=True)

    def _guarded(self, host: W, work: Callable[[W], R], crashed: Callable[[W, str], R]) -> R:
        try:
            return work(host)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: one host's bug must not take the others along
            self.bugs.append(f"{host.name}:\n" + "".join(traceback.format_exception(error)))
            return crashed(host, f"{type(error).__name__}: {error}")

    def _wait(self, futures: Sequence[Future[R]]) -> None:
        """Wait in short turns, so that Ctrl-C is seen on every system. A second Ctrl-C ends the waiting at once."""
        while True:
            try:
                if not wait(futures, timeout=_POLL_SECONDS).not_done:
                    return
            except KeyboardInterrupt:
                if self.interrupt():
                    raise
                self.interrupt.event.set()
                self.on_interrupt()


def too_many_failed(ends: Sequence[Sequence[TaskResult]], limit: float | None) -> str:
    """Why no further batch is begun after one in which hosts ended like this; empty when the next may begin.

    `limit` is a percentage of the batch; as in Ansible it must be exceeded, and a batch that failed whole always stops.
    """
    failed = sum(any(task.status in _FAILURES and not task.ignored for task in tasks) for tasks in ends)
    if not ends or not failed:
        return ""
    share = 100 * failed / len(ends)
    if failed == len(ends):
        return f"all {failed} hosts of the batch before it failed" if failed > 1 else "the batch before it failed"
    if limit is not None and share > limit:
        return f"{failed} of {len(ends)} hosts of the batch before it failed, more than max_fail_percentage {limit:g}"
    return ""
