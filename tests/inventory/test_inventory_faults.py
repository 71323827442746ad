"""Wrong inventories: every fault is found in one pass, with its place, a hint, and no password."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory import load_inventory

CASES = yaml.safe_load((Path(__file__).parent / "faults.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_fault_is_reported_with_line_and_advice(case: dict[str, Any], tmp_path: Path) -> None:
    """A wrong file gives exactly the wanted faults, in file order, and shows no password."""
    path = tmp_path / case.get("file", "inventory.yml")
    path.write_text(case["text"], encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_inventory([path])
    faults = (caught.value, *caught.value.others)
    assert len(faults) == len(case["wanted"]), [str(fault) for fault in faults]
    for fault, wanted in zip(faults, case["wanted"], strict=True):
        line, _, rest = wanted.partition(": ")
        what, _, advice = rest.partition(" | ")
        assert fault.place is not None
        assert (fault.place.file, fault.place.line) == (str(path), int(line)), str(fault)
        assert what in fault.what
        assert advice.strip("\n") in fault.next_step
        assert fault.next_step
        assert "hunter2" not in str(fault) + fault.next_step


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that does not exist is an input error at that file, with the nearest name beside it."""
    (tmp_path / "hosts.yml").write_text("a:\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no file of that name, did you mean 'hosts\.yml'"):
        load_inventory([tmp_path / "host.yml"])
    with pytest.raises(InputError, match="cannot be read") as caught:
        load_inventory([tmp_path / "none.yml"])
    assert caught.value.place is not None
    assert caught.value.place.file.endswith("none.yml")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A folder without an inventory file is an error."""
    (tmp_path / "note.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InventoryError, match="holds no inventory file"):
        load_inventory([tmp_path])


def test_faults_of_two_files_come_together(tmp_path: Path) -> None:
    """A second file is read although the first one is no YAML."""
    (tmp_path / "a.yml").write_text("a: b: c\n", encoding="utf-8")
    (tmp_path / "b.yml").write_text("b: {host: }\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_inventory([tmp_path / "a.yml", tmp_path / "b.yml"])
    assert [fault.place and Path(fault.place.file).name for fault in (caught.value, *caught.value.others)] == [
        "a.yml",
        "b.yml",
    ]


def test_no_inventory_at_all() -> None:
    """Without a source there is nothing to work on."""
    with pytest.raises(InventoryError, match="no inventory"):
        load_inventory([])


def test_what_stands_behind_an_equals_sign_is_not_shown(tmp_path: Path) -> None:
    """A password that a forgotten `:vars` would make a host's name is refused, and not repeated."""
    path = tmp_path / "hosts.ini"
    path.write_text("[exchange]\nansible_password=hunter2222\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_inventory([path])
    assert "holds '='" in caught.value.what
    assert "hunter" not in f"{caught.value} {caught.value.next_step}"


def test_a_source_without_a_name_is_refused() -> None:
    """An empty shell variable does not make the current folder the inventory."""
    for source in ("", " ", ",", " , "):
        with pytest.raises(InputError, match="without a name"):
            load_inventory([source])
