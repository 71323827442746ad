"""Rules about how tasks of a play stand to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from ndrfix.errors import did_you_mean
from ndrfix.lint.comments import comments
from ndrfix.lint.model import Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView
from ndrfix.lint.rules.reading import CHECKED
from ndrfix.place import Place
from ndrfix.playbook.keywords import SELECTION_WORDS

_COMMAND = re.compile(r"(?:^|\s)#.*?\bndrfix (?:plan|apply)\b(?: +(?P<playbook>[^\s-]\S*))?")
_TAGS = re.compile(r"(?<=\s)(?:--tags|--skip-tags|-t)[ =]+(?P<tags>[\w,'\"-]+)")


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
        summary="A task whose condition is always false.",
        why="Whoever reads the playbook takes the task for something that is done.",
        bad=CHECKED.replace("        minimum: 4", "        minimum: 4\n      when: false"),
        good=CHECKED,
        fix="Remove the task, or give it the condition that was meant.",
        check=_never_runs,
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
