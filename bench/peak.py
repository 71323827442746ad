"""Runs a program and writes down what it took: `python -m bench.peak FILE PROGRAM WORD...`.

Its output goes to FILE.out; FILE becomes JSON: the most memory in bytes, seconds of CPU and on the clock. This process
stays small, since what the system says of a child's memory can be its parent's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.child import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a program took: the most memory in bytes, seconds of CPU and on the clock."""

    peak: int
    cpu: float
    wall: float


def weighed(
    target: Path, command: Sequence[str], good: Sequence[int] = (0,), variables: Mapping[str, str] | None = None
) -> Took:
    """What a program takes that runs in the folder of `target`; its output goes to `target` with the ending `.out`.

    Raises:
        BrokenRunError: its exit code is none of the `good` ones.
    """
    run([sys.executable, "-m", "bench.peak", str(target), *command], target.parent, good=good, variables=variables)
    return Took(**json.loads(target.read_text(encoding="ascii")))


def main() -> int:
    """The program's exit code."""
    target, *command = sys.argv[1:]
    began = perf_counter()
    with Path(f"{target}.out").open("wb") as out:
        code = subprocess.run(command, stdout=out, stdin=subprocess.DEVNULL, check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = {"peak": 1024 * used.ru_maxrss, "cpu": used.ru_utime + used.ru_stime, "wall": perf_counter() - began}
    Path(target).write_text(json.dumps(took), encoding="ascii")
    return code


if __name__ == "__main__":
    sys.exit(main())
