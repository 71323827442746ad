"""What playbooks come to on recorded hosts: plans that are made offline, as rules see saved ones."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ndrfix.connections.simulated import Simulation
from ndrfix.engine.fleet import Fleet
from ndrfix.engine.preparation import hosts_of, prepare
from ndrfix.engine.result import RunContext
from ndrfix.engine.run import Run, result_of
from ndrfix.engine.selection import Selection
from ndrfix.errors import InputError
from ndrfix.inventory import Inventory, Variable
from ndrfix.lint.playbooks import CATALOGUE
from ndrfix.place import Place
from ndrfix.playbook import Playbook
from ndrfix.report.document import document
from ndrfix.report.schema import RunDocument
from ndrfix.secrets import Masker

_SIMULATED = Variable(value="simulated", place=Place(file="--hosts"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Hosts of an inventory as a file of simulated hosts describes them; what else the inventory has is left out."""

    inventory: Inventory
    hosts: Path

    def plan(self, playbook: Playbook, shown: str) -> RunDocument:
        """The plan of a playbook on these hosts, each as recorded.

        Raises:
            InputError: it is for none of them; something in it is wrong for one; or the file of hosts is faulty.
        """
        simulation = Simulation.load(self.hosts)
        limit = ",".join(self._meant(playbook, simulation))
        if not limit:
            raise InputError(f"none of its hosts is in {self.hosts}")
        extra = {"ansible_connection": _SIMULATED}
        selection = Selection(limit=limit, extra=extra, environment=os.environ)
        prepared = prepare(playbook, self.inventory, CATALOGUE, selection, {})
        context = RunContext(run_id="lint", started="1970-01-01T00:00:00Z", playbook=shown)
        run = Run(
            context=context,
            fleet=Fleet(forks=1),
            connect=lambda host: simulation.host(prepared.access.settings[host].simulated_host or host).connect(),
            clock=time.monotonic,
        )
        plan = run.plan(prepared.jobs)
        masker = Masker()
        for secret in (*prepared.secrets, *plan.secrets):
            masker.add(secret)
        return RunDocument.model_validate_json(document(result_of(plan, 0.0), masker))

    def _meant(self, playbook: Playbook, simulation: Simulation) -> Iterator[str]:
        """The recorded hosts that a play is for."""
        recorded = {name.casefold() for name in simulation.names}
        meant = {host.name for play in playbook.plays for host in hosts_of(play, self.inventory, None)}
        for host in self.inventory.hosts:
            named = host.variables.get("ndrfix_simulated_host")
            name = str(named.value) if named is not None else host.name
            if host.name in meant and name.casefold() in recorded:
                yield host.name
