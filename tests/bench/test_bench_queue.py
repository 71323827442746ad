"""The playbooks with which the queue is measured are ones that ndrfix takes."""

from __future__ import annotations

from pathlib import Path

from bench.queue import write_playbooks
from ndrfix import cli


def test_the_playbooks_are_accepted(tmp_path: Path) -> None:
    """An argument that a step no longer takes would else be seen only when somebody measures."""
    write_playbooks(tmp_path)
    assert cli.run(["lint", str(tmp_path), "--profile", "basic"]) == 0
    assert len(list(tmp_path.glob("*.yml"))) == 2
