"""Tells what of the messages in a quarantine was removed for good. Used by `ndrfix undo`."""

from __future__ import annotations

from ndrfix.exchange.backlog import counted
from ndrfix.resources import QuarantinesState, Resource, State, fold
from ndrfix.steps.base import Observed, Phase, Risk, Step, StepPlan
from ndrfix.steps.restoring_args import TakeBackArgs

NOTHING = "there is nothing to put back"


def is_gone(args: TakeBackArgs, found: State) -> bool:
    """Whether there is no quarantine of the run, not even one that cannot be read."""
    if not isinstance(found, QuarantinesState):
        return True
    return fold(args.run) not in {fold(run) for run, _ in (*found.runs, *found.unreadable)}


def removed(args: TakeBackArgs, found: State) -> tuple[Risk, ...]:
    """That messages are gone for good, and the mail of users among them; nothing when none are."""
    gone, lost = is_gone(args, found), _lost(args, found)
    if not gone and not lost:
        return ()
    them = "it" if lost == 1 else "them"
    text = f"{_what(args, lost)} that run {args.run} took cannot be put back: "
    text += f"{_who(args)} removed {them} from the quarantine"
    if args.unsure:
        text += f", or {'it' if lost == 1 else 'they'} went back to the queue since: how the removal ended is not known"
    elif gone and lost < args.removed:
        text += ", and the others lie there no more"
    return (Risk(text=text + _mail(args, lost), grave=True),)


def _lost(args: TakeBackArgs, found: State) -> int:
    """How many messages are gone: those that lie there no more, where it is not known how a removal ended."""
    if not args.unsure:
        return args.lost
    runs = found.runs if isinstance(found, QuarantinesState) else ()
    lies = sum(state.messages or 0 for run, state in runs if fold(run) == fold(args.run))
    return max(args.lost, args.removed - lies)


def _what(args: TakeBackArgs, lost: int) -> str:
    if not lost:
        return "the messages"
    return f"the {counted(lost)}" if lost == args.removed else f"{lost:,} of the {counted(args.removed)}"


def _who(args: TakeBackArgs) -> str:
    named = ("it" if run == args.run else f"run {run}" for run in args.removed_by)
    return " and ".join(named) or "somebody"


def _mail(args: TakeBackArgs, lost: int) -> str:
    """What is said of the mail of users: of a part of the messages it is not known which they are, nor what of them was
    put back before another run removed the rest.
    """
    own = args.removed_by == (args.run,)
    most, least = min(args.mail, lost), args.mail - (args.removed - lost) if own else 0
    if not most:
        return ""
    number = f"{most:,}" if least == most else f"UP TO {most:,}"
    are, gone = "is" if most == 1 else "are", "is gone" if least > 0 else "may be gone"
    return f"; {number} OF THESE {are} no report: mail of users {gone}"


def _probe(args: TakeBackArgs) -> tuple[Resource, ...]:
    return (args.folder,)


def _plan(args: TakeBackArgs, observed: Observed) -> StepPlan:
    return StepPlan(note=NOTHING, risks=removed(args, observed.state(args.folder)))


STEP = Step(name="removed_messages", args=TakeBackArgs, phases=(Phase(probe=_probe, plan=_plan),), page=__doc__)
