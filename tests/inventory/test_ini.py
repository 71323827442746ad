"""INI inventories: hosts, groups and values as Ansible's ini plugin reads them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.errors import InputError
from ndrfix.inventory import Inventory, load_inventory
from ndrfix.place import Place
from ndrfix.secrets import Secret

TEXT = """\
; a remark
loose:5985 note=x    # behind a line
# another

[exchange]
mail01 ansible_host=192.0.2.11 note='two words' path="C:\\\\mail" # and another
mail[02:03].example   tier=2

[exchange:vars]
ansible_user = 'CORP\\svc-ndr'
site=north # not a remark: the value ends with the line
[windows:children]
edge
exchange
[all:vars]
ansible_group_priority=1
everywhere=True
[edge] # declared after it is named
[2001:db8::25]:5986
mail01
[edge:vars]
ansible_group_priority=7
"""


def load(folder: Path, text: str, name: str = "hosts.ini") -> Inventory:
    (folder / name).write_text(text, encoding="utf-8")
    return load_inventory([folder / name])


def values(inventory: Inventory, host: str) -> dict[str, object]:
    found = inventory.find(host)
    assert found is not None
    return {name: variable.value for name, variable in found.variables.items()}


@pytest.mark.parametrize("name", ["hosts.ini", "hosts", "fleet.inventory"])
def test_hosts_groups_and_variables(name: str, tmp_path: Path) -> None:
    """Sections, ranges, ports and remarks; the file's name need not end in .ini."""
    inventory = load(tmp_path, TEXT, name)
    assert [host.name for host in inventory.hosts] == [
        *("loose", "mail01", "mail02.example", "mail03.example", "2001:db8::25"),
    ]
    assert inventory.groups["ungrouped"].hosts == ("loose",)
    assert inventory.groups["windows"].children == ("exchange", "edge")
    assert inventory.groups["edge"].priority == 7
    assert values(inventory, "loose") == {"ansible_port": 5985, "note": "x", "everywhere": True}
    assert values(inventory, "mail01") == {
        "everywhere": True,
        "ansible_user": "CORP\\svc-ndr",
        "site": "north # not a remark: the value ends with the line",
        "ansible_host": "192.0.2.11",
        "note": "two words",
        "path": "C:\\mail",
    }
    assert values(inventory, "mail03.example")["tier"] == 2
    assert values(inventory, "2001:db8::25") == {"everywhere": True, "ansible_port": 5986}


@pytest.mark.parametrize("text", ["a\nb\n", "a v=1\nb\n", "a:22\nb x=1\n", "[g]\na\nb\n", "; x\na\n[g]\nb\n"])
def test_a_file_without_ending_may_be_ini(text: str, tmp_path: Path) -> None:
    """What is no mapping of YAML is read as INI, names alone on their lines too."""
    assert [host.name for host in load(tmp_path, text, "hosts").hosts] == ["a", "b"]


VALUES = {
    "5": 5,
    "'5'": "5",
    "0x10": 16,
    "012345": "012345",
    "True": True,
    "true": "true",
    "yes": "yes",
    "None": None,
    "1.5": 1.5,
    "[1, 'a', (2, 3)]": [1, "a", [2, 3]],
    "{'k': {'n': 1}}": {"k": {"n": 1}},
    "...": "...",
    "1j": "1j",
    "a b": "a b",
    "5 # five": 5,
    "five # 5": "five # 5",
    "{{ other }}": "{{ other }}",
    "D:\\new": "D:\\new",
    "": "",
    "a=b": "a=b",
    "'ä'": "ä",
}


@pytest.mark.parametrize(("text", "wanted"), VALUES.items(), ids=VALUES.keys())
def test_values_are_literals_of_python_or_text(text: str, wanted: object, tmp_path: Path) -> None:
    """What Python reads as a literal counts as one, all else is text as it stands."""
    found = values(load(tmp_path, f"mail01\n[all:vars]\nv = {text}\n"), "mail01")["v"]
    assert found == wanted
    assert type(found) is type(wanted)


def test_a_value_behind_a_host_is_split_as_a_shell_does_first(tmp_path: Path) -> None:
    """Quotes are taken off before the value is read: text that looks like a number needs two pairs."""
    found = values(load(tmp_path, "mail01 a='5' b=\"'5'\" c=\"[1, 2]\" d=C:\\\\x e='x y'z\n"), "mail01")
    assert found == {"a": 5, "b": "5", "c": [1, 2], "d": "C:\\x", "e": "x yz"}


def test_every_variable_knows_its_place(tmp_path: Path) -> None:
    """A variable's place is where its value begins."""
    inventory = load(tmp_path, "[exchange]\n  mail01 a=1  b=2\n[exchange:vars]\nc =  3\n")
    file = str(tmp_path / "hosts.ini")
    places = {name: variable.place for name, variable in inventory.hosts[0].variables.items()}
    assert places == {
        "a": Place(file=file, line=2, column=12),
        "b": Place(file=file, line=2, column=17),
        "c": Place(file=file, line=4, column=6),
    }


def test_passwords_are_wrapped(tmp_path: Path) -> None:
    """A password is a secret as it was written, number or not, also inside a mapping; a template stays text."""
    text = "mail01 ansible_password=321321 a_token='{{ t }}' smtp=\"{'password': 'x'}\"\n[all:vars]\npwd=012\n"
    assert values(load(tmp_path, text), "mail01") == {
        "pwd": Secret("012"),
        "ansible_password": Secret("321321"),
        "a_token": "{{ t }}",
        "smtp": {"password": Secret("x")},
    }


@given(text=st.text(alphabet="ab5[]:{}()'\"\\=, #;\n\x00\u2028_-", max_size=40))
def test_any_text_is_an_inventory_or_an_input_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No text ends in a foreign error, and every fault has its line."""
    path = tmp_path_factory.mktemp("any") / "hosts.ini"
    path.write_text(text, encoding="utf-8")
    faults: tuple[InputError, ...] = ()
    try:
        load_inventory([path])
    except InputError as error:
        faults = (error, *error.others)
    lines = len(path.read_text(encoding="utf-8").splitlines()) or 1
    assert all(fault.place and 1 <= fault.place.line <= lines for fault in faults)


def test_children_stand_in_the_order_in_which_they_become_known(tmp_path: Path) -> None:
    """A group that is declared later comes later; one whose variables stand before is known."""
    text = "[a:children]\nlate\nb\nc\n[b:vars]\nx=1\n[c]\nh3\n[p:children]\nb\nc\n[late]\nh1\n[b]\nh2\n"
    inventory = load(tmp_path, text)
    assert inventory.groups["a"].children == ("c", "late", "b")
    assert inventory.groups["p"].children == ("b", "c")
    assert inventory.lined_up("p") == ("h2", "h3")


def test_a_group_of_an_earlier_source_is_declared(tmp_path: Path) -> None:
    """What another source declares can be named."""
    (tmp_path / "a.yml").write_text("exchange: {hosts: {mail01: }}\n", encoding="utf-8")
    (tmp_path / "b.ini").write_text("[exchange:vars]\na=1\n[windows:children]\nexchange\n", encoding="utf-8")
    inventory = load_inventory([tmp_path / "a.yml", tmp_path / "b.ini"])
    assert values(inventory, "mail01") == {"a": 1}
    assert inventory.groups["windows"].children == ("exchange",)
