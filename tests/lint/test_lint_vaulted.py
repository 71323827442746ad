"""Encrypted values in what is linted: opaque, whatever their form, and nobody's password is asked for."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ndrfix import cli
from ndrfix.secrets import Secret
from ndrfix.vault import Envelope, Vault, seal

LABELS = ("default", "Büro")
STYLES = ("|", "|-", "|+", ">", ">-", "|2", '"')
INDENTS = (1, 2, 9)
PLAYBOOK = r"""- name: Look at what is secret
  hosts: exchange
  vars:
    relay_password: {vars}
  tasks:
    - name: The relay is known
      check_registry:
        path: HKLM\SOFTWARE\Acme
        name: Relay
        data: {data}
      no_log: true
"""
INVENTORY = """\
all:
  vars:
    ansible_psrp_auth: ntlm
  children:
    exchange:
      vars:
        ansible_user: consultant
        ansible_password: {vars}
      hosts:
        ex01:
          ansible_host: 192.0.2.11
          ndrfix_computer_name: MAIL1
          relay: {data}
"""
VARIABLES = "relay_password: {vars}\nrelays:\n  - name: first\n    password: {data}\n"


def value(label: str, style: str, indent: int, deep: int) -> str:
    """A value under `!vault` whose key stands `deep` blanks in."""
    lines = seal(b"hunter2", Secret("opal"), label, salt=b"x" * 32).splitlines()
    if style == '"':
        return '!vault "' + "\\n".join(lines) + '"'
    blanks = " " * (deep + (2 if style == "|2" else indent))
    return f"!vault {style}\n" + "\n".join(blanks + line for line in lines)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, entered, with a program as source of passwords; the file is there once it was run."""
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "ask"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\necho opal\n")
    script.chmod(0o755)
    for prefix in ("NDRFIX", "ANSIBLE"):
        monkeypatch.setenv(f"{prefix}_VAULT_PASSWORD_FILE", str(script))

    def never(*_: object) -> None:
        raise AssertionError("something is taken apart")

    monkeypatch.setattr(Envelope, "parse", never)
    monkeypatch.setattr(Vault, "__call__", never)
    return tmp_path / "asked"


@pytest.mark.parametrize(
    ("name", "text", "deep"),
    [("site.yml", PLAYBOOK, (4, 8)), ("inventory.yml", INVENTORY, (8, 10)), ("group_vars/all.yml", VARIABLES, (0, 4))],
)
def test_encrypted_values_of_any_form(
    name: str, text: str, deep: tuple[int, int], asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For any vault id, indented however, in a block or in quotes: nothing is found, and nothing is opened."""
    Path(name).parent.mkdir(exist_ok=True)
    for label, style, indent in itertools.product(LABELS, STYLES, INDENTS):
        first, second = (value(label, style, indent, each) for each in deep)
        written = text.format(vars=first, data=second)
        assert written.count("$ANSIBLE_VAULT") == 2
        Path(name).write_text(written, encoding="utf-8")
        code = cli.run(["lint", name])
        assert (code, capsys.readouterr().out) == (0, "1 file: nothing found\n"), written
    assert not asked.exists()


@pytest.mark.parametrize(
    "sealed",
    [
        "!vault",
        "!vault ''",
        "!vault 5",
        "!vault |\n      not encrypted",
        "!vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      0",
    ],
)
def test_what_is_damaged_is_opaque_too(sealed: str, asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether a value opens is no matter of the linter."""
    Path("site.yml").write_text(PLAYBOOK.format(vars=sealed, data="'{{ relay_password }}'"), encoding="utf-8")
    assert (cli.run(["lint", "site.yml"]), capsys.readouterr().out) == (0, "1 file: nothing found\n")
    assert not asked.exists()
