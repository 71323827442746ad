"""Where the hosts of a measurement listen, and how to log on to them: written as inventories and read by peers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A host over plain HTTP with NTLM, which encrypts the messages."""

    name: str
    address: str
    port: int
    user: str
    password: str


def write_inventory(path: Path, hosts: Sequence[Reach]) -> None:
    """An inventory that ndrfix and Ansible read alike."""
    variables = {host.name: _variables(host) for host in hosts}
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"all": {"hosts": variables}}, sort_keys=False), encoding="utf-8")


def _variables(host: Reach) -> dict[str, str | int]:
    return {
        "ansible_connection": "psrp",
        "ansible_host": host.address,
        "ansible_port": host.port,
        "ansible_user": host.user,
        "ansible_password": host.password,
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "ntlm",
    }


def write_hosts(path: Path, hosts: Sequence[Reach]) -> None:
    """The same as JSON, for a peer that shall not pay for more than the standard library to read it."""
    path.touch(mode=0o600)
    path.write_text(json.dumps([asdict(host) for host in hosts]), encoding="utf-8")


def read_hosts(path: Path) -> list[Reach]:
    """What `write_hosts` wrote."""
    return [Reach(**host) for host in json.loads(path.read_text(encoding="utf-8"))]
