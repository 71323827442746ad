"""`ndrfix plan`: what a playbook would change."""

from __future__ import annotations

from typing import Any

import click

from ndrfix.cli.options import run_options
from ndrfix.cli.request import Request
from ndrfix.cli.verb import Verb


@click.command(name="plan", cls=Verb)
@click.argument("playbook", metavar="PLAYBOOK")
@run_options
def command(playbook: str, **options: Any) -> int:
    """Show what PLAYBOOK would change on each host, with diffs. Nothing is changed, no file is written.

    PLAYBOOK is a file, or the name of a playbook that comes with ndrfix: reverse-ndr, clear-queue, audit.
    """
    from ndrfix.cli import job

    request = Request.of({"playbook": playbook, **options})
    work = job.PlaybookJob(request)
    if request.lists_only:
        from ndrfix.cli.listings import show_listings

        return show_listings(work)
    return work.look()
