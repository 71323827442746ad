"""`ndrfix apply`: show the plan, ask, change exactly that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ndrfix.cli.options import run_options
from ndrfix.cli.terminal import say, say_aside
from ndrfix.errors import UsageError

if TYPE_CHECKING:
    from ndrfix.cli.job import Job
    from ndrfix.engine.plan import Plan


@click.command(name="apply")
@click.argument("playbook", metavar="PLAYBOOK")
@run_options
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")
def command(playbook: str, yes: bool, **options: Any) -> int:
    """Show the plan of PLAYBOOK, ask, then change exactly that; every change is read back.

    A host that is no longer as the plan showed it is left alone and reported as drifted.
    """
    from ndrfix.cli import job

    request = job.Request.of({"playbook": playbook, **options})
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
    """Show the plan, ask, apply it, show the result; gives the exit code."""
    plan, shown = work.plan()
    work.show(shown)
    if shown.interrupted or not plan.changed_hosts:
        say("\nInterrupted: nothing was applied." if shown.interrupted else "\nNothing to apply.")
        return work.finish(shown)
    if not yes and not confirmed(plan):
        say("Not applied: nothing was changed.")
        return work.finish(shown)
    say("")
    result = work.apply(plan)
    work.show(result, undo=work.undo_command(result))
    return work.finish(result)


def confirmed(plan: Plan) -> bool:
    """Whether the user types the number of hosts that would be changed."""
    hosts, tasks = plan.changed_hosts, plan.changed_tasks
    question = (
        f"\nApply {tasks} {'change' if tasks == 1 else 'changes'} to {len(hosts)} "
        f"{'host' if len(hosts) == 1 else 'hosts'} ({', '.join(hosts)})? Type the number of hosts to go on"
    )
    answer = str(click.prompt(question, default="", show_default=False, err=True)).strip()
    if answer != str(len(hosts)):
        say_aside(f"{answer!r} is not {len(hosts)}.")
        return False
    return True
