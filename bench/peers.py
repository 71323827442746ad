"""ndrfix beside Ansible on one host with a real PowerShell: what travels, and what it costs the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.ansible import Ansible
from bench.child import Ended, run
from bench.hosts import ndrfix
from bench.lab import Lab
from bench.reach import write_inventory
from bench.table import table
from bench.traffic import Traffic

_ROUNDS = 2
_NAMES = {"ndrfix": 9, "Ansible": 3}
"""Under how many names the host is worked on, one after the other, to see what each further host costs."""

_MODES = {"dry run": ("plan", ("--check",)), "apply": ("apply", ())}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    cpu: float
    wall: float
    traffic: Traffic


class _Peers:
    """The two clients; `tasks` is how Ansible's tasks ended when they were last run."""

    def __init__(self, folder: Path, lab: Path, ansible: Ansible) -> None:
        self._folder, self._lab, self._ansible = folder, lab, ansible
        self.tasks: tuple[tuple[str, str], ...] = ()

    def ndrfix(self, mode: str) -> Ended:
        return run([*ndrfix(_MODES[mode][0]), "--forks", "1"], self._folder)

    def play(self, mode: str) -> Ended:
        played = self._ansible.play(self._folder, "--forks", "1", *_MODES[mode][1])
        self.tasks = played.tasks
        return played.ended

    def once(self, work: Callable[[str], Ended], mode: str, count: int) -> _Seen:
        """One run on a fresh host under so many names."""
        with Lab(self._lab) as lab:
            write_inventory(self._folder / "inventory.yml", lab.hosts(count))
            ended = work(mode)
            return _Seen(cpu=ended.cpu, wall=ended.wall, traffic=lab.traffic)

    def compare(self, mode: str, counts: dict[str, int], rounds: int) -> dict[str, _Seen]:
        """Medians of both, interleaved."""
        works = {"ndrfix": self.ndrfix, "Ansible": self.play}
        seen: dict[str, list[_Seen]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                seen[name].append(self.once(work, mode, counts[name]))
        return {
            name: _Seen(
                cpu=median(one.cpu for one in each),
                wall=median(one.wall for one in each),
                traffic=each[0].traffic,
            )
            for name, each in seen.items()
        }


def _rows(mode: str, seen: dict[str, _Seen]) -> Iterator[list[str]]:
    base = seen["ndrfix"]
    for name, one in seen.items():
        yield [
            f"{mode}, {name}",
            str(one.traffic.requests),
            f"{one.traffic.up / 1000:.0f}",
            f"{one.traffic.down / 1000:.0f}",
            f"{one.traffic.bytes / base.traffic.bytes:.1f}",
            f"{one.cpu:.2f}",
            f"{one.cpu / base.cpu:.1f}",
            f"{one.wall:.1f}",
        ]


def _further(one: dict[str, _Seen], more: dict[str, _Seen]) -> list[list[str]]:
    cpu = {name: (more[name].cpu - one[name].cpu) / (count - 1) for name, count in _NAMES.items()}
    return [[name, f"{1000 * cpu[name]:.0f}", f"{cpu[name] / cpu['ndrfix']:.0f}"] for name in _NAMES]


def measured(folder: Path, lab: Path, ansible: Ansible) -> str:
    """Measure, and say it."""
    peers = _Peers(folder, lab, ansible)
    peers.once(peers.play, "dry run", 1)  # compiles Ansible's own modules
    alone = dict.fromkeys(_NAMES, 1)
    rows: list[list[str]] = []
    dry: dict[str, _Seen] = {}
    for mode in _MODES:
        seen = peers.compare(mode, alone, _ROUNDS)
        dry = dry or seen
        rows += _rows(mode, seen)
    ended = "".join(f"* `{name}`: {how}\n" for name, how in peers.tasks)
    more = peers.compare("dry run", _NAMES, 1)
    head = ("one host", "requests", "KB up", "KB down", "bytes ÷ ndrfix", "CPU s", "CPU ÷ ndrfix", "seconds")
    return (
        "### Beside Ansible\n\n"
        + table(head, rows)
        + "\n"
        + table(("each further host, dry run", "CPU ms", "÷ ndrfix"), _further(dry, more))
        + "\nAnsible's tasks in the apply ended so:\n\n"
        + ended
    )
