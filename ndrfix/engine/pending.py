"""What earlier runs left undone: handlers that are still owed, and services whose restart broke off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ndrfix.engine.history import damaged, entries, is_of_client
from ndrfix.resources import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed to one host: `handlers` with the id of the run that left each; `broken` are the services that a run
    began to restart, of which it is not known that they came up again.
    """

    handlers: Mapping[str, str] = field(default_factory=dict)
    broken: frozenset[Service] = frozenset()


NO_DEBT = Debt()
Owed = Mapping[str, Debt]
"""host → what is owed to it."""


@dataclass(slots=True)
class _Account:
    """One host, as the journals, read oldest first, come to."""

    handlers: dict[str, str] = field(default_factory=dict)
    broken: set[Service] = field(default_factory=set)
    fresh: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def intent(self, run_id: str, entry: Mapping[str, Any]) -> None:
        names = [str(name) for name in entry.get("notify", ()) if name not in self.handlers]
        self.fresh[str(entry["task"])] = tuple(names)
        self.handlers |= dict.fromkeys(names, run_id)
        self.broken |= {Service(item["resource"]["name"]) for item in entry["items"] if item.get("action") == "restart"}

    def outcome(self, entry: Mapping[str, Any]) -> None:
        """The first outcome of an intent decides: refused means that nothing was written."""
        names = self.fresh.pop(str(entry["task"]), ())
        if entry["status"] == "drifted":
            for name in names:
                self.handlers.pop(name, None)
        if entry["status"] != "failed" and entry["resource"]["kind"] == "service":
            self.broken.discard(Service(entry["resource"]["name"]))


def owed_handlers(runs: Path, playbook: str, client: str | None = None) -> Owed:
    """What the journals below a folder of runs leave owed for a playbook (its file name without suffix). Hosts of two
    clients may have one name: where the folder holds runs for several, only those for `client` count.

    An intent without an outcome counts: the change may have happened. A folder that does not exist owes nothing.

    Raises:
        InputError: a journal cannot be read or understood.
    """
    accounts: dict[str, _Account] = {}
    found = (path for path in runs.glob("*/journal.jsonl") if path.is_file())
    paths = [path for path in found if is_of_client(path, client)]
    journals = [(path, list(entries(path))) for path in paths]
    mine = [(path, told) for path, told in journals if told and told[0][1].get("playbook") == playbook]
    # Run ids of one minute do not sort by age: the first entry's time does, then the order in which they ended.
    for path, told in sorted(mine, key=lambda each: (str(each[1][0][1].get("time")), each[0].stat().st_mtime_ns)):
        for line, entry in told:
            try:
                _note(accounts, path.parent.name, entry)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise damaged(path, line, error) from error
    debts = {host: Debt(handlers=each.handlers, broken=frozenset(each.broken)) for host, each in accounts.items()}
    return {host: debt for host, debt in debts.items() if debt.handlers or debt.broken}


def _note(accounts: dict[str, _Account], run_id: str, entry: Mapping[str, Any]) -> None:
    account = accounts.setdefault(str(entry.get("host", "")), _Account())
    match entry["event"]:
        case "intent":
            account.intent(run_id, entry)
        case "outcome":
            account.outcome(entry)
        case "handled":
            account.handlers.pop(str(entry["handler"]), None)
