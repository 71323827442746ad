"""The outputs are what their readers take: by schema, and letter for letter where a name or text is unusual."""

from __future__ import annotations

import json
import os
import re
import urllib.parse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from ndrfix import cli
from ndrfix.lint.formats import FORMATS, Printing, written
from ndrfix.lint.linting import Linted, asked_for
from ndrfix.lint.model import Finding, Profile, Rule, Severity, Sort
from ndrfix.lint.rules import RULES
from ndrfix.place import Place
from ndrfix.secrets import MASK, Masker, Secret
from tests.lint.conftest import Lint

_WHEN = datetime(2026, 11, 25, 9, 30, 5, tzinfo=UTC)
_RULES = asked_for(Profile.PRODUCTION)
_ODD = ("play,book: 50%.yml", "pläybook [1].yml", "a:b.yml", "sub\\site.yml", "Ω/π é.yml")
_TEXTS = ("plain", "two\nlines", "50%0A and a\rb", "\x00\x1b[31mred\x12", 'ümlaut <b> & "quotes" ]]>', "-->", "𝄞")


def printing(*findings: Finding, files: tuple[str, ...] = ("clean.yml",)) -> Printing:
    named = dict.fromkeys((*files, *(each.place.file for each in findings)))
    linted = Linted(findings=findings, waived=(), files=tuple((name, Sort.PLAYBOOK) for name in named))
    return Printing(linted=linted, rules=_RULES, when=_WHEN)


def finding(text: str = "100 is decimal", file: str = "book.yml", severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        rule="registry-value[base]",
        severity=severity,
        message=text,
        place=Place(file=file, line=3, column=7),
        help="Write 0x100.",
    )


ODD = [finding(text, file) for text in _TEXTS for file in _ODD] + [finding(severity=each) for each in Severity]


@pytest.fixture
def schemas() -> Path:
    """The folder of the official schemas."""
    data = os.environ.get("NDRFIX_DATA")
    if not data or not (Path(data) / "schemas").is_dir():
        pytest.skip("NDRFIX_DATA does not name a folder with schemas")
    return Path(data) / "schemas"


@pytest.mark.parametrize(
    "findings", [[], [finding()], [finding(), finding()], ODD], ids=["none", "one", "twice", "odd"]
)
def test_sarif_is_valid(schemas: Path, findings: list[Finding]) -> None:
    """By the schema; and what a code scanning service wants beyond it: no empty message, each rule once."""
    log = json.loads(written("sarif", printing(*findings)))
    jsonschema.validate(
        log,
        json.loads((schemas / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")),
        format_checker=jsonschema.FormatChecker(),
    )
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids)) > 50
    assert len(run["results"]) == len(findings)
    for result, each in zip(run["results"], findings, strict=True):
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"].strip()
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert urllib.parse.unquote(uri) == each.place.file.replace("\\", "/")
        assert not urllib.parse.urlsplit(uri).scheme
        assert uri.isascii()
        assert place["region"] == {"startLine": 3, "startColumn": 7}


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("/srv/play books/site.yml", {"uri": "file:///srv/play%20books/site.yml"}),
        ("C:\\p\\sité.yml", {"uri": "file:///C:/p/sit%C3%A9.yml"}),
        ("c.yml", {"uri": "c.yml", "uriBaseId": "SRCROOT"}),
        ("../c d.yml", {"uri": "../c%20d.yml", "uriBaseId": "SRCROOT"}),
    ],
)
def test_sarif_says_where_a_file_is(schemas: Path, file: str, wanted: dict[str, str]) -> None:
    """From the folder of the call; a file elsewhere by its whole address, which has no base."""
    log = json.loads(written("sarif", printing(finding(file=file))))
    jsonschema.validate(log, json.loads((schemas / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == wanted


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_finding_of_every_rule_has_a_message_and_a_place(rule: Rule, lint: Lint, schemas: Path) -> None:
    """Also one about a whole file: services refuse an empty text, and put what has no line nowhere."""
    name = {Sort.PLAYBOOK: "playbook.yml", Sort.CLIENT: "client.yml", Sort.RESULT: "r.json"}.get(
        rule.sorts[0], "hosts.yml"
    )
    ini = rule.bad.lstrip().startswith("[") and rule.sorts[0] is Sort.INVENTORY
    linted = lint(rule.bad.lstrip("\n"), "hosts.ini" if ini else name)
    for format_name in FORMATS:
        text = written(format_name, Printing(linted=linted, rules=_RULES, when=_WHEN))
        assert rule.id in text or urllib.parse.quote(rule.id) in text
    log = json.loads(written("sarif", Printing(linted=linted, rules=_RULES, when=_WHEN)))
    jsonschema.validate(log, json.loads((schemas / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
    assert all(each.message.strip() and each.place.line > 0 and each.place.column > 0 for each in linted.findings)


@pytest.mark.parametrize("schema", ["junit-10.xsd", "junit-ant.xsd"])
@pytest.mark.parametrize("findings", [[], [finding()], ODD], ids=["none", "one", "odd"])
def test_junit_is_valid(schemas: Path, schema: str, findings: list[Finding]) -> None:
    """By both schemas that readers follow."""
    text = written("junit", printing(*findings))
    xmlschema.XMLSchema(str(schemas / schema)).validate(text)
    root = ElementTree.fromstring(text)  # what is parsed was made here
    assert len(root.findall(".//failure")) == sum(each.severity > Severity.NOTE for each in findings)
    assert {suite.get("timestamp") for suite in root} == {"2026-11-25T09:30:05"}
    assert {each.get("time") for each in root.iter() if each.get("time")} == {"0.000"}
    assert len({suite.get("name") for suite in root}) == len(root)


def unescaped(text: str) -> str:
    """A workflow command's text as the runner reads it."""
    for code, sign in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


@pytest.mark.parametrize("each", ODD)
def test_an_annotation_comes_out_as_it_went_in(each: Finding) -> None:
    """Per cent signs, line ends, commas and colons survive the runner's reading."""
    line = written("github", printing(each)).removesuffix("\n")
    assert "\n" not in line
    assert "\r" not in line
    head, _, message = line.removeprefix("::").partition("::")
    command, _, rest = head.partition(" ")
    properties = dict(part.split("=", 1) for part in rest.split(","))
    assert command in {"error", "warning", "notice"}
    assert unescaped(message) == f"{each.message}\n{each.help}"
    assert unescaped(properties["file"]) == each.place.file.replace("\\", "/")
    assert unescaped(properties["title"]) == each.rule
    assert (properties["line"], properties["col"]) == ("3", "7")


def test_codeclimate_has_what_gitlab_asks_for() -> None:
    """Every issue has its fields, and a fingerprint of its own, also where two say the same."""
    issues = json.loads(written("codeclimate", printing(*ODD, finding(), finding())))
    assert len(issues) == len(ODD) + 2
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["positions"]["begin"] == {"line": 3, "column": 7}
        assert "\\" not in issue["location"]["path"]
    assert json.loads(written("codeclimate", printing())) == []


def test_json_says_files_and_findings() -> None:
    """One document with its schema, the files by kind, the findings with their places."""
    document = json.loads(written("json", printing(finding())))
    assert document["schema"] == "ndrfix.lint/1"
    assert {"file": "clean.yml", "kind": "playbook"} in document["files"]
    (found,) = document["findings"]
    assert (found["rule"], found["line"], found["column"]) == ("registry-value[base]", 3, 7)


def test_pep8_is_one_line_a_finding() -> None:
    """A line end in a message does not make a second line."""
    assert written("pep8", printing(finding("two\nlines"))) == "book.yml:3:7: registry-value[base] two lines\n"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_ends_with_one_line_feed(name: str) -> None:
    """Nothing is glued to what follows on the screen."""
    for text in (written(name, printing(finding())), written(name, printing())):
        assert not text or (text.endswith("\n") and not text.endswith("\n\n"))


_PASSWORDS = ("error", "secret", "result", "file", "1234", "2026", "inventory.yml", "warning", "line")


@pytest.mark.parametrize("password", _PASSWORDS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_password_takes_nothing_but_texts_with_it(form: str, password: str) -> None:
    """Keys, rules, levels, names of files, numbers and times are as they are without one."""
    found = printing(
        *(replace(each, place=Place(file="inventory.yml", line=1234)) for each in ODD), finding(f"is {password}")
    )
    masked = written(form, replace(found, mask=Masker([Secret(password)])))
    assert _structure(form, masked) == _structure(form, written(form, found))
    assert MASK in masked


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_not_masked_once_more(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither on the screen nor in a file."""
    monkeypatch.chdir(tmp_path)
    told = []
    for password in ("Qx7!kept", "error"):
        monkeypatch.setattr("ndrfix.cli.terminal.MASKER", mask := Masker())
        monkeypatch.setattr("ndrfix.cli.lint.MASKER", mask)
        Path("inventory.yml").write_text(f"all: {{hosts: {{a: {{ansible_password: {password}}}}}}}\n", encoding="utf-8")
        for options in ([], ["-o", "found"]):
            assert cli.run(["lint", "-f", form, "inventory.yml", *options]) == 1
        told += [_structure(form, text) for text in (capsys.readouterr().out, Path("found").read_text("utf-8"))]
    assert told == [told[0]] * 4


def _structure(form: str, text: str) -> object:
    """What a program reads of an output: all but the sentences, fingerprints and the time of day."""
    if form in ("json", "sarif", "codeclimate"):
        return _without_texts(json.loads(text))
    if form == "junit":
        return [
            (each.tag, sorted(item for item in each.attrib.items() if item[0] != "message"))
            for each in ElementTree.fromstring(re.sub(r"T\d\d:\d\d:\d\d", "", text)).iter()
        ]
    if form == "github":
        return [line.split("::")[1] for line in text.splitlines()]
    if form == "pep8":
        return [line.split(" ")[:2] for line in text.splitlines()]
    return [line.split(" ")[:2] for line in text.splitlines() if re.match(r"\S+:\d+:\d+: |\d+ files?: ", line)]


def _without_texts(node: object) -> object:
    if isinstance(node, dict):
        texts = ("message", "help", "text", "description", "body", "fingerprint")
        return {key: _without_texts(each) for key, each in node.items() if key not in texts or isinstance(each, dict)}
    return [_without_texts(each) for each in node] if isinstance(node, list) else node


def test_no_output_shows_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in a message about another line, a help, nor in the line itself, also at its end where it is cut."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ndrfix.cli.lint.MASKER", Masker())
    task = f"    - name: Kept\n      manual: {{instruction: {'x' * 60} hunter2hunter2, hunter2hunter2: 1}}\n"
    Path("site.yml").write_text(f"- name: P\n  hosts: all\n  tasks:\n{task}", encoding="utf-8")
    Path("inventory.yml").write_text("all: {hosts: {a: {ansible_password: hunter2hunter2}}}\n", encoding="utf-8")
    for form in FORMATS:
        assert cli.run(["lint", "-f", form, "site.yml", "inventory.yml"]) == 1
        out = capsys.readouterr().out
        assert "unknown argument" in out
        assert "hunte" not in out
