"""Ansible as a peer: an environment of its own, and one run of its playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.child import ROOT, BrokenRunError, Ended, run

_PLAYBOOK = ROOT / "bench" / "reverse-ndr.ansible.yml"
_REQUIREMENTS = ROOT / "bench" / "requirements-ansible.txt"
_SETUP_SECONDS = 900
# Wine has no writer of debug symbols, and without one .NET compiles nothing that asks for them.
_SYMBOLS = {
    "Emit($code_ms, $pdb_ms)": "Emit($code_ms)",
    "LoadFromStream($code_ms, $pdb_ms)": "LoadFromStream($code_ms)",
}
_COMPILER = "Ansible.ModuleUtils.AddType.psm1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsibleRun:
    """A run of the playbook: its cost, and how each task ended (`ok`, or the error)."""

    ended: Ended
    tasks: tuple[tuple[str, str], ...]


class Ansible:
    """Ansible in a virtual environment in `folder`, which is made when it is missing; that takes a minute or two.

    Raises:
        BrokenRunError: it cannot be installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        stamp = folder / ".requirements"
        if not stamp.exists() or stamp.read_text() != _REQUIREMENTS.read_text():
            print(f"installing {_REQUIREMENTS.name} into {folder}", file=sys.stderr, flush=True)
            self._install()
            stamp.write_text(_REQUIREMENTS.read_text())
        self._utilities = folder / "module_utils"
        self._utilities.mkdir(exist_ok=True)
        (self._utilities / _COMPILER).write_text(self._without_symbols(), encoding="utf-8")

    def program(self, name: str) -> Path:
        """Where one of its programs is."""
        return self._folder / "bin" / name

    def _install(self) -> None:
        pip = [str(self._folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        commands = ([sys.executable, "-m", "venv", str(self._folder)], [*pip, "--requirement", str(_REQUIREMENTS)])
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SETUP_SECONDS, check=False)
            if done.returncode:
                raise BrokenRunError(f"Ansible cannot be installed:\n{done.stderr[-2000:]}")

    def _without_symbols(self) -> str:
        (path,) = self._folder.glob(f"lib/*/site-packages/ansible/module_utils/powershell/{_COMPILER}")
        text = path.read_text(encoding="utf-8")
        for old, new in _SYMBOLS.items():
            if text.count(old) != 1:
                raise BrokenRunError(f"{_COMPILER} of this Ansible has no {old}")
            text = text.replace(old, new)
        return text

    def play(self, folder: Path, *words: str) -> AnsibleRun:
        """Run the playbook over `inventory.yml` in `folder`; it counts as done however a single task ended.

        Raises:
            BrokenRunError: a host was not reached, or it took too long.
        """
        variables = {
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_MODULE_UTILS": str(self._utilities),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.jsonl",
            "PYTHONPATH": "",
        }
        ended = run(
            [str(self.program("ansible-playbook")), "-i", "inventory.yml", str(_PLAYBOOK), *words],
            folder,
            variables=variables,
        )
        return AnsibleRun(ended=ended, tasks=tuple(_tasks(ended.out)))


def _tasks(out: str) -> Iterator[tuple[str, str]]:
    for line in out.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("_event") in ("v2_runner_on_ok", "v2_runner_on_failed"):
            for result in event["hosts"].values():
                yield result["action"], result["msg"].strip() if result.get("failed") else "ok"
