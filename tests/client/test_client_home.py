"""Which folder a run belongs to, and that no run belongs to two clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.client import home_of
from ndrfix.errors import InputError
from ndrfix.owner import Owners


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of two clients, and one that is nobody's; entered."""
    for name, text in (("acme", "name: ACME Ltd\n"), ("nw", "name: Northwind\n"), ("shared", "")):
        (tmp_path / name / "inventories").mkdir(parents=True)
        (tmp_path / name / "inventory.yml").touch()
        (tmp_path / name / "other.yml").touch()
        if text:
            (tmp_path / name / "client.yml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_client_of_an_inventory(clients: Path) -> None:
    """It is the one beside the inventory; runs are kept there."""
    home = home_of(["acme/inventory.yml"])
    assert (home.name, home.folder, home.runs) == ("ACME Ltd", Path("acme"), Path("acme/runs"))
    assert home_of(["acme"]).name == "ACME Ltd"
    assert home_of(["shared/inventory.yml"]).client is None
    assert home_of(["mail01,mail02,"]).folder == Path()


def test_inventories_of_one_folder_go_together(clients: Path) -> None:
    """However the folder is spelled."""
    sources = ["acme/inventory.yml", "nw/../acme/other.yml", str(clients / "acme" / "other.yml")]
    assert home_of(sources).name == "ACME Ltd"


@pytest.mark.parametrize("sources", [("shared/inventory.yml", "acme/inventory.yml"), ("acme/inventory.yml", "shared")])
def test_an_inventory_that_is_nobodys_may_come_along(clients: Path, sources: tuple[str, ...]) -> None:
    """The client is the one that is named, whatever the order."""
    assert home_of(sources).name == "ACME Ltd"


def test_two_clients_are_refused(clients: Path) -> None:
    """Both are named."""
    with pytest.raises(InputError) as caught:
        home_of(["acme/inventory.yml", "shared/inventory.yml", "nw/inventory.yml"])
    assert caught.value.what == (
        "one run is for one client: acme/inventory.yml (ACME Ltd) and nw/inventory.yml (Northwind) "
        "belong to different clients"
    )


def test_two_folders_with_runs_are_refused(clients: Path) -> None:
    """Also where no client is named, unless it is said where runs are kept."""
    for name in ("shared", "third"):
        (clients / name / "runs").mkdir(parents=True)
    sources = ["shared/inventory.yml", "third/inventory.yml"]
    with pytest.raises(InputError, match="folders that keep their runs apart") as caught:
        home_of(sources)
    assert "--runs-dir" in caught.value.next_step
    assert home_of(sources, own_runs=False).folder == Path("shared")
    with pytest.raises(InputError, match="ACME Ltd"):
        home_of(["shared/inventory.yml", "acme/inventory.yml"])
    with pytest.raises(InputError, match="different clients"):
        home_of(["nw/inventory.yml", "acme/inventory.yml"], own_runs=False)


def test_what_lies_below_a_clients_folder_is_the_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inventories in folders of their own, as `inventories/prod`, belong to the client above; two are refused."""
    monkeypatch.chdir(tmp_path)
    for name in ("acme", "nw"):
        place = Path(name) / "inventories" / "prod"
        place.mkdir(parents=True)
        (Path(name) / "client.yml").write_text(f"name: {name}\n", encoding="utf-8")
        (place / "hosts.yml").write_text("exchange: {hosts: {a: }}\n", encoding="utf-8")
    home = home_of(["acme/inventories/prod/hosts.yml"])
    assert (home.name, home.folder) == ("acme", tmp_path / "acme")
    with pytest.raises(InputError, match="one run is for one client"):
        home_of(["acme/inventories/prod/hosts.yml", "nw/inventories/prod"])


def test_the_current_folder_and_the_one_above_are_whose_they_are(
    clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they are called: `.` and `..` are no way into the folder of another client."""
    (clients / "nw" / "inventories" / "deep").mkdir()
    inventory = str(clients / "acme" / "inventory.yml")
    monkeypatch.chdir("nw")
    assert not any(home_of([inventory]).admits(Path(name)) for name in ("", ".", "../nw", "inventories/.."))
    monkeypatch.chdir("inventories")
    assert not any(home_of([inventory]).admits(Path(name)) for name in ("", ".", "..", "deep/../.."))
    monkeypatch.chdir("../../acme/inventories")
    assert all(home_of([inventory]).admits(Path(name)) for name in ("", ".", "..", "../.."))


def test_links_in_a_circle_are_whose_folder_they_lie_in(clients: Path) -> None:
    """A file or folder of which nobody can say where it leads."""
    (clients / "acme" / "loop").symlink_to("loop")
    owners = Owners()
    for path in (Path("acme/loop"), Path("acme/loop/site.yml"), Path("nw/../acme/loop")):
        assert owners(path) == ((clients / "acme").resolve(),)
