"""A saved run result as rules see it: `run.json`, or what `--json` wrote, beside the playbooks that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from ndrfix.errors import InputError
from ndrfix.lint.document import Document
from ndrfix.place import Place
from ndrfix.source import List, Map, Node, Scalar, find

if TYPE_CHECKING:
    from ndrfix.report.schema import RunDocument

Places = Mapping[tuple[str, str], Place]
"""Where each task stands, by the name of its playbook's file and its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """A run result; `run` is None when it is faulty. `places` tells where the tasks of playbooks that are looked at
    too stand.
    """

    document: Document
    run: RunDocument | None
    places: Places
    faults: tuple[InputError, ...]


def read_result(document: Document, places: Places) -> ResultView:
    """The view of a run result."""
    from pydantic import ValidationError

    from ndrfix.report.schema import RunDocument

    if document.faults or document.node is None:
        return ResultView(document=document, run=None, places=places, faults=document.faults)
    try:
        run = RunDocument.model_validate_json(document.text.removeprefix("\ufeff"))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        place = find(document.node, tuple(detail["loc"])).place
        fault = InputError(f"not a run result that this version reads: {detail['msg']}", place=place)
        return ResultView(document=document, run=None, places=places, faults=(fault,))
    return ResultView(document=document, run=run, places=places, faults=())


def task_places(playbooks: Sequence[Document]) -> Places:
    """Where the named tasks of these playbooks stand."""
    return {
        (PurePath(document.shown).name, name): place for document in playbooks for name, place in _names(document.node)
    }


def _names(node: Node | None) -> Iterator[tuple[str, Place]]:
    for play in node.items if isinstance(node, List) else ():
        for key in ("tasks", "handlers"):
            tasks = play.get(key) if isinstance(play, Map) else None
            for task in tasks.items if isinstance(tasks, List) else ():
                name = task.get("name") if isinstance(task, Map) else None
                if isinstance(name, Scalar):
                    yield name.text, name.place
