"""Settings at the command line: they stand in for flags, and `ndrfix config` tells where they come from."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from ndrfix import cli
from ndrfix.cli.job import PlaybookJob
from ndrfix.cli.request import Request
from ndrfix.config import SETTINGS
from ndrfix.secrets import Secret
from ndrfix.vault import seal
from tests.cli.conftest import INVENTORY, Folder


@pytest.fixture
def configured(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder with an `ndrfix.cfg` that is read."""
    monkeypatch.delenv("NDRFIX_CONFIG")
    monkeypatch.setenv("HOME", str(folder.path / "home"))
    folder.path.chmod(0o755)
    folder.write("ndrfix.cfg", "[defaults]\ninventory = inventory.yml\nruns_dir = kept\ndetailed_exitcode = yes\n")
    return folder


def test_settings_stand_in_for_flags(configured: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every verb; the command line wins."""
    assert configured("plan book.yml").code == 10
    assert configured("apply book.yml --yes").code == 10
    [run] = Path("kept").glob("2*")
    assert configured("apply book.yml --yes --runs-dir other").out.rstrip().endswith("Nothing to apply.")
    assert configured(f"undo {run.name} --plan").code == 10
    assert configured(f"undo {run.name} --plan --runs-dir other").code == 1
    assert "|--@exchange:" in configured("inventory --graph").out
    monkeypatch.setenv("NDRFIX_DETAILED_EXITCODE", "no")
    assert configured(f"undo {run.name} --plan").code == 0
    monkeypatch.setenv("NDRFIX_INVENTORY", "nowhere.yml")
    assert "nowhere.yml" in configured("plan book.yml").err
    assert configured("plan book.yml -i inventory.yml").code == 0


def test_without_an_inventory_it_is_still_asked_for(folder: Folder) -> None:
    """As before."""
    ended = folder("plan book.yml")
    assert (ended.code, "'-i' / '--inventory'" in ended.err) == (5, True)


def test_config_shows_what_holds_and_why(configured: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `ansible-config dump` does it."""
    monkeypatch.setenv("NDRFIX_FORKS", "3")
    ended = configured("config")
    assert (ended.code, ended.err) == (0, "ndrfix.cfg is read\n")
    assert ended.out.splitlines()[:3] == [
        'inventory(ndrfix.cfg:2:1) = ["inventory.yml"]',
        "forks(NDRFIX_FORKS) = 3",
        "timeout(default) = 30",
    ]
    assert len(ended.out.splitlines()) == len(SETTINGS)
    assert configured("config --only-changed").out.splitlines() == [
        'inventory(ndrfix.cfg:2:1) = ["inventory.yml"]',
        "forks(NDRFIX_FORKS) = 3",
        "runs_dir(ndrfix.cfg:3:1) = kept",
        "detailed_exitcode(ndrfix.cfg:4:1) = true",
    ]
    document = json.loads(configured("config --only-changed --json").out)
    assert document["file"] == "ndrfix.cfg"
    assert [each["origin"] for each in document["settings"]] == ["file", "variable", "file", "file"]
    assert json.loads(configured("config --json").out)["settings"][2]["origin"] == "default"
    assert document["settings"][1] == {"name": "forks", "value": 3, "origin": "variable", "from": "NDRFIX_FORKS"}


def test_config_without_a_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that none is read; without changes there is nothing to show."""
    monkeypatch.delenv("NDRFIX_CONFIG")
    monkeypatch.setenv("HOME", str(folder.path / "home"))
    ended = folder("config --only-changed")
    assert (ended.code, ended.out, ended.err) == (0, "", "no ndrfix.cfg is read\n")


def test_a_wrong_setting_ends_every_verb_but_help(configured: Folder) -> None:
    """With the line of the file; help can still be had."""
    configured.write("ndrfix.cfg", "[defaults]\nfork = 5\n")
    for line in ("plan book.yml -i inventory.yml", "config", "steps", "inventory -i inventory.yml --graph"):
        ended = configured(line)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines()[:3] == [
            "error: unknown setting 'fork', did you mean 'forks'?",
            "  ndrfix.cfg:2:1",
            "    2 | fork = 5",
        ]
    assert configured("plan --help").code == 0
    assert configured("--help").code == 0


def test_colours_as_the_settings_say(configured: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """force_color colours a file, nocolor and NO_COLOR win."""
    for name in ("NO_COLOR", "ANSIBLE_NOCOLOR", "ANSIBLE_FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" not in configured("plan book.yml").out
    monkeypatch.setenv("NDRFIX_FORCE_COLOR", "yes")
    assert "\x1b[" in configured("plan book.yml").out
    monkeypatch.setenv("NDRFIX_NOCOLOR", "yes")
    assert "\x1b[" not in configured("plan book.yml").out
    monkeypatch.delenv("NDRFIX_NOCOLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in configured("plan book.yml").out
    monkeypatch.delenv("NDRFIX_FORCE_COLOR")
    configured("plan book.yml")


def test_the_time_to_wait_for_a_connection(folder: Folder) -> None:
    """It stands in where the inventory gives a host none."""
    more = "ansible_psrp_connection_timeout: 90"
    folder.write("inventory.yml", INVENTORY.replace("        ex02:", f"        ex02: {{{more}}}"))
    work = PlaybookJob(Request(playbook="book.yml", inventories=("inventory.yml",), timeout=5))
    assert {name: each.connection_timeout for name, each in work.prepared.access.settings.items()} == {
        "ex01": 5,
        "ex02": 90,
    }
    assert folder("plan book.yml -i inventory.yml -T 0").code == 5


def test_every_flag_of_a_setting_is_one(folder: Folder) -> None:
    """The verbs have the flags that the table names, with its defaults and its help."""
    plan = cli.root.get_command(click.Context(cli.root), "plan")
    assert plan is not None
    by_name = {option.name: option for option in plan.params if isinstance(option, click.Option)}
    for setting in SETTINGS:
        if setting.parameter:
            option = by_name[setting.parameter]
            assert (tuple(option.opts), option.help) == (setting.flags, setting.meaning)
    assert by_name["forks"].default == 10


def test_vault_passwords_may_be_configured(configured: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's paths begin beside it; a variable wins over it."""
    (configured.path / "keys").mkdir()
    configured.write("keys/pass", "hunter22\n")
    configured.write("keys/ndrfix.cfg", "[defaults]\nvault_password_file = pass\nvault_identity_list = lab@other\n")
    (configured.path / "host_vars").mkdir()
    configured.write("host_vars/ex01.yml", seal(b"colour_of_mail: blue\n", Secret("hunter22")))
    monkeypatch.setenv("NDRFIX_CONFIG", "keys")
    monkeypatch.setenv("NDRFIX_VAULT_IDENTITY_LIST", "lab@keys/pass")
    assert "colour_of_mail" in configured("inventory -i inventory.yml --host ex01").out
    assert configured("config --only-changed").out.splitlines() == [
        'vault_identity_list(NDRFIX_VAULT_IDENTITY_LIST) = ["lab@keys/pass"]',
        f"vault_password_file({Path('keys/ndrfix.cfg')}:2:1) = {Path('keys/pass')}",
    ]
    configured.write("keys/pass", "another\n")
    assert "colour_of_mail" not in configured("inventory -i inventory.yml --host ex01").out
