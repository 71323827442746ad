"""ndrfix: Ansible-style remediation playbooks for Microsoft Exchange 5.5 hosts.

The public names are those of `__all__`; everything else may change. They are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress
    from ndrfix.connections.simulated import SimulatedHost, Simulation
    from ndrfix.errors import (
        FarSideError,
        HostError,
        InputError,
        InventoryError,
        NdrfixError,
        PlaybookError,
        TemplateError,
        UnreachableError,
        UsageError,
    )
    from ndrfix.inventory import Inventory, load_inventory
    from ndrfix.secrets import Secret

__version__ = "0.1.0"

_HOMES = {
    "Connection": "ndrfix.connections.base",
    "FarSideError": "ndrfix.errors",
    "HostError": "ndrfix.errors",
    "InputError": "ndrfix.errors",
    "Inventory": "ndrfix.inventory",
    "InventoryError": "ndrfix.errors",
    "NdrfixError": "ndrfix.errors",
    "Outcome": "ndrfix.connections.base",
    "OutcomeStatus": "ndrfix.connections.base",
    "PlaybookError": "ndrfix.errors",
    "Progress": "ndrfix.connections.base",
    "Secret": "ndrfix.secrets",
    "SimulatedHost": "ndrfix.connections.simulated",
    "Simulation": "ndrfix.connections.simulated",
    "TemplateError": "ndrfix.errors",
    "UnreachableError": "ndrfix.errors",
    "UsageError": "ndrfix.errors",
    "load_inventory": "ndrfix.inventory",
}

__all__ = [
    "Connection",
    "FarSideError",
    "HostError",
    "InputError",
    "Inventory",
    "InventoryError",
    "NdrfixError",
    "Outcome",
    "OutcomeStatus",
    "PlaybookError",
    "Progress",
    "Secret",
    "SimulatedHost",
    "Simulation",
    "TemplateError",
    "UnreachableError",
    "UsageError",
    "__version__",
    "load_inventory",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ndrfix' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
