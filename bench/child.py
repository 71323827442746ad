"""A program as a child process: its CPU time, its wall time, its output."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 150.0
"""Seconds after which a program and all that it started are killed."""

_ANSWER = 60.0
_FOREIGN = ("NDRFIX_", "ANSIBLE_", "PYTHON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended. `cpu` and `wall` are seconds; `cpu` includes the processes that it waited for itself."""

    cpu: float
    wall: float
    code: int
    out: str


class BrokenRunError(Exception):
    """A program that is measured did not do its work; nothing can be said about its cost."""


def answer(process: subprocess.Popen[str], what: str) -> str:
    """The next line that a program says.

    Raises:
        BrokenRunError: it ended, or said nothing within a minute and was told to end.
    """
    timer = threading.Timer(_ANSWER, process.terminate)
    timer.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        timer.cancel()
    if not line:
        raise BrokenRunError(f"{what} ended by itself, or did not answer")
    return line


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(
    command: Sequence[str], folder: Path, *, good: Sequence[int] = (0,), variables: Mapping[str, str] | None = None
) -> Ended:
    """Run a program in `folder` to its end. No other child of this process may end meanwhile.

    Raises:
        BrokenRunError: it took longer than `LIMIT`, or its exit code is none of the `good` ones.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environment = kept | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"} | dict(variables or {})
    cpu, began = _cpu(), perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            out, _ = process.communicate(timeout=LIMIT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise BrokenRunError(f"{' '.join(command)} took longer than {LIMIT:g} s") from error
            raise
    ended = Ended(cpu=_cpu() - cpu, wall=perf_counter() - began, code=process.returncode, out=out)
    if ended.code not in good:
        raise BrokenRunError(f"{' '.join(command)} ended with {ended.code}:\n{out[-3000:]}")
    return ended
