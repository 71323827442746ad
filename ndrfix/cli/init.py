"""`ndrfix init`: a folder for a new client."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
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
    done = lay_out(folder, shown, shipped_playbooks(), add=add, find=_inventories)
    say(f"{folder} is laid out for {shown.strip()}:")
    for path in done.written:
        say(f"  {path}")
    for path in (*done.inventories, *done.kept):
        say(f"  {path} was there, and is left as it is")
    say(f"\nNext: cd {shlex.quote(str(folder))}, {_first(done.inventories)}then")
    say("  ndrfix inventory --graph")
    say(f"  ndrfix plan playbooks/audit.yml -l {'GROUP' if done.inventories else 'exchange'} -k")
    return 0


def _first(inventories: Sequence[str]) -> str:
    """What is to be done to the files before a command."""
    if not inventories:
        return "put the hosts into inventory.yml, "
    return f"name in ndrfix.cfg which inventory is meant ({', '.join(inventories)}), " if inventories[1:] else ""


def _inventories(folder: Path) -> tuple[Path, ...]:
    """The inventories that the folder has already: its own, else those in `inventories`."""
    from ndrfix.inventory import own_inventories

    below = folder / "inventories"
    found = own_inventories(folder) or (sorted(below.iterdir()) if below.is_dir() else ())
    return tuple(each for each in found if not each.name.startswith("."))
