"""Inventories as Ansible has them: hosts, groups, patterns and every variable are the same there and here."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ndrfix.errors import InputError
from ndrfix.inventory import Inventory, load_inventory, select
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import Vaulted
from ndrfix.vault import Identity, PromptSource, Vault
from tests.peer.conftest import Peer
from tests.peer.generated import PATTERNS as MADE_PATTERNS
from tests.peer.generated import Made, examples, ini_lines, inventories

pytestmark = pytest.mark.peer

# With a number, as many new ones as that; without it the same ones each time.
NEW = "NDRFIX_PEER_EXAMPLES" in os.environ
COUNT = int(os.environ.get("NDRFIX_PEER_EXAMPLES", "60"))
BATCH = 100
SCRAPS = 400
PATTERNS = (
    *("all", "*", "ungrouped", "exchange", "exchange[0]", "exchange[-1]", "exchange[1:2]", "exchange[0:]", "mail*"),
    *("exchange:!mail01", "exchange,&mail*", "!exchange", "~mail0[12]", "*.example", "all:&exchange", "mail01"),
    *("branch_a", "branch_a:branch_b", "branch_a:&pilot", "pilot:!mail02*", "rollout", "windows", "jump:exchange"),
    *("quoted[1]", "quoted:!no", "case-and-letters", "MAIL01:mail01", "m?il01", "2001:db8::25", "[mn]*"),
)


PASSWORDS = {"default": "correct horse", "prod": "correct horse", "lab": "battery staple"}
NOWHERE = Place(file="")


def typed(label: str) -> Identity:
    """The identity whose password somebody typed."""
    return Identity(label, PromptSource(label, lambda _: Secret(PASSWORDS[label])))


LEARNT: list[Secret] = []
VAULT = Vault([typed(label) for label in PASSWORDS], LEARNT.append)


def plain(value: object) -> Any:
    """The value in the form of the peer's answers."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Vaulted):
        try:
            return VAULT(value, NOWHERE).reveal()
        except InputError:
            return {"error": True}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime.date | datetime.datetime):
        return {"date": value.isoformat()}
    return str(value) if isinstance(value, str) else value


def variables(inventory: Inventory) -> dict[str, dict[str, Any]]:
    return {
        host.name: {name: plain(variable.value) for name, variable in host.variables.items()}
        for host in inventory.hosts
    }


def same_hosts_and_groups(inventory: Inventory, answer: Mapping[str, Any]) -> None:
    """Hosts, groups, members, depth and priority are those of the answer."""
    assert {host.name for host in inventory.hosts} == set(answer["hosts"])
    assert set(inventory.groups) == set(answer["groups"])
    for name, group in inventory.groups.items():
        theirs = answer["groups"][name]
        assert list(group.hosts) == theirs["hosts"], name
        assert sorted(group.children, key=lambda child: child != "ungrouped") == theirs["children"], name
        assert {host.name for host in inventory.members(name)} == set(theirs["members"]), name
        assert (group.depth, group.priority) == (theirs["depth"], theirs["priority"]), name


def same_variables(inventory: Inventory, answer: Mapping[str, Any]) -> None:
    """Every variable of every host has the answer's value."""
    for host, ours in variables(inventory).items():
        theirs = answer["variables"][host]
        assert set(ours) == set(theirs), host
        assert [(name, ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]] == [], host


def settled(answer: Mapping[str, Any], group: str) -> bool:
    """Whether Ansible lines up a group's hosts in the same order each time: on each level one group has children."""
    groups, level = answer["groups"], [group]
    while level:
        level = [name for name in level if groups[name]["children"]]
        if len(level) > 1:
            return False
        level = [child for name in level for child in groups[name]["children"]]
    return True


def same_pattern(inventory: Inventory, answer: Mapping[str, Any], pattern: str) -> None:
    """A pattern chooses the hosts of the answer; where it chooses none there, it may be an error here."""
    theirs = answer["patterns"][pattern]
    base = pattern.partition("[")[0]
    if "[" in pattern and base in answer["groups"] and not settled(answer, base):
        return
    try:
        ours = [host.name for host in select(inventory, pattern)]
    except InputError:
        assert not theirs or _has_unmatched_part(answer, pattern), pattern
        return
    assert sorted(ours) == sorted(theirs or ()), pattern


def _has_unmatched_part(answer: Mapping[str, Any], pattern: str) -> bool:
    parts = [part.strip(" !&") for part in pattern.replace(",", ":").split(":")]
    return any(part not in answer["groups"] and part not in answer["hosts"] for part in parts)


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("NDRFIX_DATA")
    if not folder:
        pytest.skip("NDRFIX_DATA does not name a folder with inventories")
    return Path(folder) / "inventories"


WRONG = ("08-duplicate-keys.yml", "12-broken-shapes.yml", "13-unquoted-names.yml")


def refused(path: Path) -> None:
    """The inventory is an error, each fault with its place."""
    with pytest.raises(InputError) as caught:
        load_inventory([path])
    for fault in (caught.value, *caught.value.others):
        assert fault.place
        assert fault.place.file == str(path)
        assert fault.place.line > 1


# What is put right before both read the file: the text here, its place there.
MENDED = {"06-port-and-type-traps.yml": ("ansible_password: 012345\n", 'ansible_password: "012345"\n')}
# Values that differ on purpose, with the row of the manual that says so.
DIFFERENT = {("07-anchors-and-merge.yml", "mail02", "ansible_port"): "A list behind `<<`"}


def test_the_inventories_of_the_data(peer: Peer, data: Path, tmp_path: Path) -> None:
    """Each of them is the same here and there, or is refused with its place where it is wrong on purpose."""
    paths = []
    for path in sorted(data.iterdir()):
        if path.name in MENDED:
            refused(path)
            copy = tmp_path / path.name
            copy.write_text(path.read_text(encoding="utf-8").replace(*MENDED[path.name]), encoding="utf-8")
            paths.append(copy)
        elif path.name in WRONG:
            refused(path)
        elif path.name != "README.md":
            paths.append(path)
    questions = [{"sources": [str(path)], "playbook_dir": None, "patterns": PATTERNS} for path in paths]
    for path, answer in zip(paths, peer.ask(questions, PASSWORDS), strict=True):
        inventory = load_inventory([path], decrypt=VAULT)
        differing = [(host, variable) for name, host, variable in DIFFERENT if name == path.name]
        for host, variable in differing:
            ours = variables(inventory)[host][variable]
            assert ours != answer["variables"][host][variable]
            answer["variables"][host][variable] = ours
        same_hosts_and_groups(inventory, answer)
        same_variables(inventory, answer)
        for pattern in PATTERNS:
            same_pattern(inventory, answer, pattern)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    return [each.written(tmp_path_factory.mktemp("made")) for each in examples(inventories(), COUNT, new=NEW)]


@pytest.fixture(scope="module")
def answers(peer: Peer, made: list[Made]) -> list[dict[str, Any]]:
    questions = [
        {"sources": each.sources, "playbook_dir": each.playbook_dir, "patterns": each.patterns} for each in made
    ]
    return [answer for first in range(0, COUNT, BATCH) for answer in peer.ask(questions[first : first + BATCH])]


@pytest.mark.parametrize("number", range(COUNT))
def test_made_up_inventories(number: int, made: list[Made], answers: list[dict[str, Any]]) -> None:
    """Nested groups, priorities, ranges, colliding variables, files beside inventory and playbook: all as there."""
    asked, answer = made[number], answers[number]
    beside = [Path(asked.playbook_dir)] if asked.playbook_dir else []
    inventory = load_inventory(asked.sources, beside=beside)
    same_hosts_and_groups(inventory, answer)
    same_variables(inventory, answer)
    assert len(asked.patterns) == MADE_PATTERNS
    for pattern in asked.patterns:
        same_pattern(inventory, answer, pattern)


def test_what_is_made_up_is_worth_asking(made: list[Made], answers: list[dict[str, Any]]) -> None:
    """Most are unlike each other; YAML and INI, deep groups, priorities, several sources, every folder of variables."""
    assert len({str(sorted(each.files.items())) for each in made}) > COUNT * 2 / 3
    names = [name for each in made for name in each.files]
    for part in (
        "hosts.ini",
        "hosts.yml",
        "part0/group_vars/",
        "part0/host_vars/",
        "book/group_vars/",
        "book/host_vars/",
    ):
        assert any(part in name for name in names), part
    groups = [group for answer in answers for group in answer["groups"].values()]
    assert max(group["depth"] for group in groups) > 3
    assert len({group["priority"] for group in groups}) > 3
    assert max(len(each.sources) for each in made) > 2


def test_values_of_ini_made_of_scraps(peer: Peer, tmp_path: Path) -> None:
    """Quotes, brackets, numbers, remarks in any order: what is taken here has the value that it has there."""
    read: list[tuple[Path, Inventory]] = []
    for number, text in enumerate(examples(ini_lines(), SCRAPS, new=NEW)):
        path = tmp_path / f"{number}.ini"
        path.write_text(text, encoding="utf-8")
        with suppress(InputError):
            read.append((path, load_inventory([path])))
    assert len(read) > SCRAPS / 2
    questions = [{"sources": [str(path)], "playbook_dir": None, "patterns": []} for path, _ in read]
    for (path, inventory), answer in zip(read, peer.ask(questions), strict=True):
        assert variables(inventory) == answer["variables"], path.read_text(encoding="utf-8")


def test_limits_and_their_files(peer: Peer, tmp_path: Path) -> None:
    """The lines of files and the names beside them are one pattern, here and there."""
    path = tmp_path / "hosts.yml"
    path.write_text("a: {hosts: {h1: , h2: , h3: }}\nb: {hosts: {h2: , h4: }}\n", encoding="utf-8")
    files = {"some": "h1\n\nh4\n", "less": "a\n!h2\n", "both": "&b\na\n", "crlf": "h2\r\nh3\r\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    limits = [*(f"@{tmp_path / name}" for name in files), f"h3,@{tmp_path / 'some'}", f"@{tmp_path / 'less'},b,!h4"]
    limits += ["a:&b", "!a", "a[0],h4", "~h[13]", "b:a:!h1"]
    (answer,) = peer.ask([{"sources": [str(path)], "playbook_dir": None, "patterns": [], "limits": limits}])
    inventory = load_inventory([path])
    for limit in limits:
        ours = [host.name for host in select(inventory, "all", limit)]
        assert ours == sorted(answer["limits"][limit]), limit
        assert ours, limit


def test_the_programs_say_what_the_script_says(peer: Peer, made: list[Made], answers: list[dict[str, Any]]) -> None:
    """`ansible-inventory --list` and `ansible --list-hosts` give what the one process gave for them all."""
    largest = sorted(range(COUNT), key=lambda number: -len(made[number].files))
    for number in largest[:2]:
        asked, answer = made[number], answers[number]
        sources = [word for source in asked.sources for word in ("-i", source)]
        place = ["--playbook-dir", asked.playbook_dir] if asked.playbook_dir else []
        listed = json.loads(peer.command("ansible-inventory", *sources, *place, "--list"))
        assert listed["_meta"]["hostvars"] == {name: each for name, each in answer["variables"].items() if each}
        for name, group in answer["groups"].items():
            assert listed.get(name, {}).get("hosts", []) == (group["hosts"] if name != "all" else [])
    pattern, chosen = next((each, hosts) for each, hosts in answer["patterns"].items() if hosts and "[" not in each)
    printed = peer.command("ansible", *sources, pattern, "--list-hosts").splitlines()
    assert sorted(line.strip() for line in printed[1:]) == sorted(chosen)
