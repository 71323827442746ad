"""A playbook as rules see it: its tasks with those argument values that are known without a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ndrfix.engine.arguments import argument_error
from ndrfix.errors import InputError
from ndrfix.lint.document import Document
from ndrfix.lint.model import Edit
from ndrfix.place import Place
from ndrfix.playbook import NotKnownYetError, Play, Playbook, Scope, StepSchema, Task
from ndrfix.playbook.loading import read_playbook
from ndrfix.playbook.written import positions
from ndrfix.secrets import opened
from ndrfix.source import List, Node, Scalar
from ndrfix.steps import STEPS
from ndrfix.steps.base import AnyStep, Args
from ndrfix.steps.registry_data import known_value

CATALOGUE: Mapping[str, AnyStep] = {step.name: step for step in STEPS}
SCHEMAS: Mapping[str, StepSchema] = {
    step.name: StepSchema(name=step.name, argument_names=frozenset(step.args.argument_names())) for step in STEPS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument of a task by its own name; `written` is the node in the file.

    `value` is what it is for every host, unless `known` is False: then it depends on the inventory or on the run.
    """

    name: str
    written: Node
    known: bool
    value: Any = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return self.written.place

    @property
    def literal(self) -> bool:
        """Whether it is written out, so that a finding can point at the very characters."""
        return isinstance(self.written, Scalar) and self.known and self.written.value == self.value

    def edits(self, document: Document, begin: int, end: int, text: str) -> tuple[Edit, ...]:
        """The edit of the file that makes `text` of a part of the value (offsets in it), in whatever style it is
        written; none where the value is not written out, or other values come from it (it has an anchor).
        """
        if not self.literal:
            return ()
        start = document.offset(self.place)
        at = positions(document.text, start, str(self.value))
        if at is None or document.text.startswith("&", start):
            return ()
        return (Edit(start=at[begin], end=at[end], text=text),)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task, or one item of its loop. `args` is the argument model where all arguments are known and acceptable;
    `faults` says what is not.
    """

    task: Task
    play: Play
    number: int
    handler: bool
    arguments: Mapping[str, Argument]
    args: Args | None
    faults: tuple[InputError, ...] = ()

    @property
    def step(self) -> str:
        """The name of the step."""
        return self.task.step

    def value(self, name: str) -> Any:
        """The value of an argument if it is known; its default if it is not given; None for one that the
        step does not take.
        """
        given = self.arguments.get(name)
        if given is not None:
            return given.value if given.known else None
        default = CATALOGUE[self.step].args.model_fields.get(name)
        return None if default is None or default.is_required() else default.default

    def place(self, name: str) -> Place:
        """Where an argument stands, or the step's name when it is not given."""
        given = self.arguments.get(name)
        return given.place if given else self.task.step_place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayView:
    """A play with the views of its tasks and handlers, in file order."""

    play: Play
    tasks: tuple[TaskView, ...]
    handlers: tuple[TaskView, ...]

    @property
    def all(self) -> tuple[TaskView, ...]:
        """Tasks, then handlers."""
        return (*self.tasks, *self.handlers)

    def first(self, *steps: str) -> Mapping[str, int]:
        """The number of the first task of each of the steps; those that no task has are not there."""
        return {task.step: task.number for task in reversed(self.tasks) if task.step in steps}

    @property
    def written(self) -> tuple[Task, ...]:
        """Tasks, then handlers, each once; also those whose step nobody knows, which have no view."""
        return (*self.play.tasks, *self.play.handlers)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookView:
    """A playbook file. `faults` is what its reading found; `variables` are the names that the inventory gives to some
    host, None when there is no inventory to look into.
    """

    document: Document
    playbook: Playbook | None
    plays: tuple[PlayView, ...]
    faults: tuple[InputError, ...]
    variables: frozenset[str] | None = None

    @property
    def tasks(self) -> Iterator[TaskView]:
        """Every task and handler of every play."""
        for play in self.plays:
            yield from play.all


def read_view(document: Document, *, variables: frozenset[str] | None = None) -> PlaybookView:
    """The view of a playbook file; what cannot be read of it is among the faults."""
    if document.node is None and document.faults:
        return PlaybookView(document=document, playbook=None, plays=(), faults=document.faults, variables=variables)
    try:
        playbook, faults = read_playbook(document.path, document.node, SCHEMAS)
    except InputError as error:
        found = (*document.faults, error, *error.others)
        return PlaybookView(document=document, playbook=None, plays=(), faults=found, variables=variables)
    faults = (*document.faults, *faults)
    plays = tuple(_play(play) for play in playbook.plays)
    return PlaybookView(document=document, playbook=playbook, plays=plays, faults=faults, variables=variables)


def _play(play: Play) -> PlayView:
    scope = Scope().for_play(play)
    tasks = tuple(view for number, task in enumerate(play.tasks) for view in _views(task, play, scope, number))
    start = len(play.tasks)
    handlers = tuple(
        view
        for number, task in enumerate(play.handlers, start)
        for view in _views(task, play, scope, number, handler=True)
    )
    return PlayView(play=play, tasks=tasks, handlers=handlers)


def _views(task: Task, play: Play, scope: Scope, number: int, *, handler: bool = False) -> Iterator[TaskView]:
    if task.step not in CATALOGUE:
        return
    inner = scope.child(variables=task.vars)
    for each in _item_scopes(task, inner):
        yield _view(task, play, each, number, handler=handler)


def _item_scopes(task: Task, scope: Scope) -> Iterator[Scope]:
    """The scope of each item of a loop that is written out; one scope for any other task."""
    if not isinstance(task.loop, List):
        yield scope
        return
    for node in task.loop.items:
        known, value = static(node, scope)
        yield scope.child(runtime={"item": value}) if known else scope


def static(node: Node, scope: Scope) -> tuple[bool, Any]:
    """Whether a value is the same for every host, and the value."""
    try:
        return True, scope.render(node)
    except (InputError, NotKnownYetError):
        return False, None


def _view(task: Task, play: Play, scope: Scope, number: int, *, handler: bool) -> TaskView:
    step = CATALOGUE[task.step]
    own = {other: name for name, others in step.args.spellings().items() for other in (name, *others)}
    arguments: dict[str, Argument] = {}
    for entry in task.args.entries:
        name = own.get(str(entry.key.value))
        if name is not None:
            known, value = static(entry.value, scope)
            arguments[name] = Argument(name=name, written=entry.value, known=known, value=value)
    args, faults = _validated(task, step, arguments, complete=len(arguments) == len(task.args.entries))
    return TaskView(task=task, play=play, number=number, handler=handler, arguments=arguments, args=args, faults=faults)


def _validated(
    task: Task, step: AnyStep, arguments: Mapping[str, Argument], *, complete: bool
) -> tuple[Args | None, tuple[InputError, ...]]:
    """The argument model, or the faults of those arguments that are known."""
    unknown = {name for name, each in arguments.items() if not each.known}
    given = {name: each.value for name, each in arguments.items() if each.known}
    values, secrets = opened(given)
    if task.step == "set_registry":
        values = _as_documented(values)
    try:
        args = step.args.model_validate(values)
    except ValidationError as error:
        details = [
            each
            for each in error.errors(include_url=False, include_input=False)
            if each["loc"] and each["loc"][0] not in unknown and not (unknown and len(each["loc"]) > 1)
        ]
        if not details:
            return None, ()
        hidden = task.no_log or secrets or step.args.about_secret(values)
        fault = argument_error(task, details, shown=not hidden)
        return None, (fault, *fault.others)
    return (args if complete and not unknown else None), ()


def _as_documented(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `set_registry` with the documented type where none is given, and without the step's own refusal
    of what no article knows: both have rules of their own, which say more.
    """
    known = None
    with suppress(ValueError):
        known = known_value(values.get("path"), values.get("name"))
    defaults: dict[str, Any] = {"allow_undocumented": True}
    return defaults | ({"type": known.type.value} if known else {}) | dict(values)
