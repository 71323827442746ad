"""`ndrfix init`: the commands of the new folder's README work at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Folder


@pytest.fixture
def outside(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder whose settings count."""
    monkeypatch.delenv("NDRFIX_CONFIG")
    monkeypatch.setenv("HOME", str(folder.path / "home"))
    return folder


def test_a_new_folder_works_at_once(outside: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that the README names up to the first host is accepted, without a warning."""
    ended = outside("init acme --name ACME")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("acme is laid out for ACME:\n  README.md\n")
    (outside.path / "acme").chmod(0o755)
    monkeypatch.chdir("acme")
    commands = re.findall(r"^ +ndrfix (.*)$", Path("README.md").read_text(), re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        line = command.replace(" -k", "").replace("--until 05:00", "--yes")
        ended = outside(line if line.startswith("inventory") else f"{line} --list-hosts")
        assert (ended.code, ended.err) == (0, "client ACME (client.yml)\n"), command
        assert "ex01" in ended.out
        line = f"{line} -i ." if line.startswith("inventory") else f"{line} -i . --list-hosts"
        assert outside(line).code == 0, "the folder itself is its inventory"
    lint = outside("lint")
    assert (lint.code, "nothing found" in lint.out + lint.err) == (0, True)
    assert 'inventory(ndrfix.cfg:3:1) = ["inventory.yml"]' in outside("config --only-changed").out


def test_its_hosts_may_be_rehearsed(outside: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is named from the first plan on."""
    outside("init acme --name ACME")
    Path("hosts.yml").rename("acme/simulation.yml")
    (outside.path / "acme").chmod(0o755)
    monkeypatch.chdir("acme")
    ended = outside("plan playbooks/audit.yml -e ansible_connection=simulated")
    assert " · client ACME · playbook audit.yml · 1 host (ex01 = MAIL1)" in ended.out.splitlines()[0]


def test_a_folder_that_is_not_empty(outside: Folder) -> None:
    """Is refused with the way on; with --add nothing is overwritten."""
    ended = outside("init .")
    assert ended.code == 1
    assert "the folder . is not empty" in ended.err
    assert "--add" in ended.err
    before = Path("inventory.yml").read_text()
    ended = outside("init . --add --name ACME")
    assert ended.code == 0
    assert "  inventory.yml was there, and is left as it is\n" in ended.out
    assert Path("inventory.yml").read_text() == before
    assert "client ACME" in outside("plan book.yml -i inventory.yml").out


def test_the_name_is_the_folders_unless_given(outside: Folder) -> None:
    """And must be one line."""
    outside("init northwind")
    assert 'name: "northwind"' in Path("northwind/client.yml").read_text()
    assert outside("init other --name \x07").code == 1
    assert not Path("other").exists()


ACME_HOSTS = "all:\n  hosts: {m1: }\n"


@pytest.mark.parametrize("name", ["hosts.yml", "hosts", "inventory.ini", "inventory/hosts.yml", "inventories/prod.yml"])
def test_an_inventory_that_is_there_stays_the_one(outside: Folder, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is added names it, and no host of an example comes before those of the client, or among them."""
    path = outside.path / "acme" / name
    path.parent.mkdir(parents=True)
    path.write_text("m1\n" if path.suffix == ".ini" else ACME_HOSTS)
    ended = outside("init acme --add")
    assert (ended.code, "inventory.yml\n" in ended.out) == (0, False)
    (outside.path / "acme").chmod(0o755)
    monkeypatch.chdir("acme")
    for line in ("inventory --graph", "inventory --graph -i ." if "inventories" not in name else "inventory --graph"):
        ended = outside(line)
        assert (ended.code, "m1" in ended.out, "ex01" in ended.out) == (0, True, False), ended.err


def test_which_of_several_inventories_is_meant_is_asked(outside: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those for production and for tests are not for one run."""
    for name in ("prod", "test"):
        (outside.path / "acme" / "inventories" / name).mkdir(parents=True)
    ended = outside("init acme --add")
    assert "name in ndrfix.cfg which inventory is meant (inventories/prod, inventories/test), then\n" in ended.out
    (outside.path / "acme").chmod(0o755)
    monkeypatch.chdir("acme")
    assert "# inventory = inventories/prod\n# inventory = inventories/test\n" in Path("ndrfix.cfg").read_text()
    assert outside("inventory --graph").code == 5
