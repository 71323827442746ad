"""`ndrfix apply`: show the plan, ask, change exactly that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ndrfix.cli.options import run_options
from ndrfix.cli.terminal import say, say_aside
from ndrfix.errors import UsageError

if TYPE_CHECKING:
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
    if not yes and not request.lists_only and not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked: standard input is not a terminal",
            next_step="Look at `ndrfix plan` first, then give --yes to apply without a question.",
        )
    work = job.Job(request)
    if request.lists_only:
        return job.show_listings(work)
    plan, shown = work.plan()
    work.show(shown)
    if shown.interrupted or not plan.changed_hosts:
        say("\nNothing to apply." if not shown.interrupted else "\nInterrupted: nothing was applied.")
        return work.finish(shown)
    if not yes and not confirmed(plan):
        say("Not applied: nothing was changed.")
        return work.finish(shown)
    say("")
    result = work.apply(plan)
    work.show(result)
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
