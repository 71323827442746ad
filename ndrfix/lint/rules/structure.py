"""Rules about how tasks of a play stand to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from ndrfix.errors import did_you_mean
from ndrfix.lint.comments import comments
from ndrfix.lint.expressions import expression
from ndrfix.lint.model import Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView
from ndrfix.lint.rules.names import NOTIFIED
from ndrfix.lint.rules.reading import CHECKED
from ndrfix.place import Place
from ndrfix.playbook.keywords import SELECTION_WORDS

if TYPE_CHECKING:
    from jinja2 import nodes

_COMMAND = re.compile(r"(?:^|\s)#.*?\bndrfix (?:plan|apply)\b(?: +(?P<playbook>[^\s-]\S*))?")
_TAGS = re.compile(r"(?<=\s)(?:--tags|--skip-tags|-t)[ =]+(?P<tags>[\w,'\"-]+)")


def _never_runs(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        ending = {task.register for task in play.written if not task.ignore_errors}
        ending -= {task.register for task in play.written if task.ignore_errors}
        for task in play.written:
            for condition in task.when:
                node = expression(condition.text)
                if _is_false(node):
                    yield Remark(
                        message="a task that never runs: its condition is always false",
                        place=condition.place,
                        help="Remove the task, or say on what it depends.",
                    )
                elif (name := _failed_result(node)) and name in ending:
                    yield Remark(
                        message=f"a task that never runs: a host on which {name!r} fails does not come to it",
                        place=condition.place,
                        help=f"Give the task that registers {name!r} ignore_errors: true.",
                    )


def _is_false(node: nodes.Expr | None) -> bool:
    """Whether an expression is false whatever the host is like."""
    from jinja2 import nodes

    if node is None or node.find(nodes.Name) or isinstance(node, nodes.Name):
        return False
    try:
        return node.as_const() is False
    except nodes.Impossible:
        return False


def _failed_result(node: nodes.Expr | None) -> str:
    """The name of the result that must have failed for a condition to hold, empty for any other condition."""
    from jinja2 import nodes

    if isinstance(node, nodes.Test) and node.name in ("failed", "failure") and isinstance(node.node, nodes.Name):
        return node.node.name
    if isinstance(node, nodes.Getattr) and node.attr == "failed" and isinstance(node.node, nodes.Name):
        return node.node.name
    return ""


def _never_notifies(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        for task in play.written:
            value = task.node.get("notify")
            if task.step.startswith("check_") and value is not None:
                yield Remark(
                    message=f"{task.step} changes nothing, so it never notifies",
                    place=value.place,
                    help="Notify from the task that changes something.",
                )


def _no_such_tag(view: PlaybookView) -> Iterator[Remark]:
    """Tags in the command lines that comments give for the playbook itself."""
    if view.playbook is None:
        return
    known = view.playbook.tags | SELECTION_WORDS | {"always", "never"}
    for number, found in comments(view.document, _COMMAND):
        if found["playbook"] and PurePath(found["playbook"]).stem != view.document.path.stem:
            continue
        for option in _TAGS.finditer(found.string, found.end()):
            for tag in re.finditer(r"[^,'\"]+", option["tags"]):
                if tag[0] not in known:
                    place = Place(file=view.document.shown, line=number, column=option.start("tags") + tag.start() + 1)
                    text = f"no task has the tag {tag[0]!r}{did_you_mean(tag[0], sorted(known))}"
                    has = ", ".join(sorted(view.playbook.tags)) or "none"
                    yield Remark(message=text, place=place, help=f"The tags of this playbook are: {has}.")


_TAGGED = CHECKED.replace(
    "- name: Look", "# ndrfix plan playbook.yml -i inventory.yml --tags pack\n- name: Look"
).replace("        minimum: 4", "        minimum: 4\n      tags: [pack]")

RULES: tuple[Rule, ...] = (
    Rule(
        id="task[unreachable]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A task whose condition can never hold: always false, or that a task failed after which a host ends.",
        why="Whoever reads the playbook takes the task for something that is done.",
        bad=CHECKED.replace("        minimum: 4", "        minimum: 4\n      when: false"),
        good=CHECKED,
        fix="Remove the task, or give it the condition that was meant.",
        check=_never_runs,
    ),
    Rule(
        id="notify[never-changes]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A check that notifies a handler.",
        why="A handler runs after a change, and a check makes none: the restart that was meant never comes.",
        bad=NOTIFIED.replace(
            "  handlers:",
            "    - name: Service Pack 4 is installed\n      check_service_pack:\n        minimum: 4\n"
            "      notify: Restart the Internet Mail Service\n  handlers:",
        ),
        good=NOTIFIED,
        fix="Notify the handler from the task that changes something.",
        check=_never_notifies,
    ),
    Rule(
        id="tag[no-task]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A `--tags` or `--skip-tags` in a comment's command line that names a tag no task has.",
        why="Whoever copies the command gets an error, or has learned a name that chooses nothing.",
        bad=_TAGGED.replace("--tags pack", "--tags packs"),
        good=_TAGGED,
        fix="Write the tag that is meant into the comment, or give it to the tasks.",
        check=_no_such_tag,
    ),
)
