"""The consultant's side of a campaign: `reverse-ndr` planned and applied over the ground as by the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ndrfix.cli.job import PlaybookJob
from ndrfix.cli.request import Request
from ndrfix.engine.history import HostHistory, read_history
from ndrfix.engine.pending import owed_handlers
from ndrfix.engine.result import HostResult, RunResult
from tests.campaign.ground import Ground, Route

Limits = Mapping[str, int | float]
# Small enough that no test waits long, and larger than any pause of a busy computer without faults.
LIMITS: Limits = {
    "ansible_psrp_connection_timeout": 10,
    "ansible_psrp_operation_timeout": 2,
    "ansible_psrp_read_timeout": 4,
    "ansible_psrp_reconnection_backoff": 0.1,
}


@dataclass(frozen=True, slots=True)
class Post:
    """A host of a field: how it is reached, and the limits of that."""

    route: Route
    limits: Limits = field(default_factory=lambda: LIMITS)


@dataclass(slots=True)
class Field:
    """Hosts of these names in an inventory, served by the ground. `folder` holds the inventory and the runs."""

    ground: Ground
    folder: Path
    posts: Mapping[str, Post]
    forks: int

    def __post_init__(self) -> None:
        reached = self.ground.serve({name: post.route for name, post in self.posts.items()})
        hosts: dict[str, dict[str, str | int | float]] = {name: {**each} for name, each in reached.items()}
        for name, post in self.posts.items():
            # Limits belong to what ndrfix speaks with: the management host, if there is one.
            hosts[str(hosts[name].get("ndrfix_via", name))].update(post.limits)
            hosts[name]["ndrfix_computer_name"] = name.upper()
        (self.folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))

    def job(self, names: Iterable[str]) -> PlaybookJob:
        """`reverse-ndr` over some of the hosts, but for the queue, whose faults have a campaign of their own; what
        earlier runs left owed is taken in.
        """
        limit = self.folder / "limit.txt"
        limit.write_text("\n".join(names))
        inventory = str(self.folder / "inventory.yml")
        return PlaybookJob(
            Request(
                playbook="reverse-ndr",
                inventories=(inventory,),
                limit=f"@{limit}",
                forks=self.forks,
                skip_tags=("queue",),
            )
        )

    def owed(self) -> frozenset[str]:
        """The hosts to which a handler or a restart is owed."""
        return frozenset(owed_handlers(self.folder / "runs", "reverse-ndr"))


def by_host(result: RunResult) -> dict[str, HostResult]:
    """The results of the one play, by host."""
    return {host.host: host for host in result.plays[0].hosts}


def histories(result: RunResult) -> dict[str, HostHistory]:
    """What the journal of an apply says, by host."""
    return {history.host: history for history in read_history(Path(result.folder))}


def sockets() -> int:
    """How many sockets this process has open; 0 where the system does not tell."""
    count = 0
    for link in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            count += str(link.readlink()).startswith("socket:")
    return count
