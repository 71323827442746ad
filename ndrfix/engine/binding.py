"""From a task as written to tasks with nothing left to work out: conditions, loops, templates, argument models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ndrfix.engine.arguments import argument_error
from ndrfix.engine.plan import BoundTask, PlannedTask
from ndrfix.engine.result import Status
from ndrfix.engine.session import Named
from ndrfix.errors import InputError
from ndrfix.playbook import NotKnownYetError, Play, Scope, Task
from ndrfix.secrets import Secret, opened
from ndrfix.steps.base import AnyStep

LATER = frozenset({"ndrfix_host"})
"""Names that have a value only once a host has been reached; registered results come to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A task of a play with its number: tasks from 0, handlers after them."""

    index: int
    task: Task
    handler: bool = False

    def named(self, label: str = "") -> Named:
        """The task by its name."""
        task = self.task
        return Named(
            index=self.index, name=task.name, step=task.step, handler=self.handler, label=label, hidden=task.no_log
        )


def numbered_handlers(play: Play) -> tuple[Numbered, ...]:
    """The handlers of a play, numbered after its tasks."""
    return tuple(
        Numbered(index=len(play.tasks) + number, task=task, handler=True) for number, task in enumerate(play.handlers)
    )


def known_early(task: Task, scope: Scope, later: frozenset[str]) -> bool:
    """Whether the task can be bound before its host is reached.

    Raises:
        TemplateError: a template in it is not valid.
    """
    inner = scope.child(variables=task.vars)
    return not any(inner.names_needed(part) & later for part in parts_of(task))


def parts_of(task: Task) -> tuple[Any, ...]:
    """The parts of a task that may hold templates, apart from its variables."""
    return (task.args, *task.when, *(() if task.loop is None else (task.loop,)))


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds tasks for one host; `steps` is the catalogue by name."""

    steps: Mapping[str, AnyStep]

    def bind(self, numbered: Numbered, scope: Scope) -> tuple[BoundTask | PlannedTask, ...]:
        """The bound task for each item of the loop (one without a loop); a `PlannedTask` where it ends here: skipped,
        or not evaluated because something is not known while a plan is made.

        Raises:
            InputError: a template cannot be evaluated, or an argument is not acceptable; names the place.
        """
        try:
            return self._bound(numbered, scope)
        except InputError as error:
            for each in (error, *error.others):
                each.hidden = each.hidden or numbered.task.no_log
            raise

    def _bound(self, numbered: Numbered, scope: Scope) -> tuple[BoundTask | PlannedTask, ...]:
        task = numbered.task
        inner = scope.child(variables=task.vars)
        if task.loop is None:
            return (self._one(numbered, inner, ""),)
        try:
            items = inner.items(task.loop)
        except NotKnownYetError as error:
            return (_ended(numbered, "", Status.NOT_EVALUATED, str(error)),)
        if not items:
            return (_ended(numbered, "", Status.SKIPPED, "the loop has no items"),)
        return tuple(self._one(numbered, inner.child(runtime={"item": item}), _label(item)) for item in items)

    def _one(self, numbered: Numbered, scope: Scope, label: str) -> BoundTask | PlannedTask:
        task = numbered.task
        try:
            for condition in task.when:
                if not scope.test(condition):
                    return _ended(numbered, label, Status.SKIPPED, f"when: {condition.text} is false")
            rendered = scope.render(task.args)
        except NotKnownYetError as error:
            return _ended(numbered, label, Status.NOT_EVALUATED, str(error))
        step = self.steps[task.step]
        values, secrets = opened(rendered)
        hidden = task.no_log or bool(secrets) or step.args.about_secret(values)
        try:
            args = step.args.model_validate(values)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise argument_error(task, faults, shown=not hidden) from error
        return BoundTask(
            index=numbered.index,
            name=task.name,
            step=step,
            args=args,
            label=label,
            handler=numbered.handler,
            notify=task.notify,
            ignore_errors=task.ignore_errors,
            hidden=hidden,
            secrets=secrets,
        )


def _label(item: Any) -> str:
    """A loop item as it is shown; a secret shows itself masked."""
    return item if isinstance(item, str) else repr(item) if isinstance(item, Secret) else str(item)


def _ended(numbered: Numbered, label: str, status: Status, message: str) -> PlannedTask:
    return PlannedTask(bound=None, result=numbered.named(label).ended(status, message))


def distinct(faults: Sequence[InputError]) -> InputError:
    """One error for many hosts' faults: each said once, however many hosts have it."""
    flat = [each for fault in faults for each in (fault, *fault.others)]
    once = list({(each.what, each.place): each for each in flat}.values())
    once[0].others = tuple(once[1:])
    return once[0]
