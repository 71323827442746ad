"""What a run did, as its journal tells it: the changes that were made on each host, and the services that it
restarted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ndrfix.engine.records import change_of
from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.resources import Change, Service

Entry = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class HostHistory:
    """One host in a run.

    `computer` is the name that answered; `changes` were made and read back, oldest first; `unsure` were sent, and no
    outcome is known; `hidden` counts changes whose values `no_log` kept out of the journal; `restarted` in order,
    each once.
    """

    host: str
    computer: str = ""
    changes: list[Change] = field(default_factory=list)
    unsure: list[Change] = field(default_factory=list)
    hidden: int = 0
    restarted: list[Service] = field(default_factory=list)


def read_history(folder: Path) -> tuple[HostHistory, ...]:
    """What the run in a folder did, host by host, in the order in which they were met.

    Raises:
        InputError: there is no journal, or it is not one that ndrfix wrote.
    """
    path = folder / "journal.jsonl"
    if not path.is_file():
        raise InputError(
            f"there is no run in {folder}: journal.jsonl is missing",
            next_step="Name the run's folder, as the end of an apply shows it (runs/<run id> beside the inventory).",
        )
    hosts: dict[str, HostHistory] = {}
    waiting: dict[str, list[Entry]] = {}
    for line, entry in entries(path):
        try:
            _note(entry, hosts, waiting)
        except (KeyError, TypeError, ValueError) as error:
            place = Place(file=str(path), line=line)
            raise InputError(f"the journal cannot be understood: {error}", place=place) from error
    for host, items in waiting.items():
        hosts[host].unsure += [change_of(item) for item in items if item.get("change") == "state"]
    return tuple(hosts.values())


def entries(path: Path) -> Iterator[tuple[int, Entry]]:
    """The entries of a journal with their lines, counted from 1; a last line that a crash cut off is passed over."""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield number, entry


def _note(entry: Entry, hosts: dict[str, HostHistory], waiting: dict[str, list[Entry]]) -> None:
    host = str(entry.get("host", ""))
    match entry["event"]:
        case "met":
            hosts.setdefault(host, HostHistory(host=host)).computer = entry["computer"]
        case "intent":
            waiting[host] = list(entry["items"])
        case "outcome":
            _settle(entry, hosts[host], waiting.get(host, []))


def _settle(outcome: Entry, history: HostHistory, waiting: list[Entry]) -> None:
    """Outcomes come in the order of the intent's items; the first that was not carried out ends it."""
    item = waiting.pop(0) if waiting and waiting[0]["resource"] == outcome["resource"] else None
    if outcome["status"] != "done":
        waiting.clear()
    if item is None or outcome["status"] != "done":
        return
    if "action" in item:
        service = Service(item["resource"]["name"])
        history.restarted += [service] if service not in history.restarted else []
    elif item["change"] == "state":
        history.changes.append(change_of(item))
    else:
        history.hidden += 1
