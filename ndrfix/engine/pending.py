"""What earlier runs left undone: handlers that are still owed, services whose restart broke off, and where work on a
queue may have been left half done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ndrfix.engine.damage import Damages
from ndrfix.engine.history import damaged, entries, first_entry, read_each
from ndrfix.errors import InputError
from ndrfix.resources import Service, ServiceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed to one host: `handlers` with the id of the run that left each; `broken` are the services that a run
    began to restart, of which it is not known that they came up again.

    `started` are, by handler, the services that were started after the change for which it is owed, each with the id of
    the run that did: any run, be it of this playbook, an undo, or what finished it.

    `elsewhere` are the folders of quarantines, not beside the queue, that any run worked in.
    """

    handlers: Mapping[str, str] = field(default_factory=dict)
    broken: frozenset[Service] = frozenset()
    started: Mapping[str, Mapping[Service, str]] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()

    def started_by(self, handler: str, services: Sequence[Service]) -> str:
        """The run that started these services after the change for which the handler is owed; empty when not all were
        started.
        """
        runs = [self.started.get(handler, {}).get(service, "") for service in services]
        return runs[0] if runs and all(runs) else ""


NO_DEBT = Debt()
BEFORE = -1
"""The number, among those of a run's tasks, of one that notified a handler in an earlier run."""
_UP = ServiceStatus.RUNNING.value
Owed = Mapping[str, Debt]
"""host → what is owed to it."""


@dataclass(slots=True)
class _Account:
    """One host, as the journals, read oldest first, come to."""

    handlers: dict[str, str] = field(default_factory=dict)
    broken: set[Service] = field(default_factory=set)
    fresh: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notified: dict[str, tuple[str, str]] = field(default_factory=dict)
    started: dict[str, dict[Service, str]] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)
    elsewhere: dict[str, None] = field(default_factory=dict)

    @property
    def debt(self) -> Debt:
        """What it comes to."""
        return Debt(
            handlers=self.handlers,
            broken=frozenset(self.broken),
            started=self.started,
            elsewhere=tuple(self.elsewhere),
        )

    def worked(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Note the folders of quarantines that items are about to be sent to."""
        for item in items:
            resource = item["quarantine"] if "move" in item else item["resource"]
            if resource["kind"] == "quarantine" and "path" in resource["folder"]:
                self.elsewhere[str(resource["folder"]["path"])] = None

    def intent(self, run_id: str, entry: Mapping[str, Any]) -> None:
        for name in entry.get("notify", ()):  # what was started before this change does not count for it
            self.notified[str(name)] = (run_id, str(entry["task"]))
            self.started[str(name)] = {}
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

    def start(self, run_id: str, entry: Mapping[str, Any]) -> None:
        """Outcomes come in the order of the intent's items."""
        item = self.waiting.pop(0) if self.waiting and self.waiting[0]["resource"] == entry["resource"] else {}
        if entry["status"] != "done" or not _starts(item):
            return
        service = Service(entry["resource"]["name"])
        for name in self.handlers:
            if self.notified.get(name) != (run_id, str(entry["task"])):
                self.started.setdefault(name, {})[service] = run_id

    def handled(self, handler: str) -> None:
        self.handlers.pop(handler, None)
        self.started.pop(handler, None)


def _starts(item: Mapping[str, Any]) -> bool:
    """Whether an item on record starts a service."""
    if item.get("action") == "restart":
        return True
    states = (item.get(when) or {} for when in ("before", "after"))
    before, after = (state.get("status") for state in states)
    return item.get("change") == "state" and item["resource"]["kind"] == "service" and after == _UP != before


def owed_handlers(
    runs: Path, playbook: str, clients: Collection[str] | None = None, damages: Damages | None = None
) -> Owed:
    """What the journals below a folder of runs leave owed for a playbook (its file name without suffix), and for any
    that works on a queue. Hosts of two clients may have one name: only runs for `clients`, the names of one, count
    (None: all).

    An intent without an outcome counts: the change may have happened. A folder that does not exist owes nothing. What
    is done about a damaged journal is as in `read_each`; what it tells before its damage may count.

    Raises:
        InputError: a journal cannot be read or understood, and there are no `damages` to add it to.
    """
    accounts: dict[str, _Account] = {}
    journals = [(path, head) for path, head in read_each(runs, clients, damages, first_entry) if head]
    # Run ids of one minute do not sort by age: the first entry's time does, then the order in which they ended.
    for path, head in sorted(journals, key=lambda each: (str(each[1].get("time")), each[0].stat().st_mtime_ns)):
        try:
            _read(accounts, path, mine=head.get("playbook") == playbook)
        except InputError as fault:
            if damages is None:
                raise
            damages.add(path, fault)
    debts = {host: account.debt for host, account in accounts.items()}
    return {host: debt for host, debt in debts.items() if debt.handlers or debt.broken or debt.elsewhere}


def _read(accounts: dict[str, _Account], path: Path, *, mine: bool) -> None:
    """Take in a journal, entry by entry.

    Raises:
        InputError: it cannot be understood; what it tells before has been taken in.
    """
    for line, entry in entries(path):
        try:
            _note(accounts, path.parent.name, entry, mine=mine)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, line, error) from error


def _note(accounts: dict[str, _Account], run_id: str, entry: Mapping[str, Any], *, mine: bool) -> None:
    """Take in one entry; of the runs of other playbooks only which services they started, and where they worked."""
    account = accounts.setdefault(str(entry.get("host", "")), _Account())
    match entry["event"]:
        case "intent":
            account.waiting = list(entry["items"])
            account.worked(account.waiting)
            if mine:
                account.intent(run_id, entry)
        case "outcome":
            if mine:
                account.outcome(entry)
            account.start(run_id, entry)
        case "handled" if mine:
            account.handled(str(entry["handler"]))
