"""`ndrfix inventory`: hosts, groups and variables as ndrfix understands them."""

from __future__ import annotations

import json

import click

from ndrfix.cli.options import inventory_option, variable_options
from ndrfix.cli.terminal import MASKER, say, say_aside
from ndrfix.cli.verb import Verb
from ndrfix.errors import InventoryError, UsageError, did_you_mean


@click.command(name="inventory", cls=Verb)
@inventory_option
@variable_options
@click.option("--host", metavar="NAME", help="The variables of one host.")
@click.option("--graph", "as_graph", is_flag=True, help="The groups and hosts as a tree.")
@click.option("--list", "as_list", is_flag=True, help="Everything, as JSON in the form of ansible-inventory.")
def command(
    inventories: tuple[str, ...],
    limit: str | None,
    extra_vars: tuple[str, ...],
    host: str | None,
    as_graph: bool,
    as_list: bool,
) -> int:
    """Show what the inventory says; secrets are masked. One of --host, --graph and --list is needed."""
    from ndrfix import inventory as reading
    from ndrfix.client import home_of

    if sum((host is not None, as_graph, as_list)) != 1:
        raise UsageError("one of --host NAME, --graph and --list is needed")
    home_of(inventories)
    inventory = reading.load_inventory(inventories)
    extra = reading.parse_extra_vars(extra_vars)
    for secret in inventory.secrets():
        MASKER.add(secret)
    for place in inventory.unused:
        say_aside(f"warning: {place.file} belongs to no host and no group of {', '.join(inventory.files)}")
    if limit is not None:
        inventory = reading.narrowed(inventory, limit)
    if as_graph:
        say(reading.graph(inventory))
        return 0
    if as_list:
        say(json.dumps(reading.listing(inventory), indent=4, ensure_ascii=False, default=str))
        return 0
    found = inventory.find(str(host))
    if found is None:
        names = [each.name for each in inventory.hosts]
        raise InventoryError(f"there is no host {host!r} in {', '.join(inventories)}{did_you_mean(str(host), names)}")
    variables = reading.combine(found, extra=extra)
    shown = {name: reading.shown_value(variable.value, name) for name, variable in sorted(variables.items())}
    say(json.dumps(shown, indent=4, ensure_ascii=False, default=str))
    return 0
