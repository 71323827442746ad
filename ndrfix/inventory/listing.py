"""The inventory shown: as a tree of groups, and as the document that `ansible-inventory --list` prints."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from ndrfix.inventory.model import ALL, Group, Inventory, Variable
from ndrfix.secret_names import is_secret_name
from ndrfix.secrets import MASK, Secret
from ndrfix.source import Vaulted

ENCRYPTED = "<vaulted>"


def graph(inventory: Inventory) -> str:
    """Return the groups and hosts as a tree of text, as `ansible-inventory --graph` draws it, in file order."""
    return "\n".join(_branches(inventory, inventory.groups[ALL], 0)) + "\n"


def _branches(inventory: Inventory, group: Group, depth: int) -> Iterator[str]:
    yield _branch(f"@{group.name}:", depth)
    for child in _children(group):
        yield from _branches(inventory, inventory.groups[child], depth + 1)
    if group.name != ALL:
        yield from (_branch(name, depth + 1) for name in group.hosts)


def _children(group: Group) -> tuple[str, ...]:
    """Return the children, `ungrouped` first."""
    return tuple(sorted(group.children, key=lambda name: name != "ungrouped"))


def _branch(text: str, depth: int) -> str:
    return f"{'  |' * depth}--{text}" if depth else text


def listing(inventory: Inventory) -> dict[str, Any]:
    """Return groups and host variables in the form of `ansible-inventory --list`, ready for JSON.

    Passwords are masked, encrypted values are `<vaulted>`; groups without members are left out.
    """
    document: dict[str, Any] = {
        "_meta": {"hostvars": {host.name: _shown(host.variables) for host in inventory.hosts if host.variables}}
    }
    for group in inventory.groups.values():
        entry: dict[str, list[str]] = {}
        if group.children:
            entry["children"] = list(_children(group))
        if group.hosts and group.name != ALL:
            entry["hosts"] = list(group.hosts)
        if entry:
            document[group.name] = entry
    return document


def _shown(variables: Mapping[str, Variable]) -> dict[str, Any]:
    return {name: shown_value(variable.value, name) for name, variable in variables.items()}


def shown_value(value: object, name: str) -> Any:
    """Return a variable's value as JSON can hold it, masked where the name or the value says that it is a secret."""
    if isinstance(value, Mapping):
        return {str(key): shown_value(each, str(key)) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown_value(each, name) for each in value]
    if isinstance(value, Vaulted):
        return ENCRYPTED
    if isinstance(value, Secret) or (isinstance(value, str) and is_secret_name(name)):
        return MASK
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value
