"""`client.yml`: what it may hold, and that nothing else passes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.client import Branding, Client, Span, load_client
from ndrfix.errors import InputError

FAULTS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("faults.yml").read_text())
WHOLE = """name: ACME Ltd
contact: Ann Example, +44 20 7946 0000
vault_id: acme
time_zone: Europe/Berlin
report:
  logo: acme.png
  colour: "#1F4E79"
  footer: Confidential
change_window:
  - {from: 22:00, until: 05:00, days: [mon, Tue]}
  - {from: "9:30", until: "00:00", days: sun}
"""


def client(folder: Path, text: str) -> Client:
    """The client of a text."""
    (folder / "client.yml").write_text(text)
    found = load_client(folder)
    assert found is not None
    return found


def test_a_whole_client(tmp_path: Path) -> None:
    """Every key is read; times may be written without quotes, which YAML takes for numbers."""
    (tmp_path / "acme.png").touch()
    found = client(tmp_path, WHOLE)
    assert (found.name, found.contact, found.vault_ids) == ("ACME Ltd", "Ann Example, +44 20 7946 0000", ("acme",))
    assert found.branding == Branding(logo=tmp_path / "acme.png", colour="#1f4e79", footer="Confidential")
    assert found.window is not None
    assert found.window.zone.name == found.zone.name == "Europe/Berlin"
    assert found.window.spans == (
        Span(begins=time(22), ends=time(5), days=frozenset({0, 1})),
        Span(begins=time(9, 30), ends=time(0), days=frozenset({6})),
    )


def test_the_logo_of_another_client_is_refused(tmp_path: Path) -> None:
    """Also through a link; one in a folder below the client's, or in nobody's, is not."""
    for name in ("acme", "nw", "shared", "acme/pictures"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "logo.png").touch()
    client(tmp_path / "nw", "name: Northwind\n")
    (tmp_path / "acme/linked.png").symlink_to("../nw/logo.png")
    for logo in ("../nw/logo.png", "linked.png"):
        with pytest.raises(InputError, match="lies in the folder of another client") as caught:
            client(tmp_path / "acme", f"name: ACME Ltd\nreport: {{logo: {logo}}}\n")
        assert str(caught.value.place).endswith("acme/client.yml:2:16")
    for logo in ("logo.png", "pictures/logo.png", "../shared/logo.png"):
        assert client(tmp_path / "acme", f"name: ACME Ltd\nreport: {{logo: {logo}}}\n").branding.logo


def test_a_name_is_enough(tmp_path: Path) -> None:
    """All but the name may be left out; a name of digits is a name."""
    found = client(tmp_path, "name: 4711\n")
    assert found == Client(name="4711", file=tmp_path / "client.yml")


@pytest.mark.parametrize(
    "name",
    [
        "client.yaml",
        "Client.yml",
        "CLIENT.YAML",
        "clients.yml",
        "cleint.yml",
        "client.json",
        "client.yml.txt",
        "client",
    ],
)
def test_a_name_that_is_nearly_right(name: str, tmp_path: Path) -> None:
    """The file is not passed over, or the run would be for nobody."""
    (tmp_path / name).write_text("name: ACME\n")
    if (tmp_path / "client.yml").exists():
        return  # a file system that takes no notice of case: it is the right name
    with pytest.raises(InputError) as caught:
        load_client(tmp_path)
    assert caught.value.what == f"{name} is not read, the file that names the client is client.yml"
    (tmp_path / "client.yml").write_text("name: ACME\n")
    assert load_client(tmp_path) is not None


@pytest.mark.parametrize("name", ["clients.yml", "client.ini", "client.yml.bak", "client-list.yml", "inventory.yml"])
def test_other_files_may_be_called_alike(name: str, tmp_path: Path) -> None:
    """An inventory, a backup; a folder too."""
    assert load_client(tmp_path / "nowhere") is None
    (tmp_path / "clients.yaml").mkdir()
    (tmp_path / name).write_text("clients: {hosts: {ex01: }}\n")
    assert load_client(tmp_path) is None


@pytest.mark.parametrize("case", FAULTS, ids=[case["name"] for case in FAULTS])
def test_what_is_wrong_is_an_error_at_its_place(case: dict[str, Any], tmp_path: Path) -> None:
    """The message says what is wrong, and where."""
    with pytest.raises(InputError) as caught:
        client(tmp_path, case["text"])
    assert [part for part in case["error"] if part not in caught.value.what + caught.value.next_step] == []
    assert str(caught.value.place) == f"{tmp_path / 'client.yml'}:{case['at']}"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to correct a file fault by fault."""
    with pytest.raises(InputError) as caught:
        client(tmp_path, "nam: ACME\nreport: {color: red}\ntime_zone: Europe/Acme\n")
    assert len(caught.value.others) == 3


@given(line=st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8]), letters=st.text("qxzkv", min_size=1, max_size=3))
def test_a_misspelt_key_is_an_error_there(line: int, letters: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A letter too many in any key is found, in its line."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "acme.png").touch()
    lines = WHOLE.splitlines()
    key, colon, rest = lines[line].partition(":")
    lines[line] = key + letters + colon + rest
    with pytest.raises(InputError) as caught:
        client(folder, "\n".join(lines))
    assert line + 1 in {fault.place.line for fault in (caught.value, *caught.value.others) if fault.place}


def test_vault_ids_of_a_client(tmp_path: Path) -> None:
    """One or several; others are foreign, what has no label is not; without any nothing is."""
    acme = client(tmp_path, "name: ACME\nvault_id: [acme, team]\n")
    assert [acme.foreign(label) for label in ("acme", "team", "default")] == ["", "", ""]
    assert acme.foreign("nw") == "the vault id 'nw' is not of client ACME, whose is acme or team"
    assert client(tmp_path, "name: ACME\n").foreign("nw") == ""


def test_a_whole_day(tmp_path: Path) -> None:
    """The end of a day is 24:00; only so does a window last for all of it."""
    found = client(tmp_path, "name: A\nchange_window: {from: 00:00, until: 24:00, days: sun}\n")
    assert found.window is not None
    assert str(found.window) == "sun 00:00–24:00"
    sunday = datetime(2026, 11, 29).astimezone()
    assert found.window.closes(sunday) == sunday + timedelta(days=1)
    assert found.window.opens(sunday - timedelta(hours=1)) == sunday
