"""`ndrfix init`: a folder for a new client."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ndrfix.cli.terminal import say
from ndrfix.cli.verb import Verb


@click.command(name="init", cls=Verb)
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--name", metavar="TEXT", help="The client's name (default: the folder's).")
@click.option("--add", is_flag=True, help="Also in a folder that is not empty: add what it lacks, overwrite nothing.")
def command(folder: Path, name: str | None, add: bool) -> int:
    """Lay out FOLDER for a client: inventory, variables, client.yml, ndrfix.cfg, copies of the playbooks, a README.

    The files are right as they are and say in comments what goes where.
    """
    from ndrfix.client.layout import lay_out
    from ndrfix.shipped import shipped_playbooks

    shown = name if name is not None else folder.resolve().name
    done = lay_out(folder, shown, shipped_playbooks(), add=add)
    say(f"{folder} is laid out for {shown.strip()}:")
    for path in done.written:
        say(f"  {path}")
    for path in done.kept:
        say(f"  {path} was there, and is left as it is")
    say(f"\nNext: cd {shlex.quote(str(folder))}, put the hosts into inventory.yml, then")
    say("  ndrfix inventory --graph\n  ndrfix plan playbooks/audit.yml -l exchange -k")
    return 0
