"""`ndrfix lint` beside ansible-lint: seven faults of a Windows playbook, in one file and in fifty.

Usage: python -m bench.linting FOLDER, where the folder is (or becomes) an environment with ansible-lint.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.child import ROOT, BrokenRunError, run
from bench.table import table

_REQUIREMENTS = ROOT / "bench" / "requirements-ansible-lint.txt"
_FAULTY = ROOT / "bench" / "faulty.ansible.yml"
_SETUP_SECONDS = 900
_FILES = 50
# Runs a program and says last, on a line of its own, how many KB it and what it started held at most.
_WEIGHED = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True); sys.exit(code)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A run: seconds, MB at most, and the lines on which something was found."""

    wall: float
    memory: float
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


def _weighed(command: Sequence[str], folder: Path, good: Sequence[int]) -> tuple[float, float, str]:
    ended = run([sys.executable, "-c", _WEIGHED, *command], folder, good=good)
    out, _, last = ended.out.rstrip("\n").rpartition("\n")
    return ended.wall, int(last) / 1024, out


def ours(folder: Path, files: Sequence[str]) -> Seen:
    """`ndrfix lint` on the files."""
    command = [sys.executable, "-m", "ndrfix", "lint", "--format", "json", *files]
    wall, memory, out = _weighed(command, folder, (0, 1))
    lines = frozenset(each["line"] for each in json.loads(out)["findings"] if each["file"] == files[0])
    return Seen(wall=wall, memory=memory, lines=lines)


def theirs(program: Path, folder: Path, files: Sequence[str]) -> Seen:
    """`ansible-lint` on the files, offline, with all that its strictest profile asks for."""
    command = [str(program), "--offline", "--nocolor", "-f", "pep8", "--profile", "production", *files]
    wall, memory, out = _weighed(command, folder, (0, 2))
    lines = frozenset(int(number) for number in re.findall(rf"^{re.escape(files[0])}:(\d+)", out, re.MULTILINE))
    return Seen(wall=wall, memory=memory, lines=lines)


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


def measured(environment: Path, rounds: int = 3) -> str:
    """Measure, and say it; `environment` is the folder of ansible-lint's virtual environment."""
    program = installed(environment)
    planted = faults()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine, others = laid_out(folder)
        rows = []
        for count, how_many in ((1, rounds), (_FILES, 1)):
            works: dict[str, Callable[[], Seen]] = {
                "ndrfix lint": lambda count=count: ours(folder, mine[:count]),  # type: ignore[misc]
                "ansible-lint": lambda count=count: theirs(program, folder, others[:count]),  # type: ignore[misc]
            }
            seen: dict[str, list[Seen]] = {name: [] for name in works}
            for _ in range(how_many):
                for name_of, work in works.items():
                    seen[name_of].append(work())
            rows += _rows(count, seen, planted)
    return (
        "### Linting\n\nA Windows playbook with seven planted faults (`bench/faulty.ansible.yml`), beside ansible-lint "
        "with its profile `production`, in the same run. The goals are 10 times faster for one file and 30 times for "
        f"{_FILES}.\n\n" + table(("", "files", "faults found", "s", "MB", "times faster"), rows)
    )


def _rows(count: int, seen: dict[str, list[Seen]], planted: Sequence[int]) -> list[list[str]]:
    slow = median(each.wall for each in seen["ansible-lint"])
    rows = []
    for name, runs in seen.items():
        wall = median(each.wall for each in runs)
        found = sum(line in runs[0].lines for line in planted)
        memory = max(each.memory for each in runs)
        ratio = f"{slow / wall:.1f}"
        rows.append([name, str(count), f"{found} of {len(planted)}", f"{wall:.2f}", f"{memory:.0f}", ratio])
    return rows


if __name__ == "__main__":
    print(measured(Path(sys.argv[1])))
