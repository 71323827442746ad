"""What is wrong with a task's arguments, in our own words and at its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ndrfix import source
from ndrfix.errors import PlaybookError
from ndrfix.playbook import Task

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def argument_error(task: Task, faults: Sequence[ErrorDetails], *, shown: bool) -> PlaybookError:
    """What is wrong with a task's arguments: one error per fault, each at the place of its value.

    Without `shown` no error says anything that was made from the values, nor are they shown where they stand.
    """
    errors = [_fault(task, fault, shown=shown) for fault in faults]
    for each in errors:
        each.hidden = not shown
    errors[0].others = tuple(errors[1:])
    return errors[0]


def _fault(task: Task, fault: ErrorDetails, *, shown: bool) -> PlaybookError:
    location = fault["loc"]
    text = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not shown:
        text = "not acceptable; the value is not shown: it is secret, or no_log is set"
    if not location:
        text = text if shown else f"the arguments are {text}"
        return PlaybookError(f"step {task.step}: {text}", place=task.step_place, rule="wrong-argument[value]")
    if fault["type"] == "missing":
        return PlaybookError(
            f"step {task.step} needs the argument {str(location[0])!r}",
            place=task.step_place,
            next_step=f"`ndrfix steps {task.step}` shows the arguments.",
            rule="wrong-argument[missing]",
        )
    return PlaybookError(
        f"argument {str(location[0])!r} of step {task.step}: {text}",
        place=source.find(task.args, location).place,
        next_step="" if shown else f"`ndrfix steps {task.step}` shows what it takes.",
        rule="wrong-argument[value]",
    )
