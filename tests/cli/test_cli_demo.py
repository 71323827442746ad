"""The demo: on the wire and in memory, what it shows, and what is left when it has ended."""

from __future__ import annotations

import re
import socket
import threading

import pytest
import yaml

from ndrfix.cli.demo_wire import HOSTS
from ndrfix.errors import ExitCode
from ndrfix.shipped import demo_folder
from tests.cli.conftest import Folder

HEALTH = (
    "failed: [ex02]    Service Pack 3",
    "failed: [ex03]    absent: msexcimc.exe",
    "unreachable: [ex05]  ",
    "ok: [ex06]        already dword 0x00000100 (256) no_smtp_return_address",
    "failed: [ex07]    the wrong server: OTHERCLIENT1 answers, ACMEMAIL7 is expected (ndrfix_computer_name)",
)


def _wire(folder: Folder) -> dict[str, dict[str, object]]:
    """The hosts of the inventory that was written, the management host among them."""
    groups = yaml.safe_load((folder.path / "demo" / "wire.yml").read_text())["all"]["children"]
    return {name: values for group in groups.values() for name, values in group["hosts"].items()}


def test_demo_speaks_winrm(folder: Folder) -> None:
    """Eight hosts of every kind of health are planned and changed over real connections; nothing is left of them."""
    ended = folder("demo --apply --folder demo")
    assert ended.code == 0
    for text in (
        *HEALTH,
        "MSExchangeIMC is still STOP_PENDING",
        "changed: [ex01]",
        "changed: [ex08]",
        "8 hosts: 3 changed",
    ):
        assert text in ended.out
    assert re.search(r"unreachable: \[ex05\]  ex05 \(127\.0\.0\.1:\d+, ntlm\) refuses connections", ended.out)
    assert "warning" not in (ended.out + ended.err).lower()
    assert "Files of this run: demo/runs/" in ended.out
    assert "The hosts of wire.yml lived only as long as this command" in ended.out.replace("\n", " ")
    hosts = _wire(folder)
    assert set(hosts) == {*HOSTS, "ex08", "jump01"}
    for port in {values["ansible_port"] for values in hosts.values() if "ansible_port" in values}:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(str(port))), timeout=5)
    assert not [thread for thread in threading.enumerate() if thread.name == "ndrfix-endpoint"]


def test_demo_shows_no_password(folder: Folder) -> None:
    """The passwords stand in the inventory, which nobody else may read, and nowhere else; they are new each time."""
    passwords = []
    for _ in range(2):
        ended = folder("demo --apply --folder demo")
        inventory = folder.path / "demo" / "wire.yml"
        assert inventory.stat().st_mode & 0o077 == 0
        found = re.findall(r"ansible_password: '(.+)'", inventory.read_text())
        assert len(found) == 2
        files = [path for path in (folder.path / "demo" / "runs").rglob("*") if path.is_file()]
        for text in (ended.out, ended.err, *(path.read_text(errors="replace") for path in files)):
            assert not [password for password in found if password in text]
        passwords += found
    assert len(set(passwords)) == 4


def test_demo_only_plans(folder: Folder) -> None:
    """Without --apply nothing is applied and no run folder is made."""
    ended = folder("demo --folder demo")
    assert ended.code == 0
    assert "8 hosts: 3 would change" in ended.out
    assert "APPLY" not in ended.out
    assert not (folder.path / "demo" / "runs").exists()


def test_demo_in_memory(folder: Folder) -> None:
    """When it is asked for, seven hosts are planned and changed and nothing listens."""
    ended = folder("demo --apply --in-memory --folder demo")
    assert ended.code == 0
    for text in (*HEALTH, "MSExchangeIMC is still STOP_PENDING", "changed: [ex01]", "7 hosts: 2 changed"):
        assert text in ended.out
    assert "unreachable: [ex05]  nothing answers on port 5986" in ended.out
    assert "Files of this run: demo/runs/" in ended.out
    assert "psrpcore" not in ended.out
    assert not (folder.path / "demo" / "wire.yml").exists()


def test_demo_without_its_extra(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psrpcore it says in one line how to get the wire, and plays in memory."""
    monkeypatch.setattr("ndrfix.cli.demo.find_spec", lambda _name: None)
    ended = folder("demo --folder demo")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == (
        "psrpcore is not installed, so the hosts are in memory; over WinRM: pip install 'ndrfix[demo]'"
    )
    assert "7 hosts: 2 would change" in ended.out


def test_demo_where_nothing_may_listen(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no port is to be had, it is said what helps."""

    async def refuse(*_arguments: object, **_settings: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("asyncio.start_server", refuse)
    ended = folder("demo --folder demo")
    assert ended.code == ExitCode.WRONG_INPUT
    assert ended.err.splitlines()[0] == "error: cannot listen on 127.0.0.1: Permission denied"
    assert "ndrfix demo --in-memory" in ended.err


@pytest.mark.parametrize("form", ["", " --in-memory"])
def test_demo_keeps_files_that_are_there(folder: Folder, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that the user has changed in the demo's folder are the ones that are played."""
    folder(f"demo --folder demo{form}")
    hosts = folder.path / "demo" / "hosts.yml"
    hosts.write_text(hosts.read_text().replace("5.5.2650.21", "5.5.2650.24"))
    ended = folder(f"demo --folder demo{form}")
    assert "Service Pack 3: Internet Mail Service 5.5.2650.24" in ended.out


def test_demo_that_breaks_leaves_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """When something goes wrong in between, the ports are closed as well."""
    monkeypatch.setattr("ndrfix.cli.job.load_playbook", lambda *_: 1 / 0)
    assert folder("demo --folder demo").code == ExitCode.BUG
    assert not [thread for thread in threading.enumerate() if thread.name == "ndrfix-endpoint"]


def test_both_forms_show_the_same_hosts() -> None:
    """A name is the same simulated host on the wire and in memory."""
    document = yaml.safe_load((demo_folder() / "inventory.yml").read_text())
    in_memory = document["all"]["children"]["exchange"]["hosts"]
    assert {name: values["ndrfix_simulated_host"] for name, values in in_memory.items()} == HOSTS
