"""An inventory and what lies beside it, as rules see them: variables files, client file, simulated hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndrfix.errors import InputError
from ndrfix.lint.document import Document
from ndrfix.source import Entry, List, Map, Node

if TYPE_CHECKING:
    from ndrfix.inventory import Inventory

_FOLDERS = frozenset({"group_vars", "host_vars"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryView:
    """An inventory file; `inventory` is None when it is faulty."""

    document: Document
    inventory: Inventory | None
    faults: tuple[InputError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesView:
    """A file of `group_vars`, `host_vars` or `vars`; `beside` are the others for the same group or host."""

    document: Document
    faults: tuple[InputError, ...]
    beside: tuple[Document, ...] = ()


def read_inventory(document: Document) -> InventoryView:
    """The view of an inventory file, with the variables files beside it taken into account."""
    from ndrfix.inventory import load_inventory

    if document.faults:
        return InventoryView(document=document, inventory=None, faults=document.faults)
    try:
        inventory = load_inventory([document.path])
    except InputError as error:
        return InventoryView(document=document, inventory=None, faults=(error, *error.others))
    return InventoryView(document=document, inventory=inventory, faults=())


def read_variables(document: Document, others: Iterable[Document] = ()) -> VariablesView:
    """The view of a variables file; of the others it is seen beside those in its folder, if that is of one group or
    host (`group_vars/exchange/`).
    """
    folder = document.path.parent
    one = folder.parent.name.casefold() in _FOLDERS
    beside = tuple(each for each in others if one and each is not document and each.path.parent == folder)
    return VariablesView(document=document, faults=document.faults, beside=beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """A `client.yml`."""

    document: Document
    faults: tuple[InputError, ...]


def read_client(document: Document) -> ClientView:
    """The view of a client file."""
    from ndrfix.client import load_client

    faults = document.faults
    try:
        if not faults:
            load_client(document.path.parent)
    except InputError as error:
        faults = (error, *error.others)
    return ClientView(document=document, faults=faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationView:
    """A file of simulated hosts."""

    document: Document
    faults: tuple[InputError, ...]


def read_simulation(document: Document) -> SimulationView:
    """The view of a file of simulated hosts."""
    from ndrfix.connections.simulation_file import parse

    faults = document.faults
    try:
        if not faults:
            parse(document.text, document.shown)
    except InputError as error:
        faults = (error, *error.others)
    return SimulationView(document=document, faults=faults)


def definitions(node: Node | None) -> Iterator[Entry]:
    """Every key with its value in a document, however deep."""
    if isinstance(node, Map):
        for entry in node.entries:
            yield entry
            yield from definitions(entry.value)
    elif isinstance(node, List):
        for item in node.items:
            yield from definitions(item)
