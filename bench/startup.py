"""Start-up: help pages and a small inventory beside a bare Click program's `--help` and beside no more than Click's
import, interleaved in one run.

The goal is a ratio of at most 2.5 for help, of 5 for the inventory. Usage: python -m bench.startup [ROUNDS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from bench.child import ROOT
from bench.table import table

BARE = "import click\n@click.group()\ndef root(): pass\nroot(['--help'], standalone_mode=False)"
INVENTORY = ROOT / "inventory.example.yml"
COMMANDS = {
    "import click": [sys.executable, "-c", "import click"],
    "bare click --help": [sys.executable, "-c", BARE],
    "ndrfix --help": [sys.executable, "-m", "ndrfix", "--help"],
    "ndrfix plan --help": [sys.executable, "-m", "ndrfix", "plan", "--help"],
    "ndrfix inventory --graph": [sys.executable, "-m", "ndrfix", "inventory", "-i", str(INVENTORY), "--graph"],
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
    medians = {name: statistics.median(each) for name, each in times.items()}
    bare, least = medians["bare click --help"], medians["import click"]
    rows = ([name, f"{1000 * each:.0f}", f"{each / bare:.2f}", f"{each / least:.2f}"] for name, each in medians.items())
    goal = "the goal is at most 2.5 times bare Click for help, 5 times Click's import for the inventory"
    return f"### Start\n\n{rounds} rounds, medians; {goal}.\n\n" + table(
        ("command", "ms", "÷ bare click", "÷ import click"), rows
    )


if __name__ == "__main__":
    print(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 21))
