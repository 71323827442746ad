"""Rules about how tasks of a play stand to each other."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfix.lint.model import Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView
from ndrfix.lint.rules.reading import CHECKED


def _never_runs(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        for task in play.written:
            for condition in task.when:
                if condition.text.strip().casefold() in ("false", "no", "off"):
                    yield Remark(
                        message="a task that never runs: its condition is always false",
                        place=condition.place,
                        help="Remove the task, or say on what it depends.",
                    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="task[unreachable]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A task whose condition is always false.",
        why="Whoever reads the playbook takes the task for something that is done.",
        bad=CHECKED.replace("        minimum: 4", "        minimum: 4\n      when: false"),
        good=CHECKED,
        fix="Remove the task, or give it the condition that was meant.",
        check=_never_runs,
    ),
)
