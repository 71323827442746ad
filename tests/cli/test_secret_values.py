"""Secrets that are no text, and those that only a name tells: none is shown or stored, and each is used as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.resources import RegistryData, RegistryKey, RegistryValue
from ndrfix.secrets import Secret
from ndrfix.vault import seal
from tests.cli.conftest import Folder

KEY = r"HKLM\SOFTWARE\Acme"
PASSWORD = Secret("vault-password")


@pytest.fixture
def secretive(folder: Folder) -> Folder:
    """The folder with a vault password in `vp`."""
    folder.write("vp", PASSWORD.reveal())
    return folder


def book(*tasks: str, head: str = "") -> str:
    """A playbook that sets registry values."""
    return f"- hosts: all\n{head}  tasks:\n" + "".join(
        f"    - set_registry: {{path: '{KEY}', name: {task}}}\n" for task in tasks
    )


def written(folder: Folder, *lines: str) -> str:
    """All that these command lines say, and what they leave in the folder of runs."""
    said = [folder(line) for line in lines]
    assert [ended.code for ended in said] == [0] * len(said), said
    runs = [
        path.read_text() for path in Path("runs").rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl")
    ]
    assert runs
    return "".join([ended.out + ended.err for ended in said] + runs)


def data(folder: Folder, name: str) -> object:
    """What a value of the first host is."""
    found = folder.hosts.host("ex01").read(RegistryValue(RegistryKey.parse(KEY), name))
    assert isinstance(found, RegistryData)
    return found.data


APPLY = "apply book.yml -i inventory.yml --vault-password-file vp --yes -vv"


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "vaulted"])
def test_a_number_is_as_secret_as_a_text(secretive: Folder, sealed: bool) -> None:
    """In a play's `vars`, in a file of them, and in a file that is vaulted as a whole; it stays a number."""
    variables = "play_pass: 23456789\nnext_pin_pass: '{{ play_pass + 1 }}'\n"
    secretive.write("more.yml", seal(variables.encode(), PASSWORD) if sealed else variables)
    tasks = ("a, type: dword, data: '{{ play_pass }}'", "b, type: dword, data: '{{ next_pin_pass }}'")
    last = "c, type: dword, data: '{{ own_pass }}'"
    secretive.write("book.yml", book(*tasks, last, head="  vars: {own_pass: 34567890}\n  vars_files: [more.yml]\n"))
    text = written(secretive, APPLY)
    assert [each for each in ("23456789", "23456790", "34567890", "0x0165EC15") if each in text] == []
    assert [data(secretive, name) for name in "abc"] == [23456789, 23456790, 34567890]


def test_numbers_and_dates_of_a_vaulted_file(secretive: Folder) -> None:
    """Nothing of them is in a listing, on the screen, or in what a run leaves; conditions compare them as they are."""
    (secretive.path / "group_vars").mkdir()
    secretive.write("group_vars/all.yml", seal(b"pin: 83749201\nborn: 1987-06-05\nrate: 0.98765\n", PASSWORD))
    task = "a, type: dword, data: '{{ pin }}'"
    secretive.write("book.yml", book(task) + "      when: pin == 83749201 and rate > 0.5\n")
    lines = ("--list", "--host ex01", "--host ex01 --explain")
    text = written(secretive, APPLY, *(f"inventory -i inventory.yml --vault-password-file vp {line}" for line in lines))
    assert [each for each in ("83749201", "1987-06-05", "1987, 6", "0.98765") if each in text] == []
    assert data(secretive, "a") == 83749201


def test_what_is_wrong_with_a_secret_number_is_not_said(secretive: Folder) -> None:
    """Neither by the step that refuses it, nor by the reader of a file in which it is written ambiguously."""
    secretive.write("book.yml", book("a, data: '{{ own_pass }}'", head="  vars: {own_pass: 34567890}\n"))
    ended = secretive(APPLY)
    assert ended.code == 1
    assert "the value is not shown" in ended.err
    assert "34567890" not in ended.out + ended.err
    secretive.write("more.yml", seal(b"pin: 01234567\n", PASSWORD))
    secretive.write("book.yml", book("a, data: x", head="  vars_files: [more.yml]\n"))
    ended = secretive(APPLY)
    assert ended.code == 1
    assert "a number with a leading zero" in ended.err
    assert [each for each in ("1234567", "342391") if each in ended.out + ended.err] == []


def test_an_environment_variable_called_as_secrets_are(secretive: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one wherever it is looked up; another one is shown."""
    monkeypatch.setenv("OTHER_TOKEN", "Env-value-5")
    monkeypatch.setenv("OTHER_MODE", "Env-value-6")
    looked = ("a, data: \"{{ lookup('env', 'OTHER_TOKEN') }}\"", "b, data: \"{{ lookup('env', 'OTHER_MODE') }}\"")
    secretive.write("book.yml", book(*looked))
    text = written(secretive, APPLY)
    assert "Env-value-5" not in text
    assert "Env-value-6" in text
    assert data(secretive, "a") == "Env-value-5"


def test_a_registry_value_called_as_secrets_are(secretive: Folder) -> None:
    """What is written to it, what stood there, and what a check finds are shown by no verb; undo puts it back."""
    name = "AdminPassword"
    secretive.write("book.yml", book(f"{name}, data: Older-pass-1"))
    text = written(secretive, APPLY)
    check = f"    - check_registry: {{key: '{KEY}', value: {name}, state: present}}\n"
    secretive.write("book.yml", book(f"{name}, data: Newer-pass-1", "Mode, type: dword, data: 7") + check)
    before = {*Path("runs").glob("2*")}
    text += written(secretive, APPLY)
    [run] = {*Path("runs").glob("2*")} - before
    assert data(secretive, name) == "Newer-pass-1"
    text += written(secretive, f"undo {run.name} -i inventory.yml --yes -vv")
    assert data(secretive, name) == "Older-pass-1"
    assert "0x00000007" in text
    assert [each for each in ("Newer-pass-1", "Older-pass-1") if each in text] == []
    secretive.write("book.yml", book(f"{name}, type: dword, data: Wrong-pass-1"))
    for line in (APPLY, "lint book.yml"):
        ended = secretive(line)
        assert ended.code == 1
        assert "Wrong-pass-1" not in ended.out + ended.err
