"""Settings: which file is read, what it may hold, and who wins."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.config import BY_NAME, OTHER_VARIABLES, SETTINGS, Configuration, configuration
from ndrfix.config.page import configuration_page
from ndrfix.config.settings import OF_TESTS
from ndrfix.errors import InputError
from ndrfix.vault import encryption_label

ROOT = Path(__file__).parents[2]
FAULTS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("faults.yml").read_text(encoding="utf-8"))
posix = pytest.mark.skipif(os.name != "posix", reason="needs the rights of POSIX")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which nobody else may write to, and below it `home`."""
    tmp_path.chmod(0o755)
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(environment: dict[str, str] | None = None, warnings: list[str] | None = None) -> Configuration:
    """The configuration of the current folder."""
    warn = (warnings if warnings is not None else []).append
    return configuration(environment or {}, folder=Path(), home=Path("home").absolute(), warn=warn)


def write(name: str, *lines: str) -> None:
    """Write a file of settings."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("\n".join(("[defaults]", *lines)) + "\n", encoding="utf-8")


def test_without_anything_the_defaults_hold(place: Path) -> None:
    """Nothing is changed, and nothing stands in for a flag."""
    found = read({"HOME": "x", "ANSIBLE_FORKS": "3", "NDRFIX_FORKS": ""})
    assert found.file is None
    assert {name: value.value for name, value in found.values.items()} == {each.name: each.default for each in SETTINGS}
    assert not any(value.changed for value in found.values.values())
    assert (found.parameters(), found.variables()) == ({}, {})


def test_the_environment_wins_over_the_file(place: Path) -> None:
    """Each value tells where it comes from."""
    write("ndrfix.cfg", "forks = 5", "timeout = 60")
    found = read({"NDRFIX_FORKS": "7"})
    assert found.file == Path("ndrfix.cfg")
    assert (found["forks"], found.values["forks"].origin) == (7, "NDRFIX_FORKS")
    assert (found["timeout"], found.values["timeout"].origin) == (60, "ndrfix.cfg:3:1")
    assert (found["verbosity"], found.values["verbosity"].origin) == (0, "default")
    assert found.parameters() == {"forks": 7, "timeout": 60}


def test_one_file_is_read(place: Path) -> None:
    """The named one, else the one here, else the one at home; they are not merged."""
    write("home/.ndrfix.cfg", "forks = 1", "timeout = 11")
    assert (read()["forks"], read()["timeout"]) == (1, 11)
    write("ndrfix.cfg", "forks = 2")
    assert (read()["forks"], read()["timeout"]) == (2, 30)
    write("named/ndrfix.cfg", "forks = 3")
    assert read({"NDRFIX_CONFIG": "named"})["forks"] == 3
    assert read({"NDRFIX_CONFIG": "named/ndrfix.cfg"})["forks"] == 3
    assert read({"NDRFIX_CONFIG": os.devnull})["forks"] == 10


def test_a_home_that_is_closed_has_no_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another user's, as in containers; nothing else is kept from being done."""
    inside = Path.is_file

    def refused(path: Path) -> bool:
        if path.parent.name == "home":
            raise PermissionError(13, "Permission denied", str(path))
        return inside(path)

    monkeypatch.setattr(Path, "is_file", refused)
    assert read()["forks"] == 10
    monkeypatch.setenv("HOME", "home")
    assert encryption_label({}, folder=place, warn=pytest.fail) is None


@posix
def test_a_folder_that_everybody_may_write_to_is_not_trusted(place: Path) -> None:
    """A file there could name a program as vault password; the one at home is read instead, and that is said."""
    write("ndrfix.cfg", "forks = 2")
    write("home/.ndrfix.cfg", "forks = 1")
    place.chmod(0o777)
    warnings: list[str] = []
    assert read(warnings=warnings)["forks"] == 1
    assert warnings == [
        "ndrfix.cfg is not read: everybody may write to its folder; name it in NDRFIX_CONFIG if it is yours"
    ]
    assert read({"NDRFIX_CONFIG": "ndrfix.cfg"})["forks"] == 2


def test_paths_begin_beside_the_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of variables in the current folder."""
    monkeypatch.setenv("HOME", "/home/jo")
    lines = ("inventory = a.yml, /etc/b.yml", "runs_dir = ../runs", "vault_password_file = ~/pass")
    write("named/ndrfix.cfg", *lines, "vault_identity_list = acme@pass, nw@prompt, prompt, x@/etc/y@z")
    found = read({"NDRFIX_CONFIG": "named"})
    assert found["inventory"] == (str(Path("named/a.yml")), "/etc/b.yml")
    assert found["runs_dir"] == str(Path("named/../runs"))
    assert found["vault_password_file"] == "/home/jo/pass"
    assert found["vault_identity_list"] == (f"acme@{Path('named/pass')}", "nw@prompt", "prompt", "x@/etc/y@z")
    assert found.variables()["NDRFIX_VAULT_PASSWORD_FILE"] == "/home/jo/pass"
    assert read({"NDRFIX_INVENTORY": "a.yml,b.yml"})["inventory"] == ("a.yml", "b.yml")


def test_what_a_file_may_look_like(place: Path) -> None:
    """Comments, quotes, a byte order mark, line ends of Windows, spaces, the colon of INI files."""
    lines = (
        "\ufeff# a comment",
        "[defaults] ; ours",
        "; another",
        "remote_user = 'ACME\\jo#1' ; one more",
        "forks:5",
    )
    Path("ndrfix.cfg").write_bytes("\r\n".join(lines).encode())
    found = read()
    assert (found["remote_user"], found["forks"]) == ("ACME\\jo#1", 5)
    assert found.values["remote_user"].origin == "ndrfix.cfg:4:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [("'", "'"), ('"jo"', "jo"), ("'jo\"", "'jo\""), ("''jo''", "'jo'"), ("jo;x", "jo;x")],
)
def test_quotes(place: Path, text: str, value: str) -> None:
    """One pair around the whole is taken away, others stay."""
    write("ndrfix.cfg", f"remote_user = {text}")
    assert read()["remote_user"] == value


@pytest.mark.parametrize("text", ["yes", "True", "on", "1", "y"])
def test_yes_and_no(place: Path, text: str) -> None:
    """As Ansible reads them."""
    assert read({"NDRFIX_ASK_PASS": text})["ask_pass"] is True
    write("ndrfix.cfg", f"ask_pass = {text}")
    assert read({"NDRFIX_ASK_PASS": "no"})["ask_pass"] is False


@pytest.mark.parametrize("case", FAULTS, ids=[case["name"] for case in FAULTS])
def test_what_is_wrong_is_an_error_at_its_place(case: dict[str, Any], place: Path) -> None:
    """The message says what is wrong, and where."""
    if "cfg" in case:
        Path("ndrfix.cfg").write_text(case["cfg"], encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(case.get("env"))
    assert [part for part in case["error"] if part not in caught.value.what + caught.value.next_step] == []
    assert (str(caught.value.place) if caught.value.place else None) == (
        f"ndrfix.cfg:{case['at']}" if "at" in case else None
    )


def test_all_faults_are_told_at_once(place: Path) -> None:
    """Of the file and of the environment."""
    write("ndrfix.cfg", "fork = 5", "timeout = soon", "  indented")
    with pytest.raises(InputError) as caught:
        read({"NDRFIX_FORK": "5"})
    assert len(caught.value.others) == 3


@given(name=st.sampled_from(sorted(BY_NAME)), letters=st.text("qxzkv", min_size=1, max_size=3), variable=st.booleans())
def test_a_misspelt_setting_is_an_error(
    name: str, letters: str, variable: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A letter too many in any setting is found, whether in the file or in a variable, and the right name is told."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "ndrfix.cfg").write_text("" if variable else f"[defaults]\n{name}{letters} = 1\n")
    environment = {f"{BY_NAME[name].variable}{letters.upper()}": "1"} if variable else {}
    with pytest.raises(InputError) as caught:
        configuration(environment, folder=folder, home=folder, warn=lambda _: None)
    assert f"did you mean '{BY_NAME[name].variable if variable else name}'" in caught.value.what


def test_the_page_is_current() -> None:
    """docs/configuration.md is what the table of settings makes; `python -m ndrfix.config.page` writes it."""
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == configuration_page()


def test_every_variable_of_the_project_is_known() -> None:
    """No part of the project, its tests included, takes a variable with our prefix that would be refused."""
    known = {setting.variable for setting in SETTINGS} | OTHER_VARIABLES.keys() | OF_TESTS
    files = [
        ROOT / "Makefile",
        *(path for name in ("ndrfix", "tests", "bench") for path in (ROOT / name).rglob("*.py")),
    ]
    asked = re.compile(r"""(?:environ[\w.]*[\[(]|env\(|\$\()['"]?(NDRFIX_[A-Z_]+)""")
    used = {name for path in files for name in asked.findall(path.read_text(encoding="utf-8"))}
    assert {"NDRFIX_LAB", "NDRFIX_DEBUG"} <= used
    assert used <= known
