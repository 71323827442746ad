"""Inventories as they are meant to be: trees, ranges, variables files and precedence."""

import os
import textwrap
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from ndrfix.errors import InputError, SealedError
from ndrfix.inventory import Inventory, Variable, load_inventory
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import UnsafeText, Vaulted


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files; return the first."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / next(iter(files))


def load(folder: Path, files: Mapping[str, str] | str) -> Inventory:
    return load_inventory([write(folder, {"inventory.yml": files} if isinstance(files, str) else files)])


def values(inventory: Inventory, host: str) -> dict[str, object]:
    found = inventory.find(host)
    assert found is not None
    return {name: variable.value for name, variable in found.variables.items()}


def test_hosts_come_in_file_order_with_their_groups(tmp_path: Path) -> None:
    """`all` is optional, null means none, and a host in no group is in `ungrouped`."""
    inventory = load(tmp_path, "b: {hosts: {z: , a: {}}}\nall: {hosts: {lone: }}\nw: {children: {b: }}\nempty:\n")
    assert [host.name for host in inventory.hosts] == ["z", "a", "lone"]
    assert [host.groups for host in inventory.hosts] == [("all", "w", "b"), ("all", "w", "b"), ("all", "ungrouped")]
    assert inventory.groups["all"].children == ("w", "empty", "ungrouped")
    assert [host.name for host in inventory.members("w")] == ["z", "a"]


def test_a_host_in_a_group_leaves_ungrouped(tmp_path: Path) -> None:
    """`ungrouped` holds no host that another group names."""
    inventory = load(tmp_path, "ungrouped: {hosts: {a: , b: }}\ng: {hosts: {a: }}\n")
    assert inventory.groups["ungrouped"].hosts == ("b",)


def test_null_hosts_beside_children(tmp_path: Path) -> None:
    """A null `hosts` adds nothing to the one host below."""
    inventory = load(tmp_path, "exchange: {hosts: , children: {a: {hosts: {mail01: }}}}\n")
    assert [host.name for host in inventory.hosts] == ["mail01"]


def test_ranges_share_their_variables(tmp_path: Path) -> None:
    """Every host of a range gets the variables of the range; an IPv6 address is a name."""
    inventory = load(tmp_path, 'e: {hosts: {"ex[01:03].x": {p: 1}, "s[a:c:2]-[9:10]": , "2001:db8::25": }}\n')
    assert [host.name for host in inventory.hosts] == [
        *("ex01.x", "ex02.x", "ex03.x", "sa-9", "sa-10", "sc-9", "sc-10", "2001:db8::25"),
    ]
    assert values(inventory, "ex03.x") == {"p": 1}


def test_every_variable_knows_its_place(tmp_path: Path) -> None:
    """A variable's place is that of its value."""
    inventory = load(tmp_path, "g:\n  vars:\n    port: 5986\n  hosts: {a: }\n")
    place = Place(file=str(tmp_path / "inventory.yml"), line=3, column=11)
    assert inventory.hosts[0].variables["port"] == Variable(value=5986, place=place)


PRECEDENCE = {
    "depth wins over name": (
        """
        z: {hosts: {h: }, vars: {v: z}}
        a: {children: {b: {hosts: {h: }, vars: {v: b}}}}
        """,
        "b",
    ),
    "later name wins": (
        """
        b: {hosts: {h: }, vars: {v: b}}
        a: {hosts: {h: }, vars: {v: a}}
        """,
        "b",
    ),
    "priority wins over name": (
        """
        b: {hosts: {h: }, vars: {v: b}}
        a: {hosts: {h: }, vars: {v: a, ansible_group_priority: 10}}
        """,
        "a",
    ),
    "priority is not inherited": (
        """
        p: {vars: {ansible_group_priority: 10}, children: {a: {hosts: {h: }, vars: {v: a}}}}
        q: {children: {b: {hosts: {h: }, vars: {v: b}}}}
        """,
        "b",
    ),
    "depth wins over priority": (
        """
        a: {vars: {v: a, ansible_group_priority: 10}, children: {b: {hosts: {h: }, vars: {v: b}}}}
        """,
        "b",
    ),
    "the longest way counts": (
        """
        a: {children: {b: {children: {c: {hosts: {h: }, vars: {v: c}}}}}}
        c:
        d: {children: {e: {hosts: {h: }, vars: {v: e}}}}
        """,
        "c",
    ),
    "the longest way counts, the short one named first": (
        """
        x: {children: {c: {hosts: {h: }, vars: {v: c}}}}
        a: {children: {b: {children: {c: }}}}
        d: {children: {e: {hosts: {h: }, vars: {v: e}}}}
        """,
        "c",
    ),
    "the longest way counts, the short one named last": (
        """
        a: {children: {b: {children: {c: {hosts: {h: }, vars: {v: c}}}}}}
        x: {children: {c: }}
        d: {children: {e: {hosts: {h: }, vars: {v: e}}}}
        """,
        "c",
    ),
    "a host wins over its groups": ("g: {hosts: {h: {v: host}}, vars: {v: g}}", "host"),
    "a group wins over all": (
        """
        all: {vars: {v: all}}
        a: {hosts: {h: }, vars: {v: a}}
        """,
        "a",
    ),
}


@pytest.mark.parametrize(("text", "wanted"), PRECEDENCE.values(), ids=PRECEDENCE.keys())
def test_precedence_inside_a_file(text: str, wanted: str, tmp_path: Path) -> None:
    """Of several groups that set a variable Ansible's winner wins."""
    found = values(load(tmp_path, textwrap.dedent(text)), "h")
    assert found["v"] == wanted
    assert "ansible_group_priority" not in found


LAYERS = {
    "inventory.yml": "all: {vars: {v: 1}}\ng: {hosts: {h: {v: 5}}, vars: {v: 2}}\n",
    "group_vars/all.yml": "v: 3\n",
    "group_vars/g.yml": "v: 4\n",
    "host_vars/h.yml": "v: 6\n",
}


def test_precedence_of_the_variables_files(tmp_path: Path) -> None:
    """Taking the strongest layer away each time shows the next: host_vars, file host, group_vars, file groups."""
    path = write(tmp_path, LAYERS)
    seen = []
    for strongest in ("host_vars/h.yml", "inventory", "group_vars/g.yml", "group_vars/all.yml", ""):
        seen.append(values(load_inventory([path]), "h")["v"])
        if strongest == "inventory":
            path.write_text("all: {vars: {v: 1}}\ng: {hosts: {h: }, vars: {v: 2}}\n", encoding="utf-8")
        elif strongest:
            (tmp_path / strongest).unlink()
    assert seen == [6, 5, 4, 3, 2]


def test_folders_of_playbooks_win_over_those_of_the_inventory_in_each_kind(tmp_path: Path) -> None:
    """Inventory group_vars/g is stronger than the playbook's group_vars/all, and weaker than its group_vars/g."""
    path = write(
        tmp_path, {"i/inventory.yml": "g: {hosts: {h: }}\n", "i/group_vars/g.yml": "a: inventory\nb: inventory\n"}
    )
    write(tmp_path, {"p/group_vars/all.yml": "a: play-all\n", "p/group_vars/g.yml": "b: play-g\n"})
    found = values(load_inventory([path], beside=[tmp_path / "p"]), "h")
    assert found == {"a": "inventory", "b": "play-g"}


def test_a_parent_group_beside_the_playbook_wins_over_a_child_beside_the_inventory(tmp_path: Path) -> None:
    """The folder counts more than the depth, as in Ansible."""
    text = "parent: {children: {child: {hosts: {h: }}}}\n"
    path = write(tmp_path, {"i/hosts.yml": text, "i/group_vars/child.yml": "v: child\n"})
    write(tmp_path, {"p/group_vars/parent.yml": "v: parent\n"})
    assert values(load_inventory([path], beside=[tmp_path / "p"]), "h") == {"v": "parent"}


def test_folders_of_variables_are_read_sorted_and_backups_are_not(tmp_path: Path) -> None:
    """Nested folders are read, later names win; hidden files, backups and notes are skipped, byte order marks too."""
    inventory = load(
        tmp_path,
        {
            "inventory.yml": "g: {hosts: {mail01.corp.example: }}\n",
            "group_vars/g/10-b.yml": "v: ten\nw: ten\n",
            "group_vars/g/00-a.json": '{"v": "zero",\n\t"x": "zero"}\n',
            "group_vars/g/20/deep.yaml": "w: deep\n",
            "group_vars/g/30-empty.yml": "# nothing\n",
            "group_vars/g/40": "\ufeffy: bare\n",
            "group_vars/g/.hidden.yml": "hidden: wrong\n",
            "group_vars/g/.gitignore": "hidden: [\n",
            "group_vars/g/.10-b.yml.swp": "v: [\n",
            "group_vars/g/z.yml~": "v: wrong\n",
            "group_vars/g/z.yml.bak": "v: wrong\n",
            "group_vars/g/z.yml.orig": "v: wrong\n",
            "group_vars/g/README.txt": "not yaml: [\n",
            "host_vars/mail01.corp.example": "h: one\n",
        },
    )
    wanted = {"v": "ten", "w": "deep", "x": "zero", "y": "bare", "h": "one"}
    assert values(inventory, "mail01.corp.example") == wanted
    assert inventory.unused == ()


def test_variables_files_of_nobody_are_told(tmp_path: Path) -> None:
    """A file whose name is no group is listed, since it may be a slip or belong to another inventory."""
    names = ("group_vars/gg.yml", "group_vars/h", "host_vars/h.example.json", "host_vars/g.yml", "host_vars/zzz/a.yml")
    inventory = load(
        tmp_path, {"inventory.yml": "g: {hosts: {h: , h1.example: }}\n", **dict.fromkeys(names, "{v: 1}\n")}
    )
    assert [
        (fault.place and str(Path(fault.place.file).relative_to(tmp_path)), fault.what, fault.next_step)
        for fault in inventory.unused
    ] == [
        (
            "group_vars/gg.yml",
            "the file belongs to no group, did you mean 'g'?",
            "Rename it after a group, or remove it.",
        ),
        ("group_vars/h", "the file belongs to no group: h is a host", "Move it to host_vars."),
        ("host_vars/g.yml", "the file belongs to no host: g is a group", "Move it to group_vars."),
        (
            "host_vars/h.example.json",
            "the file belongs to no host, did you mean 'h1.example'?",
            "Rename it after a host, or remove it.",
        ),
        ("host_vars/zzz", "the folder belongs to no host", "Rename it after a host, or remove it."),
    ]


WRONG_FOLDERS = {
    "two forms": ({"group_vars/g.yml": "a: 1\n", "group_vars/g/x.yml": "a: 2\n"}, "reads only the first"),
    "priority": ({"group_vars/g.yml": "ansible_group_priority: 5\n"}, "has no effect in group_vars"),
    "list": ({"host_vars/h.yml": "- a\n"}, "is a list, a mapping"),
    "twice": ({"host_vars/h.yml": "a: 1\na: 2\n"}, "given twice"),
}


@pytest.mark.parametrize(("files", "wanted"), WRONG_FOLDERS.values(), ids=WRONG_FOLDERS.keys())
def test_wrong_variables_files(files: dict[str, str], wanted: str, tmp_path: Path) -> None:
    """What Ansible would ignore in silence is an error."""
    with pytest.raises(InputError, match=wanted):
        load(tmp_path, {"inventory.yml": "g: {hosts: {h: }}\n", **files})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
@pytest.mark.parametrize("name", ["all.yml", "all/pipe.yml"])
def test_nobody_waits_for_a_pipe_in_a_folder_of_variables(tmp_path: Path, name: str) -> None:
    """It is a fault with its place."""
    path = tmp_path / "group_vars" / name
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(InputError, match="neither a file nor a folder") as caught:
        load(tmp_path, "all: {hosts: {a: }}\n")
    assert caught.value.place == Place(file=str(path))


def test_host_names_never_leave_the_folder(tmp_path: Path) -> None:
    """A host called `..` does not make its variables come from the folder above."""
    inventory = load(tmp_path, {"inventory.yml": 'g: {hosts: {"..": }}\n', "host_vars/x.yml": "a: 1\n"})
    assert values(inventory, "..") == {}


def test_passwords_are_wrapped_unless_they_hold_jinja(tmp_path: Path) -> None:
    """A text under a secret's name is a `Secret` at any depth; Jinja stays text, `!unsafe` braces do not count."""
    found = values(
        load(
            tmp_path,
            "g:\n  hosts:\n    h:\n      ansible_password: 321321\n      smtp: {user: u, smtp_secret: [s3]}\n"
            '      a_token: "{{ t }}"\n      b_token: !unsafe "{{ t }}"\n      c_password:\n      ask_password: yes\n',
        ),
        "h",
    )
    assert found == {
        "ansible_password": Secret("321321"),
        "smtp": {"user": "u", "smtp_secret": [Secret("s3")]},
        "a_token": "{{ t }}",
        "b_token": Secret("{{ t }}"),
        "c_password": None,
        "ask_password": True,
    }


def test_all_readable_secrets_are_known(tmp_path: Path) -> None:
    """The inventory yields its secrets, nested ones too."""
    inventory = load(tmp_path, "g: {vars: {a_secret: {k: one}}, hosts: {h: {x: [{password: two}]}}}\n")
    assert {secret.reveal() for secret in inventory.secrets()} == {"one", "two"}


SEALED = "$ANSIBLE_VAULT;1.1;AES256\n6465\n"


def test_encrypted_values_stay_closed(tmp_path: Path) -> None:
    """`!vault` values are opaque, and a host with an encrypted file cannot be worked on; the others can."""
    inventory = load(
        tmp_path,
        {"inventory.yml": "g: {hosts: {a: {p: !vault x, q: !unsafe y}, b: }}\n", "host_vars/b/vault.yml": SEALED},
    )
    first, second = inventory.hosts
    assert values(inventory, "a") == {"p": Vaulted("x"), "q": UnsafeText("y")}
    first.require_open()
    with pytest.raises(SealedError, match="the file is encrypted") as caught:
        second.require_open()
    assert caught.value.place == Place(file=str(tmp_path / "host_vars/b/vault.yml"))


def test_a_decryptor_opens_encrypted_files(tmp_path: Path) -> None:
    """With a decrypt function a file that is encrypted as a whole is read as if it were plain."""
    files = {"inventory.yml": "g: {hosts: {b: }}\n", "host_vars/b/vault.yml": "\ufeff" + SEALED}
    path = write(tmp_path, files)
    inventory = load_inventory([path], decrypt=lambda vaulted, _: Secret(f"opened: {vaulted.text.splitlines()[1]}"))
    assert values(inventory, "b") == {"opened": Secret(6465)}
    assert inventory.hosts[0].sealed == ()


def test_what_an_encrypted_file_holds_is_secret(tmp_path: Path) -> None:
    """Whatever was encrypted is a secret, templates, connection settings and yes or no apart."""
    files = {"inventory.yml": "g: {hosts: {b: }}\n", "host_vars/b.yml": SEALED}
    path = write(tmp_path, files)
    opened = (
        "{relay: hunter2, deep: {list: [hunter3, 4, 2004-05-06, 1.5, yes]}, own: '{{ relay }}', "
        "ansible_psrp_auth: ntlm, ansible_password: p}"
    )
    inventory = load_inventory([path], decrypt=lambda *_: Secret(opened))
    assert values(inventory, "b") == {
        "relay": Secret("hunter2"),
        "deep": {"list": [Secret("hunter3"), Secret(4), Secret(date(2004, 5, 6)), Secret(1.5), True]},
        "own": "{{ relay }}",
        "ansible_psrp_auth": "ntlm",
        "ansible_password": Secret("p"),
    }


def test_a_file_that_does_not_open_concerns_its_hosts_only(tmp_path: Path) -> None:
    """Why a file is not opened is said when a host that needs it is worked on."""

    def refuse(_: Vaulted, place: Place) -> Secret:
        raise SealedError("no password for it", place=place, next_step="Give one.")

    files = {"inventory.yml": "g: {hosts: {a: , b: }}\n", "host_vars/b.yml": SEALED}
    inventory = load_inventory([write(tmp_path, files)], decrypt=refuse)
    inventory.hosts[0].require_open()
    with pytest.raises(SealedError, match="no password for it") as caught:
        inventory.hosts[1].require_open()
    assert caught.value.next_step == "Give one."


def test_a_fault_in_an_encrypted_file_names_no_line_of_it(tmp_path: Path) -> None:
    """The lines of what was encrypted are in no file, so none is shown."""
    files = {"inventory.yml": "g: {hosts: {b: }}\n", "host_vars/b.yml": SEALED}
    with pytest.raises(InputError, match="list") as caught:
        load_inventory([write(tmp_path, files)], decrypt=lambda *_: Secret("- hunter2"))
    assert str(caught.value.place).endswith("b.yml (decrypted):1:1")


def test_several_sources_are_one_inventory(tmp_path: Path) -> None:
    """Files merge, later ones win; a text with commas names hosts; a folder stands for its files."""
    write(tmp_path, {"d/1.yml": "g: {hosts: {a: {v: 1, w: 1}}}\n", "d/2.yml": "g: {hosts: {a: {v: 2}, b: }}\n"})
    write(tmp_path, {"d/notes.txt": "[", "d/group_vars/g.yml": "x: 3\n"})
    inventory = load_inventory([tmp_path / "d", "c1,c[2:3],"])
    assert {host.name for host in inventory.hosts} == {"a", "b", "c1", "c2", "c3"}
    assert values(inventory, "a") == {"v": 2, "w": 1, "x": 3}


def test_a_folder_is_read_with_the_folders_below_it(tmp_path: Path) -> None:
    """YAML, INI and files without ending, sorted at every level; what Ansible does not read there is not read."""
    write(tmp_path, {"d/10.ini": "a v=10\nb v=10\n", "d/20/x": "[g]\nb v=20\n", "d/20/y.yml": "g: {hosts: {c: }}\n"})
    write(tmp_path, {"d/group_vars/g.yml": "w: 1\n", "d/20/group_vars/g.yml": "w: wrong\n"})
    for ending in (".bak", ".orig", ".cfg", ".retry", ".swp", ".md", ".rst", ".txt", ".pyc", "~"):
        write(tmp_path, {f"d/30{ending}": "wrong\n"})
    write(tmp_path, {"d/.30.yml": "wrong\n", "d/simulation.yml": "h: {computer: {}}\n", "d/vars_plugins/x": "wrong\n"})
    inventory = load_inventory([tmp_path / "d"])
    assert [host.name for host in inventory.hosts] == ["a", "b", "c"]
    assert values(inventory, "b") == {"v": 20, "w": 1}


def test_a_folder_of_variables_counts_where_it_is_named_last(tmp_path: Path) -> None:
    """Of two sources' folders the later wins, also when its folder was named before."""
    write(
        tmp_path, {"a/1.yml": "g: {hosts: {h: }}\n", "a/2.yml": "g: {hosts: {k: }}\n", "b/1.yml": "g: {hosts: {h: }}\n"}
    )
    write(tmp_path, {"a/group_vars/g.yml": "v: a\n", "b/group_vars/g.yml": "v: b\n"})
    a, b = tmp_path / "a", tmp_path / "b"
    assert values(load_inventory([a / "1.yml", b / "1.yml"]), "h") == {"v": "b"}
    assert values(load_inventory([a / "1.yml", b / "1.yml", a / "2.yml"]), "h") == {"v": "a"}
    assert values(load_inventory(["h,", a / "1.yml"], beside=[b]), "h") == {"v": "b"}


def test_ports_behind_names(tmp_path: Path) -> None:
    """A port is the variable `ansible_port`, weaker than one that is written out."""
    text = 'g: {hosts: {"a:5985": , "b[1:2]:5985": {ansible_port: 1}, "[2001:db8::1]:5986": }}\n'
    inventory = load_inventory([write(tmp_path, {"i.yml": text}), "c:5985,d"])
    ports = {host.name: values(inventory, host.name).get("ansible_port") for host in inventory.hosts}
    assert ports == {"a": 5985, "b1": 1, "b2": 1, "2001:db8::1": 5986, "c": 5985, "d": None}


def test_memberships_are_made_once(tmp_path: Path) -> None:
    """They are those of every group, `all` and empty ones too, and the same object each time: a host costs nothing."""
    inventory = load(tmp_path, "b: {hosts: {z: , a: {}}}\nall: {hosts: {lone: }}\nw: {children: {b: }}\nempty:\n")
    found = inventory.memberships()
    assert found == {name: [host.name for host in inventory.members(name)] for name in inventory.groups}
    assert found["w"] == ["z", "a"]
    assert found["empty"] == []
    assert inventory.memberships() is found


def test_merge_keys_and_a_byte_order_mark(tmp_path: Path) -> None:
    """Merged keys are weaker than own ones; a byte order mark adds no host."""
    text = "\ufeffx: {vars: {d: &d {p: 1, q: 1}}}\ng: {hosts: {a: {<<: *d, q: 2}}}\n"
    inventory = load(tmp_path, text)
    assert [host.name for host in inventory.hosts] == ["a"]
    assert values(inventory, "a") == {"p": 1, "q": 2}


DATA = os.environ.get("NDRFIX_DATA")


@pytest.mark.skipif(not DATA, reason="NDRFIX_DATA does not name a folder with inventories")
def test_a_folder_of_real_inventories_never_ends_in_a_foreign_error() -> None:
    """Every file either loads or gives input errors that all have a place."""
    assert DATA
    files = sorted(path for path in Path(DATA).rglob("*") if path.suffix in (".yml", ".yaml", ".ini"))
    assert files
    for path in files:
        faults: tuple[InputError, ...] = ()
        try:
            load_inventory([path])
        except InputError as error:
            faults = (error, *error.others)
        assert all(fault.place for fault in faults), path


def names(folder: Path) -> list[str]:
    """The hosts of a folder that is given as inventory."""
    return [host.name for host in load_inventory([folder]).hosts]


def test_the_folder_of_a_client_stands_for_its_inventory(tmp_path: Path) -> None:
    """Playbooks, runs and passwords lie beside it; several inventories count, with the variables beside each."""
    files = {
        "inventory.yml": "all: {hosts: {a: }}",
        "client.yml": "name: ACME",
        "playbooks/x.yml": "- hosts: all",
        "acme.vault-pass": "hunter2",
        "hosts.yml": "all: {hosts: {b: }}",
        "group_vars/all.yml": "x: 1",
    }
    write(tmp_path, files)
    [host] = load_inventory([tmp_path]).hosts
    assert (host.name, host.variables["x"].value) == ("a", 1)
    write(
        tmp_path, {"inventory.ini": "c", "inventory/d.yml": "all: {hosts: {d: }}", "inventory/host_vars/d.yml": "x: 2"}
    )
    found = load_inventory([tmp_path]).hosts
    assert {host.name: host.variables["x"].value for host in found} == {"d": 2, "c": 1, "a": 1}


def test_a_folder_of_inventories_with_a_client_or_runs(tmp_path: Path) -> None:
    """Where none has that name, all of them are read, as ever; what was done is no inventory."""
    write(tmp_path, {"01.yml": "all: {hosts: {a: }}", "02.yml": "all: {hosts: {b: }}", "runs/1/journal.jsonl": "{}"})
    assert names(tmp_path) == ["a", "b"]
    write(tmp_path, {"client.yml": "name: ACME"})
    assert names(tmp_path) == ["a", "b"]
