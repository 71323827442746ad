"""Rules about services."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ndrfix.exchange.services import IMC, by_display_name, meant_by
from ndrfix.lint.model import Profile, Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView, PlayView, TaskView
from ndrfix.lint.rules.names import NOTIFIED

_SERVICE_STEPS = frozenset({"set_service", "restart_service"})


def _tasks(view: PlaybookView) -> Iterator[TaskView]:
    return (task for task in view.tasks if task.step in _SERVICE_STEPS)


def _display_name(view: PlaybookView) -> Iterator[Remark]:
    for task in _tasks(view):
        name = task.arguments.get("name")
        known = by_display_name(str(name.value)) if name is not None and name.known else None
        if name is None or known is None:
            continue
        yield Remark(
            message=f"{name.value!r} is the name that people see, the service is called {known.name}",
            place=name.place,
            help=f"Write {known.name}.",
            edits=name.edits(view.document, 0, len(str(name.value)), known.name),
        )


def _unknown_name(view: PlaybookView) -> Iterator[Remark]:
    for task in _tasks(view):
        name = task.arguments.get("name")
        text = str(name.value) if name is not None and name.known else ""
        meant = None if by_display_name(text) else meant_by(text)
        if name is not None and meant:
            yield Remark(
                message=f"{text!r} is no short name of a service, did you mean {meant!r}?",
                place=name.place,
                help=f"Write {meant}.",
            )


def _stop_only(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        last = _last_starts(play)
        for task in play.tasks:
            argument, name = _stops(task), _folded(task)
            start = max(last.values(), default=-1) if name is None else max(last.get(name, -1), last.get(None, -1))
            if argument and start <= task.number:
                yield Remark(
                    message=f"{_name(task) or 'the service'} is stopped and not started again",
                    place=task.place(argument),
                    help="Start it in a later task (set_service, state: started), or waive this with the reason.",
                )


def _last_starts(play: PlayView) -> dict[str | None, int]:
    """The number of the last task that starts each service; under None those of which the name is not known."""
    return {_folded(task): task.number for task in play.all if _starts(task)}


def _folded(task: TaskView) -> str | None:
    name = _name(task)
    return None if name is None else str(name).casefold()


def _starts(task: TaskView) -> bool:
    if task.step == "set_service":
        return str(task.value("state")) == "started"
    return task.step == "restart_service" and bool(task.value("start_if_stopped"))


def _stops(task: TaskView) -> str:
    """The argument by which a task leaves a service stopped, empty when it does not, or means it to stay so."""
    if task.step == "clear_queue" and task.value("restart") is False:
        return "restart"
    stops = task.step == "set_service" and str(task.value("state")) == "stopped"
    return "state" if stops and str(task.value("start_mode")) != "disabled" else ""


def _name(task: TaskView) -> object:
    return IMC.name if task.step == "clear_queue" else task.value("name")


def _restart_as_task(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        for task in play.tasks:
            if task.step == "restart_service":
                yield Remark(
                    message="a restart as a task happens in every run, whether anything changed or not",
                    place=task.task.step_place,
                    help="Write it under 'handlers' and notify it from the task that changes something.",
                )


def _on_cluster(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        meant = [part for part in re.split("[:,]", play.play.hosts) if not part.strip().startswith("!")]
        if not any("cluster" in part.casefold() for part in meant):
            continue
        for task in play.all:
            if task.step in _SERVICE_STEPS and (task.step == "restart_service" or task.value("state")):
                yield Remark(
                    message="a service of a cluster is restarted in Cluster Administrator only, else it fails over",
                    place=task.task.step_place,
                    help="Use a 'manual' task with the instruction.",
                )


_STOPPED = """
- name: Keep the service down while the disk is changed
  hosts: exchange
  tasks:
    - name: The Internet Mail Service is stopped
      set_service:
        name: MSExchangeIMC
        state: stopped
"""
_STARTED = (
    _STOPPED
    + """
    - name: The disk is changed
      manual:
        instruction: Change the disk, then go on.

    - name: The Internet Mail Service runs
      set_service:
        name: MSExchangeIMC
        state: started
"""
)
_RESTART = """
- name: Restart the service
  hosts: exchange
  tasks:
    - name: Restart the Internet Mail Service
      restart_service:
        name: MSExchangeIMC
"""
_MANUAL = """
- name: Restart the service
  hosts: exchange_cluster
  tasks:
    - name: Restart the Internet Mail Service
      manual:
        instruction: In Cluster Administrator take the Internet Mail Service offline, then bring it online.
"""

RULES: tuple[Rule, ...] = (
    Rule(
        id="service-name[display]",
        tags=("services",),
        summary="The display name of a service where its short name is needed.",
        why="The service manager knows short names; another service may well have a similar display name.",
        bad=NOTIFIED.replace("name: MSExchangeIMC", "name: Microsoft Exchange Internet Mail Service"),
        good=NOTIFIED,
        fix="Write the short name; `--fix` does it.",
        source="Q143380",
        check=_display_name,
    ),
    Rule(
        id="service-name[unknown]",
        tags=("services",),
        summary="A name that is nearly that of a service of Exchange 5.5, or what people call it.",
        why="There is no such service: the run ends at this task, after what came before it has been changed.",
        bad=NOTIFIED.replace("name: MSExchangeIMC", "name: MSExchangeIMS"),
        good=NOTIFIED,
        fix="Write the short name that the finding gives.",
        source="Q143380",
        check=_unknown_name,
    ),
    Rule(
        id="service[stop-only]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("services",),
        summary="A service is stopped and nothing starts it again.",
        why="Mail stands still after the run, and nobody sees it before the users call.",
        bad=_STOPPED,
        good=_STARTED,
        fix="Start it in a later task, or say why it stays down.",
        check=_stop_only,
    ),
    Rule(
        id="service[restart-as-task]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("services",),
        summary="A restart outside the handlers.",
        why="It happens in every run: a second run is never without effect, and mail stands still each time.",
        bad=_RESTART,
        good=NOTIFIED,
        fix="Make it a handler.",
        check=_restart_as_task,
    ),
    Rule(
        id="service[cluster]",
        profile=Profile.SAFETY,
        tags=("services",),
        summary="A service is stopped or started on hosts that are called a cluster.",
        why="The cluster takes a stopped service for a failure and fails over to the other node.",
        bad=_RESTART.replace("hosts: exchange", "hosts: exchange_cluster"),
        good=_MANUAL,
        fix="Leave it to a person, with `manual`.",
        source="Q179258",
        check=_on_cluster,
    ),
)
