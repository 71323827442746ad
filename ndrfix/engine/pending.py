"""Handlers that are still owed: an earlier run changed something and ended before the handler that it notified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ndrfix.engine.history import entries

Owed = Mapping[str, Mapping[str, str]]
"""host → handler → id of the run that left it owed."""


@dataclass(slots=True)
class _Ledger:
    """What one reading of the journals, oldest first, comes to."""

    owed: dict[str, dict[str, str]] = field(default_factory=dict)
    unsure: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def add(self, run_id: str, entry: Mapping[str, Any]) -> None:
        host, task = str(entry.get("host", "")), str(entry.get("task", ""))
        match entry.get("event"):
            case "intent":
                fresh = [name for name in entry.get("notify", ()) if name not in self.owed.get(host, {})]
                self.unsure[(host, task)] = tuple(fresh)
                for handler in fresh:
                    self.owed.setdefault(host, {})[handler] = run_id
            case "outcome":
                # The first outcome of an intent decides: refused means that nothing was written.
                fresh = list(self.unsure.pop((host, task), ()))
                if entry.get("status") == "drifted":
                    for handler in fresh:
                        self.owed.get(host, {}).pop(handler, None)
            case "handled":
                self.owed.get(host, {}).pop(str(entry.get("handler")), None)


def owed_handlers(runs: Path, playbook: str) -> Owed:
    """What the journals below a folder of runs leave owed for a playbook (its file name without suffix).

    An intent without an outcome counts: the change may have happened. A folder that does not exist owes nothing; a last
    line that was cut off by a crash is passed over.
    """
    ledger = _Ledger()
    journals = [(path, [entry for _, entry in entries(path)]) for path in runs.glob("*/journal.jsonl")]
    mine = [(path, told) for path, told in journals if told and told[0].get("playbook") == playbook]
    # Run ids of one minute do not sort by age: the first entry's time does, then the order in which they ended.
    for path, told in sorted(mine, key=lambda each: (str(each[1][0].get("time")), each[0].stat().st_mtime_ns)):
        for entry in told:
            ledger.add(path.parent.name, entry)
    return {host: handlers for host, handlers in ledger.owed.items() if handlers}
