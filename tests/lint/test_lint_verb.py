"""`ndrfix lint` and `ndrfix explain` as they are called."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ndrfix import cli
from ndrfix.lint import rules as rules_of
from ndrfix.lint.model import Remark
from ndrfix.lint.rules import RULES

CLEAN = """\
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
"""
COLON = (
    CLEAN
    + """\
    # the client asked for this one
    - name: Receipts are suppressed
      check_registry:
        path: 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters'  # see the folder
        name: AlwaysSuppressDR
        data: 1
"""
)
RESTART = (
    CLEAN
    + """\
    - name: Restart the Internet Mail Service
      restart_service:
        name: MSExchangeIMC
"""
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_a_clean_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found is said with the number of files, those of another kind apart, and ends with 0."""
    write("site.yml", CLEAN)
    assert cli.run(["lint"]) == 0
    assert capsys.readouterr().out == "1 file: nothing found\n"
    write("notes.yml", "just: text\n")
    assert cli.run(["lint"]) == 0
    assert capsys.readouterr().out == "1 file: nothing found, 1 of another kind\n"


def test_a_finding_has_its_line_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The place of the value, the line with a caret, the help; the exit code is 1."""
    write("books/site.yml", RESTART)
    assert cli.run(["lint", "books"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("books/site.yml:8:7: warning[service[restart-as-task]] a restart as a task")
    assert out[1:3] == ["    8 |       restart_service:", "      |       ^"]
    assert out[3].startswith("  = help: Write it under 'handlers'")
    assert out[-1] == "1 file: 1 warning"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "error"], 0),
        (["--fail-on", "note"], 1),
        (["--profile", "basic"], 0),
        (["--profile", "safety"], 1),
        (["--ignore", "service[restart-as-task]"], 0),
        (["--ignore", "service"], 0),
        (["--exclude", "site.*"], 0),
        (["--ignore", "servise"], 2),
        (["nowhere.yml"], 2),
        (["--fix", "--diff"], 5),
        (["--fix", "--write-baseline", "known.json"], 5),
        (["--diff", "--format", "json"], 5),
        (["--diff", "--output-file", "out.txt"], 5),
        (["--write-baseline", "known.json", "-f", "sarif"], 5),
        (["-i", "nowhere.yml"], 2),
    ],
)
def test_what_counts(options: list[str], code: int) -> None:
    """Profile, severity, rules and files that are left out; 2 where the check could not be made."""
    write("site.yml", RESTART)
    assert cli.run(["lint", ".", *options]) == code


def test_ignored_folders_are_left_out_and_named_files_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    """`.gitignore` holds for what lies in a folder, at every depth; a file that is named is always looked at."""
    write("a/site.yml", RESTART)
    write("a/.gitignore", "site.yml\n")
    write(".venv/site.yml", RESTART)
    write("runs/x/site.yml", RESTART)
    assert cli.run(["lint"]) == 0
    assert cli.run(["lint", "a/site.yml"]) == 1
    assert "a/site.yml:8:7" in capsys.readouterr().out


def test_patterns_of_git_as_git_reads_them() -> None:
    """What is nearer wins, `!` takes back; those of the folders above hold too, up to the root of the repository. A
    folder that is ignored and named is looked at, all the same.
    """
    write(".gitignore", "*.yml\n/drafts/\n")
    write("a/.gitignore", "!keep.yml\n")
    write("a/keep.yml", RESTART)
    write("a/other.yml", RESTART)
    write("drafts/site.yml", RESTART)
    write("b/site.yml", RESTART)
    found = ["lint", "--write-baseline", "known.json"]

    def files(*paths: str) -> list[str]:
        assert cli.run([*found, *paths]) == 0
        return [each["file"] for each in json.loads(Path("known.json").read_text())["findings"]]

    assert files() == ["a/keep.yml"]
    assert files("b") == []
    assert files("b/site.yml") == ["b/site.yml"]
    write(".gitignore", "/drafts/\n")
    assert files("drafts") == ["drafts/site.yml"]
    assert files(".") == ["a/keep.yml", "a/other.yml", "b/site.yml"]
    assert files(".", "--exclude", "b", "--exclude", "a/k*") == ["a/other.yml"]


def test_a_folder_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody can say that it is clean; it can be left out."""
    write("a/site.yml", CLEAN)
    write("b/site.yml", CLEAN)
    inside = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:
        if path.name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return inside(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert cli.run(["lint"]) == 2
    assert "it cannot be read: Permission denied\n  b:1:1" in capsys.readouterr().err
    assert cli.run(["lint", "--exclude", "b/"]) == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_links_in_a_circle_and_pipes(capsys: pytest.CaptureFixture[str]) -> None:
    """A link that leads nowhere is a file that cannot be read; a pipe is no file, and nobody waits for it."""
    write("site.yml", CLEAN)
    Path("loop.yml").symlink_to("loop.yml")
    Path("away.yml").symlink_to("gone/away.yml")
    os.mkfifo("pipe.yml")
    Path("to-pipe.yml").symlink_to("pipe.yml")
    assert cli.run(["lint", "-f", "pep8"]) == 1
    assert [line.split(" ")[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["away.yml:1:1:", "file[unreadable]"],
        ["loop.yml:1:1:", "file[unreadable]"],
    ]
    assert cli.run(["lint", "away.yml", "site.yml"]) == 2
    assert "there is no file or folder away.yml" in capsys.readouterr().err
    assert cli.run(["lint", "pipe.yml"]) == 2
    assert "pipe.yml is neither a file nor a folder" in capsys.readouterr().err


def test_waivers_hold_for_a_line_and_for_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    """On the line itself, or at the first line of the task, or on one of its own above; never inside a text."""
    first, last = RESTART.rsplit("    - name: Restart", 1)
    task, line = last.split("\n", 1)
    write("task.yml", f"{first}    - name: Restart{task}  # noqa: service[restart-as-task] (asked for)\n{line}")
    write("line.yml", RESTART.replace("restart_service:", "restart_service:  # noqa: service (asked for)"))
    above = "    # noqa: service[restart-as-task] (asked for)\n    - name: Restart"
    write("above.yml", RESTART.replace("    - name: Restart", above))
    write("text.yml", RESTART.replace("name: MSExchangeIMC", 'name: "MSExchangeIMC # noqa: service (no)"'))
    assert cli.run(["lint", "task.yml", "line.yml", "above.yml"]) == 0
    assert "3 waived" in capsys.readouterr().out
    assert cli.run(["lint", "text.yml"]) == 1


def test_the_words_of_a_waiver(capsys: pytest.CaptureFixture[str]) -> None:
    """In any case, with brackets in the reason, behind another comment, several lines above; what is none is told."""
    for number, waiver in enumerate(
        ("NoQA: service (asked for (twice))", "why # noqa: service (so)", "noqa service (so)")
    ):
        write(f"right{number}.yml", RESTART.replace("restart_service:", f"restart_service:  # {waiver}"))
    above = "    # noqa: service[restart-as-task] (asked for)\n\n    # second remark\n    - name: Restart"
    write("right.yml", RESTART.replace("    - name: Restart", above))
    assert cli.run(["lint"]) == 0
    assert "4 waived" in capsys.readouterr().out
    write("wrong.yml", RESTART.replace("restart_service:", "restart_service:  # noqa: service (so) and more"))
    assert cli.run(["lint", "-f", "pep8", "wrong.yml"]) == 1
    assert "wrong.yml:8:33: noqa[unknown-rule] there is no rule 'service (so) and more'" in capsys.readouterr().out


def test_a_waiver_of_a_rule_that_was_not_asked_for_is_not_unused() -> None:
    """By a smaller profile the waivers of the larger one stay."""
    write("site.yml", RESTART.replace("restart_service:", "restart_service:  # noqa: service (asked for)"))
    assert cli.run(["lint", "--profile", "basic"]) == 0


def test_a_fix_changes_its_characters_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    """Comments, quotes, line ends and the byte order mark stay; `--diff` shows it and changes nothing."""
    before = "\ufeff" + COLON.replace("\n", "\r\n")
    path = write("site.yml", before)
    assert cli.run(["lint", "--diff"]) == 0
    assert "-        path: 'HKLM:\\SYSTEM" in capsys.readouterr().out
    assert path.read_bytes() == before.encode()
    assert cli.run(["lint", "--fix"]) == 0
    assert path.read_bytes() == before.replace("HKLM:", "HKLM").encode()
    assert cli.run(["lint", "--fail-on", "note"]) == 0


def test_a_display_name_is_fixed() -> None:
    """The short name takes its place."""
    text = RESTART.replace("MSExchangeIMC", "Microsoft Exchange Internet Mail Service  # the IMS")
    path = write("site.yml", text)
    cli.run(["lint", "--fix"])
    assert path.read_text() == RESTART.replace("MSExchangeIMC", "MSExchangeIMC  # the IMS")


def test_only_what_is_new_fails_beside_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines may move; another finding of the same kind fails."""
    write("site.yml", RESTART)
    assert cli.run(["lint", "--write-baseline", "known.json"]) == 0
    assert cli.run(["lint", "--baseline", "known.json"]) == 0
    write("site.yml", "# a comment\n" + RESTART)
    assert cli.run(["lint", "--baseline", "known.json"]) == 0
    write("site.yml", RESTART + RESTART[len(CLEAN) :].replace("Restart the", "Start the"))
    assert cli.run(["lint", "--baseline", "known.json"]) == 1
    row = json.loads(Path("known.json").read_text())["findings"][0] | {"count": "many"}
    documents: tuple[object, ...] = (
        {},
        [],
        {"schema": "ndrfix.lint-baseline/1"},
        {"schema": "ndrfix.lint-baseline/1", "findings": [row]},
    )
    for document in documents:
        write("broken.json", json.dumps(document))
        assert cli.run(["lint", "--baseline", "broken.json"]) == 2
        assert "no baseline of ndrfix lint" in capsys.readouterr().err


def test_a_renamed_file_has_known_findings_and_a_copied_one_new_ones() -> None:
    """A finding whose file is gone counts in another one, once; the names of folders may be written as on Windows."""
    write("a/site.yml", RESTART)
    assert cli.run(["lint", "--write-baseline", "known.json"]) == 0
    write("b/site.yml", RESTART)
    assert cli.run(["lint", "--baseline", "known.json"]) == 1
    Path("a/site.yml").unlink()
    assert cli.run(["lint", "--baseline", "known.json"]) == 0
    write("c.yml", RESTART)
    assert cli.run(["lint", "--baseline", "known.json"]) == 1


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        (".ndrfix-lint.yml", "fail_on: error\n", 0),
        (".ndrfix-lint.yml", "profile: basic\n", 0),
        (".ndrfix-lint.yml", "ignore: [service]\n", 0),
        (".ndrfix-lint.yml", "exclude: site.yml\n", 0),
        (".ndrfix-lint.yml", "profil: basic\n", 2),
        (".ndrfix-lint.yml", "profile: strict\n", 2),
        (".ndrfix-lint.yml", "ignore: servise\n", 2),
        ("pyproject.toml", '[tool.ndrfix-lint]\nfail-on = "error"\n', 0),
        ("pyproject.toml", '[tool.ndrfix-lint]\nfail-onn = "error"\n', 2),
        ("pyproject.toml", "[tool.other]\nx = 1\n", 1),
        ("pyproject.toml", "[tool\n", 2),
        ("pyproject.toml", 'tool = "x"\n', 1),
        ("pyproject.toml", "tool = [1]\n", 1),
    ],
)
def test_settings_of_a_project(name: str, text: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """From either file; an unknown key or word is an error with its place."""
    write("site.yml", RESTART)
    write(name, text)
    assert cli.run(["lint"]) == code
    if code == 2:
        assert f"{name}:" in capsys.readouterr().err


def test_variables_of_the_inventory_count(capsys: pytest.CaptureFixture[str]) -> None:
    """With an inventory every undefined name is told; without one only a likely misspelling."""
    write("site.yml", CLEAN.replace("minimum: 4", 'minimum: "{{ wanted_pack }}"'))
    assert cli.run(["lint", "site.yml"]) == 0
    write("hosts/inventory.yml", "exchange:\n  hosts:\n    ex01:\n      wanted: 4\n")
    assert cli.run(["lint", "site.yml", "-i", "hosts/inventory.yml"]) == 1
    assert "the variable 'wanted_pack' is not defined" in capsys.readouterr().out
    write("hosts/group_vars/exchange.yml", "wanted_pack: 4\n")
    assert cli.run(["lint", "site.yml", "-i", "hosts/inventory.yml"]) == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [("wanted_pak", True), ("want_pack", True), ("wanted_packs", False), ("group", False), ("inventory_hostnam", True),
     ("other_pack", False), ("hostvars", True), ("ansible_check_mode", True)],
)  # fmt: skip
def test_only_what_can_hardly_be_another_name_is_misspelt(name: str, told: bool) -> None:
    """Without an inventory a name that is not near, or that of several such things, may come from there."""
    play_vars = "  vars: {wanted_pack: 4}\n  tasks:"
    write("site.yml", CLEAN.replace("  tasks:", play_vars).replace("minimum: 4", f"minimum: '{{{{ {name} }}}}'"))
    assert cli.run(["lint", "site.yml"]) == int(told)


def test_an_ini_inventory(capsys: pytest.CaptureFixture[str]) -> None:
    """Its settings are looked at as those of a YAML one; what cannot be read has its place."""
    write("hosts.ini", "[exchange]\nex01 ansible_psrp_auth=basic ansible_psrp_protocol=http ansible_psrp_aut=ntlm\n")
    assert cli.run(["lint", "-f", "pep8"]) == 1
    out = capsys.readouterr().out
    assert "hosts.ini:2:" in out
    assert "inventory[basic-over-http]" in out
    assert "inventory[unknown-setting]" in out
    write("hosts.ini", "[exchange:wars]\nx=1\n")
    assert cli.run(["lint", "-f", "pep8"]) == 1
    assert "hosts.ini:1:" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["hosts.ini", "hosts", "sites/production.ini"])
def test_an_ini_inventory_has_its_secrets_and_traps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A password in plain text and what is read as something else have their places; also where the file has no ending,
    and in a folder under any name if it has variables of connections.
    """
    write(
        name,
        "[exchange]\n"
        "ex01 ansible_host=192.0.2.1 ansible_password='it was readable'\n"
        "ex02 ansible_user=ACME\\consultant relay='C:\\kept'\n"
        "[management]\n"
        "[management:vars]\n"
        "smtp_password = it was readable\n"
        "ansible_psrp_auth = ntlm  # as the domain has it\n"
        'ansible_user = "ACME\\admin"\n'
        "note = 'half a quote\n"
        "folder = D:\\new\\kept\n",
    )
    assert cli.run(["lint", "-f", "pep8"]) == 1
    out = capsys.readouterr().out
    assert "readable" not in out
    assert [line.removeprefix(f"{name}:").split(" ")[:3] for line in out.splitlines()] == [
        ["2:46:", "secret-literal[plain]", "'ansible_password'"],
        ["3:19:", "inventory[ini-value]", "ansible_user:"],
        ["6:17:", "secret-literal[plain]", "'smtp_password'"],
        ["7:21:", "inventory[ini-value]", "ansible_psrp_auth:"],
        ["8:16:", "inventory[ini-value]", "ansible_user:"],
        ["9:8:", "inventory[ini-value]", "note:"],
    ]


def test_an_ini_file_of_another_program_is_none_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what has groups' variables or names of ours is an inventory, unless its name says so; named it counts."""
    write("tox.ini", "[tox]\nenvlist = py312\n")
    assert cli.run(["lint"]) == 0
    assert capsys.readouterr().out == "0 files: nothing found, 1 of another kind\n"
    assert cli.run(["lint", "-f", "pep8", "tox.ini"]) == 1
    assert "inventory[shape]" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["inventory.yml", "inventories/hosts-production.yml"])
def test_an_inventory_with_a_misspelt_group_is_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name says so: it is not passed over as a file of another kind."""
    write(name, "exchange:\n  host:\n    ex01:\n")
    assert cli.run(["lint", "-f", "pep8"]) == 1
    assert (
        f"{name}:2:3: inventory[shape] 'host' is no part of a group, did you mean 'hosts'?" in capsys.readouterr().out
    )


_STEP = "check_service_pack: {minimum: 4}"
_BARE = CLEAN.replace("- name: Look", "  name: Look", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_BARE, "1:3: wrong-shape[value] a playbook must be a list of plays, not a mapping"),
        (_BARE.replace("hosts:", "host:"), "1:3: wrong-shape[value] a playbook must be a list"),
        (_BARE.replace("tasks:", "task:"), "1:3: wrong-shape[value] a playbook must be a list"),
        ("hosts: all\ntasks:\n  - {name: N, chek_service_pack: {minimum: 4}}\n", "1:1: wrong-shape[value] a playbook"),
        (CLEAN.replace("hosts:", "host:").replace("tasks:", "task:"), "2:3: unknown-name[keyword]"),
        (f"- name: N\n  {_STEP}\n", "2:3: "),
    ],
)
def test_a_broken_playbook_is_one(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the dash before the play, with misspelt words, or with tasks alone: it is not of another kind."""
    write("site.yml", text)
    assert cli.run(["lint", "-f", "pep8"]) == 1
    assert f"site.yml:{said}" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--exclude", "other/"], ["vars/site.yml"]])
def test_a_playbook_in_a_folder_of_variables_is_one(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Its plays say what it is, whatever the folders above it are called."""
    write("vars/site.yml", RESTART)
    write("vars/acme/site.yml", RESTART)
    write("group_vars/all.yml", "hosts: [a]\ntasks: [{name: x}]\n")
    assert cli.run(["lint", "-f", "pep8", *options]) == 1
    out = capsys.readouterr().out
    assert "vars/site.yml:8:7: service[restart-as-task]" in out
    assert "group_vars" not in out
    assert ("vars/acme/site.yml:8:7: service[restart-as-task]" in out) is (options != ["vars/site.yml"])


def test_files_of_other_programs_stay_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    """Tasks of editors, pipelines, services; what has words of plays for its own purposes."""
    write("tasks.json", '{"version": "2.0.0", "tasks": [{"label": "build", "command": "make"}]}\n')
    write("taskfile.yml", "vars: {a: 1}\ntags: [a]\ntasks: {build: {cmds: [make]}}\n")
    write("compose.yml", "name: shop\nservices: {db: {image: x}}\n")
    write("roles/x/tasks/main.yml", "- name: x\n  manual: {}\n")
    assert cli.run(["lint"]) == 0
    assert capsys.readouterr().out == "0 files: nothing found, 4 of another kind\n"


def test_the_hook_of_pre_commit_judges_what_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """It names no files, so that those of other programs are left alone and settings hold."""
    (hook,) = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["pass_filenames"] is False
    write(".pre-commit-config.yaml", "repos: []\n")
    write("package.json", "{}\n")
    write("drafts/site.yml", RESTART)
    write(".ndrfix-lint.yml", "exclude: [drafts/]\n")
    program, *arguments = hook["entry"].split()
    assert program == "ndrfix"
    assert cli.run(arguments) == 0
    write("site.yml", RESTART)
    assert cli.run(arguments) == 1


def test_a_value_beside_its_encrypted_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Also in another file for the same group, also under the name that Ansible advises; not of another group."""
    sealed = " !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
    write("group_vars/exchange/vault.yml", f"relay_password:{sealed}vault_community:{sealed}vault_owner:{sealed}")
    write(
        "group_vars/exchange/vars.yml",
        'relay_password: it was readable\ncommunity: it was readable\nowner: "{{ vault_owner }}"\n',
    )
    write("group_vars/lab/vars.yml", "community: public\n")
    assert cli.run(["lint", "-f", "pep8"]) == 1
    out = capsys.readouterr().out
    assert "readable" not in out
    assert out.splitlines() == [
        f"group_vars/exchange/vars.yml:{at}: secret-literal[beside-vault] {name!r} is encrypted in "
        f"group_vars/exchange/vault.yml:{line} and here in plain text"
        for at, name, line in (("1:17", "relay_password", 1), ("2:12", "community", 4))
    ]


def test_tags_in_a_comments_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Those for this playbook, each at its place; not those for another one, nor what only looks like a comment."""
    command = "# Run it: `ndrfix apply {} -l ex01 --tags pak,{} --skip-tags=slow`.\n"
    task = "minimum: 4\n      tags: [pack]\n      vars:\n        note: '# ndrfix plan --tags x'"
    comments = command.format("site.yml", "pack") + command.format("other.yml", "x")
    write("site.yml", comments + CLEAN.replace("minimum: 4", task))
    assert cli.run(["lint", "-f", "pep8"]) == 1
    assert capsys.readouterr().out == (
        "site.yml:1:49: tag[no-task] no task has the tag 'pak', did you mean 'pack'?\n"
        "site.yml:1:70: tag[no-task] no task has the tag 'slow'\n"
    )


def test_a_saved_plan_points_into_its_playbook(capsys: pytest.CaptureFixture[str]) -> None:
    """What was not evaluated is told at the task, with the hosts; without the playbook at the result."""
    write("site.yml", CLEAN)
    write("plan.json", rules_of.BY_ID["result[not-evaluated]"].bad)
    assert cli.run(["lint", "-f", "pep8", "site.yml", "plan.json"]) == 1
    told = "result[not-evaluated] 'Exchange 5.5 has Service Pack 4' was not evaluated on ex01: 'Exchange is installed'"
    assert capsys.readouterr().out.startswith(f"site.yml:4:13: {told}")
    assert cli.run(["lint", "-f", "pep8", "plan.json"]) == 1
    assert capsys.readouterr().out.startswith(f"plan.json:1:1: {told}")


def test_a_saved_run_tells_what_it_did_not_come_to(capsys: pytest.CaptureFixture[str]) -> None:
    """A host that could not be reached, the tasks after the first in a word, and hosts for which the time was up."""
    run = json.loads(rules_of.BY_ID["result[not-evaluated]"].bad)
    (host,) = run["plays"][0]["hosts"]
    (task,) = host["tasks"]
    host["tasks"] = [task | {"name": name} for name in ("One", "Two", "Three")]
    gone = [task | {"name": "One", "status": "unreachable", "message": "no route", "next_step": "Check the address."}]
    run["plays"][0]["hosts"].append({"host": "ex02", "tasks": gone})
    run["not_begun"] = [f"ex{number:02}" for number in range(3, 10)]
    write("run.json", json.dumps(run))
    assert cli.run(["lint", "run.json"]) == 1
    out = capsys.readouterr().out
    assert "'One' was not evaluated on ex02: no route" in out
    assert "= help: Check the address." in out
    assert "'One' was not evaluated on ex01, nor were the 2 tasks after it: 'Exchange is installed'" in out
    assert "no task was evaluated on ex03, ex04, ex05, ex06, ex07 and 2 more" in out
    assert "run.json: 3 warnings" in out.replace("1 file: ", "run.json: ")


def test_recorded_hosts_are_planned_on_offline(capsys: pytest.CaptureFixture[str]) -> None:
    """Each playbook is planned on those of its hosts that are recorded, whatever their connection; nothing is asked."""
    write("site.yml", CLEAN + "    - {name: Restore, purge_quarantine: {run: '{{ wanted_run }}'}}\n")
    write("other.yml", CLEAN.replace("hosts: exchange", "hosts: lab"))
    write(
        "inventory.yml",
        "exchange: {hosts: {ex01: , ex02: {ndrfix_simulated_host: old}, ex03: }, vars: {wanted_run: x}}\n"
        "lab: {hosts: {lab01: }}\n",
    )
    healthy = "{name: EX, os_version: 4.0.1381}"
    setup = "registry: {'HKLM\\SOFTWARE\\Microsoft\\Exchange\\Setup': {ServicePackNumber: 3}}"
    write("states.yml", f"ex01: {{unreachable: no route}}\nold: {{computer: {healthy}, {setup}}}\n")
    assert cli.run(["lint", "-f", "pep8", "-i", "inventory.yml", "--hosts", "states.yml", "site.yml", "other.yml"]) == 1
    out = capsys.readouterr().out
    assert (
        "other.yml:1:1: result[not-evaluated] no plan on the recorded hosts: none of its hosts is in states.yml" in out
    )
    assert "site.yml:4:13: result[not-evaluated] 'Exchange 5.5 has Service Pack 4' was not evaluated on ex01: no" in out
    assert "site.yml:4:13: result[failed] 'Exchange 5.5 has Service Pack 4' failed on ex02" in out
    assert "site.yml:7:14: result[not-evaluated] 'Restore' was not evaluated on ex02" in out
    assert "ex03" not in out
    write("inventory.yml", "exchange: {hosts: {ex01: }}\nlab: {hosts: {lab01: }}\n")
    assert cli.run(["lint", "-f", "pep8", "-i", "inventory.yml", "--hosts", "states.yml", "site.yml"]) == 1
    assert "'wanted_run' is not defined" in capsys.readouterr().out
    assert cli.run(["lint", "--hosts", "states.yml", "site.yml"]) == 2
    assert "--hosts needs an inventory" in capsys.readouterr().err
    write("states.yml", "ex01: {computr: {name: EX}}\n")
    assert cli.run(["lint", "-i", "inventory.yml", "--hosts", "states.yml", "site.yml"]) == 2
    assert "states.yml:1:" in capsys.readouterr().err


@pytest.mark.parametrize("before", ["", "\ufeff", "\n\n"])
def test_an_encrypted_file_is_left_alone(before: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What ansible-vault encrypted as a whole is no faulty playbook, whatever editors put before it; it is told."""
    write("group_vars/all/secrets.yml", f"{before}$ANSIBLE_VAULT;1.1;AES256\n6162636465\n")
    write("site.yml", CLEAN)
    assert cli.run(["lint"]) == 0
    assert capsys.readouterr().out == (
        "group_vars/all/secrets.yml: encrypted as a whole, not looked into\n\n1 file: nothing found, 1 encrypted\n"
    )
    assert cli.run(["lint", "-f", "json", "group_vars/all/secrets.yml"]) == 0
    assert json.loads(capsys.readouterr().out)["encrypted"] == ["group_vars/all/secrets.yml"]


def test_a_client_file(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown key has its place, also where the folder is named by its whole path."""
    write("acme/client.yml", "name: ACME Ltd\ncontakt: it@acme.example\n")
    assert cli.run(["lint", str(Path("acme").absolute())]) == 1
    assert capsys.readouterr().out.startswith("acme/client.yml:2:1: error[client[shape]] unknown key 'contakt'")


def test_a_secret_is_not_shown_in_the_finding_about_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The line is there, its value is not."""
    write("inventory.yml", "exchange:\n  hosts:\n    ex01:\n      ansible_password: hunter2hunter2\n")
    for form in ("text", "json", "sarif", "junit", "github", "codeclimate", "pep8"):
        assert cli.run(["lint", "-f", form]) == 1
    assert "hunter2" not in capsys.readouterr().out


def test_a_file_of_findings_and_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """What is written to a file is not on the screen; the summary is on standard error."""
    write("site.yml", RESTART)
    assert cli.run(["lint", "-f", "sarif", "-o", "found.sarif"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "1 file: 1 warning\n")
    assert len(json.loads(Path("found.sarif").read_text())["runs"][0]["results"]) == 1
    assert cli.run(["lint", "-o", "no/such/folder"]) == 2


@pytest.mark.parametrize(
    ("variables", "options", "coloured"),
    [
        ({}, [], False),
        ({"ANSIBLE_FORCE_COLOR": "1"}, [], True),
        ({"ANSIBLE_FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"ANSIBLE_FORCE_COLOR": "1"}, ["-f", "pep8"], False),
        ({"ANSIBLE_FORCE_COLOR": "1"}, ["-o", "found.txt"], False),
    ],
)
def test_colours_as_elsewhere(
    variables: dict[str, str],
    options: list[str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For people at a screen, by the same variables as reports; never in a file or in what a program reads."""
    for name in ("NO_COLOR", "ANSIBLE_NOCOLOR", "ANSIBLE_FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm")
    write("site.yml", RESTART)
    cli.run(["lint", *options])
    out = capsys.readouterr().out
    assert ("\x1b[33mwarning[service[restart-as-task]]\x1b[0m" in out) is coloured
    assert ("\x1b" in out) is coloured
    assert not Path("found.txt").exists() or "\x1b" not in Path("found.txt").read_text()


def test_a_rule_that_crashes_is_loud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, and the file does not pass for clean."""

    def crash(view: object) -> Iterator[Remark]:
        raise ZeroDivisionError("division by zero")

    broken = tuple(replace(rule, check=crash) if rule.id == "name[missing]" else rule for rule in RULES)
    monkeypatch.setattr("ndrfix.lint.linting.RULES", broken)
    assert rules_of.RULES == RULES
    write("site.yml", CLEAN)
    assert cli.run(["lint"]) == 2
    assert "a bug in ndrfix: the rule name[missing] failed on site.yml: ZeroDivisionError" in capsys.readouterr().err


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    """A page, the pages of a group, or the list of all; a wrong name says the nearest."""
    assert cli.run(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(RULES)
    assert cli.run(["explain", "registry-value[base]"]) == 0
    page = capsys.readouterr().out
    assert "# registry-value[base]" in page
    assert "KB 837794" in page
    assert cli.run(["explain", "clear-queue"]) == 0
    assert capsys.readouterr().out.count("\n# clear-queue[") + 1 == 6
    assert cli.run(["explain", "clear-queu"]) == 1
    assert "did you mean 'clear-queue'?" in capsys.readouterr().err
