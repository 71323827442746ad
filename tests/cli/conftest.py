"""A folder as a consultant has it: inventory, playbook, and simulated hosts that live as long as the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ndrfix import cli
from ndrfix.cli import terminal
from ndrfix.connections.simulated import Simulation
from ndrfix.secrets import Masker

HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SOFTWARE\Acme: {Mode: 1}
  services:
    MSExchangeIMC: {display_name: Internet Mail, status: running, start: automatic, image: 'C:\x.exe'}
ex02: {base: ex01, computer: {name: MAIL2}}
"""
INVENTORY = """
all:
  vars: {ansible_connection: simulated, ndrfix_simulation: hosts.yml}
  children:
    exchange:
      hosts:
        ex01:
        ex02:
"""
BOOK = r"""
- name: Set the mode
  hosts: all
  tasks:
    - name: Mode is two
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Mode, type: dword, data: 2}
      notify: Restart
      tags: [suppress]
  handlers:
    - name: Restart
      restart_service: {name: MSExchangeIMC}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Folder:
    """The current folder of the test; `hosts` are the simulated hosts that the commands meet."""

    path: Path
    hosts: Simulation
    capture: pytest.CaptureFixture[str]

    def __call__(self, line: str) -> Ended:
        """Run a command line as typed."""
        self.capture.readouterr()
        code = cli.run(line.split())
        said = self.capture.readouterr()
        return Ended(code, said.out, said.err)

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.path / name).write_text(text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    """The folder, entered; nobody sits at the keyboard."""
    monkeypatch.chdir(tmp_path)
    for name, value in vars(Masker()).items():  # the mask that every module holds, as a new process has it
        monkeypatch.setattr(terminal.MASKER, name, value)
    for name, text in (("hosts.yml", HOSTS), ("inventory.yml", INVENTORY), ("book.yml", BOOK)):
        (tmp_path / name).write_text(text)
    simulation = Simulation.load(tmp_path / "hosts.yml")
    load: Callable[[Path], Simulation] = Simulation.load
    monkeypatch.setattr(
        Simulation, "load", lambda path: simulation if path.resolve() == tmp_path / "hosts.yml" else load(path)
    )
    return Folder(tmp_path, simulation, capsys)
