"""A new client's folder: its files are right, and nothing that is there is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.client import load_client
from ndrfix.client.layout import label_of, lay_out
from ndrfix.errors import InputError
from ndrfix.inventory import load_inventory
from ndrfix.shipped import shipped_playbooks


def test_what_is_laid_out(tmp_path: Path) -> None:
    """Files of a client, copies of the playbooks; what must not be shared is ignored by Git."""
    folder = tmp_path / "acme"
    done = lay_out(folder, "ACME Ltd", shipped_playbooks())
    assert done.kept == ()
    assert {"client.yml", "inventory.yml", "ndrfix.cfg", ".gitignore", "README.md"} <= set(done.written)
    assert {"group_vars/exchange.yml", "host_vars/ex01.yml", "playbooks/reverse-ndr.yml"} <= set(done.written)
    there = {
        path.relative_to(tmp_path / "acme").as_posix() for path in (tmp_path / "acme").rglob("*") if path.is_file()
    }
    assert there == set(done.written)
    for name, path in shipped_playbooks().items():
        assert (folder / "playbooks" / f"{name}.yml").read_bytes() == path.read_bytes()
    ignored = (folder / ".gitignore").read_text().splitlines()
    assert {"runs/", "*vault-pass*"} <= set(ignored)
    assert (folder / "README.md").read_text().startswith("# ACME Ltd\n")


def test_the_comments_are_right_too(tmp_path: Path) -> None:
    """What is commented out in client.yml and in the variables is accepted when the sign is taken away."""
    lay_out(tmp_path, "ACME", {})
    (tmp_path / "logo.png").touch()
    for name in ("client.yml", "host_vars/ex01.yml", "inventory.yml"):
        path = tmp_path / name
        path.write_text(re.sub(r"^( *)# ?( *[a-z_\d]+:( .*)?)$", r"\1\2", path.read_text(), flags=re.MULTILINE))
    client = load_client(tmp_path)
    assert client is not None
    assert client.window is not None
    assert (client.vault_ids, client.zone.name, client.branding.colour) == (("acme",), "Europe/Berlin", "#1f4e79")
    inventory = load_inventory([tmp_path / "inventory.yml"])
    assert [host.name for host in inventory.hosts] == ["ex01", "jump01"]
    assert inventory.hosts[0].variables["ndrfix_via"].value == "jump01"


@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_name_of_one_line_is_the_clients(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever signs are in it; others are refused before anything is written."""
    folder = tmp_path_factory.mktemp("client")
    try:
        lay_out(folder, name, {})
    except InputError:
        assert not name.strip() or not name.isprintable()
        assert list(folder.iterdir()) == []
        return
    client = load_client(folder)
    assert client is not None
    assert client.name == name.strip()
    assert client.vault_ids == (label_of(name),)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ACME Ltd", "acme-ltd"),
        ("Müller & Söhne", "muller-sohne"),
        ("123", "123"),
        ("Ромашка", "ромашка"),
        ("&", "client"),
    ],
)
def test_passwords_of_a_new_client_have_a_label(name: str, label: str, tmp_path: Path) -> None:
    """Made of the name, so that another client's passwords and values are refused from the first day on."""
    lay_out(tmp_path, name, {})
    client = load_client(tmp_path)
    assert client is not None
    assert client.vault_ids == (label,)
    assert client.foreign("other")


def test_a_folder_with_an_inventory_gets_no_other(tmp_path: Path) -> None:
    """Nor variables for hosts that are none of the example's; the settings name the inventory that is there."""
    (tmp_path / "hosts.yml").touch()
    done = lay_out(tmp_path, "ACME", {}, add=True, find=lambda folder: (folder / "hosts.yml",))
    assert sorted(done.written) == [".gitignore", "client.yml", "ndrfix.cfg"]
    assert (done.kept, done.inventories) == ((), ("hosts.yml",))
    assert "\ninventory = hosts.yml\n" in (tmp_path / "ndrfix.cfg").read_text()


def test_a_name_may_look_like_a_mark(tmp_path: Path) -> None:
    """It is put in once."""
    lay_out(tmp_path, "@TITLE@ @LABEL@", {})
    client = load_client(tmp_path)
    assert client is not None
    assert client.name == "@TITLE@ @LABEL@"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """Unless told; then what is there stays as it is."""
    (tmp_path / "client.yml").write_text("name: Another\n")
    with pytest.raises(InputError, match="is not empty"):
        lay_out(tmp_path, "ACME", {})
    assert [path.name for path in tmp_path.iterdir()] == ["client.yml"]
    done = lay_out(tmp_path, "ACME", {}, add=True)
    assert done.kept == ("client.yml",)
    assert (tmp_path / "client.yml").read_text() == "name: Another\n"
    assert (tmp_path / "inventory.yml").is_file()
    again = lay_out(tmp_path, "ACME", {}, add=True)
    assert (again.written, set(again.kept)) == ((), {*done.written, *done.kept})


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    """A file in its place is an error that names it."""
    (tmp_path / "acme").touch()
    with pytest.raises(InputError, match=r"cannot write .*acme"):
        lay_out(tmp_path / "acme", "ACME", {})
    with pytest.raises(InputError, match=r"cannot write .*acme"):
        lay_out(tmp_path / "acme" / "below", "ACME", {})


def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """Is an error that names it, and nothing is written."""

    def closed(folder: Path) -> tuple[Path, ...]:
        raise PermissionError(13, "Permission denied", str(folder))

    with pytest.raises(InputError, match=rf"{re.escape(str(tmp_path))}: Permission denied"):
        lay_out(tmp_path, "ACME", {}, find=closed)
    assert list(tmp_path.iterdir()) == []
