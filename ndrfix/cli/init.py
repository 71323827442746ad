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
    inventories = _inventories(folder)
    done = lay_out(folder, shown, shipped_playbooks(), add=add, inventories=inventories)
    say(f"{folder} is laid out for {shown.strip()}:")
    for path in done.written:
        say(f"  {path}")
    for path in done.kept:
        say(f"  {path} was there, and is left as it is")
    hosts, group = ("put the hosts into inventory.yml, ", "exchange") if not inventories else ("", "GROUP")
    several = f"name in ndrfix.cfg which inventory is meant ({', '.join(inventories)}), " if inventories[1:] else ""
    say(f"\nNext: cd {shlex.quote(str(folder))}, {hosts}{several}then")
    say(f"  ndrfix inventory --graph\n  ndrfix plan playbooks/audit.yml -l {group} -k")
    return 0


def _inventories(folder: Path) -> tuple[str, ...]:
    """The inventories that the folder has already, by their paths in it: its own, else those in `inventories`."""
    from ndrfix.inventory import own_inventories

    if not folder.is_dir():
        return ()
    below = folder / "inventories"
    found = own_inventories(folder) or (sorted(below.iterdir()) if below.is_dir() else ())
    return tuple(each.relative_to(folder).as_posix() for each in found if not each.name.startswith("."))
