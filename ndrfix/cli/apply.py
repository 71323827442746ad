"""`ndrfix apply`: show the plan, ask, change exactly that."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ndrfix.cli import clock
from ndrfix.cli.options import changing_options, run_options
from ndrfix.cli.request import Request
from ndrfix.cli.terminal import say, say_aside
from ndrfix.cli.verb import Verb
from ndrfix.errors import ExitCode, OutputError, UsageError
from ndrfix.resources import Action, Change, Move
from ndrfix.resources import Verb as ActionVerb

if TYPE_CHECKING:
    from ndrfix.cli.job import Job
    from ndrfix.client import Hours
    from ndrfix.engine.plan import Plan
    from ndrfix.engine.result import RunResult

_HOSTS_SHOWN = 12


@click.command(name="apply", cls=Verb)
@click.argument("playbook", metavar="PLAYBOOK")
@run_options
@changing_options
def command(playbook: str, yes: bool, **options: Any) -> int:
    """Show the plan of PLAYBOOK, ask, then change exactly that; every change is read back.

    A host that is no longer as the plan showed it is left alone and reported as drifted.
    """
    from ndrfix.cli import job

    request = Request.of({"playbook": playbook, **options})
    if not request.lists_only:
        require_someone(yes)
    work = job.PlaybookJob(request)
    if request.lists_only:
        from ndrfix.cli.listings import show_listings

        return show_listings(work)
    return carry_out(work, yes)


def require_someone(yes: bool) -> None:
    """Make sure that a question can be asked, or need not be.

    Raises:
        UsageError: there is no terminal, and no `--yes`.
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked: standard input is not a terminal",
            next_step="Look at the plan first, then give --yes to apply without a question.",
        )


def carry_out(work: Job, yes: bool) -> int:
    """Show the plan, ask, apply it, show the result; gives the exit code.

    Raises:
        UsageError: it is outside the client's change window, and nobody is asked.
        OutputError: the plan cannot be shown; then nothing is applied.
    """
    hours = require_open(work, yes)
    plan, shown = work.plan()
    try:
        work.show(shown)
        hours = hours if yes else work.hours()
        agreed = wanted(work, plan, shown, yes, hours)
    except OutputError as error:
        if not error.gone:
            error.next_step = "Nothing was applied, since the plan could not be shown."
            raise
        say_aside("Not applied: nobody reads the plan. Send it to a file, or read it to its end.")
        return ExitCode.INTERRUPTED
    except click.Abort:
        say_aside("\nInterrupted: nothing was applied.")
        return work.finish(replace(shown, interrupted=True))
    except DeclinedError:
        say("Not applied: nothing was changed.")
        work.finish(shown)
        return ExitCode.INTERRUPTED
    if not agreed:
        return work.finish(shown)
    result = work.apply(plan, hours)
    return work.finish(result, show=True, commands=work.commands(result))


class DeclinedError(Exception):
    """The user does not want the plan to be applied."""


def require_open(work: Job, yes: bool) -> Hours:
    """The hours as they are before the plan is made.

    Raises:
        UsageError: they do not allow changes, and nobody is asked whether to make them all the same.
    """
    hours = work.hours()
    if yes and hours.outside and not work.request.outside_window:
        raise UsageError(hours.outside, next_step=f"{hours.opens} To go on now, give --outside-window.")
    return hours


def wanted(work: Job, plan: Plan, shown: RunResult, yes: bool, hours: Hours) -> bool:
    """Whether the plan is to be applied; says why there is nothing to apply.

    Raises:
        DeclinedError: the question was not answered with the number of hosts.
        click.Abort: Ctrl-C at the question, or the end of the input.
    """
    if shown.interrupted or not (plan.changed_hosts or plan.files):
        say("\nInterrupted: nothing was applied." if shown.interrupted else "\nNothing to apply.")
        return False
    if not in_time(work, hours) or not (yes or confirmed(plan)):
        raise DeclinedError
    say("")
    return True


def in_time(work: Job, hours: Hours) -> bool:
    """Whether the hours allow the changes, or the user wants them all the same; says what the hours are.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    if sentence := hours.sentence(clock.now()):
        say(f"\n{sentence}")
    if not hours.outside:
        return True
    say_aside("\n" + click.style(f"This is {hours.outside}.", fg="red", bold=True) + f" {hours.opens}")
    if work.request.outside_window:
        return True
    answer = click.prompt("Type 'outside' to go on all the same", default="", show_default=False, err=True)
    return str(answer).strip() == "outside"


def confirmed(plan: Plan) -> bool:
    """Whether the user types the number of hosts that would be changed; of those that files are saved from, when that
    is all.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    hosts = plan.changed_hosts or plan.saved_hosts
    files = _amount(plan.files, "file")
    more = f" and {len(hosts) - _HOSTS_SHOWN} more" if len(hosts) > _HOSTS_SHOWN else ""
    of_client = f" of {plan.context.client}" if plan.context.client else ""
    whom = f"{_amount(len(hosts), 'host')}{of_client} ({', '.join(hosts[:_HOSTS_SHOWN])}{more})"
    if not plan.changed_hosts:
        deed = f"Save {files} from {whom}, with 0 changes"
    else:
        deed = f"Apply {_deeds(plan)} to {whom}"
        deed += f" and save {files} from {_amount(len(plan.saved_hosts), 'host')}" if plan.files else ""
    from ndrfix.report.text import visible

    for text in _grave(plan):
        say_aside("\n" + click.style(visible(text), fg="red", bold=True))
    question = f"\n{deed}? Type the number of hosts to go on"
    answer = str(click.prompt(question, default="", show_default=False, err=True)).strip()
    if answer != str(len(hosts)):
        say_aside(f"{answer!r} is not {len(hosts)}.")
        return False
    return True


def _deeds(plan: Plan) -> str:
    """`5 changes and 2 restarts (MSExchangeIMC)`: a restart is an interruption, and said as one."""
    items = [item for play in plan.plays for host in play.hosts for item in host.changes()]
    restarts = [item.resource.name for item in items if isinstance(item, Action) and item.verb is ActionVerb.RESTART]
    changes = sum(isinstance(item, Change) for item in items)
    moves = [item for item in items if isinstance(item, Move) and item.at]
    told = [_amount(changes, "change")] if changes else []
    for back, words in ((False, "to quarantine"), (True, "back to the queue")):
        count = sum(len(move.files) for move in moves if move.back is back)
        told += [f"the move of {_amount(count, 'message')} {words}"] if count else []
    told += [f"{_amount(len(restarts), 'restart')} ({', '.join(dict.fromkeys(restarts))})"] if restarts else []
    return " and ".join(told)


def _grave(plan: Plan) -> tuple[str, ...]:
    """The risks about what cannot be had back, each once with its hosts."""
    found: dict[str, dict[str, None]] = {}
    for play in plan.plays:
        for host in play.hosts:
            for risk in host.risks():
                if risk.grave:
                    found.setdefault(risk.text, {})[host.host] = None
    return tuple(f"{', '.join(hosts)}: {text}" for text, hosts in found.items())


def _amount(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
