"""What a long queue costs: a simulated host with thousands of messages is looked at, and cleared.

`python -m bench.queue [MESSAGES ...]` measures this alone.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.child import run
from bench.loopback import Loopback
from bench.reach import write_inventory
from bench.table import table
from bench.traffic import Traffic
from bench.watched import Watched, read_watched

COUNTS = (10_000, 100_000)
_MOST_BYTES, _MOST_MEMORY, _MOST_GROWTH = 400, 150, 12
_VERBS = {"look": ["plan", "look.yml"], "plan": ["plan", "clear.yml"], "apply": ["apply", "clear.yml", "--yes"]}
_NAMES = {"look": "plan with check_queue", "plan": "plan with clear_queue", "apply": "apply with clear_queue"}
_KINDS = {"ndr": 0.7, "user": 0.2, "receipt": 0.05, "bounce": 0.04}
_TASKS = {
    "look": {"name": "Look at the queue", "check_queue": {}},
    "clear": {"name": "Clear the queue", "clear_queue": {"max_messages": 400_000}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command cost its client: what it wrote itself, seconds that it took, and what went over the wire."""

    watched: Watched
    wall: float
    traffic: Traffic


Costs = Mapping[tuple[str, int], Cost]


def mixed(messages: int) -> dict[str, int]:
    """So many messages, as they lie in a queue in an attack: seven of ten are reports."""
    kinds = {kind: round(messages * share) for kind, share in _KINDS.items()}
    return {**kinds, "unknown": messages - sum(kinds.values())}


def write_playbooks(folder: Path) -> None:
    """Write what is measured, a playbook for each task."""
    for name, task in _TASKS.items():
        play = [{"name": name, "hosts": "all", "tasks": [task]}]
        (folder / f"{name}.yml").write_text(yaml.safe_dump(play, sort_keys=False), encoding="utf-8")


def _cost(folder: Path, verb: str, messages: int) -> Cost:
    with Loopback(folder, 1, messages=mixed(messages)) as loopback:
        write_inventory(folder / "inventory.yml", loopback.hosts)
        words = [*_VERBS[verb], "-i", "inventory.yml"]
        ended = run([sys.executable, "-m", "bench.watched", "watched.json", *words], folder)
        traffic = loopback.traffic()[0]
    return Cost(watched=read_watched(folder / "watched.json"), wall=ended.wall, traffic=traffic)


def _rows(costs: Costs) -> Iterator[list[str]]:
    for (verb, messages), cost in costs.items():
        yield [
            _NAMES[verb],
            f"{messages:,}",
            str(cost.traffic.requests),
            f"{cost.traffic.up / 1000:.0f}",
            f"{cost.traffic.down / 1000:.0f}",
            f"{cost.traffic.bytes / messages:.0f}",
            f"{cost.watched.cpu:.1f}",
            f"{cost.watched.peak / 1e6:.0f}",
            f"{cost.wall:.1f}",
        ]


def _figures(costs: Costs, few: int, many: int) -> Iterator[list[str]]:
    look, apply = costs["look", many], costs["apply", many]
    yield [
        "bytes on the wire to tell a message",
        f"{look.traffic.bytes / many:.0f}",
        f"less than {_MOST_BYTES}",
    ]
    for verb in _VERBS:
        name = f"{_NAMES[verb]}: memory of the client, MB"
        yield [name, f"{costs[verb, many].watched.peak / 1e6:.0f}", f"less than {_MOST_MEMORY}"]
    for verb in _VERBS:
        cpu = costs[verb, many].watched.cpu / costs[verb, few].watched.cpu
        name = f"{_NAMES[verb]}: CPU of {many:,} messages ÷ {few:,}"
        yield [name, f"{cpu:.1f}", f"at most {_MOST_GROWTH}"]
    yield ["messages told and classified a second", f"{many / look.watched.reads[0]:,.0f}", ""]
    yield [f"messages of a queue that is as before a second, in {many:,}", f"{many / _again(apply):,.0f}", ""]
    files = mixed(many)["ndr"]
    yield [f"seconds to move {files:,} files", f"{max(apply.watched.moves):.1f}", ""]


def _again(cost: Cost) -> float:
    """Seconds of the second reading of a queue in a session: an apply looks again once the service has stopped."""
    return cost.watched.reads[2]


def measured(folder: Path, counts: Sequence[int] = COUNTS) -> str:
    """Measure, and say it."""
    write_playbooks(folder)
    costs = {(verb, messages): _cost(folder, verb, messages) for verb in _VERBS for messages in counts}
    head = ("what", "messages", "requests", "KB up", "KB down", "bytes a message", "CPU s", "memory MB", "seconds")
    figures = table(("figure", "measured", "goal"), _figures(costs, counts[0], counts[-1]))
    return "### The queue\n\n" + table(head, _rows(costs)) + "\n" + figures


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ndrfix-bench-") as name:
        print(measured(Path(name), [int(each) for each in sys.argv[1:]] or COUNTS))
