"""Encrypted inventories and variables from the command line: opened when they are needed, and told when not."""

from __future__ import annotations

import json

import pytest

from ndrfix.resources import RegistryData, RegistryKey, RegistryType, RegistryValue
from ndrfix.secrets import Secret
from ndrfix.vault import seal
from tests.cli.conftest import BOOK, INVENTORY, Folder

PASSWORD = Secret("opal-lantern-42")


def block(text: str, label: str = "default", indent: int = 10, password: Secret = PASSWORD) -> str:
    """The value of a `!vault` tag."""
    lines = seal(text.encode(), password, label).splitlines()
    return "!vault |\n" + "\n".join(f"{' ' * indent}{line}" for line in lines)


@pytest.fixture
def vaulted(folder: Folder) -> Folder:
    """Two hosts with an encrypted value and an encrypted file; the playbook needs both."""
    folder.write("pw", "opal-lantern-42\n")
    inventory = INVENTORY.replace("ex02:", f"ex02:\n          mode_data: {block('7', 'lab', 12)}")
    folder.write("inventory.yml", inventory)
    (folder.path / "host_vars").mkdir()
    folder.write("host_vars/ex01.yml", seal(b"mode_data: 'hunter-9'\nansible_port: 5985\n", PASSWORD))
    folder.write("book.yml", BOOK.replace("type: dword, data: 2", "type: string, data: '{{ mode_data }}'"))
    return folder


def test_encrypted_values_reach_the_host_and_nothing_else(vaulted: Folder) -> None:
    """With the password the run sets what was encrypted; nobody sees it."""
    ended = vaulted("apply book.yml -i inventory.yml --vault-id lab@pw --vault-password-file pw --yes -vv")
    assert ended.code == 0, ended.err
    read = [vaulted.hosts.host(name).read for name in ("ex01", "ex02")]
    from tests.cli.test_cli_via import MODE

    assert [getattr(each(MODE), "data", None) for each in read] == ["hunter-9", "7"]
    written = "".join(path.read_text() for path in (vaulted.path / "runs").rglob("*.json*"))
    assert "hunter-9" not in ended.out + ended.err + written


def test_listings_need_no_password(vaulted: Folder) -> None:
    """The inventory is listed without a password, what is encrypted as `<vaulted>`; closed files are told."""
    ended = vaulted("inventory -i inventory.yml --list")
    assert ended.code == 0
    shown = json.loads(ended.out)["_meta"]["hostvars"]
    assert shown["ex02"]["mode_data"] == "<vaulted>"
    assert "mode_data" not in shown["ex01"]
    assert "host_vars/ex01.yml:1:1: the file is encrypted" in ended.err
    opened = json.loads(vaulted("inventory -i inventory.yml --host ex01 --vault-password-file pw").out)
    assert (opened["mode_data"], opened["ansible_port"]) == ("********", 5985)


@pytest.mark.parametrize("what", ["--list-hosts", "--list-tasks", "--list-tags"])
def test_what_a_playbook_is_about_needs_no_password(folder: Folder, what: str) -> None:
    """Neither one of the vault nor, with -k, one of the hosts."""
    encrypted = f"ex01:\n          ansible_password: {block('x', indent=12)}"
    folder.write("inventory.yml", INVENTORY.replace("ex01:", encrypted))
    ended = folder(f"plan book.yml -i inventory.yml -k {what}")
    assert (ended.code, ended.err) == (0, "")
    assert folder("plan book.yml -i inventory.yml -l ex01").code == 1


def test_what_a_playbook_is_about_needs_no_closed_file(vaulted: Folder) -> None:
    """Not even where no host at all could be worked on."""
    ended = vaulted("plan book.yml -i inventory.yml -l ex01 --list-hosts")
    assert (ended.code, ended.err) == (0, "")
    assert "hosts (1):\n      ex01\n" in ended.out


def test_extra_variables_may_be_encrypted(folder: Folder) -> None:
    """`-e @file` opens too, and a number in it is used and not shown."""
    folder.write("pw", "opal-lantern-42")
    folder.write("book.yml", BOOK.replace("data: 2", "data: '{{ mode }}'"))
    folder.write("extra.yml", seal(b"mode: 5\n", PASSWORD))
    ended = folder("apply book.yml -i inventory.yml -e @extra.yml --vault-password-file pw --yes")
    assert "hidden by no_log" in ended.out, ended.err
    mode = folder.hosts.host("ex01").read(RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Acme"), "Mode"))
    assert mode == RegistryData(RegistryType.DWORD, 5)
    assert "extra.yml:1:1" in folder("plan book.yml -i inventory.yml -e @extra.yml").err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-l ex02", "mode_data: the value is encrypted for the vault id 'lab', and no vault password was given"),
        ("-l ex02 --vault-id prod@other", "for the vault id 'lab', which has no password here, and no other one opens"),
        ("-l ex02 --vault-id lab@other", "no vault password given opens the value for the vault id 'lab'"),
        ("-l ex01", "error: the file is encrypted, and no vault password was given"),
        ("-l ex01 --vault-password-file other", "error: no vault password given opens the file"),
        ("-J", "standard input is not a terminal"),
        ("--vault-password-file nosuch", "the vault password file nosuch does not exist"),
    ],
)
def test_what_does_not_open_is_an_error(vaulted: Folder, options: str, says: str) -> None:
    """Every reason is one clear error before any host is reached, at the place of the value."""
    vaulted.write("other", "hunter-8")
    ended = vaulted(f"plan book.yml -i inventory.yml {options}")
    assert ended.code in (1, 5)
    assert says in ended.err
    assert "hunter" not in ended.err
    if "-l ex02" in options:
        assert "inventory.yml:9:22" in ended.err


def test_hosts_that_need_no_password_run(vaulted: Folder) -> None:
    """What is encrypted for other hosts, or for other tasks, is no matter."""
    vaulted.write("plain.yml", BOOK)
    assert vaulted("plan plain.yml -i inventory.yml -l ex02").code == 0
    assert vaulted("plan book.yml -i inventory.yml -l ex01 --vault-password-file pw").code == 0


def test_a_value_that_nothing_needs_is_not_decrypted(folder: Folder) -> None:
    """Nobody is asked for its password, whatever its name is."""
    folder.write("inventory.yml", INVENTORY.replace("ex01:", f"ex01:\n          api_token: {block('x', indent=12)}"))
    ended = folder("plan book.yml -i inventory.yml --vault-id default@prompt")
    assert (ended.code, ended.err) == (0, "")


def test_connection_settings_may_be_encrypted(folder: Folder) -> None:
    """Any setting may be a secret; one that does not fit is told without its value."""
    folder.write("pw", "opal-lantern-42")
    host = f"ex01:\n          ansible_port: {block('59x5', indent=12)}"
    folder.write("inventory.yml", INVENTORY.replace("ex01:", host))
    ended = folder("plan book.yml -i inventory.yml --vault-password-file pw")
    assert "ansible_port must be a whole number, not what is given, which is secret" in ended.err
    assert "59x5" not in ended.err
