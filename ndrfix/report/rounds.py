"""What a task did, item by item; what the rounds of a repeated phase did again and again is one entry."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import PhaseResult, TaskResult
from ndrfix.resources import (
    BAD,
    Action,
    Artifact,
    Change,
    Item,
    Move,
    MoveState,
    QueueFile,
    Service,
    ServiceState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item with what became of it (None: nothing is known), and how many `times` it was done."""

    item: Item
    outcome: Outcome | None = None
    times: int = 1


def entries(task: TaskResult, *, fold: bool) -> tuple[Entry, ...]:
    """The items of all phases, in order; with `fold` what was done several times, and went well, stands once, where it
    was done first.
    """
    told = [entry for phase in task.phases for entry in _entries(phase)]
    if not fold:
        return tuple(told)
    found: dict[Hashable, list[Entry]] = {}
    for number, entry in enumerate(told):
        found.setdefault(_key(entry) or number, []).append(entry)
    return tuple(_one(each) for each in found.values())


def _entries(phase: PhaseResult) -> Iterator[Entry]:
    outcomes = list(phase.outcomes)
    for item in phase.plan.items:
        known = not isinstance(item, Artifact) and outcomes and outcomes[0].item == item
        yield Entry(item=item, outcome=outcomes.pop(0) if known else None)


def _key(entry: Entry) -> Hashable:
    """What entries that are told as one have in common; None for one that stands alone."""
    item, outcome = entry.item, entry.outcome
    if outcome is None or outcome.status is not OutcomeStatus.DONE:
        return None
    if isinstance(item, Move):
        return (item.queue, item.quarantine, item.at, item.kept, item.back)
    if isinstance(item, Action):
        return (item.verb, item.resource, item.timeout)
    if isinstance(item, Change) and isinstance(item.resource, Service):
        return (item.resource, _core(item.before), _core(item.after), _core(outcome.after))
    return None


def _core(state: object) -> Hashable:
    return (state.status, state.start) if isinstance(state, ServiceState) else None


def _one(told: Sequence[Entry]) -> Entry:
    first = told[0]
    if len(told) == 1:
        return first
    if not isinstance(first.item, Move) or first.outcome is None:
        return replace(first, times=len(told))
    files: dict[str, QueueFile] = {}
    for entry in told:
        files |= {file.name: file for file in entry.item.files} if isinstance(entry.item, Move) else {}
    move = replace(first.item, files=tuple(files.values()))
    states = [each.outcome.after for each in told if each.outcome and isinstance(each.outcome.after, MoveState)]
    state = MoveState(
        moved=sum(each.moved for each in states),
        size=sum(each.size for each in states),
        left=tuple(dict.fromkeys(file for each in states for file in each.left)),
    )
    return Entry(item=move, outcome=replace(first.outcome, item=move, after=state), times=len(told))


def set_aside(task: TaskResult) -> tuple[str, ...]:
    """The names of the messages that the task set aside, and left there, since the service stops with them."""
    found: dict[str, None] = {}
    for entry in entries(task, fold=False):
        move, state = entry.item, entry.outcome.after if entry.outcome else None
        if not isinstance(move, Move) or move.kept != BAD or not isinstance(state, MoveState):
            continue
        left = {file.name for file in state.left}
        for file in move.files:
            if move.back:
                found.pop(file.name, None)
            elif file.name not in left:
                found[file.name] = None
    return tuple(found)
