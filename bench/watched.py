"""Runs ndrfix and writes down its memory and CPU time, and how long it waited for messages of a queue.

    python -m bench.watched watched.json plan clear-queue -i inventory.yml

Exit code: ndrfix's. Linux only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from ndrfix.cli import main
from ndrfix.connections.base import Outcome, Progress, Reading
from ndrfix.connections.winrm import WinRM
from ndrfix.resources import Move, QueueState, RemoteItem, Resource


@dataclass(slots=True, kw_only=True)
class Watched:
    """What one run took: `peak` memory in bytes, seconds of `cpu`, and the seconds of each call that read a queue,
    until its messages were told apart (`reads`), and of each move of files (`moves`).
    """

    peak: int = 0
    cpu: float = 0.0
    reads: list[float] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)


class Watch:
    """Stands before the calls of `WinRM`."""

    def __init__(self) -> None:
        self.watched = Watched()
        self._read, self._apply = WinRM.read, WinRM.apply

    def read(self, connection: WinRM, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """As `WinRM.read`."""
        began = perf_counter()
        found = self._read(connection, resources)
        if any(isinstance(each, QueueState) for each in found.values()):
            self.watched.reads.append(perf_counter() - began)
        return found

    def apply(
        self, connection: WinRM, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]
    ) -> Iterator[Outcome]:
        """As `WinRM.apply`."""
        began = perf_counter()
        for outcome in self._apply(connection, items, on_event=on_event):
            if isinstance(outcome.item, Move):
                self.watched.moves.append(perf_counter() - began)
            yield outcome
            began = perf_counter()

    def end(self, path: Path) -> None:
        """Write what was seen."""
        self.watched.peak, self.watched.cpu = _peak(), process_time()
        path.write_text(json.dumps(asdict(self.watched)), encoding="utf-8")


def read_watched(path: Path) -> Watched:
    """What a run wrote."""
    return Watched(**json.loads(path.read_text(encoding="utf-8")))


def _peak() -> int:
    """The most memory that this process ever had resident, in bytes; what `getrusage` says can be its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    watch = Watch()
    setattr(WinRM, "read", lambda *args: watch.read(*args))  # noqa: B010 - mypy forbids the other way
    setattr(WinRM, "apply", lambda *args, **named: watch.apply(*args, **named))  # noqa: B010 - likewise
    target = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        watch.end(target)
