"""`ndrfix inventory`: hosts, groups and variables as ndrfix understands them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndrfix.cli.options import inventory_option, variable_options, vault_options
from ndrfix.cli.terminal import MASKER, say, say_warning
from ndrfix.cli.verb import Verb
from ndrfix.errors import InventoryError, UsageError, did_you_mean

if TYPE_CHECKING:
    from ndrfix.inventory import Host, Inventory, Variable


@click.command(name="inventory", cls=Verb)
@inventory_option
@variable_options
@vault_options
@click.option("--host", metavar="NAME", help="The variables of one host.")
@click.option("--explain", is_flag=True, help="With --host: where each variable is set, and what it hides.")
@click.option(
    "--playbook-dir",
    "beside",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="The folder of a playbook, for its group_vars and host_vars.",
)
@click.option("--graph", "as_graph", is_flag=True, help="The groups and hosts as a tree.")
@click.option("--list", "as_list", is_flag=True, help="Everything, as JSON in the form of ansible-inventory.")
def command(
    inventories: tuple[str, ...],
    limit: str | None,
    extra_vars: tuple[str, ...],
    host: str | None,
    explain: bool,
    beside: Path | None,
    as_graph: bool,
    as_list: bool,
    vault_ids: tuple[str, ...],
    vault_password_files: tuple[str, ...],
    ask_vault_pass: bool,
) -> int:
    """Show what the inventory says; secrets are masked. One of --host, --graph and --list is needed."""
    from ndrfix import inventory as reading
    from ndrfix.cli.configured import here
    from ndrfix.cli.passwords import vault_of
    from ndrfix.cli.scope import enter, tell
    from ndrfix.vault import VaultOptions

    if sum((host is not None, as_graph, as_list)) != 1:
        raise UsageError("one of --host NAME, --graph and --list is needed")
    if explain and host is None:
        raise UsageError("--explain is about one host: --host NAME")
    options = VaultOptions(ids=vault_ids, password_files=vault_password_files, ask=ask_vault_pass)
    home = enter(inventories, settings=here().file, own_runs=False)
    vault = vault_of(options, home)
    inventory = reading.load_inventory(inventories, decrypt=vault, beside=[beside] if beside else [])
    extra = reading.parse_extra_vars(extra_vars, decrypt=vault)
    for secret in inventory.secrets():
        MASKER.add(secret)
    for fault in inventory.unused:
        say_warning(fault)
    if limit is not None:
        inventory = reading.narrowed(inventory, limit)
    _tell_closed(each for each in inventory.hosts if host in (None, each.name) and not as_graph)
    if as_graph:
        page = reading.graph(inventory)
    elif as_list:
        page = json.dumps(reading.listing(inventory), indent=4, ensure_ascii=False, default=str)
    else:
        page = _host(inventory, str(host), extra, explain=explain)
    tell(home.client)
    say(page)
    return 0


def _no_host(inventory: Inventory, name: str) -> InventoryError:
    where = ", ".join(inventory.files)
    if name in inventory.groups:
        return InventoryError(
            f"{name!r} is a group in {where}, --host is about one host",
            next_step=f"Name a host of it, or give --list or --graph with -l {name}. {inventory.names_told()}",
        )
    hint = did_you_mean(name, [each.name for each in inventory.hosts])
    return InventoryError(f"there is no host {name!r} in {where}{hint}", next_step=inventory.names_told())


def _tell_closed(hosts: Iterable[Host]) -> None:
    """Say which encrypted files were not opened, each once."""
    for fault in dict.fromkeys(fault for host in hosts for fault in host.sealed):
        say_warning(fault, "; its variables are not shown")


def _host(inventory: Inventory, name: str, extra: Mapping[str, Variable], *, explain: bool) -> str:
    """The variables of one host, as JSON or explained."""
    from ndrfix import inventory as reading

    found = inventory.find(name)
    if found is None:
        raise _no_host(inventory, name)
    if explain:
        return reading.explained(reading.explain(found, extra=extra))
    variables = reading.combine(found, extra=extra)
    shown = {key: reading.shown_value(variable.value, key) for key, variable in sorted(variables.items())}
    return json.dumps(shown, indent=4, ensure_ascii=False, default=str)
