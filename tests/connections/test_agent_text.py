"""The agent's text holds to a reviewed list of names, so that it runs on Windows PowerShell 2.0 up to PowerShell 7."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

ALLOWED: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("agent_allowed.yml").read_text(encoding="utf-8"))
KEYWORDS = {"catch", "continue", "default", "else", "elseif", "finally", "foreach", "function", "if", "in", "param"}
KEYWORDS |= {"return", "switch", "throw", "try", "while"}


def _agent() -> str:
    return files("ndrfix.connections").joinpath("agent.ps1").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("kind", list(ALLOWED))
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


def test_the_agent_is_plain_ascii_with_short_lines() -> None:
    """Windows PowerShell takes a file without a byte order mark for the system's code page."""
    text = _agent()
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
