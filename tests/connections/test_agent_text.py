"""The agent's text holds to a reviewed list of names, so that it runs on Windows PowerShell 2.0 up to PowerShell 7."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.connections.agent import needs_queue

ALLOWED: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("agent_allowed.yml").read_text(encoding="utf-8"))
CSHARP = "members in C#"
KEYWORDS = {"catch", "continue", "default", "else", "elseif", "finally", "foreach", "function", "if", "in", "param"}
KEYWORDS |= {"return", "switch", "throw", "try", "while"}


TEXTS = ("agent.ps1", "queue.ps1", "queue.cs")


def _text(name: str) -> str:
    return files("ndrfix.connections").joinpath(name).read_text(encoding="utf-8")


def _agent() -> str:
    """All that is PowerShell: `queue.ps1` is a part of the agent that is sent when it is needed."""
    return _text("agent.ps1") + _text("queue.ps1")


def _code(text: str) -> str:
    """The text without comments, and with every quoted text empty."""
    pattern = re.compile(r"""'(?:[^']|'')*'|"(?:[^"`]|`.)*"|#[^\n]*""")
    return pattern.sub(lambda match: "" if match[0].startswith("#") else "''", text)


def _found(text: str) -> dict[str, set[str]]:
    """The names that a PowerShell text uses, by kind."""
    code = _code(text)
    own = set(re.findall(r"function global:([\w-]+)", code))
    created = set(re.findall(r"New-Object ([\w.]+)", code))
    bracketed = set(re.findall(r"(?<![\w)$])\[([A-Za-z][\w.]*)(?:\[\])?\]", code))
    statics = {f"{kind}::{name}" for kind, name in re.findall(r"\[([A-Za-z][\w.]*)\]::(\w+)", code)}
    plain = re.sub(r"\[[A-Za-z][\w.]*(?:\[\])?\]|New-Object [\w.]+", "[]", code)
    members = set(re.findall(r"(?<=[\w)\]'])\.([A-Za-z]\w*)", plain))
    commands = set(re.findall(r"(?<![\w$:-])([A-Z][a-z]+-[A-Z]\w*)", code)) - own
    words = set(re.findall(r"(?:^|[;{(=|&,])[ \t]*([A-Za-z%?][\w.-]*)(?![\w:\\])", plain, re.MULTILINE))
    dashed = set(re.findall(r"(?<=[\s(])-([A-Za-z]\w*)", code))
    return {
        "types": created | bracketed,
        "static members": statics,
        "members": members,
        "commands": commands | {word for word in words - own - KEYWORDS if not word.startswith("global")},
        "operators and parameters": dashed,
    }


@pytest.mark.parametrize("kind", [kind for kind in ALLOWED if kind != CSHARP])
def test_every_name_is_on_the_reviewed_list(kind: str) -> None:
    """A type, member, command, operator or parameter that nobody reviewed for the old versions is a failure."""
    assert _found(_agent())[kind] == set(ALLOWED[kind])


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("[pscustomobject]@{}", "types", "pscustomobject"),
        ("New-Object System.Net.WebClient", "types", "System.Net.WebClient"),
        ("[System.IO.Directory]::EnumerateFiles($x)", "static members", "System.IO.Directory::EnumerateFiles"),
        ("$x.Dispose()", "members", "Dispose"),
        ("ConvertTo-Json $x", "commands", "ConvertTo-Json"),
        ("if ($x) { gci $y }", "commands", "gci"),
        ("$x = ls", "commands", "ls"),
        ("$y | % { $_ }", "commands", "%"),
        ("$x -in $y", "operators and parameters", "in"),
    ],
)
def test_the_names_of_a_text_are_found(text: str, kind: str, name: str) -> None:
    """What the list is compared with is really what stands in the text."""
    assert name in _found(text)[kind]
    assert name not in ALLOWED[kind]


@pytest.mark.parametrize("name", TEXTS)
def test_the_agent_is_plain_ascii_with_short_lines(name: str) -> None:
    """Windows PowerShell takes a file without a byte order mark for the system's code page."""
    text = _text(name)
    assert text.isascii()
    assert "\t" not in text
    assert max(map(len, text.splitlines())) <= 140


def test_every_function_is_global_and_prefixed() -> None:
    """The functions live on in the pool, and cannot be taken for somebody else's."""
    code = _code(_agent())
    names = re.findall(r"^function (\S+)", code, re.MULTILINE)
    assert len(names) == len(set(names)) == len(re.findall(r"\bfunction\b", code))
    assert all(re.fullmatch(r"global:[A-Z][a-z]+[A-Za-z]*-Ndrfix\w*", name) for name in names)


def test_every_function_is_used() -> None:
    """No definition is sent to a host for nothing."""
    code = _code(_agent())
    names = re.findall(r"function global:(\S+)", code)
    unused = [name for name in names if len(re.findall(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)) < 2]
    assert unused == ["Connect-Ndrfix", "Read-Ndrfix", "Invoke-Ndrfix"]


def test_ordinary_calls_need_nothing_of_the_part_for_the_queue() -> None:
    """What `agent.ps1` takes from `queue.ps1` is called for the kinds of requests that make it be sent."""
    own = set(re.findall(r"function global:(\S+)", _code(_text("queue.ps1"))))
    calls = [line.strip() for line in _text("agent.ps1").splitlines() if own & set(re.findall(r"[\w-]+", line))]
    guarded = re.compile(r"'(\w+)' \{ [A-Z][\w-]+ \$\w+ \}")
    kinds = {match[1] for line in calls if (match := guarded.fullmatch(line))}
    rest = [line for line in calls if not guarded.fullmatch(line)]
    assert rest == ["Read-NdrfixQueue $one $number $builder", "Invoke-NdrfixMove $Job"]
    assert all(needs_queue([{"Kind": kind}]) for kind in {*kinds, "queue", "move"})
    assert not needs_queue([{"Kind": kind} for kind in ("value", "key", "tree", "service", "restart", "watch")])


def test_objects_of_our_csharp_are_made_by_a_method() -> None:
    """New-Object of a constructor that fails hangs PowerShell 7 on the lab host, or ends it."""
    assert not re.search(r"New-Object Ndrfix", _agent())


def _csharp(text: str) -> str:
    """The text without comments, and with every quoted text empty."""
    pattern = re.compile(r"""'(?:[^'\\\n]|\\.)+'|"(?:[^"\\\n]|\\.)*"|//[^\n]*""")
    return pattern.sub(lambda match: "" if match[0].startswith("/") else "''", text)


def _members(code: str) -> set[str]:
    """The members that a C# text takes from others: what it declares itself is left out."""
    code = re.sub(r"^using [\w.]+;", "", code, flags=re.MULTILINE)
    own = set(re.findall(r"(?:[\w\]>]+|,) (\w+)(?= ?[(;={,])", code))
    return set(re.findall(r"(?<=[\w)\]'])\.([A-Za-z]\w*)", code)) - own


def test_every_member_in_csharp_is_on_the_reviewed_list() -> None:
    """A member that .NET 2.0 does not have is a failure on the oldest hosts only."""
    assert _members(_csharp(_text("queue.cs"))) == set(ALLOWED[CSHARP])


@pytest.mark.parametrize(
    "newer", [r"\bvar ", "=>", r"\?\?=", r"\$''", r"\bLinq\b", r"\bnameof\b", r"\?\.\w", r"\basync\b"]
)
def test_the_csharp_is_of_version_2(newer: str) -> None:
    """The compiler of Windows PowerShell 2.0 knows nothing of these; the lab's compiler is asked too."""
    assert not re.search(newer, _csharp(_text("queue.cs")))


def test_the_csharp_holds_no_directive_and_no_comment_that_is_sent() -> None:
    """Lines that begin with # or // are left out when it is sent; a comment behind code would go along."""
    lines = [line.strip() for line in _text("queue.cs").splitlines()]
    assert not [line for line in lines if line.startswith("#") or re.search(r"[;{}] *//", line) or "/*" in line]


@pytest.mark.parametrize(
    "wrong", [r"\bInvoke-Expression\b", r"\biex\b", r"\[scriptblock\]", r"&\s*\$", r"`\n", r"\.\s*\$"]
)
def test_nothing_is_built_from_text(wrong: str) -> None:
    """No text is ever run, and no line is continued by a back-tick."""
    assert not re.search(wrong, _code(_agent()), re.IGNORECASE)


@pytest.mark.parametrize("method", ["IndexOf", "StartsWith", "EndsWith", "Compare"])
def test_comparisons_are_ordinal(method: str) -> None:
    """A comparison by culture differs between servers, and is slow."""
    calls = re.findall(rf"[.:]{method}\(.*", _agent())
    assert all("Ordinal" in call or "$ignoring" in call for call in calls)
