"""Where a variable comes from: every level of the manual's table, in its order, with what it hides."""

from pathlib import Path

from ndrfix.inventory import Variable, explain, explained, load_inventory, parse_extra_vars
from ndrfix.place import Place

PAGE = Path(__file__).parents[2] / "docs" / "inventory.md"
FILES = {
    "i/hosts.yml": "all: {vars: {v: 1}}\nacme: {vars: {v: 2}, hosts: {ex01: {v: 7}}}\n",
    "i/group_vars/all.yml": "v: 3\n",
    "p/group_vars/all.yml": "v: 4\n",
    "i/group_vars/acme.yml": "v: 5\n",
    "p/group_vars/acme/10.yml": "v: 6.0\n",
    "p/group_vars/acme/20.yml": "v: 6.5\n",
    "i/host_vars/ex01.yml": "v: 8\n",
    "p/host_vars/ex01.yml": "v: 9\n",
}


def write(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def rows() -> list[str]:
    """The origins that the manual's table of precedence names, weakest first."""
    section = PAGE.read_text(encoding="utf-8").partition("## Precedence")[2].partition("\n## ")[0]
    cells = [line.split("|")[3].strip(" `") for line in section.splitlines() if line.startswith("| ")]
    return [cell for cell in cells[1:] if cell]


def test_every_level_in_the_order_of_the_manual(tmp_path: Path) -> None:
    """The strongest counts, it hides the others from strong to weak, each with its place; files one by one."""
    write(tmp_path)
    inventory = load_inventory([tmp_path / "i/hosts.yml"], beside=[tmp_path / "p"])
    (found,) = explain(inventory.hosts[0], extra=parse_extra_vars(["v=10"]))
    given = [*reversed(found.hides), found.counts]
    assert [each.variable.value for each in given] == [1, 2, 3, 4, 5, 6.0, 6.5, 7, 8, 9, "10"]
    origins = [each.origin for each in given]
    assert list(dict.fromkeys(origins)) == list(dict.fromkeys(rows()))
    assert origins == [
        *("group all", "group acme", "group_vars of all", "group_vars of all"),
        *("group_vars of acme", "group_vars of acme", "group_vars of acme"),
        *("host ex01", "host_vars of ex01", "host_vars of ex01", "--extra-vars"),
    ]
    places = [Path(each.variable.place.file).relative_to(tmp_path).as_posix() for each in given[:-1]]
    assert places == ["i/hosts.yml", "i/hosts.yml", *list(FILES)[1:6], "i/hosts.yml", *list(FILES)[6:]]


def test_what_one_file_hides_of_another(tmp_path: Path) -> None:
    """The same group or host in two sources: the later counts, the earlier is told, in INI too."""
    (tmp_path / "a.yml").write_text("g: {vars: {v: 1}, hosts: {h: {w: 1}}}\n", encoding="utf-8")
    (tmp_path / "b.ini").write_text("[g:vars]\nv=2\n[g]\nh w=2\n", encoding="utf-8")
    host = load_inventory([tmp_path / "a.yml", tmp_path / "b.ini"]).hosts[0]
    file = str(tmp_path / "b.ini")
    assert [
        (each.name, each.counts.variable, [hidden.variable.value for hidden in each.hides]) for each in explain(host)
    ] == [
        ("v", Variable(value=2, place=Place(file=file, line=2, column=3)), [1]),
        ("w", Variable(value=2, place=Place(file=file, line=4, column=5)), [1]),
    ]


def test_secrets_are_masked_in_what_is_hidden_too(tmp_path: Path) -> None:
    """No value of a password is in the text; the inventory tells the hidden ones to the mask."""
    path = tmp_path / "i.yml"
    path.write_text(
        "g: {vars: {ansible_password: hunter2}, hosts: {h: {ansible_password: hunter3}}}\n", encoding="utf-8"
    )
    inventory = load_inventory([path])
    assert explained(explain(inventory.hosts[0])).splitlines() == [
        'ansible_password = "********"',
        f"    host h, {path}:1:70",
        f'    hides "********" of group g, {path}:1:30',
    ]
    assert {secret.reveal() for secret in inventory.secrets()} == {"hunter2", "hunter3"}
