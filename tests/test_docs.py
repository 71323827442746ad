"""The documentation says what is there: commands, examples, tables and transcripts are compared with the program."""

from __future__ import annotations

import dataclasses
import re
import shlex
import shutil
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ndrfix import __version__, cli
from ndrfix.cli import terminal
from ndrfix.client import load_client
from ndrfix.connections.endpoint import Endpoint, check_endpoint
from ndrfix.connections.fault_words import Scene
from ndrfix.connections.faults import ROWS
from ndrfix.connections.management import OTHERS
from ndrfix.connections.management import ROWS as WAY_ROWS
from ndrfix.connections.management import Row as WayRow
from ndrfix.connections.simulated import Simulation
from ndrfix.engine.result import Status
from ndrfix.errors import ExitCode, UnreachableError
from ndrfix.inventory import ConnectionSettings
from ndrfix.inventory.names import NAMES
from ndrfix.lint.linting import asked_for, lint_files
from ndrfix.lint.model import Profile
from ndrfix.playbook import Registered
from ndrfix.playbook.keywords import PLAY_KEYWORDS, TASK_KEYWORDS
from ndrfix.secrets import Masker, Secret
from ndrfix.shipped import demo_folder

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "inventory.example.yml"
PAGES = (README, ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("adr/*.md")))

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_INLINE = re.compile(r"(?<!`)`(ndrfix [^`]+)`(?!`)")
_RUN_ID = re.compile(r"\d{8}-\d{4}-[a-z][\w-]*-[0-9a-f]{4}")
_SECONDS = re.compile(r"\d+\.\d s$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page, its indentation taken away."""

    page: Path
    number: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}-{self.number}"


def _blocks(*kinds: str) -> list[Block]:
    found = (
        Block(page, number, match["kind"], textwrap.dedent(match["text"]))
        for page in PAGES
        for number, match in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8")), start=1)
    )
    return [block for block in found if block.kind in kinds]


def _prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def _commands(block: Block) -> list[list[str]]:
    """The arguments of every ndrfix command line in a block."""
    lines = (line.removeprefix("$ ") for line in block.text.splitlines())
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("ndrfix ")]


def _table(page: str, *head: str) -> list[list[str]]:
    """The rows of the table with that head, cell by cell."""
    text = (DOCS / page).read_text(encoding="utf-8")
    start = text.index(f"| {' | '.join(head)} |\n")
    rows = [row for row in text[start:].split("\n\n", 1)[0].splitlines()[2:] if row.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def _words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs command lines in a folder with the demo's files; simulated hosts live as long as the test."""
    for source in demo_folder().glob("*.yml"):
        shutil.copyfile(source, tmp_path / source.name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAIL_PASSWORD", "of the examples")
    monkeypatch.setattr(terminal, "MASKER", Masker())
    load: Callable[[Path], Simulation] = Simulation.load
    loaded: dict[Path, Simulation] = {}
    monkeypatch.setattr(Simulation, "load", lambda path: loaded.setdefault(path.resolve(), load(path)))

    def once(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return once


# --- commands and links ----------------------------------------------------------------------------------------------


def _command(verb: str) -> click.Command:
    found = cli.root.get_command(click.Context(cli.root), verb)
    assert found is not None, f"there is no verb {verb!r}"
    return found


@pytest.mark.parametrize("block", _blocks("sh", "console"), ids=str)
def test_command_lines_are_accepted(block: Block) -> None:
    """Every command line in a block has a verb, flags and arguments that the command line takes."""
    for verb, *rest in _commands(block):
        _command(verb).make_context(verb, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_exist(page: Path) -> None:
    """Every command in running text has a verb and flags that are there."""
    for text in _INLINE.findall(_prose(page)):
        verb, *rest = shlex.split(text)[1:]
        if verb.startswith("-"):
            continue
        known = {flag for option in _command(verb).params for flag in option.opts} | {"-h", "--help"}
        assert {word for word in rest if word.startswith("-")} <= known, text


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project leads to a file, and its anchor to a heading there."""
    for match in _LINK.finditer(_prose(page)):
        name, _, anchor = match["target"].partition("#")
        if name.startswith(("https://", "http://")):
            continue
        target = (page.parent / name).resolve() if name else page
        assert target.is_file(), match[0]
        assert ROOT in target.parents, match[0]
        if anchor:
            headings = re.findall(r"^#+ (.*)$", _prose(target), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, match[0]


def test_every_page_is_in_the_index() -> None:
    """The index leads to every page and every decision."""
    targets = {match["target"] for match in _LINK.finditer((DOCS / "index.md").read_text(encoding="utf-8"))}
    pages = {page.relative_to(DOCS).as_posix() for page in PAGES if DOCS in page.parents}
    assert pages - {"index.md"} <= targets


@pytest.mark.parametrize("page", [*PAGES, EXAMPLE], ids=lambda page: page.name)
def test_no_path_of_a_developers_machine(page: Path) -> None:
    """No page shows where somebody's working copy was."""
    assert not re.search(r"/(tmp|work|home|root|Users)/", page.read_text(encoding="utf-8"))


# --- YAML ------------------------------------------------------------------------------------------------------------


# The examples of the rules are wrong on purpose, or judged by the tests of their rules.
_EXAMPLES = [block for block in _blocks("yaml") if block.page.name != "rules.md"]


@pytest.mark.parametrize("block", _EXAMPLES, ids=str)
def test_yaml_is_understood(block: Block, run: Run) -> None:
    """A playbook plans on a healthy simulated host, tasks do inside a play; inventories, simulations, clients load."""
    document: Any = yaml.safe_load(block.text)
    if isinstance(document, list):
        whole = "hosts" in document[0]
        Path("book.yml").write_text(block.text if whole else _play(document), encoding="utf-8")
        code, out, err = run("plan", "book.yml", "-i", "inventory.yml", "-l", "ex01")
        assert err == ""
        assert code in ((0,) if whole else (0, 2)), out
    elif any(isinstance(body, dict) and "computer" in body for body in document.values()):
        Path("hosts.yml").write_text(block.text, encoding="utf-8")
        assert Simulation.load(Path("hosts.yml"))
    elif "name" in document:
        Path("client.yml").write_text(block.text, encoding="utf-8")
        Path("acme.png").touch()
        assert load_client(Path())
    else:
        Path("other.yml").write_text(block.text, encoding="utf-8")
        code, _, err = run("plan", "audit", "-i", "other.yml", "--list-hosts")
        assert (code, err) == (0, "")


def _play(tasks: list[dict[str, Any]]) -> str:
    """Tasks as a playbook of one play, with a handler for each notification."""
    names = {task["notify"] for task in tasks if "notify" in task}
    handlers = [{"name": name, "restart_service": {"name": "MSExchangeIMC"}} for name in names]
    return yaml.safe_dump([{"hosts": "all", "tasks": tasks, "handlers": handlers}], allow_unicode=True)


# What a play with the task of an example has before it: checks, a backup, and a change that notifies.
_BEFORE = """\
- name: An example in a play
  hosts: all
  tasks:
    - {name: Before it the service pack is checked, check_service_pack: {}}
    - {name: Before it the hotfix is checked, check_hotfix: {}}
    - name: Before it the key is saved
      backup_registry: &key {path: 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters'}
    - name: Before it reports are suppressed
      set_registry: {<<: *key, name: SuppressNDROptions, type: dword, data: 0x100}
      notify: [$names]
"""


def _in_a_play(text: str) -> str:
    """Tasks as a playbook, as they are written; those that restart a service as its handlers."""
    tasks = yaml.safe_load(text)
    restarts = all("restart_service" in task for task in tasks)
    names = {task["name"] for task in tasks} if restarts else {task.get("notify") for task in tasks} - {None}
    restart = "    - {{name: {}, restart_service: {{name: MSExchangeIMC}}}}\n"
    handlers = "" if restarts else "".join(map(restart.format, names)) or restart.format("Restart")
    tail = f"  handlers:\n{handlers}"
    head = _BEFORE.replace("$names", ", ".join(names) or "Restart")
    body = textwrap.indent(text, "    ")
    return f"{head}{tail}{body}" if restarts else f"{head}{body.rstrip()}\n{tail}"


@pytest.mark.parametrize("block", _EXAMPLES, ids=str)
def test_examples_lint_clean(block: Block, tmp_path: Path) -> None:
    """Every example by every rule of `production`: as it is, or tasks with what belongs around them."""
    document: Any = yaml.safe_load(block.text)
    if isinstance(document, list):
        name, text = "book.yml", block.text if "hosts" in document[0] else _in_a_play(block.text)
    else:
        name, text = "client.yml" if "name" in document else "inventory.yml", block.text
        (tmp_path / "acme.png").touch()
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    linted = lint_files([(path, name)], asked_for(Profile.PRODUCTION), named=[path])
    assert [f"{each.rule} {each.place}" for each in linted.findings] == []
    assert linted.files
    assert len(linted.waived) == text.count("noqa")


def test_what_is_shipped_lints_clean() -> None:
    """The shipped playbooks and the example inventory, by every rule."""
    files = [(path, path.name) for path in (*sorted((ROOT / "playbooks").glob("*.yml")), EXAMPLE)]
    linted = lint_files(files, asked_for(Profile.PRODUCTION))
    assert [f"{each.rule} {each.place}" for each in linted.findings] == []
    assert len(linted.files) == len(files)


@pytest.mark.parametrize("flags", [("--graph",), ("--list",), ("--host", "acme-ex01")], ids=lambda flags: flags[0])
def test_the_example_inventory_is_shown(flags: tuple[str, ...], run: Run) -> None:
    """The example inventory can be looked at in every way."""
    code, out, err = run("inventory", "-i", str(EXAMPLE), *flags)
    assert (code, err) == (0, "")
    assert "acme-ex01" in out or "mail1.acme.example" in out


def test_the_example_inventory_has_no_unknown_name(run: Run) -> None:
    """Its hosts have settings without fault; every connection variable in it is one."""
    code, out, err = run("plan", "reverse-ndr", "-i", str(EXAMPLE), "--list-hosts")
    assert (code, err) == (0, "")
    assert "hosts (4):" in out
    used = re.findall(r"^[ #]*(?:ansible_|ndrfix_)\w+(?=:)", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.strip(" #") for name in used} <= {name for row in NAMES.values() for name in row}


# --- tables ----------------------------------------------------------------------------------------------------------


def test_exit_codes() -> None:
    """The table of exit codes has every code, and the help page says the same ones."""
    codes = [int(row[0]) for row in _table("running.md", "code", "meaning")]
    assert codes == [code.value for code in ExitCode]
    assert all(re.search(rf"\b{code}\b", cli.root.help or "") for code in codes)


def test_statuses() -> None:
    """The table of statuses has every status, in the words of the screen."""
    named = ", ".join(row[0] for row in _table("running.md", "status", "meaning")).split(", ")
    assert sorted(named) == sorted(status.value.replace("_", " ") for status in Status)


def _default(value: object) -> str:
    if value is None or value is dataclasses.MISSING:
        return ""
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def test_connection_variables() -> None:
    """The table of connection variables has every setting with all its names, strongest first, and its default."""
    defaults = {field.name: _default(field.default) for field in dataclasses.fields(ConnectionSettings)}
    defaults["cert_validation"] = "`validate`"  # a flag in the model, a word in the inventory
    rows = _table("inventory.md", "variables, strongest first", "default", "meaning")
    wanted = [(list(reversed(names)), defaults[setting]) for setting, names in NAMES.items()]
    assert [(_words(names), default) for names, default, _ in rows] == wanted
    assert all(meaning for *_, meaning in rows)


def test_keywords() -> None:
    """The table of keywords has those of a play and of a task."""
    play, task = (_words(row[1]) for row in _table("playbooks.md", "where", "keywords"))
    assert (play, task) == (list(PLAY_KEYWORDS), list(TASK_KEYWORDS))


def test_registered_results() -> None:
    """The table of registered results has every name that can be asked for."""
    named = [name for row in _table("playbooks.md", "name", "meaning") for name in _words(row[0])]
    assert sorted(named) == sorted(Registered(name="result").keys())


class Foreign(Exception):  # noqa: N818 - its name stands in a message
    """What a library raised; its text stands for any."""

    code = "…"
    reason = "…"


def fault_rows() -> Iterator[tuple[str, str]]:
    """Every connection error as a user sees it, and what to do; the address in it and foreign texts as `…`."""
    endpoint = Endpoint(name="ex01", host="mail1.acme.example", user=r"ACME\consultant", auth="ntlm")
    scene = Scene(endpoint=endpoint, offered="Negotiate")
    for row in ROWS:
        what = row.what(Foreign("…"), scene)
        for text in ("mail1.acme.example:5986, ntlm", "Foreign: …"):
            what = what.replace(text, "…")
        yield what.replace("offers nothing", "offers …"), row.step


@pytest.mark.parametrize(("what", "step"), sorted(set(fault_rows())))
def test_connection_errors(what: str, step: str) -> None:
    """Each connection error stands in the page on troubleshooting, word by word, with what to do."""
    assert any(
        line.startswith(f"| {what} | {step}") for line in (DOCS / "troubleshooting.md").read_text("utf-8").splitlines()
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": "kerberos"},
        {"auth": "basic"},
        {"auth": "basic", "user": "u", "password": Secret("p"), "protocol": "http"},
        {"auth": "basic", "user": "u", "password": Secret("p"), "message_encryption": "always"},
        {"auth": "certificate", "protocol": "http"},
        {"auth": "certificate"},
        {"auth": "ntlm", "user": "u"},
        {},
        {"ca_cert": "acme-ca.pem", "user": "u", "password": Secret("p")},
    ],
    ids=str,
)
def test_settings_that_cannot_work(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each complaint about settings stands in the page on troubleshooting, word by word."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(UnreachableError) as caught:
        check_endpoint(Endpoint(host="ex01", **settings))
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    assert f"| {caught.value.what.removeprefix('ex01: ')} | " in page


WAY_WORDS = {"host": r"\\MAIL1", "name": "ex01", "via": "jump01", "computer": "JUMP01", "user": r"MAIL1\Administrator"}
WAY_WORDS |= {"code": "…", "message": "…"}


@pytest.mark.parametrize("row", [*WAY_ROWS, OTHERS], ids=lambda row: row.what[:40])
def test_what_stops_the_way_from_a_management_host(row: WayRow) -> None:
    """Each trouble stands in the page on management hosts, word by word, with what to do."""
    what, step = (text.format_map(WAY_WORDS).replace("\\", r"\\") for text in (row.what, row.step))
    assert f"| {what} | {step} |" in (DOCS / "management-host.md").read_text("utf-8").splitlines()


# --- transcripts -----------------------------------------------------------------------------------------------------


def _plain(text: str) -> list[str]:
    """The lines without what differs from run to run."""
    return [_SECONDS.sub("0.0 s", _RUN_ID.sub("RUN", line)).rstrip() for line in text.splitlines()]


def _holds(out: list[str], shown: list[str]) -> str:
    """The first line shown that does not come next in the output, empty if all do; after `…` lines may be left out."""
    position, gap = 0, False
    for line in shown:
        if line == "…":
            gap = True
            continue
        if line not in out[position:] or (not gap and out[position] != line):
            return line
        position, gap = (out.index(line, position) if gap else position) + 1, False
    return "" if gap or not any(out[position:]) else "(the end)"


def _transcript(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command line of a console block with the lines shown after it."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in pairwise([*starts, len(lines)]):
        yield shlex.split(lines[start].removeprefix("$ "))[1:], lines[start + 1 : end]


@pytest.mark.parametrize("block", _blocks("console"), ids=str)
def test_transcripts_are_real(block: Block, run: Run) -> None:
    """What a transcript shows is what the commands print, one after the other, on the demo's hosts."""
    for arguments, shown in _transcript(block.text):
        runs = sorted(path.name for path in Path("runs").glob("*")) or [""]
        _, out, _ = run(*(_RUN_ID.sub(runs[-1], word) for word in arguments))
        assert _holds(_plain(out), _plain("\n".join(shown))) == "", out


def test_readme_shows_this_version() -> None:
    """The transcript's header in the README names the version of today."""
    assert f"DRY RUN · nothing will be changed · ndrfix {__version__} · " in README.read_text(encoding="utf-8")
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
