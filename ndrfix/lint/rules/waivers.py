"""Rules about waivers (`# noqa`): one that waives nothing hides the next finding."""

from __future__ import annotations

from dataclasses import replace

from ndrfix.lint.model import Profile, Rule, Severity, Sort
from ndrfix.lint.rules.reading import CHECKED

_LINE = "        minimum: 4"
_WAIVED = CHECKED.replace(
    _LINE, _LINE + "\n      when: false  # noqa: task[unreachable] (switched off until the client agrees)"
)
_BASE = Rule(
    id="",
    severity=Severity.WARNING,
    profile=Profile.BASIC,
    tags=("waivers",),
    summary="",
    why="",
    bad="",
    good=_WAIVED,
    fix="",
    sorts=(Sort.PLAYBOOK, Sort.INVENTORY, Sort.VARIABLES),
)

RULES: tuple[Rule, ...] = (
    replace(
        _BASE,
        id="noqa[unused]",
        summary="A waiver of something that is not found here.",
        why="It stays when the line changes, and then hides a finding that nobody has seen.",
        bad=CHECKED.replace(_LINE, _LINE + "  # noqa: loop[no-item] (one round is meant)"),
        fix="Remove it.",
    ),
    replace(
        _BASE,
        id="noqa[no-reason]",
        summary="A waiver without a reason.",
        why="In a year nobody knows whether it still holds.",
        bad=_WAIVED.replace(" (switched off until the client agrees)", ""),
        fix="Write the reason in brackets: `# noqa: rule (reason)`.",
    ),
    replace(
        _BASE,
        id="noqa[unknown-rule]",
        severity=Severity.ERROR,
        summary="A waiver of a rule that does not exist.",
        why="It waives nothing; what it was meant for is told.",
        bad=CHECKED.replace(_LINE, _LINE + "  # noqa: task[unreachabel] (switched off)"),
        fix="Correct the rule's name; `ndrfix explain` lists them.",
    ),
)
