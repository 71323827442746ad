"""Finding the message that makes the service stop, among those that `restore_queue` has put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ndrfix.exchange.layout import IMS
from ndrfix.resources import BAD, Item, Message, Move, Quarantine, QueueFile
from ndrfix.steps.base import Check, StepPlan
from ndrfix.steps.clearing import data_moved, moved
from ndrfix.steps.put_back import Round, names

# So often, one time after the other, nothing can be taken out: then each of the suspects has been tried.
_IN_VAIN = 2
_NAMED = 20


def sought(known: Round) -> StepPlan:
    """The next step of the search after the service has stopped: a message that was put back is bad, or the service
    cannot run at all.
    """
    known = replace(known, last=replace(known.last, fell=max(known.last.fell, known.last.waited)))
    last = known.last
    batch, earlier, trusted = (_waiting(known, each) for each in (last.batch, last.earlier, last.trusted))
    if not (batch or earlier or trusted):
        return _without_reason(known)
    if not last.once_more:  # a start can be refused for other reasons than a message
        return StepPlan(items=known.start, carry=replace(last, once_more=True, waited=0.0))
    if not (batch or earlier):
        earlier, trusted = trusted, ()
    if last.fruitless >= _IN_VAIN:
        return _in_vain(known, (*batch, *earlier))
    if batch and earlier:  # the batch is the likely one; but were it one of these, a message of the batch would pay
        return _taken_out(known, keep=earlier, out=batch, trusted=trusted)
    suspects = batch or earlier
    if len(suspects) == 1:
        return _blamed(known, suspects, trusted)
    middle = len(suspects) // 2
    return _taken_out(known, keep=suspects[:middle], out=suspects[middle:], trusted=trusted)


def named(found: Sequence[str]) -> str:
    """The names of messages, not more than people read."""
    return ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")


def unblamed(quarantine: Quarantine, blamed: Sequence[str]) -> tuple[Move, ...]:
    """The moves with which messages that were set aside go back to the others in quarantine."""
    files = [QueueFile(name, -1, 0) for name in blamed]
    return (*moved(quarantine, files, kept=BAD, back=True), *moved(quarantine, files))


def _waiting(known: Round, wanted: Sequence[str]) -> tuple[Message, ...]:
    """Those that wait, in the order in which they are wanted."""
    found = {message.name: message for message in known.waiting(wanted)}
    return tuple(found[name] for name in wanted if name in found)


def _without_reason(known: Round) -> StepPlan:
    last = known.last
    if not last.unexplained:
        return StepPlan(items=known.start, carry=replace(last, unexplained=True, waited=0.0))
    text = f"{IMS} IS STOPPED and does not stay started, though no message that was put back waits in the queue"
    return _standing_still(known, text, "Look in the event log of the host (4116, 4182 name a bad message), mend that")


def _in_vain(known: Round, suspects: Sequence[Message]) -> StepPlan:
    """Which of the suspects is bad cannot be told, since none can be taken out."""
    text = f"{IMS} IS STOPPED and does not stay started with what was put back; which message it is cannot be told"
    text += f", since none of these can be taken out of the queue again: {named(names(suspects))}"
    return _standing_still(known, text, "See above what keeps each from being moved (`left:`), mend that")


def _standing_still(known: Round, text: str, advice: str) -> StepPlan:
    """The end of a search that found nothing: what was set aside without proof goes back first."""
    if blamed := known.last.blamed:
        return StepPlan(items=unblamed(known.args.own, blamed), carry=replace(known.last, blamed=()))
    check = Check(ok=False, text=text, standstill=True, next_step=f"{advice}, then `ndrfix resume`.")
    return StepPlan(checks=(check,))


def _taken_out(
    known: Round, *, keep: Sequence[Message], out: Sequence[Message], trusted: Sequence[Message]
) -> StepPlan:
    """Some of those that wait go back to the quarantine, to see whether the service stays started with the others."""
    own, last = known.args.own, known.last
    items: tuple[Item, ...] = (data_moved(own, restoring=True), *moved(own, out), *known.start)
    put_back = last.then(
        batch=names(keep),
        trusted=names(trusted),
        searching=True,
        blamed=last.blamed,
        taken=names(out),
        fruitless=last.fruitless,
    )
    return StepPlan(items=items, carry=put_back)


def _blamed(known: Round, bad: Sequence[Message], others: Sequence[Message]) -> StepPlan:
    """The message that was found is set aside; whether the service stays started without it shows next."""
    own, last = known.args.own, known.last
    items: tuple[Item, ...] = (data_moved(own, restoring=True), *moved(own, bad, kept=BAD), *known.start)
    put_back = last.then(
        earlier=names(others),
        unexplained=not others,
        blamed=(*last.blamed, *names(bad)),
        taken=names(bad),
        fruitless=last.fruitless,
    )
    return StepPlan(items=items, carry=put_back)
