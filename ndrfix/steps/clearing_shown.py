"""What is done of a clearing that was shown: how far the queue may differ from what it was then."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import IMS
from ndrfix.resources import Item, Move, QueueFile
from ndrfix.steps.base import Check, MovedOnError, Risk, StepPlan
from ndrfix.steps.clearing import moved_on


def settle_stop(shown: StepPlan, now: StepPlan) -> StepPlan:
    """A queue changes all the time; what must hold is that nothing more is done."""
    if now.failed:
        return now
    if not shown.items or not now.items:
        note = now.note
        if now.items and now.backlog:
            waiting = now.backlog.of(*now.backlog.taken)[0]
            if not waiting:  # only the start is left, which the plan did not show: the service has stopped since
                raise MovedOnError(f"{IMS} ran when the plan was shown, and does not now")
            left = f"{counted(waiting)} that came since {'is' if waiting == 1 else 'are'} left"
            note = f"the plan had nothing to clear; {left} for the next run"
        return replace(now, items=(), risks=(), note=note)
    if now.items != shown.items:
        raise MovedOnError(_other_work(shown, now) or moved_on(shown, now))
    if _lesser(now) != _lesser(shown):
        raise MovedOnError("; ".join(risk.text for risk in _lesser(now) if risk not in shown.risks))
    # The grave ones tell how much mail of users goes: no more than was shown, see `settle_move`.
    return replace(now, risks=shown.risks)


def _other_work(shown: StepPlan, now: StepPlan) -> str:
    """What is said when something came to a queue in which nothing was to be cleared, or all went; empty else."""
    before, after = (plan.backlog.of(*plan.backlog.taken)[0] if plan.backlog else 0 for plan in (shown, now))
    if before and not after:
        return "what was to be taken has left the queue since"
    return f"{counted(after)} would be taken, the plan showed none" if after and not before else ""


def _lesser(plan: StepPlan) -> list[Risk]:
    return [risk for risk in plan.risks if not risk.grave]


def settle_move(shown: StepPlan, now: StepPlan) -> StepPlan:
    """Other reports than were shown are taken; mail of users that was not shown, or not just so, is left. When all
    had left, nothing was begun.
    """
    if not now.items:
        if now.note:
            raise MovedOnError(now.note)
        return now
    if [item for item in now.items if not isinstance(item, Move)] != [
        item for item in shown.items if not isinstance(item, Move)
    ]:
        raise MovedOnError
    if not any(isinstance(item, Move) and item.mail for item in now.items):
        return now
    seen = {file for item in shown.items if isinstance(item, Move) for file in item.files}
    items = [_known(item, seen) if isinstance(item, Move) else item for item in now.items]
    left = _files(now.items) - _files(items)
    stay = "stays" if left == 1 else "stay"
    text = f"{counted(left)} besides reports came or changed since the plan was shown, and {stay} in the queue"
    return replace(
        now,
        items=tuple(item for item in items if not isinstance(item, Move) or item.files),
        checks=(*now.checks, Check(ok=True, text=text)) if left else now.checks,
    )


def _known(move: Move, seen: Collection[QueueFile]) -> Move:
    """The move without the mail that was not seen."""
    files = tuple(file for file in move.files if file.name not in move.mail or file in seen)
    return replace(move, files=files, mail=move.mail & {file.name for file in files})


def _files(items: Iterable[Item]) -> int:
    return sum(len(item.files) for item in items if isinstance(item, Move))


def settle_watch(shown: StepPlan, now: StepPlan) -> StepPlan:
    """A service that was not touched is not watched."""
    if now.items and now.items != shown.items:
        raise MovedOnError
    return now


def settle_recount(shown: StepPlan, now: StepPlan) -> StepPlan:
    """What was counted instead of the announcement; and nothing is removed that was not to be."""
    told = tuple(check for check in now.checks if check.standstill)
    checks = (Check(ok=True, text=now.carry), *told) if isinstance(now.carry, str) else now.checks
    return replace(now, checks=checks, items=now.items if shown.items else (), carry=None)
