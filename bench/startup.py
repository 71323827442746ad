"""Start-up: `ndrfix --help` beside a bare Click program's `--help`, interleaved in one run; prints both and their
ratio.

The goal is a ratio of at most 2.5. Usage: python bench/startup.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BARE = "import click\n@click.group()\ndef root(): pass\nroot(['--help'], standalone_mode=False)"
COMMANDS = {
    "bare click --help": [sys.executable, "-c", BARE],
    "ndrfix --help": [sys.executable, "-m", "ndrfix", "--help"],
    "ndrfix plan --help": [sys.executable, "-m", "ndrfix", "plan", "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    base = statistics.median(times["bare click --help"])
    print(f"{rounds} rounds, medians (python {sys.version.split()[0]})")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"  {name:<20} {1000 * middle:7.1f} ms   {middle / base:5.2f} x bare click")


if __name__ == "__main__":
    main()
