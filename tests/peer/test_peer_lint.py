"""The planted faults of `bench/faulty.ansible.yml`: each is found on its line, and Ansible reads the playbook too."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.linting import faults, laid_out, ours
from tests.peer.conftest import Peer


@pytest.mark.peer
def test_every_planted_fault_is_found(tmp_path: Path, peer: Peer) -> None:
    """All seven; the variant for the peer is a playbook to it, so that the two are asked about the same thing."""
    mine, theirs = laid_out(tmp_path)
    assert set(faults()) <= ours(tmp_path, mine[:1]).lines
    assert len(faults()) == 7
    assert "playbook: " in peer.command(
        "ansible-playbook", "--list-tasks", "-i", "exchange,", str(tmp_path / theirs[0])
    )
    assert yaml.safe_load((tmp_path / theirs[0]).read_text(encoding="utf-8"))
