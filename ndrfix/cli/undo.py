"""`ndrfix undo`: take back what a run changed."""

from __future__ import annotations

from typing import Any

import click

from ndrfix.cli.options import changing_options, undo_options
from ndrfix.cli.request import Request
from ndrfix.cli.verb import Verb


@click.command(name="undo", cls=Verb)
@click.argument("run", metavar="RUN")
@undo_options
@click.option(
    "--task",
    "tasks",
    multiple=True,
    metavar="NAME",
    help="Take back only what this task of RUN did; repeatable, * for anything.",
)
@click.option(
    "--skip-task", "skip_tasks", multiple=True, metavar="NAME", help="Leave what this task of RUN did as it is."
)
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be put back.")
@changing_options
def command(run: str, only_plan: bool, yes: bool, **options: Any) -> int:
    """Show what RUN changed and would be put back, ask, then do it; every change is read back.

    RUN is a run's folder, or its id. A value that is no longer as the run left it is left alone: that host fails.
    Messages that the run took are put back and sent, reports too; --skip-task leaves them in quarantine.
    """
    from ndrfix.cli import apply, job

    request = Request.of({"playbook": run, **options})
    if not only_plan:
        apply.require_someone(yes)
    work = job.UndoJob(request)
    if not only_plan:
        return apply.carry_out(work, yes)
    return work.look()
