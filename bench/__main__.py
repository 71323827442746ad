"""Measures ndrfix beside its peers and writes docs/benchmarks.md: `python -m bench`, or `make bench`."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import hosts, inventory, linting, peers, queue, startup
from bench.ansible import Ansible
from bench.child import ROOT, BrokenRunError
from bench.table import replaced
from ndrfix import __version__

_PAGE = ROOT / "docs" / "benchmarks.md"


def _machine() -> str:
    names = (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name"))
    processor = next(names, platform.processor() or platform.machine())
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {processor}, {platform.system()} {platform.machine()}, load {load:.1f} at the start"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def _parts(folder: Path) -> Iterator[str]:
    packages = ", ".join(f"{name} {version(name)}" for name in ("pypsrp", "pyspnego", "requests"))
    yield f"{datetime.now(UTC):%Y-%m-%d}, ndrfix {__version__}, Python {platform.python_version()}, {packages}.\n"
    yield f"{_machine()}.\n"
    ansible = _ansible()
    yield hosts.measured(folder)
    yield _beside_ansible(folder, ansible)
    yield queue.measured(folder)
    yield inventory.measured(folder, ansible.program("ansible-inventory") if ansible else None)
    yield _linting()
    yield startup.measured()


def _linting() -> str:
    try:
        return linting.measured(Path(sys.prefix) / "ansible-lint")
    except BrokenRunError as error:
        print(error, file=sys.stderr)
        return "### Linting\n\nNot measured: ansible-lint could not be installed.\n"


def _ansible() -> Ansible | None:
    try:
        return Ansible(Path(sys.prefix) / "ansible")
    except BrokenRunError as error:
        print(error, file=sys.stderr)
        return None


def _beside_ansible(folder: Path, ansible: Ansible | None) -> str:
    lab = os.environ.get("NDRFIX_LAB", "")
    if not lab:
        return (
            "### Beside Ansible\n\nNot measured: NDRFIX_LAB is not set, so there is no host with a real PowerShell.\n"
        )
    if ansible is None:
        return "### Beside Ansible\n\nNot measured: Ansible could not be installed.\n"
    return peers.measured(folder, Path(lab), ansible)


def main() -> int:
    """Print every part as soon as it is measured, and write the page. The exit code: 1 when something did not run."""
    parts: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix="ndrfix-bench-") as folder:
            for part in _parts(Path(folder)):
                print(part, flush=True)
                parts.append(part)
    except BrokenRunError as error:
        print(f"nothing was written: {error}", file=sys.stderr)
        return 1
    _PAGE.write_text(replaced(_PAGE.read_text(encoding="utf-8"), "\n".join(parts)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
