"""The verbs by hand: what they print, what they write, how they exit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from ndrfix import __version__
from ndrfix.errors import ExitCode
from tests.cli.conftest import Folder


def test_plan_and_apply_and_plan_again(folder: Folder) -> None:
    """The everyday round: plan, apply, nothing left to do; with the codes of --detailed-exitcode."""
    plan = folder("plan book.yml -i inventory.yml --detailed-exitcode")
    assert (plan.code, plan.err) == (10, "")
    assert plan.out.startswith("DRY RUN · nothing will be changed")
    assert "Mode  dword 0x00000001 (1) → dword 0x00000002 (2)" in plan.out
    assert not Path("runs").exists()
    applied = folder("apply book.yml -i inventory.yml --yes --json run.json")
    assert applied.code == 0
    assert "read back, verified" in applied.out
    document = json.loads(Path("run.json").read_text())
    assert (document["schema"], document["mode"]) == ("ndrfix.run/1", "apply")
    [run] = Path("runs").glob("2*")
    assert json.loads((run / "run.json").read_text()) == document
    assert re.fullmatch(r"\d{8}-\d{4}-book-[0-9a-f]{4}", run.name)
    assert f"Files of this run: runs/{run.name}" in applied.out
    assert folder("plan book.yml -i inventory.yml --detailed-exitcode").code == 0


def test_apply_with_nothing_to_do_writes_no_run(folder: Folder) -> None:
    """When the plan is empty nothing is asked and no run folder is made."""
    folder("apply book.yml -i inventory.yml --yes")
    again = folder("apply book.yml -i inventory.yml --yes --runs-dir second")
    assert again.out.rstrip().endswith("Nothing to apply.")
    assert not Path("second").exists()


@pytest.mark.parametrize(("typed", "applied"), [("2", True), ("1", False), ("", False), ("yes", False)])
def test_apply_asks_for_the_number_of_hosts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, typed: str, applied: bool
) -> None:
    """Only the right number goes on; anything else changes nothing."""
    asked: list[str] = []

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return typed

    monkeypatch.setattr("click.prompt", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    ended = folder("apply book.yml -i inventory.yml")
    assert "Apply 2 changes and 2 restarts (MSExchangeIMC) to 2 hosts (ex01, ex02)?" in asked[0]
    assert bool(folder.hosts.host("ex01").writes) is applied
    assert ("Not applied: nothing was changed." in ended.out) is not applied
    assert ended.code == (0 if applied else ExitCode.INTERRUPTED)


def test_limit_and_tags_narrow_a_run(folder: Folder) -> None:
    """`-l` leaves hosts out, tags leave tasks out."""
    assert "1 host (ex02" in folder("plan book.yml -i inventory.yml -l all:!ex01").out
    folder.write(
        "two.yml",
        (folder.path / "book.yml")
        .read_text()
        .replace("tasks:", "tasks:\n    - {name: Look, manual: {instruction: x}}"),
    )
    shown = folder("plan two.yml -i inventory.yml --skip-tags suppress").out
    assert "left out as asked: 1 task (Mode is two)" in shown
    assert "TASK [Mode is two]" not in shown


def test_listings_touch_no_host(folder: Folder) -> None:
    """The listings have Ansible's form and reach no host."""
    ended = folder("plan book.yml -i inventory.yml --list-hosts --list-tasks --list-tags")
    assert "    pattern: ['all']\n    hosts (2):\n      ex01\n      ex02\n" in ended.out
    assert "    tasks:\n      Mode is two\tTAGS: [suppress]\n" in ended.out
    assert "      TASK TAGS: [suppress]\n" in ended.out
    assert "  play #1 (all): Set the mode\tTAGS: []\n" in ended.out


def test_steps_and_inventory_and_version(folder: Folder) -> None:
    """The reading verbs."""
    assert "set_registry" in folder("steps").out
    assert "SuppressNDROptions" in folder("steps set_registry").out
    assert "|--@exchange:" in folder("inventory -i inventory.yml --graph").out
    assert "ex02" not in folder("inventory -i inventory.yml --graph -l ex01").out
    assert json.loads(folder("inventory -i inventory.yml --host ex01").out)["ansible_connection"] == "simulated"
    assert "ex01" in json.loads(folder("inventory -i inventory.yml --list").out)["_meta"]["hostvars"]
    assert folder("--version").out == f"ndrfix, version {__version__}\n"


def test_a_host_explained(folder: Folder) -> None:
    """Where each variable is set, files beside a playbook and --extra-vars too; it is about one host."""
    (Path("books") / "host_vars").mkdir(parents=True)
    folder.write("books/host_vars/ex01.yml", "site: north\nown_password: hunter22\n")
    ended = folder("inventory -i inventory.yml --host ex01 --explain --playbook-dir books -e site=south")
    assert ended.code == 0
    assert ended.out.splitlines()[-5:] == [
        'own_password = "********"',
        "    host_vars of ex01, books/host_vars/ex01.yml:2:15",
        'site = "south"',
        "    --extra-vars, -e:1:1",
        '    hides "north" of host_vars of ex01, books/host_vars/ex01.yml:1:7',
    ]
    assert folder("inventory -i inventory.yml --list --explain").code == 5
    assert folder("inventory -i inventory.yml --host ex01 --playbook-dir none").code == 5


def test_secrets_reach_no_output(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is masked wherever it turns up: screen, JSON, journal, error messages."""
    monkeypatch.setenv("API", "opensesame")
    folder.write(
        "secret.yml",
        "all:\n  vars: {ansible_connection: simulated, ndrfix_simulation: hosts.yml, ansible_password: hunter22,\n"
        "         site_password: swordfish, api_token: \"{{ lookup('env', 'API') }}\"}\n  hosts:\n    ex01:\n",
    )
    folder.write(
        "leak.yml",
        "- hosts: all\n  tasks:\n    - name: say swordfish\n"
        "      set_registry: {path: 'HKLM\\SOFTWARE\\Acme', name: Note, data: 'is {{ site_password }}'}\n"
        "    - manual: {instruction: 'type {{ ansible_password }}'}\n    - manual: {instruction: 'say opensesame'}\n",
    )
    ended = folder("apply leak.yml -i secret.yml --yes -vv --json out.json")
    assert ended.code == 0
    everything = ended.out + ended.err + Path("out.json").read_text() + folder("inventory -i secret.yml --list").out
    everything += "".join(path.read_text() for path in Path("runs").rglob("*") if path.is_file())
    assert "hunter22" not in everything
    assert "swordfish" not in everything
    assert "opensesame" not in everything
    assert [item.after.data for item in folder.hosts.host("ex01").writes] == ["is swordfish"]  # type: ignore[union-attr]


def test_a_bug_is_reported_as_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must never happen ends with code 250 and a request to report it, without a traceback."""
    monkeypatch.setattr("ndrfix.cli.job.load_playbook", lambda *_: 1 / 0)
    ended = folder("plan book.yml -i inventory.yml")
    assert ended.code == ExitCode.BUG
    assert "a bug in ndrfix" in ended.err
    assert "Traceback" not in ended.err


def test_an_error_block_shows_the_line_with_a_caret(folder: Folder) -> None:
    """An error about input is one block: what, where, the line with a caret."""
    folder.write("typo.yml", "- hosts: all\n  tasks:\n    - set_registry:\n        path: HKLM\\S\n        dta: 1\n")
    assert folder("plan typo.yml -i inventory.yml").err.splitlines()[:4] == [
        "error: unknown argument 'dta' of step set_registry, did you mean 'data'?",
        "  typo.yml:5:9",
        "    5 |         dta: 1",
        "      |         ^",
    ]


def test_undo_takes_a_run_back(folder: Folder) -> None:
    """The command that an apply prints takes it back; a second time there is nothing to do."""
    applied = folder("apply book.yml -i inventory.yml --yes")
    line = next(line for line in applied.out.splitlines() if line.startswith("Take it back: ndrfix "))
    command = line.removeprefix("Take it back: ndrfix ")
    shown = folder(f"{command} --plan --detailed-exitcode")
    assert shown.code == 10
    assert "Mode  dword 0x00000002 (2) → dword 0x00000001 (1)" in shown.out
    assert len(folder.hosts.host("ex01").writes) == 2
    undone = folder(f"{command} --yes")
    assert undone.code == 0
    assert "Mode  dword 0x00000002 (2) → dword 0x00000001 (1)   read back, verified" in undone.out
    assert "RUNNING HANDLER [Restart MSExchangeIMC]" in undone.out
    assert folder(f"{command} --yes").out.rstrip().endswith("Nothing to apply.")


def test_undo_takes_the_run_by_its_id(folder: Folder) -> None:
    """A run is named by its folder or by its id; one that is not there is an error that says what to name."""
    folder("apply book.yml -i inventory.yml --yes")
    [run] = Path("runs").glob("2*")
    assert folder(f"undo {run.name} -i inventory.yml --plan -l ex02").code == 0
    missing = folder("undo 20260101-0000-book-0000 -i inventory.yml --plan")
    assert (missing.code, "journal.jsonl is missing" in missing.err) == (1, True)


def test_undo_of_chosen_tasks(folder: Folder) -> None:
    """By the names that the run's report shows; what is left out is said, and so is a name that fits none."""
    folder("apply book.yml -i inventory.yml --yes")
    [run] = (path.name for path in Path("runs").glob("2*"))
    assert "Mode  dword" in folder(f"undo {run} -i inventory.yml --plan --task mode*two").out
    nothing = folder(f"undo {run} -i inventory.yml --plan --skip-task mode* --skip-task restart")
    assert (nothing.code, "there is nothing to take back" in nothing.err) == (1, True)
    wrong = folder(f"undo {run} -i inventory.yml --plan --task Mode")
    assert (wrong.code, "no task of the run is called 'Mode'" in wrong.err) == (1, True)
    assert "It changed something by: 'Mode is two', 'Restart'" in wrong.err


def test_a_run_folder_that_cannot_be_made_stops_before_the_act(folder: Folder) -> None:
    """Without a journal nothing is changed."""
    folder.write("taken", "a file")
    ended = folder("apply book.yml -i inventory.yml --yes --runs-dir taken")
    assert ended.code == ExitCode.WRONG_USAGE or "cannot write the run folder" in ended.err
    assert folder.hosts.host("ex01").writes == ()


def test_password_is_asked_for_hosts_without_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-k` asks once, and what was typed is masked."""
    monkeypatch.setattr("click.prompt", lambda *_args, **_options: "hunter22")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    folder.write(
        "say.yml", "- hosts: all\n  tasks:\n    - name: type hunter22\n      manual: {instruction: hunter22}\n"
    )
    ended = folder("plan say.yml -i inventory.yml -k -u ACME\\svc")
    assert ended.code == 0
    assert "hunter22" not in ended.out


def test_colour_follows_the_environment(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour without a terminal; ANSIBLE_FORCE_COLOR brings it, NO_COLOR wins."""
    assert "\x1b[" not in folder("plan book.yml -i inventory.yml").out
    monkeypatch.setenv("ANSIBLE_FORCE_COLOR", "1")
    assert "\x1b[" in folder("plan book.yml -i inventory.yml").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in folder("plan book.yml -i inventory.yml").out


def test_ctrl_c_writes_what_is_known(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the result so far is shown and written, and the code is 99."""
    from ndrfix.engine.fleet import Fleet

    waited = Fleet._wait

    def interrupted(fleet: Fleet, futures: object) -> None:
        fleet.interrupt.event.set()
        waited(fleet, futures)  # type: ignore[arg-type]

    monkeypatch.setattr(Fleet, "_wait", interrupted)
    ended = folder("apply book.yml -i inventory.yml --yes -f 1 --json run.json")
    assert ended.code == ExitCode.INTERRUPTED
    assert json.loads(Path("run.json").read_text())["interrupted"] is True
    assert "Interrupted: nothing was applied." in ended.out


def test_a_condition_that_fails_at_run_time_fails_its_host(folder: Folder) -> None:
    """What depends on a result can be wrong only then; the host fails with the place, nothing is changed."""
    folder.write(
        "late.yml",
        "- hosts: all\n  vars: {key: 'HKLM\\SOFTWARE\\Acme'}\n  tasks:\n"
        "    - check_registry: {path: '{{ key }}', name: Mode, type: dword, data: 1}\n      register: mode\n"
        "    - set_registry: {path: '{{ key }}', name: B, data: x}\n      when: mode.nothing\n",
    )
    ended = folder("apply late.yml -i inventory.yml --yes")
    assert ended.code == ExitCode.FAILED
    assert "late.yml:7:13" in ended.out
    assert folder.hosts.host("ex01").writes == ()


def test_a_variables_file_of_nobody_is_warned_about(folder: Folder) -> None:
    """A mistyped host_vars file is not passed over in silence."""
    (folder.path / "host_vars").mkdir()
    folder.write("host_vars/ex1.yml", "mode: 3\n")
    for line in ("plan book.yml -i inventory.yml", "inventory -i inventory.yml --graph"):
        ended = folder(line)
        assert ended.code == 0
        assert ended.err == (
            "warning: host_vars/ex1.yml:1:1: the file belongs to no host, did you mean 'ex01'?\n"
            "  Rename it after a host, or remove it.\n"
        )


@pytest.mark.parametrize(
    ("words", "what", "next_step"),
    [
        (
            "--host ex1",
            "there is no host 'ex1' in inventory.yml, did you mean 'ex01'?",
            "Groups: exchange. Hosts: ex01",
        ),
        ("--host nobody", "there is no host 'nobody' in inventory.yml", "Groups: exchange. Hosts: ex01, ex02."),
        (
            "--host all",
            "'all' is a group in inventory.yml, --host is about one host",
            "Name a host of it, or give --list or --graph with -l all. Groups: exchange. Hosts: ex01, ex02.",
        ),
        ("--list -l nobody", "no host matches 'nobody' in inventory.yml", "Groups: exchange. Hosts: ex01, ex02."),
        (
            "--list -l ex01,exchagne",
            "no host matches 'ex01,exchagne' in inventory.yml, did you mean group 'exchange'?",
            "The part 'exchagne' is neither a host nor a group. Groups: exchange. Hosts: ex01, ex02.",
        ),
        (
            "--list -l @hosts.yaml",
            "the file cannot be read: there is no file of that name, did you mean 'hosts.yml'?",
            "hosts.yaml:1:1\n  Check the name.",
        ),
        ("--list -l @no/hosts", "the file cannot be read: there is no folder no", "no/hosts:1:1\n  Check"),
    ],
)
def test_a_name_that_is_not_there(folder: Folder, words: str, what: str, next_step: str) -> None:
    """The nearest one is told, and what there is."""
    ended = folder(f"inventory -i inventory.yml {words}")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"error: {what}\n  {next_step}"), ended.err


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody sits at the keyboard and types 2; gives the questions asked."""
    asked: list[str] = []

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return "2"

    monkeypatch.setattr("click.prompt", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    return asked


@pytest.mark.parametrize("error", [click.Abort, KeyboardInterrupt])
def test_ctrl_c_at_the_question_applies_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, somebody: list[str], error: type[BaseException]
) -> None:
    """It is said that nothing was applied, without a word about a journal that does not exist."""
    del somebody
    if error is click.Abort:

        def interrupted(*_: object, **__: object) -> str:
            raise click.Abort

        monkeypatch.setattr("click.prompt", interrupted)
    else:
        monkeypatch.setattr("ndrfix.cli.job.load_playbook", _interrupted)
    ended = folder("apply book.yml -i inventory.yml --json run.json")
    assert ended.code == ExitCode.INTERRUPTED
    assert "nothing was applied" in ended.err
    assert "journal" not in ended.err
    assert not Path("runs").exists()
    if error is click.Abort:
        assert json.loads(Path("run.json").read_text())["interrupted"] is True


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_second_ctrl_c_names_the_journal(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """When hosts are at work already, what was sent to them is in the journal: its path is said."""
    from ndrfix.engine.run import Run

    monkeypatch.setattr(Run, "apply", _interrupted)
    ended = folder("apply book.yml -i inventory.yml --yes")
    assert ended.code == ExitCode.INTERRUPTED
    [journal] = Path("runs").glob("*/journal.jsonl")
    assert f"left at once; what was sent to a host is in {journal}" in ended.err


BACKUP = "- hosts: all\n  tasks:\n    - backup_registry: {path: 'HKLM\\SOFTWARE\\Acme'}\n"


def test_a_playbook_that_only_saves_is_carried_out(folder: Folder, somebody: list[str]) -> None:
    """Files to save are something to apply, and the question says that nothing is changed."""
    folder.write("save.yml", BACKUP)
    ended = folder("apply save.yml -i inventory.yml")
    assert ended.code == 0
    assert somebody == ["\nSave 2 files from 2 hosts (ex01, ex02), with 0 changes? Type the number of hosts to go on"]
    assert len(list(Path("runs").glob("*/backup/*/*.reg"))) == 2
    assert folder.hosts.host("ex01").writes == ()


def test_the_question_names_changes_and_files(folder: Folder, somebody: list[str]) -> None:
    """Hosts are counted by what changes; files are said beside it."""
    folder.write(
        "both.yml",
        BACKUP
        + "    - set_registry: {path: 'HKLM\\SOFTWARE\\Acme', name: Mode, type: dword, data: 2}\n"
        + "      when: inventory_hostname == 'ex01'\n",
    )
    assert "Not applied" in folder("apply both.yml -i inventory.yml").out
    assert "Apply 1 change to 1 host (ex01) and save 2 files from 2 hosts?" in somebody[0]


LEAK = """
- hosts: all
  vars: {{api_token: tok-secret1, derived: "{{{{ api_token | upper }}}}"}}
  tasks:
    - name: Set it
      no_log: {no_log}
      set_registry: {{path: 'HKLM\\SOFTWARE\\Acme', name: M, type: dword, data: '{data}'}}
"""


@pytest.mark.parametrize(
    ("data", "no_log"),
    [("{{ api_token }}", "false"), ("{{ derived }}", "false"), ("{{ api_token }}x", "false"), ("tok-secret1", "true")],
)
def test_a_refused_secret_is_not_shown(folder: Folder, data: str, no_log: str) -> None:
    """An argument that is wrong and secret, or under no_log, is refused without its value."""
    folder.write("leak.yml", LEAK.format(data=data, no_log=no_log))
    ended = folder("plan leak.yml -i inventory.yml")
    assert ended.code == ExitCode.WRONG_INPUT
    assert "argument 'data' of step set_registry: not acceptable; the value is not shown" in ended.err
    assert "leak.yml:7:" in ended.err
    assert "tok-secret1" not in ended.err.casefold()


def test_what_is_made_of_a_secret_is_masked(folder: Folder) -> None:
    """The mask learns secrets that come up while tasks are bound."""
    folder.write(
        "leak.yml",
        "- hosts: all\n  vars: {api_token: tok-secret1}\n  tasks:\n    - manual: {instruction: TOK-SECRET1}\n"
        "    - set_registry: {path: 'HKLM\\SOFTWARE\\Acme', name: M, data: '{{ api_token | upper }}'}\n",
    )
    ended = folder("apply leak.yml -i inventory.yml --yes --json run.json -vv")
    assert ended.code == 0
    assert "TOK-SECRET1" not in ended.out + ended.err + Path("run.json").read_text()
    assert "TOK-SECRET1" not in "".join(path.read_text() for path in Path("runs").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "expression",
    ["{}[api_token | upper]", "lookup('env', api_token | upper)", "lookup('env', api_token)", "groups[api_token]"],
)
def test_an_expression_that_fails_on_a_secret_does_not_say_it(folder: Folder, expression: str) -> None:
    """What goes wrong inside a template with a secret is said without the value, also where it was changed first."""
    folder.write("leak.yml", LEAK.format(data="{{ " + expression.replace("'", "''") + " }}", no_log="false"))
    ended = folder("plan leak.yml -i inventory.yml")
    assert ended.code == ExitCode.WRONG_INPUT
    wanted = "an environment variable is not set" if "env" in expression else "it works on a secret"
    assert wanted in ended.err
    assert "tok-secret1" not in ended.err.casefold()


def test_a_default_stands_in_beside_a_secret(folder: Folder) -> None:
    """An environment variable that is missing has its default also where a secret stands in the same text."""
    data = "{{ api_token }}{{ lookup(''env'', ''NDRFIX_TEST_NOT_SET'') | default(1) }}"
    folder.write("leak.yml", LEAK.format(data=data, no_log="false").replace("type: dword, ", ""))
    assert folder("plan leak.yml -i inventory.yml").code == 0
