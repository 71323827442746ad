"""What a host costs: ndrfix beside bare pypsrp that sends the same, for 1, 10 and 100 simulated hosts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.child import Ended, run
from bench.loopback import Loopback
from bench.reach import write_hosts, write_inventory
from bench.table import table
from bench.traffic import Traffic

_ROUNDS = {1: 7, 10: 5, 100: 3}
VERBS = {"plan": ["plan", "reverse-ndr"], "apply": ["apply", "reverse-ndr", "--yes"]}
"""The command lines of ndrfix; apply plans first, as always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians of some rounds: seconds of CPU of the client's process, seconds that it took, traffic of one host."""

    cpu: float
    wall: float
    traffic: Traffic


Costs = Mapping[tuple[str, str, int], Cost]


def ndrfix(verb: str) -> list[str]:
    """The command of a verb of `VERBS`."""
    return [sys.executable, "-m", "ndrfix", *VERBS[verb], "-i", "inventory.yml"]


def _record(folder: Path, verb: str) -> None:
    with Loopback(folder, 1) as loopback:
        write_inventory(folder / "inventory.yml", loopback.hosts)
        words = [*VERBS[verb], "-i", "inventory.yml"]
        run([sys.executable, "-m", "bench.recording", f"{verb}.json", *words], folder)


def _once(folder: Path, command: list[str], count: int) -> tuple[Ended, Traffic]:
    with Loopback(folder, count) as loopback:
        write_inventory(folder / "inventory.yml", loopback.hosts)
        write_hosts(folder / "hosts.json", loopback.hosts)
        ended = run(command, folder)
        traffics = loopback.traffic()
    total = Traffic(
        requests=sum(each.requests for each in traffics),
        up=sum(each.up for each in traffics),
        down=sum(each.down for each in traffics),
    )
    return ended, total.shared(count)


def _costs(folder: Path) -> Iterator[tuple[tuple[str, str, int], Cost]]:
    for verb in VERBS:
        _record(folder, verb)
        clients = {
            "ndrfix": ndrfix(verb),
            "bare pypsrp": [sys.executable, "-m", "bench.bare", "hosts.json", f"{verb}.json"],
        }
        for count, rounds in _ROUNDS.items():
            ends: dict[str, list[tuple[Ended, Traffic]]] = {name: [] for name in clients}
            for _ in range(rounds):
                for name, command in clients.items():
                    ends[name].append(_once(folder, command, count))
            for name, each in ends.items():
                yield (
                    (name, verb, count),
                    Cost(
                        cpu=median(ended.cpu for ended, _ in each),
                        wall=median(ended.wall for ended, _ in each),
                        traffic=each[0][1],
                    ),
                )


def further(costs: Costs, name: str, verb: str) -> float:
    """Seconds of CPU for each host beyond the tenth."""
    return (costs[name, verb, 100].cpu - costs[name, verb, 10].cpu) / 90


def _rows(costs: Costs) -> Iterator[list[str]]:
    for (name, verb, count), cost in sorted(costs.items(), key=lambda each: (each[0][1] != "plan", each[0][2])):
        base = costs["bare pypsrp", verb, count]
        yield [
            f"{verb}, {name}",
            str(count),
            str(cost.traffic.requests),
            f"{cost.traffic.up / 1000:.1f}",
            f"{cost.traffic.down / 1000:.1f}",
            f"{cost.cpu:.2f}",
            f"{1000 * cost.cpu / count:.0f}",
            f"{cost.cpu / base.cpu:.2f}",
            f"{count / cost.wall:.1f}",
        ]


def _goals(costs: Costs) -> Iterator[list[str]]:
    for verb in VERBS:
        own, bare = further(costs, "ndrfix", verb), further(costs, "bare pypsrp", verb)
        grown = costs["ndrfix", verb, 100].cpu / costs["ndrfix", verb, 10].cpu
        ratio = costs["ndrfix", verb, 100].cpu / costs["bare pypsrp", verb, 100].cpu
        yield [f"{verb}: HTTP requests of a host", str(costs["ndrfix", verb, 1].traffic.requests), _goal(verb)]
        yield [f"{verb}: CPU of 100 hosts ÷ bare pypsrp", f"{ratio:.2f}", "at most 1.3"]
        yield [
            f"{verb}: CPU of each further host ÷ bare",
            f"{1000 * own:.1f} ms ÷ {1000 * bare:.1f} ms = {own / bare:.2f}",
            "",
        ]
        yield [f"{verb}: CPU of 100 hosts ÷ 10 hosts", f"{grown:.1f}", "at most 12"]


def _goal(verb: str) -> str:
    return "at most 9" if verb == "plan" else ""


def measured(folder: Path) -> str:
    """Measure, and say it."""
    costs = dict(_costs(folder))
    head = ("what", "hosts", "requests a host", "KB up", "KB down", "CPU s", "CPU ms a host", "CPU ÷ bare", "hosts/s")
    return (
        "### Beside bare pypsrp\n\n"
        + table(head, _rows(costs))
        + "\n"
        + table(("figure", "measured", "goal"), _goals(costs))
    )
