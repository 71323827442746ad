"""Signs of life while a run waits: a bar for each host on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO, cast

from ndrfix.connections.base import Progress
from ndrfix.report.text import Pen, clock

if TYPE_CHECKING:
    import rich.progress

FIRST_AFTER = 2.0
AGAIN_AFTER = 10.0


def progress_line(host: str, progress: Progress, pen: Pen | None = None) -> str:
    """`ex02  stopping MSExchangeIMC: STOP_PENDING for 1:40, gives up at 10:00`."""
    pen = pen or Pen()
    waited = f"for {clock(progress.elapsed)}, gives up at {clock(progress.limit)}"
    return f"{pen.line(host)}  {pen.line(progress.text)} {waited}"


class Live:
    """Shows what hosts are waiting for; hosts may report from any thread. Use it as a context manager.

    Nothing that becomes of the stream reaches the hosts: after its first failure the display is silent.

    On a `terminal` every waiting host has a bar, which disappears when it is `done`. Elsewhere an item's first line
    comes after two seconds, and then one for each host in ten seconds at most. `now` gives seconds.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        terminal: bool,
        now: Callable[[], float],
        masker: Callable[[str], str] = str,
    ) -> None:
        self._stream = _Quiet(stream)
        self._now = now
        self._pen = Pen(masker=masker)
        self._lock = threading.Lock()
        self._printed: dict[str, float] = {}
        self._bars = _bars(self._stream) if terminal else None
        self._bar_of: dict[str, rich.progress.TaskID] = {}

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def show(self, host: str, progress: Progress) -> None:
        """Tell what a host is waiting for."""
        with self._lock:
            if self._bars:
                self._show_bar(self._bars, host, progress)
            elif self._due(host, progress):
                self._printed[host] = self._now()
                self._stream.write(progress_line(host, progress, self._pen) + "\n")
                self._stream.flush()

    def done(self, host: str) -> None:
        """The host waits no longer."""
        with self._lock:
            bar = self._bar_of.pop(host, None)
            if self._bars and bar is not None:
                self._bars.remove_task(bar)

    def _due(self, host: str, progress: Progress) -> bool:
        last = self._printed.get(host)
        return progress.elapsed >= FIRST_AFTER and (last is None or self._now() - last >= AGAIN_AFTER)

    def _show_bar(self, bars: rich.progress.Progress, host: str, progress: Progress) -> None:
        if host not in self._bar_of:
            self._bar_of[host] = bars.add_task("")
        text = progress_line(host, progress, self._pen)
        bars.update(
            self._bar_of[host], description=text, completed=min(progress.elapsed, progress.limit), total=progress.limit
        )


class _Quiet(io.TextIOBase):
    """A stream that takes everything, and drops it once the stream below has failed: no reader, no space, closed, or a
    character that its encoding lacks (Python's ValueError). Rich would end the process when its stream has no reader.
    """

    def __init__(self, stream: TextIO) -> None:
        self._below: TextIO | None = stream

    def write(self, text: str) -> int:
        """Pass the text on while the stream takes it; gives its length."""
        try:
            if self._below:
                self._below.write(text)
        except (OSError, ValueError):
            self._below = None
        return len(text)

    def flush(self) -> None:
        """Flush the stream while it takes anything."""
        try:
            if self._below:
                self._below.flush()
        except (OSError, ValueError):
            self._below = None

    def fileno(self) -> int:
        """The number of the stream below, by which Rich knows an old Windows console.

        Raises:
            OSError: it has none.
        """
        if self._below is None:
            raise io.UnsupportedOperation("fileno")
        return self._below.fileno()


def _bars(stream: _Quiet) -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(file=cast("TextIO", stream), force_terminal=True, highlight=False)
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), console=console, transient=True
    )
