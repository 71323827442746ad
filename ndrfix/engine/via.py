r"""Management hosts: which ones a run goes through (`ndrfix_via`), and what cannot work that way, before anything is
connected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ndrfix.engine.binding import distinct
from ndrfix.errors import InputError, InventoryError, SealedError, did_you_mean
from ndrfix.inventory import ConnectionKind, ConnectionSettings, Host, Inventory
from ndrfix.place import Place

# What may stand between the backslashes of \\HOST\C$: a name or an IPv4 address.
_MACHINE = re.compile(r"""[^\\/:*?"<>|\s]+""")


def with_management_hosts(
    settings: Mapping[str, ConnectionSettings],
    inventory: Inventory,
    place_of: Callable[[str, str], Place | None],
    reach: Callable[[Host], ConnectionSettings],
) -> tuple[dict[str, ConnectionSettings], dict[str, InputError]]:
    """The settings, and those of every management host that one of them names; and the hosts whose management host has
    none, because something encrypted does not open.

    Args:
        settings: Those of the hosts of a run, by inventory name.
        inventory: Where management hosts are found.
        place_of: Where a host's variable was written.
        reach: Gives the settings of a host.

    Raises:
        InputError: a management host that does not exist or cannot be one; a target that cannot be reached through it.
            Faults of all hosts are collected.
    """
    found = dict(settings)
    closed: dict[str, InputError] = {}
    faults: list[InputError] = []
    for name, target in settings.items():
        if target.via is None:
            continue
        try:
            host = _management_host(target, inventory, place_of(name, "ndrfix_via"))
            if host.name not in found:
                found[host.name] = _reached(host, reach)
            for fault in _faults(target, found[host.name], partial(place_of, name)):
                raise fault
            if found[host.name].connection is ConnectionKind.SIMULATED and host.name not in settings:
                del found[host.name]  # a simulated target is there without it
        except InputError as error:
            if error.of_host:
                closed[name] = error
            else:
                faults.append(error)
    if faults:
        raise distinct(faults)
    return found, closed


def _reached(host: Host, reach: Callable[[Host], ConnectionSettings]) -> ConnectionSettings:
    try:
        return reach(host)
    except SealedError as error:
        raise error.of(f"its management host {host.name}") from error


def _management_host(target: ConnectionSettings, inventory: Inventory, place: Place | None) -> Host:
    name = target.via or ""
    if name == target.inventory_name:
        raise InventoryError(
            f"{name}: ndrfix_via names the host itself",
            place=place,
            next_step="Name the management host, and let no group give ndrfix_via to the management host itself.",
        )
    host = inventory.find(name)
    if host is None:
        hint = did_you_mean(name, (each.name for each in inventory.hosts))
        raise InventoryError(
            f"{target.inventory_name}: ndrfix_via {name!r} is no host of the inventory{hint}",
            place=place,
            next_step="A management host is a host of the inventory, with connection variables of its own.",
        )
    return host


def _faults(
    target: ConnectionSettings, through: ConnectionSettings, place_of: Callable[[str], Place | None]
) -> Iterator[InventoryError]:
    def fault(variable: str, what: str, step: str) -> InventoryError:
        return InventoryError(f"{target.inventory_name}: {what}", place=place_of(variable), next_step=step)

    if through.via:
        yield fault(
            "ndrfix_via",
            f"the management host {through.inventory_name} has an ndrfix_via itself ({through.via})",
            "One host in between is all there can be: name the last one, and give it no ndrfix_via.",
        )
    if through.connection is not target.connection:
        yield fault(
            "ndrfix_via",
            f"{target.inventory_name} is {target.connection}, its management host {through.inventory_name} is "
            f"{through.connection}: they must be both simulated or both real",
            "Give both the same ansible_connection, or remove ndrfix_via.",
        )
    if not _MACHINE.fullmatch(target.host):
        yield fault(
            "ansible_host",
            rf"{target.host!r} cannot stand in \\HOST: a management host needs a computer name or an IPv4 address",
            "Set ansible_host to one as the management host knows it.",
        )
    if (target.user is None) == target.has_password:
        known, lacking = ("user", "password") if target.user is not None else ("password", "user")
        yield fault(
            f"ansible_{known}",
            f"ansible_{known} without ansible_{lacking}: behind a management host they are for \\\\{target.host}, "
            "and -u and -k do not fill them in",
            "Give both, or neither (an empty one counts as not given): then the session's own identity is used.",
        )
