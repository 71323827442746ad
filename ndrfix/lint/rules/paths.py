"""Rules about registry paths."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ndrfix.exchange.services import meant_by
from ndrfix.lint.model import Remark, Rule, Severity
from ndrfix.lint.playbooks import Argument, PlaybookView
from ndrfix.resources import Hive, RegistryKey, fold

_WITH_PATH = frozenset({"set_registry", "check_registry", "backup_registry"})
_CONTROL_SET = re.compile(r"(?i)\\(ControlSet\d{3})\\")
_LIKE = 0.9
_WOW = fold("Wow6432Node")
_SERVICES = r"SYSTEM\CurrentControlSet\Services"
# What lies below a key below HKLM on hosts with Exchange 5.5, as far as something else there is a misspelling.
_BELOW: Mapping[str, tuple[str, ...]] = {
    fold(key): names
    for key, names in {
        "": ("SYSTEM", "SOFTWARE", "HARDWARE", "SAM", "SECURITY"),
        "SYSTEM": ("CurrentControlSet", "Select", "Setup"),
        r"SYSTEM\CurrentControlSet": ("Control", "Enum", "Services"),
        rf"{_SERVICES}\MSExchangeIMC": ("Parameters", "Performance"),
        rf"{_SERVICES}\MSExchangeIMC\Parameters": ("Extension",),
        "SOFTWARE": ("Microsoft",),
        r"SOFTWARE\Microsoft": ("Exchange",),
        r"SOFTWARE\Microsoft\Exchange": ("Setup",),
    }.items()
}
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
            yield Remark(
                message=f"{found[0]} is how a PowerShell drive is written, not a registry path",
                place=argument.place,
                help=f"Write {found[1]}\\…",
                edits=argument.edits(view.document, found.end(1), found.end(), ""),
            )


def _slash(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if "\\" in path and re.search(r"(?i)(software|system|services|microsoft|currentcontrolset)/", path):
            text = "'/' does not separate keys: it is part of a key's name"
            yield Remark(message=text, place=argument.place, help="Write \\ between the keys.")


def _wow(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if _WOW in fold(path).split("\\"):
            yield Remark(
                message="Wow6432Node does not exist on the systems that Exchange 5.5 runs on: they are 32-bit",
                place=argument.place,
                help="Leave Wow6432Node out of the path.",
            )


def _control_set(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if found := _CONTROL_SET.search(path):
            yield Remark(
                message=f"{found[1]} is not always the set in use: Windows starts from the one that Select names",
                place=argument.place,
                help="Write CurrentControlSet.",
            )


def _misspelt(view: PlaybookView) -> Iterator[Remark]:
    for argument, path in _paths(view):
        if meant := misspelt(path):
            yield Remark(
                message=f"{meant[0]!r} is no key that hosts have here, did you mean {meant[1]!r}?",
                place=argument.place,
                help=f"Write {meant[1]}.",
            )


@lru_cache(maxsize=2048)
def misspelt(path: str) -> tuple[str, str] | None:
    """The first part of a path that is nearly, but not quite, one that every host has there, with that one."""
    try:
        key = RegistryKey.parse(path)
    except ValueError:
        return None
    above = ""
    for part in key.path.split("\\") if key.hive is Hive.HKLM else ():
        names = {fold(name): name for name in _BELOW.get(above, ())}
        if fold(part) not in names and (near := difflib.get_close_matches(fold(part), names, 1, _LIKE)):
            return part, names[near[0]]
        if above == fold(_SERVICES) and (meant := meant_by(part)):
            return part, meant
        above = f"{above}\\{fold(part)}".lstrip("\\")
    return None


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
    Rule(
        id="registry-path[misspelt]",
        tags=("registry",),
        summary="A path with a part that is nearly one that every host has there.",
        why="A misspelt key is made without a word, and nobody reads it: the setting is written, the report says so, "
        "and nothing changes.",
        bad=_AUDIT.replace("CurrentControlSet", "CurentControlSet"),
        good=_AUDIT,
        fix="Correct the part that the finding names.",
        check=_misspelt,
    ),
    Rule(
        id="registry-path[control-set]",
        severity=Severity.WARNING,
        tags=("registry",),
        summary="A path through `ControlSet001` or another numbered control set.",
        why="Which of them is in use changes, for one after a start with the last known good configuration: the value "
        "is then read from the other set.",
        bad=_AUDIT.replace("CurrentControlSet", "ControlSet001"),
        good=_AUDIT,
        fix="Write `CurrentControlSet`, which always is the one in use.",
        check=_control_set,
    ),
)
