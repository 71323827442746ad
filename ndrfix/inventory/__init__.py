"""Who is worked on: hosts, groups, variables and host patterns, loaded from Ansible-style YAML inventories."""

from ndrfix.encrypted import Decrypt, refuse_vaulted
from ndrfix.inventory.explanation import Explanation, Given, explain, explained
from ndrfix.inventory.listing import graph, listing, shown_value
from ndrfix.inventory.loading import load_inventory
from ndrfix.inventory.model import Group, Host, Inventory, Layer, Variable, secrets_in
from ndrfix.inventory.patterns import narrowed, select
from ndrfix.inventory.settings import (
    Authentication,
    ConnectionKind,
    ConnectionSettings,
    CredsspMechanism,
    KeyringEntry,
    MessageEncryption,
    Protocol,
    connection_aliases,
)
from ndrfix.inventory.sources import own_inventories
from ndrfix.inventory.variables import (
    combine,
    has_jinja,
    load_variables,
    parse_extra_vars,
    variables_of,
)

__all__ = [
    "Authentication",
    "ConnectionKind",
    "ConnectionSettings",
    "CredsspMechanism",
    "Decrypt",
    "Explanation",
    "Given",
    "Group",
    "Host",
    "Inventory",
    "KeyringEntry",
    "Layer",
    "MessageEncryption",
    "Protocol",
    "Variable",
    "combine",
    "connection_aliases",
    "explain",
    "explained",
    "graph",
    "has_jinja",
    "listing",
    "load_inventory",
    "load_variables",
    "narrowed",
    "own_inventories",
    "parse_extra_vars",
    "refuse_vaulted",
    "secrets_in",
    "select",
    "shown_value",
    "variables_of",
]
