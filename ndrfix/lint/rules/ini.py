"""Rules about INI inventories: values that are others than they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ndrfix.lint.inventories import InventoryView, definitions
from ndrfix.lint.model import Remark, Rule, Severity, Sort
from ndrfix.source import Scalar

_REMARK = re.compile(r"\s([#;])")


def _other_value(view: InventoryView) -> Iterator[Remark]:
    for entry in definitions(view.document.node) if view.document.ini else ():
        value = entry.value
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            continue
        written = view.document.lines[value.place.line - 1][value.place.column - 1 :].rstrip()
        what, advice = _trap(value, written)
        if what:
            yield Remark(message=f"{entry.key.text}: {what}", place=value.place, help=advice)


def _trap(value: Scalar, written: str) -> tuple[str, str]:
    """What a value is that stands before the rest of its line, and how to mend it; nothing when it is as it looks."""
    whole = written == value.text and not value.quoted  # a group's variable: the value is all that is left of the line
    if not str(value.value).isprintable():
        return (
            "the quotes make a control character of a backslash and a letter",
            "Leave the quotes out, or write each backslash twice.",
        )
    if whole and (remark := _REMARK.search(written)):
        return (
            f"{remark[1]!r} and what follows is part of the value: below [group:vars] a line ends with no remark",
            "Write the remark on a line of its own.",
        )
    if whole and written[:1] in ("'", '"'):
        return "the quote is part of the value", "Close it at the end of the line, or take it out."
    if not whole and "\\" not in str(value.value) and "\\" in (written.split() or [""])[0]:
        return "behind a host a backslash without quotes is lost", "Put the value in single quotes."
    return "", ""


_GOOD = r"""
[exchange]
ex01 ansible_user='ACME\consultant'
ex02

[exchange:vars]
# as the client's domain allows
ansible_psrp_auth=ntlm
quarantine=D:\new\kept
"""


RULES: tuple[Rule, ...] = (
    Rule(
        id="inventory[ini-value]",
        severity=Severity.WARNING,
        tags=("inventory",),
        summary="A value of an INI inventory that is another than it looks like.",
        why="Below `[group:vars]` a value is the whole rest of the line, what looks like a remark too; quotes around "
        "all of it make it a text of Python, where `\\n` ends a line; behind a host a bare backslash is lost. "
        "The host gets another account, another folder, another setting.",
        bad=_GOOD.replace("auth=ntlm", "auth=ntlm  # as the domain allows"),
        good=_GOOD,
        fix="Write remarks on lines of their own, backslashes in single quotes behind a host, and without quotes below "
        "`[group:vars]`.",
        sorts=(Sort.INVENTORY,),
        check=_other_value,
    ),
)
