"""A run with its progress on standard error."""

from __future__ import annotations

import sys
import time
from typing import Any

from ndrfix.cli.connecting import Connector
from ndrfix.cli.terminal import MASKER, say_aside, show_bug_texts
from ndrfix.engine.fleet import Fleet
from ndrfix.engine.pending import Owed
from ndrfix.engine.result import RunContext
from ndrfix.engine.run import Run
from ndrfix.report import Live


class LiveRun:
    """A run with its progress, as a context manager; `value` is the run."""

    def __init__(self, context: RunContext, forks: int, connector: Connector, owed: Owed, resume: str) -> None:
        self._live = Live(sys.stderr, terminal=sys.stderr.isatty(), now=time.monotonic, masker=MASKER)
        self.value = Run(
            context=context,
            fleet=Fleet(forks=forks, on_interrupt=_say_stopping),
            connect=connector,
            clock=time.monotonic,
            listen=lambda host, _task, progress: self._live.show(host, progress),
            finished=self._live.done,
            owed=owed,
            resume=resume,
        )

    def __enter__(self) -> LiveRun:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)
        show_bug_texts(self.value.fleet.bugs)


def _say_stopping() -> None:
    say_aside("stopping: each host ends after the task it is at; press Ctrl-C again to leave at once")
