"""`ndrfix resume`: finish what an interrupted run left half done in a message queue."""

from __future__ import annotations

from typing import Any

import click

from ndrfix.cli.options import changing_options, undo_options
from ndrfix.cli.request import Request
from ndrfix.cli.verb import Verb


@click.command(name="resume", cls=Verb)
@click.argument("run", metavar="[RUN]", default="")
@undo_options
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be finished.")
@changing_options
def command(run: str, only_plan: bool, yes: bool, **options: Any) -> int:
    """Show what RUN left half done in the message queue, ask, then finish it: messages on record are moved, the
    Internet Mail Service gets the state that it was to have.

    RUN is a run's folder, or its id; without it every host is looked at for any run that broke off there.
    """
    from ndrfix.cli import apply, job

    request = Request.of({"playbook": run, **options})
    if not only_plan:
        apply.require_someone(yes)
    work = job.ResumeJob(request)
    if not only_plan:
        return apply.carry_out(work, yes)
    return work.look()
