"""Runs a program and writes down what it took: `python -m bench.peak FILE PROGRAM WORD...`.

Its output goes to FILE.out; FILE becomes JSON: the most memory in bytes, seconds of CPU and on the clock. This process
stays small, since what the system says of a child's memory can be its parent's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter


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
