"""Rules about registry paths."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ndrfix.lint.model import Edit, Remark, Rule, Severity
from ndrfix.lint.playbooks import Argument, PlaybookView
from ndrfix.resources import RegistryKey

_WITH_PATH = frozenset({"set_registry", "check_registry", "backup_registry"})
_COLON = re.compile(r"(?i)^(HK[A-Z_]+):(?=\\)")


def _paths(view: PlaybookView) -> Iterator[tuple[Argument, str]]:
    for task in view.tasks:
        path = task.arguments.get("path")
        if task.step in _WITH_PATH and path is not None and path.known and isinstance(path.value, str):
            yield path, path.value


def _hive(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        try:
            RegistryKey.parse(path)
        except ValueError as error:
            advice = "Begin with HKLM\\ or HKEY_LOCAL_MACHINE\\; only \\ separates."
            yield Remark(message=str(error), place=argument.place, help=advice)


def _colon(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if found := _COLON.match(path):
            start = view.document.offset(argument.place)
            written = view.document.text[start : start + len(path) + 1].lstrip("\"'")
            shift = view.document.text[start : start + 1] in ("'", '"')
            at = start + shift + len(found[1])
            safe = argument.literal and written.startswith(found[0])
            yield Remark(
                message=f"{found[0]} is how a PowerShell drive is written, not a registry path",
                place=argument.place,
                help=f"Write {found[1]}\\…",
                edits=(Edit(start=at, end=at + 1, text=""),) if safe else (),
            )


def _slash(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if "\\" in path and re.search(r"(?i)(software|system|services|microsoft|currentcontrolset)/", path):
            text = "'/' does not separate keys: it is part of a key's name"
            yield Remark(message=text, place=argument.place, help="Write \\ between the keys.")


def _wow(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if "wow6432node" in path.casefold():
            yield Remark(
                message="Wow6432Node does not exist on the systems that Exchange 5.5 runs on: they are 32-bit",
                place=argument.place,
                help="Leave Wow6432Node out of the path.",
            )


_AUDIT = """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Receipts are suppressed
      check_registry:
        path: HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters
        name: AlwaysSuppressDR
        data: 1
"""

RULES: tuple[Rule, ...] = (
    Rule(
        id="registry-path[hive]",
        tags=("registry",),
        summary="A registry path that begins with no hive, or names a whole one.",
        why="There is no such key, and the run ends at this task.",
        bad=_AUDIT.replace("HKLM\\", "HKLM_"),
        good=_AUDIT,
        fix="Begin with `HKLM\\` or `HKEY_LOCAL_MACHINE\\`, and name a key below it.",
        check=_hive,
    ),
    Rule(
        id="registry-path[colon]",
        severity=Severity.NOTE,
        tags=("registry",),
        summary="A registry path in the form of a PowerShell drive (`HKLM:\\`).",
        why="It is understood; but regedit, the articles and reports have no colon, and people search for the path.",
        bad=_AUDIT.replace("HKLM\\", "HKLM:\\"),
        good=_AUDIT,
        fix="Leave the colon out; `--fix` does it.",
        check=_colon,
    ),
    Rule(
        id="registry-path[slash]",
        severity=Severity.WARNING,
        tags=("registry",),
        summary="A `/` where a `\\` is meant in a registry path.",
        why="`/` is a letter like any other in the name of a key (`DES 56/56`): another key than the one meant.",
        bad=_AUDIT.replace("SYSTEM\\Current", "SYSTEM/Current"),
        good=_AUDIT,
        fix="Write `\\` between the keys.",
        source="ansible/ansible#20308",
        check=_slash,
    ),
    Rule(
        id="registry-path[wow6432node]",
        tags=("registry",),
        summary="A path through `Wow6432Node`.",
        why="Exchange 5.5 runs on NT 4.0 and Windows 2000, which are 32-bit: the key does not exist there, and nobody "
        "reads a value in it.",
        bad=_AUDIT.replace("HKLM\\SYSTEM", "HKLM\\SOFTWARE\\Wow6432Node"),
        good=_AUDIT,
        fix="Leave `Wow6432Node` out of the path.",
        check=_wow,
    ),
)
