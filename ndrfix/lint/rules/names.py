"""Rules about names: those that do not exist, those that are taken, those that stand for two things."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfix.lint.model import Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView
from ndrfix.lint.rules.reading import CHECKED


def _unnamed(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        if play.play.node.get("name") is None:
            yield Remark(
                message="a play without a name", place=play.play.place, help="Say what it is for, as 'name: …'."
            )
        for task in play.written:
            if task.node.get("name") is None:
                yield Remark(
                    message=f"a task without a name: it is called {task.step} in plan and report",
                    place=task.place,
                    help="Say what is true after it, as 'name: Exchange 5.5 has Service Pack 4'.",
                )


def _same_name(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        first: dict[str, int] = {}
        for task in play.play.tasks:
            name = task.node.get("name")
            if name is None:
                continue
            if task.name in first:
                yield Remark(
                    message=f"a second task {task.name!r}, the first is in line {first[task.name]}",
                    place=name.place,
                    help="Give each its own name: plan, report and undo tell tasks by it.",
                )
            first.setdefault(task.name, name.place.line)


def _handlers_unused(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        notified = {name for task in play.play.tasks for name in task.notify}
        for handler in play.play.handlers:
            if handler.name not in notified:
                yield Remark(
                    message=f"the handler {handler.name!r} is never notified",
                    place=(handler.node.get("name") or handler.node).place,
                    help="Name it under 'notify' of the task after which it is to run, or remove it.",
                )


def _register_unused(view: PlaybookView) -> Iterator[Remark]:
    from ndrfix.lint.expressions import names_in

    for play in view.plays:
        used = names_in(play.play.node)
        for task in play.written:
            value = task.node.get("register")
            if task.register and task.register not in used and value is not None:
                yield Remark(
                    message=f"the result {task.register!r} is registered and never used",
                    place=value.place,
                    help="Use it in a 'when' of a later task, or remove 'register'.",
                )


HANDLED = f"""{CHECKED}      register: pack

    - name: The hotfix is installed
      check_hotfix:
        id: 837794
      when: pack is succeeded
"""


def _bad(task: str, *, handlers: str = "") -> str:
    lines = [
        "- name: Look at the servers",
        "  hosts: exchange",
        "  tasks:",
        *(f"    {line}" for line in task.splitlines()),
    ]
    lines += ["  handlers:", *(f"    {line}" for line in handlers.splitlines())] if handlers else []
    return "\n".join(lines) + "\n"


_TASK = "- name: Exchange 5.5 has Service Pack 4\n  check_service_pack:\n    minimum: 4"
_HANDLER = "- name: Restart the Internet Mail Service\n  restart_service:\n    name: MSExchangeIMC"
_PARAMETERS = "    path: HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters\n"
_SET = (
    f"- name: Save the parameters\n  backup_registry:\n{_PARAMETERS}"
    f"- name: Receipts are suppressed\n  set_registry:\n{_PARAMETERS}"
    "    name: AlwaysSuppressDR\n    type: dword\n    data: 1\n  notify: Restart the Internet Mail Service"
)
NOTIFIED = _bad(_SET, handlers=_HANDLER)


def _unknown(kind: str, summary: str, bad: str) -> Rule:
    return Rule(
        id=f"unknown-name[{kind}]",
        tags=("syntax",),
        summary=summary,
        why="A name that nobody knows is never left out silently: what was meant by it would not be done.",
        bad=bad,
        good=CHECKED,
        fix="Correct the name; the finding says which is the nearest.",
    )


RULES: tuple[Rule, ...] = (
    _unknown(
        "keyword", "A keyword that plays and tasks do not have.", CHECKED.replace("  tasks:", "  serail: 1\n  tasks:")
    ),
    _unknown("step", "A step that does not exist.", CHECKED.replace("check_service_pack", "check_service_pak")),
    _unknown("argument", "An argument that the step does not take.", CHECKED.replace("minimum", "minimun")),
    Rule(
        id="reserved-name[variable]",
        tags=("syntax",),
        summary="A variable whose name is taken, or cannot be used in an expression.",
        why="ndrfix itself gives the name a value, or Jinja reads it as something else: yours would never be seen.",
        bad=CHECKED.replace("  tasks:", "  vars:\n    groups: 4\n  tasks:"),
        good=CHECKED,
        fix="Choose another name: letters, digits and underscores, a letter first.",
    ),
    Rule(
        id="reserved-name[tag]",
        tags=("syntax",),
        summary="A tag that is a word for `--tags` (`all`, `tagged`, `untagged`).",
        why="On the command line the word has its own meaning: the tag could never be chosen.",
        bad=CHECKED.replace("        minimum: 4", "        minimum: 4\n      tags: [all]"),
        good=CHECKED,
        fix="Choose another tag.",
    ),
    Rule(
        id="notify[no-handler]",
        tags=("syntax",),
        summary="A notification of a handler that the play does not have.",
        why="The restart that was meant would not happen, and the new setting would stay without effect.",
        bad=_bad(_SET),
        good=NOTIFIED,
        fix="Write the handler under `handlers` of the play, with exactly this name.",
    ),
    Rule(
        id="notify[chain]",
        tags=("syntax",),
        summary="A handler that notifies another one.",
        why="A plan must know what follows from a change before it is made; chains are written out.",
        bad=_bad(_SET, handlers=_HANDLER + "\n  notify: Restart the Internet Mail Service"),
        good=NOTIFIED,
        fix="Notify both handlers from the task.",
    ),
    Rule(
        id="duplicate-name[handler]",
        tags=("syntax",),
        summary="Two handlers of the same name.",
        why="A notification could mean either.",
        bad=_bad(_SET, handlers=_HANDLER + "\n" + _HANDLER),
        good=NOTIFIED,
        fix="Give each its own name.",
    ),
    Rule(
        id="duplicate-name[task]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="Two tasks of a play with the same name.",
        why="Plan, report and journal tell tasks by their names: a client could not say which of the two changed.",
        bad=_bad(_TASK + "\n" + _TASK),
        good=CHECKED,
        fix="Give each its own name.",
        check=_same_name,
    ),
    Rule(
        id="name[missing]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A play or task without a name.",
        why="The client reads the names in plan and report, not the steps.",
        bad=CHECKED.replace("    - name: Exchange 5.5 has Service Pack 4\n      check", "    - check"),
        good=CHECKED,
        fix="Say in the name what is true after the task.",
        check=_unnamed,
    ),
    Rule(
        id="notify[unused-handler]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A handler that no task notifies.",
        why="It never runs. Most often the `notify` was forgotten, and the restart with it.",
        bad=_bad(_TASK, handlers=_HANDLER),
        good=NOTIFIED,
        fix="Notify it from the task after which it is to run, or remove it.",
        check=_handlers_unused,
    ),
    Rule(
        id="register[unused]",
        severity=Severity.NOTE,
        tags=("idiom",),
        summary="A registered result that nothing uses.",
        why="Whoever reads the playbook looks for the place where it matters, and there is none.",
        bad=CHECKED.replace("        minimum: 4", "        minimum: 4\n      register: pack"),
        good=HANDLED,
        fix="Use it in a later task, or remove `register`.",
        check=_register_unused,
    ),
)
