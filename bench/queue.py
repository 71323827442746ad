"""What a long queue costs: a simulated host with thousands of messages, looked at and cleared.

    python -m bench.queue [MESSAGES ...]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.child import run
from bench.loopback import Loopback
from bench.reach import write_inventory
from bench.table import table
from bench.traffic import Traffic

COUNTS = (10_000, 100_000)
VERBS = {
    "look": ["plan", "look.yml"],
    "plan": ["plan", "clear.yml"],
    "apply": ["apply", "clear.yml", "--yes"],
}
_KINDS = {"ndr": 0.7, "user": 0.2, "receipt": 0.05, "bounce": 0.04}
_TASKS = {"look": {"check_queue": {}}, "clear": {"clear_queue": {"max_messages": 1_000_000}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command cost its client: `peak` in KB of memory, seconds of CPU, seconds, and what went over the wire."""

    peak: int
    cpu: float
    wall: float
    traffic: Traffic


def mixed(messages: int) -> dict[str, int]:
    """So many messages, as they lie in a queue in an attack: seven of ten are reports."""
    kinds = {kind: round(messages * share) for kind, share in _KINDS.items()}
    return {**kinds, "unknown": messages - sum(kinds.values())}


def _write_playbooks(folder: Path) -> None:
    for name, task in _TASKS.items():
        play = [{"name": name, "hosts": "all", "tasks": [{"name": name, **task}]}]
        (folder / f"{name}.yml").write_text(yaml.safe_dump(play, sort_keys=False), encoding="utf-8")


def cost(folder: Path, verb: str, messages: int) -> Cost:
    """Run one of `VERBS` against a host with so many messages."""
    _write_playbooks(folder)
    with Loopback(folder, 1, messages=mixed(messages)) as loopback:
        write_inventory(folder / "inventory.yml", loopback.hosts)
        words = [*VERBS[verb], "-i", "inventory.yml"]
        ended = run([sys.executable, "-m", "bench.watched", "peak.json", *words], folder)
        traffic = loopback.traffic()[0]
    print(ended.out[-300:], file=sys.stderr)
    said = json.loads((folder / "peak.json").read_text(encoding="utf-8"))
    return Cost(peak=said["peak"], cpu=said["cpu"], wall=ended.wall, traffic=traffic)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ndrfix-bench-") as name:
        for verb in VERBS:
            for count in [int(each) for each in sys.argv[1:]] or COUNTS:
                print(verb, count, cost(Path(name), verb, count), flush=True)
