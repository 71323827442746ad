"""The peer: a Python with ansible-core, named by NDRFIX_PEER (its program, or its virtual environment)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "answers.py"
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Peer:
    """Ansible, asked about inventories."""

    python: Path
    home: Path

    def ask(self, questions: Sequence[Mapping[str, Any]], passwords: Mapping[str, str] | None = None) -> list[Any]:
        """Return Ansible's answers, see `answers.py`."""
        asked = json.dumps({"passwords": dict(passwords or {}), "questions": questions})
        answers: list[Any] = json.loads(self._run([str(self.python), str(PROGRAM)], asked))
        return answers

    def command(self, name: str, *words: str) -> str:
        """Return what one of Ansible's own programs prints."""
        return self._run([str(self.python.with_name(name)), *words], "")

    def _run(self, command: list[str], text: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
        variables = kept | {
            "ANSIBLE_HOME": str(self.home),
            "ANSIBLE_CONFIG": str(self.home / "ansible.cfg"),
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, env=variables, timeout=_SECONDS, cwd=self.home
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Peer:
    """Ansible; tests that ask for it are skipped where there is none."""
    named = os.environ.get("NDRFIX_PEER")
    if not named:
        pytest.skip("NDRFIX_PEER is not set: no Python with ansible-core")
    path = Path(named)
    home = tmp_path_factory.mktemp("ansible")
    (home / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")  # so that the user's own does not count
    return Peer((path / "bin" / "python" if path.is_dir() else path).absolute(), home)
