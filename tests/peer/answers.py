"""What Ansible says about inventories: a program for the peer's Python, which has ansible-core and no ndrfix.

Standard input is JSON: `passwords` (vault label → password) and `questions`, each with `sources`, `playbook_dir` (or
null), `patterns` and, if wanted, `limits`. Standard output is the list of answers: `hosts` in order, `groups`,
`variables` of each host, `patterns` and `limits` (hosts in order, or null for an error).
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret, VaultSecretsContext
from ansible.plugins.loader import init_plugin_loader
from ansible.vars.manager import VariableManager

# What Ansible adds to every host by itself.
ADDED = frozenset(
    {
        "ansible_check_mode",
        "ansible_config_file",
        "ansible_diff_mode",
        "ansible_facts",
        "ansible_forks",
        "ansible_inventory_sources",
        "ansible_limit",
        "ansible_playbook_python",
        "ansible_run_tags",
        "ansible_skip_tags",
        "ansible_verbosity",
        "ansible_version",
        "group_names",
        "groups",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "omit",
        "playbook_dir",
    }
)


def plain(value: Any) -> Any:
    """The value as JSON holds it, kinds that JSON lacks told apart."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return {"date": value.isoformat()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)


def variables(manager: VariableManager, host: Any) -> dict[str, Any]:
    """The variables of a host; a value that cannot be decrypted is `{"error": true}`."""
    found = manager.get_vars(host=host, include_hostvars=False, stage="all")
    answer = {}
    for name, value in found.items():
        if name not in ADDED:
            try:
                answer[name] = plain(value)
            except AnsibleError:
                answer[name] = {"error": True}
    return answer


def chosen(inventory: InventoryManager, pattern: str) -> list[str] | None:
    """The hosts of a pattern in Ansible's order, None if it ends in an error."""
    try:
        return [host.name for host in inventory.get_hosts(pattern)]
    except AnsibleError:
        return None


def limited(inventory: InventoryManager, limit: str) -> list[str] | None:
    """The hosts that a limit leaves."""
    inventory.subset(limit)
    found = chosen(inventory, "all")
    inventory.subset(None)
    return found


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """All that is asked of one inventory."""
    loader = DataLoader()
    loader.set_vault_secrets(VaultSecretsContext.current().secrets)
    if question["playbook_dir"]:
        loader.set_basedir(question["playbook_dir"])
    inventory = InventoryManager(loader=loader, sources=question["sources"])
    manager = VariableManager(loader=loader, inventory=inventory)
    manager.safe_basedir = bool(question["playbook_dir"])
    hosts = inventory.get_hosts("all")
    return {
        "hosts": [host.name for host in hosts],
        "groups": {
            name: {
                "hosts": [host.name for host in group.hosts],
                "children": [child.name for child in group.child_groups],
                "members": [host.name for host in group.get_hosts()],
                "depth": group.depth,
                "priority": group.priority,
            }
            for name, group in inventory.groups.items()
        },
        "variables": {host.name: variables(manager, host) for host in hosts},
        "patterns": {pattern: chosen(inventory, pattern) for pattern in question["patterns"]},
        "limits": {limit: limited(inventory, limit) for limit in question.get("limits", ())},
    }


def main() -> None:
    """Answer all questions."""
    context.CLIARGS = ImmutableDict(extra_vars=(), verbosity=0)
    init_plugin_loader()
    asked = json.load(sys.stdin)
    secrets = [(label, VaultSecret(password.encode())) for label, password in asked["passwords"].items()]
    VaultSecretsContext.initialize(VaultSecretsContext(secrets=secrets))
    json.dump([answer(question) for question in asked["questions"]], sys.stdout)


if __name__ == "__main__":
    main()
