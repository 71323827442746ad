"""The planted faults of `bench/faulty.ansible.yml`: each is found on its line, and Ansible reads the playbook too."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bench.linting import compared, faults, laid_out, ours
from tests.peer.conftest import Peer

_MODULES = ("win_regedit", "win_service")


def _modules_beside(playbooks: Path) -> None:
    """ansible-core has no Windows modules, and refuses a playbook that names a module it cannot find."""
    folder = playbooks / "collections" / "ansible_collections" / "ansible" / "windows" / "plugins" / "modules"
    folder.mkdir(parents=True)
    for name in _MODULES:
        (folder / f"{name}.py").touch()


@pytest.mark.peer
def test_every_planted_fault_is_found(tmp_path: Path, peer: Peer) -> None:
    """All seven; the variant for the peer is a playbook to it, so that the two are asked about the same thing."""
    mine, theirs = laid_out(tmp_path)
    assert set(faults()) <= ours(tmp_path, mine[:1]).lines
    assert len(faults()) == 7
    _modules_beside(tmp_path / "theirs")
    listed = peer.command("ansible-playbook", "--list-tasks", "-i", "exchange,", str(tmp_path / theirs[0]))
    names = re.findall(r"(?m)^ *- name: (.*)", (tmp_path / theirs[0]).read_text(encoding="utf-8"))
    assert [name for name in names if name not in listed] == ["Restart the Internet Mail Service"]  # a handler


@pytest.mark.peer
def test_beside_ansible_lint() -> None:
    """Ten times faster for one file, thirty times for fifty, with every planted fault where ansible-lint finds none."""
    environment = os.environ.get("NDRFIX_ANSIBLE_LINT", "")
    if not environment:
        pytest.skip("NDRFIX_ANSIBLE_LINT does not name a virtual environment with ansible-lint")
    one, fifty = compared(Path(environment), {1: 5, 50: 1})
    planted = set(faults())
    assert planted <= one.ours[0].lines
    assert not planted & one.theirs[0].lines
    assert one.ratio >= 10
    assert fifty.ratio >= 30
