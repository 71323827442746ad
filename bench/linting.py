"""`ndrfix lint` beside ansible-lint: seven faults of a Windows playbook, in one file and in fifty.

Usage: python -m bench.linting FOLDER, where the folder is (or becomes) an environment with ansible-lint.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.child import ROOT, BrokenRunError
from bench.peak import Took, weighed
from bench.table import table

_REQUIREMENTS = ROOT / "bench" / "requirements-ansible-lint.txt"
_FAULTY = ROOT / "bench" / "faulty.ansible.yml"
_SETUP_SECONDS = 900
_FILES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A run: what it took, and the lines on which something was found."""

    took: Took
    lines: frozenset[int]


def faults() -> tuple[int, ...]:
    """The lines of the planted faults."""
    return tuple(n for n, line in enumerate(_FAULTY.read_text().splitlines(), 1) if "# fault:" in line)


def installed(folder: Path) -> Path:
    """The program `ansible-lint` of a virtual environment, which is made when it is missing; that takes minutes.

    Raises:
        BrokenRunError: it cannot be installed.
    """
    stamp = folder / ".requirements"
    if not stamp.exists() or stamp.read_text() != _REQUIREMENTS.read_text():
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, "--requirement", str(_REQUIREMENTS)]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SETUP_SECONDS, check=False)
            if done.returncode:
                raise BrokenRunError(f"ansible-lint cannot be installed:\n{done.stderr[-2000:]}")
        stamp.write_text(_REQUIREMENTS.read_text())
    return folder / "bin" / "ansible-lint"


def ours(folder: Path, files: Sequence[str]) -> Seen:
    """`ndrfix lint` on the files."""
    took = weighed(folder / "seen", [sys.executable, "-m", "ndrfix", "lint", "--format", "json", *files], good=(0, 1))
    found = json.loads((folder / "seen.out").read_text(encoding="utf-8"))["findings"]
    return Seen(took=took, lines=frozenset(each["line"] for each in found if each["file"] == files[0]))


def theirs(program: Path, folder: Path, files: Sequence[str]) -> Seen:
    """`ansible-lint` on the files, offline, with all that its strictest profile asks for."""
    command = [str(program), "--offline", "--nocolor", "-f", "pep8", "--profile", "production", *files]
    took = weighed(folder / "seen", command, good=(0, 2))
    found = (folder / "seen.out").read_text(encoding="utf-8")
    lines = re.findall(rf"^{re.escape(files[0])}:(\d+)", found, re.MULTILINE)
    return Seen(took=took, lines=frozenset(map(int, lines)))


def laid_out(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same fifty files for each of the two, in words that it knows: the names of ours, then of theirs."""
    text = _FAULTY.read_text(encoding="utf-8")
    other = (
        text.replace("restart_service:", "ansible.windows.win_service:").rstrip("\n") + "\n        state: restarted\n"
    )
    names = [f"site{number:02}.yml" for number in range(_FILES)]
    for kind, each in (("ours", text), ("theirs", other)):
        (folder / kind).mkdir()
        for name in names:
            (folder / kind / name).write_text(each, encoding="utf-8")
    return tuple(f"ours/{name}" for name in names), tuple(f"theirs/{name}" for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The runs of both over so many files, in turn."""

    files: int
    ours: tuple[Seen, ...]
    theirs: tuple[Seen, ...]

    @property
    def ratio(self) -> float:
        """How many times faster ours is: medians of the time on the clock."""
        return _wall(self.theirs) / _wall(self.ours)


def compared(environment: Path, counts: Mapping[int, int]) -> tuple[Beside, ...]:
    """Both linters over so many files of the fifty, so many times; `environment` is the folder of ansible-lint's own.

    Raises:
        BrokenRunError: a program failed, or ansible-lint cannot be installed.
    """
    program = installed(environment)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine, others = laid_out(folder)
        ours(folder, mine[:1])
        theirs(program, folder, others[:1])  # what both write once for later runs
        return tuple(_beside(program, folder, mine[:files], others[:files], rounds) for files, rounds in counts.items())


def _beside(program: Path, folder: Path, mine: Sequence[str], others: Sequence[str], rounds: int) -> Beside:
    pairs = [(ours(folder, mine), theirs(program, folder, others)) for _ in range(rounds)]
    return Beside(files=len(mine), ours=tuple(each for each, _ in pairs), theirs=tuple(each for _, each in pairs))


def measured(environment: Path, rounds: int = 5) -> str:
    """Measure, and say it."""
    load = os.getloadavg()[0]
    planted = frozenset(faults())
    rows = [row for each in compared(environment, {1: rounds, _FILES: rounds}) for row in _rows(each, planted)]
    head = (
        "what",
        "files",
        f"of {len(planted)} faults",
        "seconds",
        "seconds, lowest and highest",
        "memory MB",
        "faster",
    )
    version = next(line for line in _REQUIREMENTS.read_text().splitlines() if line.startswith("ansible-lint"))
    return (
        f"### Linting\n\nA Windows playbook with {len(planted)} planted faults, {version.replace('==', ' ')}, {rounds} "
        f"rounds in turn, medians, load {load:.1f} at the start; the goals are 10 times faster for one file and 30 "
        f"times for {_FILES}.\n\n" + table(head, rows)
    )


def _rows(beside: Beside, planted: frozenset[int]) -> Iterator[list[str]]:
    for name, runs, ratio in (("ndrfix lint", beside.ours, beside.ratio), ("ansible-lint", beside.theirs, 1.0)):
        times = sorted(each.took.wall for each in runs)
        yield [
            f"`{name}`",
            str(beside.files),
            str(len(planted & runs[0].lines)),
            f"{_wall(runs):.2f}",
            f"{times[0]:.2f} to {times[-1]:.2f}",
            f"{max(each.took.peak for each in runs) / 1e6:.0f}",
            f"{ratio:.1f} ×",
        ]


def _wall(runs: Sequence[Seen]) -> float:
    return median(each.took.wall for each in runs)


if __name__ == "__main__":
    print(measured(Path(sys.argv[1])))
