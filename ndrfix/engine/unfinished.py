"""Whether work on a queue left something for `ndrfix resume` to finish."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import PhaseResult
from ndrfix.resources import Artifact, Change, Move, Quarantine, QuarantineState, QuarantineStatus, State


def left_open(done: Iterable[PhaseResult], *, in_flight: bool) -> bool:
    """Whether a quarantine that was worked on is open yet, or may be. `in_flight`: items without an outcome may have
    been carried out.
    """
    found: dict[Quarantine, bool] = {}
    for phase in done:
        items = (item for item in phase.plan.items if not isinstance(item, Artifact))
        for item, outcome in itertools.zip_longest(items, phase.outcomes):
            if isinstance(item, Move):
                found.setdefault(item.quarantine, True)
            elif isinstance(item, Change) and isinstance(item.resource, Quarantine):
                found[item.resource] = _stays_open(item, outcome, in_flight=in_flight)
    return any(found.values())


def _stays_open(change: Change, outcome: Outcome | None, *, in_flight: bool) -> bool:
    """Whether a quarantine is open, or may be, after a change of it."""
    if outcome is not None and outcome.status is OutcomeStatus.DONE:
        return _is_open(change.after)
    half = in_flight if outcome is None else outcome.status is OutcomeStatus.FAILED
    return _is_open(change.before) or (half and _is_open(change.after))


def _is_open(state: State) -> bool:
    return isinstance(state, QuarantineState) and state.status is QuarantineStatus.OPEN
