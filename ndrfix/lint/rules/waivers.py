"""Rules about waivers (`# noqa`): one that waives nothing hides the next finding."""

from __future__ import annotations

from ndrfix.lint.model import Rule, Severity, Sort
from ndrfix.lint.rules.reading import CHECKED

_LINE = "        minimum: 4"
_WAIVED = CHECKED.replace(
    _LINE, _LINE + "\n      when: false  # noqa: task[unreachable] (switched off until the client agrees)"
)

RULES: tuple[Rule, ...] = (
    Rule(
        id="noqa[unused]",
        severity=Severity.WARNING,
        tags=("waivers",),
        summary="A waiver of something that is not found here.",
        why="It stays when the line changes, and then hides a finding that nobody has seen.",
        bad=CHECKED.replace(_LINE, _LINE + "  # noqa: loop[no-item] (one round is meant)"),
        good=_WAIVED,
        fix="Remove it.",
        sorts=(Sort.PLAYBOOK, Sort.INVENTORY, Sort.VARIABLES),
    ),
    Rule(
        id="noqa[no-reason]",
        severity=Severity.WARNING,
        tags=("waivers",),
        summary="A waiver without a reason.",
        why="In a year nobody knows whether it still holds.",
        bad=_WAIVED.replace(" (switched off until the client agrees)", ""),
        good=_WAIVED,
        fix="Write the reason in brackets: `# noqa: rule (reason)`.",
        sorts=(Sort.PLAYBOOK, Sort.INVENTORY, Sort.VARIABLES),
    ),
    Rule(
        id="noqa[unknown-rule]",
        tags=("waivers",),
        summary="A waiver of a rule that does not exist.",
        why="It waives nothing; what it was meant for is told.",
        bad=CHECKED.replace(_LINE, _LINE + "  # noqa: task[unreachabel] (switched off)"),
        good=_WAIVED,
        fix="Correct the rule's name; `ndrfix explain` lists them.",
        sorts=(Sort.PLAYBOOK, Sort.INVENTORY, Sort.VARIABLES),
    ),
)
