"""Start-up: `ndrfix --help` beside a bare Click program's `--help`, interleaved in one run; prints both and their
ratio.

The goal is a ratio of at most 2.5. Usage: python -m bench.startup [ROUNDS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from bench.child import ROOT
from bench.table import table

BARE = "import click\n@click.group()\ndef root(): pass\nroot(['--help'], standalone_mode=False)"
COMMANDS = {
    "bare click --help": [sys.executable, "-c", BARE],
    "ndrfix --help": [sys.executable, "-m", "ndrfix", "--help"],
    "ndrfix plan --help": [sys.executable, "-m", "ndrfix", "plan", "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=60)
    return time.perf_counter() - began


def measured(rounds: int = 21) -> str:
    """Measure, and say it."""
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    base = statistics.median(times["bare click --help"])
    rows = (
        [name, f"{1000 * statistics.median(each):.0f}", f"{statistics.median(each) / base:.2f}"]
        for name, each in times.items()
    )
    return f"### Start\n\n{rounds} rounds, medians; the goal is a ratio of at most 2.5.\n\n" + table(
        ("command", "ms", "÷ bare click"), rows
    )


if __name__ == "__main__":
    print(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 21))
