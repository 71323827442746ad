"""What is said, after an apply, of the way back: the command, and what no command brings back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.engine.result import Mode, RunResult, Status
from ndrfix.report.text import Pen, amount
from ndrfix.resources import (
    ABSENT,
    OUT,
    Change,
    Move,
    MoveState,
    Quarantine,
    QuarantineState,
    RemoteItem,
    Service,
    ServiceState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The command lines that the report of an apply ends with (empty: none is told): `undo` takes the run back,
    `resume` finishes what it left half done in message queues. `again`: the run was an undo itself.
    """

    undo: str = ""
    resume: str = ""
    again: bool = False


NO_COMMANDS = Commands()


def way_back_lines(result: RunResult, pen: Pen, commands: Commands) -> Iterator[str]:
    """The lines; none for a plan, and for a run that changed nothing."""
    if result.mode is Mode.PLAN or not commands.undo:
        return
    told = outcomes(result)
    removed = [each for each in told if _removes(each[1]) and each[1].status is OutcomeStatus.DONE]
    gone = {(host, outcome.item.resource) for host, outcome in removed}
    moves = [(host, outcome, outcome.item) for host, outcome in told if isinstance(outcome.item, Move)]
    taken = [
        (outcome, move.quarantine.run)
        for host, outcome, move in moves
        if _takes(move) and (host, move.quarantine) not in gone and _moved(outcome)
    ]
    own = result.context.run_id
    if lost_hosts(result) or any(run == own for _, run in taken) or _changed(told):
        words = "Do again what this undo took back" if commands.again else "Take it back"
        yield f"{words}: {pen.line(commands.undo)}"
    for run in dict.fromkeys(run for _, run in taken if run != own):
        yield f"What was moved to the quarantine of run {pen.line(run)} comes back with that run: ndrfix undo {run}"
    if sum(_moved(outcome) for _, outcome, move in moves if move.back and move.kept == OUT):
        yield "What was put back into the queue is sent. clear_queue takes out again what still waits."
    if removed:
        messages = sum(_held(outcome) for _, outcome in removed)
        yield f"Removed from quarantine for good: {amount(messages, 'message')}. No undo brings them back."


def outcomes(result: RunResult) -> tuple[tuple[str, Outcome], ...]:
    """What became of every item, with its host, in the order of the hosts of each play."""
    return tuple(
        (host.host, outcome)
        for play in result.plays
        for host in play.hosts
        for task in host.tasks
        for phase in task.phases
        for outcome in phase.outcomes
    )


def lost_hosts(result: RunResult) -> set[str]:
    """The hosts that an apply had reached and then lost: the last thing sent to them may have been carried out."""
    return {
        host.host
        for play in result.plays
        for host in play.hosts
        if host.computer is not None and any(task.status is Status.UNREACHABLE for task in host.tasks)
    }


def _removes(outcome: Outcome) -> bool:
    item = outcome.item
    return isinstance(item, Change) and isinstance(item.resource, Quarantine) and item.after == ABSENT


def _held(outcome: Outcome) -> int:
    """How many messages a quarantine held that is gone."""
    before = outcome.before or (outcome.item.before if isinstance(outcome.item, Change) else None)
    return before.messages or 0 if isinstance(before, QuarantineState) else 0


def _takes(move: Move) -> bool:
    return not move.back and move.at == OUT and move.kept == OUT


def _moved(outcome: Outcome) -> int:
    """How many files a move moved; one at least when that is not known."""
    if isinstance(outcome.after, MoveState):
        return outcome.after.moved
    return 1 if outcome.status is OutcomeStatus.FAILED else 0


def _changed(told: tuple[tuple[str, Outcome], ...]) -> bool:
    """Whether a state is not what it was before, or perhaps not. A service that runs again is as it was."""
    services: dict[tuple[str, Service], list[tuple[object, ...]]] = {}
    for host, outcome in told:
        item = outcome.item
        if outcome.status is OutcomeStatus.DRIFTED or isinstance(item, Move):
            continue
        if outcome.status is OutcomeStatus.FAILED and outcome.before is not None and outcome.after == outcome.before:
            continue
        if isinstance(item.resource, Service):
            seen = services.setdefault((host, item.resource), [_core(outcome.before, item)])
            seen.append(_core(outcome.after, item))
        elif not isinstance(item.resource, Quarantine):
            return True
    return any(seen[0] != seen[-1] for seen in services.values())


def _core(state: Reading | None, item: RemoteItem) -> tuple[object, ...]:
    """What of a service is compared; of one that was not read, what it was to become."""
    return (state.status, state.start) if isinstance(state, ServiceState) else (item,)
