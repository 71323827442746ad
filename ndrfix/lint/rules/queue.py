"""Rules about clearing the queue."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator

from ndrfix.exchange.layout import WORKED_ON
from ndrfix.exchange.suppression import VALUE_NAME
from ndrfix.lint.model import Profile, Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView, PlayView, TaskView
from ndrfix.lint.rules.registry import SUPPRESSION, numbers

_QUEUE_FOLDER = "imcdata"


def _clearings(view: PlaybookView) -> Iterator[TaskView]:
    return (task for play in view.plays for task in _clearings_in(play))


def _clearings_in(play: PlayView) -> Iterator[TaskView]:
    return (task for task in play.all if task.step == "clear_queue")


def _not_suppressed(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        first = next((each.number for each in play.tasks if _suppresses(each)), None)
        for task in _clearings_in(play):
            if first is not None and first < task.number:
                continue
            yield Remark(
                message="the queue is cleared and nothing suppresses new reports before",
                place=task.task.step_place,
                help=f"Set {VALUE_NAME} with set_registry before it, or check it with check_registry.",
            )


def _suppresses(task: TaskView) -> bool:
    """Whether reports are suppressed after a task; 0 is off."""
    name = task.arguments.get("name") if task.step in ("set_registry", "check_registry") else None
    if name is None or str(task.value("state")) == "absent":
        return False
    modes = [number for _, number in numbers(task, SUPPRESSION)]
    named = not name.known or str(name.value).casefold() == VALUE_NAME.casefold()
    return named and (not modes or any(modes))


def _all_messages(view: PlaybookView) -> Iterator[Remark]:
    for task in _clearings(view):
        if str(task.value("messages")) == "all":
            yield Remark(
                message="messages: all takes the mail of users out of the queue too",
                place=task.place("messages"),
                help="Leave 'messages' out: then only non-delivery reports are taken.",
            )


def _deletes(view: PlaybookView) -> Iterator[Remark]:
    for task in _clearings(view):
        if str(task.value("keep")) == "delete":
            yield Remark(
                message="keep: delete removes for good what is taken: it cannot be put back",
                place=task.place("keep"),
                help="Leave 'keep' out, and remove old runs with purge_quarantine when the client agrees.",
            )


def _no_limit(view: PlaybookView) -> Iterator[Remark]:
    for task in _clearings(view):
        if "max_messages" not in task.arguments:
            yield Remark(
                message="a clearing without 'max_messages'",
                place=task.task.step_place,
                help="Say how many messages may be taken at most; check_queue shows how many there are.",
            )


def _inside_queue(view: PlaybookView) -> Iterator[Remark]:
    for task in view.tasks:
        path = task.arguments.get("quarantine")
        if path is None or not isinstance(path.value, str):
            continue
        parts = ntpath.normcase(ntpath.normpath(path.value)).split("\\")
        after = parts[parts.index(_QUEUE_FOLDER) + 1 :] if _QUEUE_FOLDER in parts else []
        if after and after[0] in WORKED_ON:
            yield Remark(
                message=f"the quarantine lies in `{after[0]}` of the queue, where every file is taken for a message",
                place=path.place,
                help="Leave 'quarantine' out: then it lies beside imcdata.",
            )


def _no_checks(view: PlaybookView) -> Iterator[Remark]:
    needed = ("check_service_pack", "check_hotfix")
    for play in view.plays:
        first = play.first(*needed)
        for task in _clearings_in(play):
            missing = [step for step in needed if first.get(step, task.number) >= task.number]
            if missing:
                yield Remark(
                    message=f"the queue is cleared before {' and '.join(missing)}",
                    place=task.task.step_place,
                    help="Without service pack and hotfix the suppression has no effect, and the queue fills again.",
                )


_CHECKED = """
- name: Clear the queue
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4

    - name: The hotfix is installed
      check_hotfix:
        id: 837794

    - name: Non-delivery reports are suppressed
      check_registry:
        path: HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters
        name: SuppressNDROptions
        data_in: [0x1, 0x10, 0x100]

    - name: Clear the outbound queue
      clear_queue:
        max_messages: 100000
"""
_LINE = "        max_messages: 100000\n"


def _without(text: str, name: str) -> str:
    """The playbook without the task of that name."""
    head, found, rest = text.partition(f"    - name: {name}\n")
    return head + rest.partition("\n\n")[2] if found else text


RULES: tuple[Rule, ...] = (
    Rule(
        id="clear-queue[not-suppressed]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("queue",),
        summary="The queue is cleared while nothing suppresses new reports.",
        why="What waits in the information store flows back into the queue, and new reports come with every message of "
        "the attack: an hour later it is as full as before.",
        bad=_without(_CHECKED, "Non-delivery reports are suppressed"),
        good=_CHECKED,
        fix="Set or check `SuppressNDROptions` before.",
        source="Q197792, KB 837794",
        check=_not_suppressed,
    ),
    Rule(
        id="clear-queue[all-messages]",
        profile=Profile.SAFETY,
        tags=("queue",),
        summary="`messages: all`: the mail of users is taken too.",
        why="Users' mail that waits is not sent. It can be put back; until somebody does, it is lost to them.",
        bad=_CHECKED.replace(_LINE, _LINE + "        messages: all\n"),
        good=_CHECKED,
        fix="Leave `messages` out, or say in a waiver why it must be: `# noqa: clear-queue[all-messages] (reason)`.",
        check=_all_messages,
    ),
    Rule(
        id="clear-queue[deletes]",
        profile=Profile.SAFETY,
        tags=("queue",),
        summary="`keep: delete`: what is taken cannot be put back.",
        why="A message that was taken by mistake is gone for good.",
        bad=_CHECKED.replace(_LINE, _LINE + "        keep: delete\n"),
        good=_CHECKED,
        fix="Leave `keep` out; remove old runs later with `purge_quarantine`.",
        check=_deletes,
    ),
    Rule(
        id="clear-queue[no-limit]",
        severity=Severity.WARNING,
        profile=Profile.PRODUCTION,
        tags=("queue",),
        summary="A clearing without `max_messages`.",
        why="A number that surprises should stop the run before the service is touched, not be read in the report.",
        bad=_CHECKED.replace(f":\n{_LINE}", ": {}\n"),
        good=_CHECKED,
        fix="Give the number that the client was shown, with some room.",
        check=_no_limit,
    ),
    Rule(
        id="clear-queue[quarantine-place]",
        tags=("queue",),
        summary="A quarantine inside a folder that the service works on.",
        why="The service takes every file there for a message: what was taken out would be sent after all.",
        bad=_CHECKED.replace(_LINE, _LINE + "        quarantine: D:\\exchsrvr\\imcdata\\out\\kept\n"),
        good=_CHECKED,
        fix="Leave `quarantine` out: then it lies beside `imcdata`.",
        check=_inside_queue,
    ),
    Rule(
        id="clear-queue[not-checked]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("queue",),
        summary="The queue is cleared before service pack and hotfix are checked.",
        why="Without both the service does not know `SuppressNDROptions`: the queue fills again.",
        bad=_without(_CHECKED, "The hotfix is installed"),
        good=_CHECKED,
        fix="Begin the play with `check_service_pack` and `check_hotfix`.",
        source="KB 837794",
        check=_no_checks,
    ),
)
