"""A saved run result as rules see it: `run.json`, or what `--json` wrote, beside the playbooks that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from ndrfix.errors import InputError
from ndrfix.lint.document import Document
from ndrfix.owner import Owners
from ndrfix.place import Place
from ndrfix.playbook.keywords import STEP_ALIASES, TASK_KEYWORDS
from ndrfix.source import List, Map, Scalar, find

if TYPE_CHECKING:
    from ndrfix.report.schema import RunDocument, TaskDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTask:
    """A task as it stands in a playbook, called as a run calls it: by its name, or its step's. `play` and `index` count
    from 0, handlers after the tasks of their play.
    """

    play: int
    index: int
    name: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """A run result; `run` is None when it is faulty. `tasks` are those of the playbook that it is surely about, none
    when that is not looked at too.
    """

    document: Document
    run: RunDocument | None
    tasks: tuple[WrittenTask, ...]
    faults: tuple[InputError, ...]

    def place(self, play: int, task: TaskDocument) -> Place:
        """Where a task of the run's play of that number stands; the top of the file when that is not certain."""
        named = [each for each in self.tasks if each.name == task.name]
        exact = [each for each in named if (each.play, each.index) == (play, task.index)]
        places = [each.place for each in exact or named]
        return places[0] if len(places) == 1 else self.document.top


def read_result(document: Document, playbooks: Sequence[Document]) -> ResultView:
    """The view of a run result beside these playbooks."""
    from pydantic import ValidationError

    from ndrfix.report.schema import RunDocument

    if document.faults or document.node is None:
        return ResultView(document=document, run=None, tasks=(), faults=document.faults)
    try:
        run = RunDocument.model_validate_json(document.text.removeprefix("\ufeff"))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        place = find(document.node, tuple(detail["loc"])).place
        fault = InputError(f"not a run result that this version reads: {detail['msg']}", place=place)
        return ResultView(document=document, run=None, tasks=(), faults=(fault,))
    return ResultView(document=document, run=run, tasks=_tasks_of_run(run, playbooks), faults=())


def written_tasks(playbook: Document) -> Iterator[WrittenTask]:
    """The tasks and handlers of a playbook in the order of their numbers."""
    plays = playbook.node.items if isinstance(playbook.node, List) else ()
    for number, play in enumerate(plays):
        lists = [play.get(key) if isinstance(play, Map) else None for key in ("tasks", "handlers")]
        tasks = [task for each in lists if isinstance(each, List) for task in each.items]
        for index, task in enumerate(tasks):
            if isinstance(task, Map) and (called := _called(task)) is not None:
                yield WrittenTask(play=number, index=index, name=called.text, place=called.place)


def _tasks_of_run(run: RunDocument, playbooks: Sequence[Document]) -> tuple[WrittenTask, ...]:
    """Those of the one playbook of that name that can be meant: a run does not tell the folder, but the client."""
    owners = Owners()
    same = [each for each in playbooks if PurePath(each.shown).name == run.playbook]
    meant = [each for each in same if _is_for(each, run.client, owners)]
    return tuple(written_tasks(meant[0])) if len(meant) == 1 else ()


def _is_for(playbook: Document, client: str, owners: Owners) -> bool:
    """Whether a run for a client may be of this playbook: it is that client's, or lies in nobody's folder."""
    if not owners(playbook.path):
        return True
    from ndrfix.client import clients_of

    return any(client in (each.name, *each.formerly) for each in clients_of([playbook.path], owners))


def _called(task: Map) -> Scalar | None:
    """What a task is called by: its name, else the key of its step by the step's own name."""
    name = task.get("name")
    if isinstance(name, Scalar) and name.value is not None:
        return name
    step = next((entry.key for entry in task.entries if entry.key.value not in TASK_KEYWORDS), None)
    return None if step is None else Scalar(step.place, STEP_ALIASES.get(step.text, step.text), step.text)
