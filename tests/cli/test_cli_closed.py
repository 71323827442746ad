"""One host's encrypted value or file does not open: that host fails, with the reason, and the others are worked on."""

from __future__ import annotations

import json

import pytest

from ndrfix.secrets import Secret
from ndrfix.vault import seal
from tests.cli.conftest import BOOK, INVENTORY, Folder
from tests.cli.test_cli_vaulted import block

PROD, LAB = Secret("opal-lantern-42"), Secret("amber-field-7")
FILE = "host_vars/ex01.yml:1:1: the file is encrypted for the vault id 'prod'"
VALUE = "inventory.yml:9:22: mode_data: the value is encrypted for the vault id 'lab'"


@pytest.fixture
def two(folder: Folder) -> Folder:
    """The file of ex01 is encrypted for `prod`, a value of ex02 for `lab`; the playbook needs a value of each."""
    for name, password in (("prod", PROD), ("lab", LAB)):
        folder.write(name, password.reveal())
    value = block("7", "lab", 12, LAB)
    folder.write("inventory.yml", INVENTORY.replace("ex02:", f"ex02:\n          mode_data: {value}"))
    (folder.path / "host_vars").mkdir()
    folder.write("host_vars/ex01.yml", seal(b"mode_data: hunter-9\n", PROD, "prod"))
    folder.write("book.yml", BOOK.replace("type: dword, data: 2", "type: string, data: '{{ mode_data }}'"))
    return folder


@pytest.mark.parametrize(("verb", "does"), [("plan", "would change"), ("apply --yes", "changed")])
@pytest.mark.parametrize(
    ("given", "closed", "open_", "says"),
    [
        ("--vault-id prod@prod", "ex02", "ex01", f"{VALUE}, which has no password here, and no other one opens it"),
        ("--vault-id lab@lab", "ex01", "ex02", f"{FILE}, which has no password here, and no other one opens it"),
        (
            "--vault-id prod@prod --vault-id lab@prod",
            *(
                "ex02",
                "ex01",
                "inventory.yml:9:22: mode_data: no vault password given opens the value for the vault id",
            ),
        ),
        (
            "--vault-id prod@lab --vault-id lab@lab",
            *("ex01", "ex02", "host_vars/ex01.yml:1:1: no vault password given opens the file for the vault id"),
        ),
    ],
)
def test_the_host_fails_and_the_other_is_worked_on(
    two: Folder, verb: str, does: str, given: str, closed: str, open_: str, says: str
) -> None:
    """The report says where, for which vault id, and what to give; the exit code is that of a failed host."""
    ended = two(f"{verb} book.yml -i inventory.yml {given}")
    assert ended.code == 2, ended.err
    assert f"failed: [{closed}]    {says}" in ended.out
    assert "Next: " in ended.out.partition(says)[2].splitlines()[1]
    assert f"{does}: [{open_}]" in ended.out
    assert "hunter" not in ended.out + ended.err


def test_a_closed_host_is_not_touched(two: Folder) -> None:
    """Not by the tasks before the one that needs the value either: half a playbook may be worse than none."""
    first = "    - name: First\n      set_service: {name: MSExchangeIMC, state: stopped}\n    - name: Mode"
    two.write("book.yml", (two.path / "book.yml").read_text().replace("    - name: Mode", first))
    ended = two("apply book.yml -i inventory.yml --yes --vault-id prod@prod")
    assert "changed: [ex01]" in ended.out
    assert f"failed: [ex02]    {VALUE}" in ended.out
    assert (
        two("plan book.yml -i inventory.yml -l ex02 --vault-id lab@lab --tags all").out.count("would change: [ex02]")
        == 2
    )


@pytest.mark.parametrize("given", ["", "--vault-id other@prod -l ex02"])
def test_where_no_host_is_open_it_is_an_error(two: Folder, given: str) -> None:
    """There is nothing to report on; all that is closed is told at once."""
    ended = two(f"plan book.yml -i inventory.yml {given}")
    assert (ended.code, ended.out) == (1, "")
    assert "mode_data: the value is encrypted for the vault id 'lab'" in ended.err
    assert ("the file is encrypted for the vault id 'prod'" in ended.err) == (given == "")


def test_the_way_back_is_for_open_hosts(two: Folder) -> None:
    """An undo, too, fails for the closed host only, and takes it back once its password is given."""
    inventory = (two.path / "inventory.yml").read_text().replace("mode_data:", "ansible_password:")
    two.write("inventory.yml", inventory)
    two.write("book.yml", BOOK)
    assert two("apply book.yml -i inventory.yml --yes --vault-id prod@prod --vault-id lab@lab").code == 0
    (run,) = (two.path / "runs").glob("*-book-*")
    back = two(f"undo {run} -i inventory.yml --yes --vault-id prod@prod")
    assert back.code == 2, back.err
    assert "changed: [ex01]" in back.out
    assert f"failed: [ex02]    {VALUE.replace('9:22: mode_data', '9:29: ansible_password')}" in back.out
    assert (
        f"failed: [ex02]    {VALUE.replace('9:22: mode_data', '9:29: ansible_password')}"
        in two("resume -i inventory.yml --plan --vault-id prod@prod").out
    )
    assert two(f"undo {run} -i inventory.yml --yes -l ex02 --vault-id lab@lab").code == 0


def test_hosts_behind_a_closed_management_host(two: Folder) -> None:
    """They fail, and are told whose value it is; the others are worked on."""
    value = block("x", "lab", 12, LAB)
    inventory = INVENTORY.replace(
        "ex02:", f"ex02: {{ndrfix_via: jump}}\n        jump:\n          ansible_port: {value}"
    )
    two.write("inventory.yml", inventory)
    ended = two("plan book.yml -i inventory.yml -l ex01,ex02 --vault-id prod@prod")
    assert ended.code == 2, ended.err
    assert "would change: [ex01]" in ended.out
    assert (
        "failed: [ex02]    inventory.yml:10:25: its management host jump: ansible_port: the value is encrypted for the "
        "vault id 'lab'"
    ) in ended.out


def test_extra_variables_of_a_closed_file_are_not_questioned(two: Folder) -> None:
    """Whether something in the file uses them nobody knows."""
    assert two("plan book.yml -i inventory.yml -e later=5 --vault-id lab@lab").code == 2
    assert "nothing uses the extra variable 'later'" in (
        two("plan book.yml -i inventory.yml -e later=5 --vault-id prod@prod --vault-id lab@lab").err
    )


def test_a_value_that_nothing_uses_stops_nobody(two: Folder) -> None:
    """Whatever its vault id."""
    two.write("inventory.yml", (two.path / "inventory.yml").read_text().replace("mode_data:", "other_token:"))
    two.write("book.yml", BOOK)
    ended = two("plan book.yml -i inventory.yml --vault-id prod@prod")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("what", ["--list", "--host ex01", "--host ex01 --explain", "--list -l ex01"])
def test_the_inventory_says_what_it_cannot_show(two: Folder, what: str) -> None:
    """In one sentence, for the hosts that are shown; the rest is shown."""
    ended = two(f"inventory -i inventory.yml --vault-id lab@lab {what}")
    assert ended.code == 0
    assert ended.err.startswith(
        "warning: host_vars/ex01.yml:1:1: the file is encrypted for the vault id 'prod', which has no password here, "
        "and no other one opens it; its variables are not shown\n  Give its password: --vault-id prod@prompt"
    )
    assert "simulated" in ended.out


@pytest.mark.parametrize("what", ["--host ex02", "--host ex02 --explain", "--list -l ex02"])
def test_files_of_other_hosts_are_no_matter(two: Folder, what: str) -> None:
    """Neither is the password of a value that is shown as `<vaulted>`."""
    ended = two(f"inventory -i inventory.yml {what}")
    assert (ended.code, ended.err) == (0, "")
    assert "<vaulted>" in ended.out


def test_a_file_of_all_closes_all(two: Folder) -> None:
    """It is told once."""
    (two.path / "group_vars").mkdir()
    two.write("group_vars/all.yml", seal(b"x: 1\n", LAB, "lab"))
    two.write("book.yml", BOOK)
    ended = two("plan book.yml -i inventory.yml --vault-id prod@prod")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("the file is encrypted for the vault id 'lab'") == 1
    assert two("plan book.yml -i inventory.yml --vault-id prod@prod --vault-id lab@lab").code == 0


def test_the_document_says_it_too(two: Folder) -> None:
    """`--json` has the closed host as failed, with the reason."""
    two("plan book.yml -i inventory.yml --vault-id prod@prod --json out.json")
    document = (two.path / "out.json").read_text()
    assert json.loads(document)
    assert "mode_data: the value is encrypted for the vault id 'lab'" in document
