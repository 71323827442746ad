"""What a run did, as its journal tells it: the changes that were made on each host, and the services that it
restarted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ndrfix.engine.damage import Damages
from ndrfix.engine.records import change_of, not_opened, opened_record, quarantine_of
from ndrfix.engine.removal import Removal, is_removal, removal_of
from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.resources import Change, Quarantine, Resource, Service

Entry = dict[str, Any]
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class HostHistory:
    """One host in a run.

    `computer` is the name that answered. `changes` were made and read back, oldest first, those of items that failed
    half way too; of `unsure` ones no outcome is known. `hidden` counts changes whose values the journal does not hold,
    or holds sealed with a key that is not here (`locked` tells of such); those of `veiled` resources were sealed.
    `restarted` services are up again; of `broken` ones the run stopped or restarted, that is not known. In the
    quarantines `quarantined` lie messages that it took, or may have taken, out of the queue; `quarantines` are all that
    it worked on, `lost` what it removed of any, `returned` those from which it put messages back. `mail` counts the
    messages besides reports that it took into each and did not remove as a whole.
    """

    host: str
    computer: str = ""
    changes: list[Change] = field(default_factory=list)
    unsure: list[Change] = field(default_factory=list)
    hidden: int = 0
    locked: bool = False
    veiled: set[Resource] = field(default_factory=set)
    restarted: list[Service] = field(default_factory=list)
    broken: list[Service] = field(default_factory=list)
    quarantined: list[Quarantine] = field(default_factory=list)
    quarantines: list[Quarantine] = field(default_factory=list)
    lost: list[Removal] = field(default_factory=list)
    returned: list[Quarantine] = field(default_factory=list)
    mail: Counter[Quarantine] = field(default_factory=Counter)

    @property
    def empty(self) -> bool:
        """Whether the run did nothing to the host."""
        done = (self.changes, self.unsure, self.restarted, self.broken, self.quarantined, self.lost)
        return not self.hidden and not any(done)


def every_task(_name: str) -> bool:
    """For whom no task is left out."""
    return True


def read_history(
    folder: Path,
    wanted: Callable[[str], bool] = every_task,
    *,
    unseal: Callable[[str], str | None] = not_opened,
) -> tuple[HostHistory, ...]:
    """What the run in a folder did by the tasks that are `wanted`, host by host, in the order in which they were met.
    `unseal` opens what was sealed.

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
    run = folder.resolve().name
    for line, entry in entries(path):
        try:
            if entry["event"] == "met" or wanted(str(entry.get("task", ""))):
                _note(_opened(entry, unseal), hosts, waiting, run)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, line, error) from error
    for host, items in waiting.items():
        for item in items:
            _unsettled(item, hosts[host], run)
    return tuple(hosts.values())


def tasks_of_run(folder: Path) -> tuple[str, ...]:
    """The names of the tasks by which the run in a folder set out to change something, each once, in order.

    Raises:
        InputError: the journal cannot be read or understood.
    """
    told = (entry for _, entry in entries(folder / "journal.jsonl") if entry.get("event") == "intent")
    return tuple(dict.fromkeys(str(entry.get("task", "")) for entry in told))


def _is_of(path: Path, clients: Collection[str] | None) -> bool:
    """Whether the run with this journal was for one of these clients; the empty name is nobody's. None: for anyone.

    Raises:
        InputError: the journal cannot be read, or its first line is not JSON.
    """
    return clients is None or first_entry(path).get("client", "") in clients


def first_entry(path: Path) -> Entry:
    """What a journal begins with; nothing for an empty one.

    Raises:
        InputError: the journal cannot be read, or its first line is not JSON.
    """
    _, head = next(entries(path), (1, {}))
    return head


def read_each(
    runs: Path, clients: Collection[str] | None, damages: Damages | None, read: Callable[[Path], T]
) -> tuple[tuple[Path, T], ...]:
    """The journals below a folder of runs, read one by one, by their paths: those for the clients of these names
    (None: for anyone). One that cannot be understood is passed over and added to `damages`.

    Raises:
        InputError: a journal cannot be read or understood, and there are no `damages` to add it to.
    """
    found: list[tuple[Path, T]] = []
    for path in sorted(runs.glob("*/journal.jsonl")):
        try:
            if path.is_file() and _is_of(path, clients):
                found.append((path, read(path)))
        except InputError as error:
            if damages is None:
                raise
            damages.add(path, error)
    return tuple(found)


def histories_of(
    runs: Path, clients: Collection[str] | None, damages: Damages | None
) -> tuple[tuple[Path, tuple[HostHistory, ...]], ...]:
    """What every run below a folder of runs did; as `read_each` has it."""
    return read_each(runs, clients, damages, lambda path: read_history(path.parent))


def removals(
    runs: Path, clients: Collection[str] | None = None, damages: Damages | None = None
) -> dict[str, list[Removal]]:
    """What the runs below a folder of runs removed of quarantines on each host; whose journals are read, and what of a
    damaged one, is as in `read_each`.
    """
    found: dict[str, list[Removal]] = {}
    for _, histories in histories_of(runs, clients, damages):
        for history in histories:
            found.setdefault(history.host, []).extend(history.lost)
    return found


def entries(path: Path) -> Iterator[tuple[int, Entry]]:
    """The entries of a journal with their lines, counted from 1; a last line that a crash cut off is passed over.

    Raises:
        InputError: the file cannot be read, or a line before the last is not JSON.
    """
    try:
        with path.open("rb") as lines:  # one by one: a journal may be long, and often its first line will do
            for number, line in enumerate(lines, start=1):
                entry = _entry(path, number, line)
                if entry is not None:
                    yield number, entry
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", next_step=_ASIDE) from error


def _entry(path: Path, number: int, line: bytes) -> Entry | None:
    """The entry in a line; None where there is none, or a crash cut it off."""
    if not line.strip():
        return None
    try:
        entry = json.loads(line.decode("utf-8", errors="replace"))
    except ValueError as error:
        if not line.endswith(b"\n"):
            return None
        raise damaged(path, number, error) from error
    if not isinstance(entry, dict):
        raise damaged(path, number, ValueError("not an entry"))
    return entry


_ASIDE = "Look at the run's folder; move it out of the folder of runs when it is of no use any more."


def damaged(path: Path, line: int, error: Exception) -> InputError:
    """The error for a journal that cannot be understood."""
    return InputError(
        f"the journal cannot be understood: {error}", place=Place(file=str(path), line=line), next_step=_ASIDE
    )


def _opened(entry: Entry, unseal: Callable[[str], str | None]) -> Entry:
    """The entry, with the values that are sealed in it or in its items."""
    if entry["event"] == "intent":
        return entry | {"items": [opened_record(item, unseal) for item in entry["items"]]}
    return opened_record(entry, unseal) if entry["event"] == "outcome" else entry


def _note(entry: Entry, hosts: dict[str, HostHistory], waiting: dict[str, list[Entry]], run: str) -> None:
    host = str(entry.get("host", ""))
    match entry["event"]:
        case "met":
            hosts.setdefault(host, HostHistory(host=host)).computer = entry["computer"]
        case "intent":
            for item in waiting.pop(host, []):
                _unsettled(item, hosts[host], run)
            waiting[host] = list(entry["items"])
            for item in entry["items"]:
                _quarantined(item, hosts[host], run)
        case "outcome":
            _settle(entry, hosts[host], waiting.get(host, []), run)


def _settle(outcome: Entry, history: HostHistory, waiting: list[Entry], run: str) -> None:
    """Outcomes come in the order of the intent's items; the first that was not carried out ends it."""
    item = waiting.pop(0) if waiting and waiting[0]["resource"] == outcome["resource"] else None
    if outcome["status"] != "done":
        waiting.clear()
    if item is None or outcome["status"] == "drifted":
        return
    _removed(item, outcome, history, run)
    if "move" in item:
        _took(item, outcome, history)
    if not _counts(item):
        return
    if outcome["status"] == "failed":
        _half_done(item, outcome, history)
    elif "action" in item:
        _restarted(item, history, history.restarted)
    elif item["change"] == "state":
        history.changes.append(_change(item, history))
    else:
        _not_known(item, history)


def _half_done(item: Entry, outcome: Entry, history: HostHistory) -> None:
    """An item that failed may have changed something: what was read before and after tells."""
    if "action" in item:
        _restarted(item, history, history.broken)
    elif item["change"] != "state":
        _not_known(item, history)
    elif "before" not in outcome or outcome.get("after", {}).get("state") == "unreadable":
        history.unsure.append(_change(item, history))
    elif outcome.get("after", outcome["before"]) != outcome["before"]:
        history.changes.append(_change(item | {"before": outcome["before"], "after": outcome["after"]}, history))


def _unsettled(item: Entry, history: HostHistory, run: str) -> None:
    """An item of which no outcome is known."""
    _removed(item, None, history, run)
    if not _counts(item):
        return
    if "action" in item:
        _restarted(item, history, history.broken)
    elif item["change"] == "state":
        history.unsure.append(_change(item, history))
    else:
        _not_known(item, history)


def _change(item: Entry, history: HostHistory) -> Change:
    change = change_of(item)
    if "sealed" in item:
        history.veiled.add(change.resource)
    return change


def _not_known(item: Entry, history: HostHistory) -> None:
    history.hidden += 1
    history.locked = history.locked or "sealed" in item


def _counts(item: Entry) -> bool:
    """Whether an item is one to take back by itself. Messages come back by their quarantine, which is kept for that."""
    return "move" not in item and item.get("action") != "watch" and item["resource"]["kind"] != "quarantine"


def _removed(item: Entry, outcome: Entry | None, history: HostHistory, run: str) -> None:
    """A quarantine that was removed holds nothing to put back; one whose removal broke off holds the rest."""
    if not is_removal(item):
        return
    gone = quarantine_of(item["resource"])
    removal = removal_of(item, outcome, run, history.mail[gone] if gone in history.quarantined else None)
    if removal is None:
        return
    history.lost.append(removal)
    if removal.whole:
        del history.mail[gone]
        history.quarantined = [each for each in history.quarantined if each != gone]


def _took(item: Entry, outcome: Entry, history: HostHistory) -> None:
    """The mail of users among the messages that a move took."""
    left = {name for name, _ in outcome.get("after", {}).get("left", ())}
    if item["move"] != "back" and item["at"]:
        history.mail[quarantine_of(item["quarantine"])] += len(set(item.get("mail", ())) - left)


def _quarantined(item: Entry, history: HostHistory, run: str) -> None:
    """Only what a clearing of this very run took is its to put back: a restore takes messages out again too."""
    resource = item["quarantine"] if "move" in item else item["resource"]
    if resource["kind"] != "quarantine":
        return
    quarantine = quarantine_of(resource)
    if quarantine not in history.quarantines:
        history.quarantines.append(quarantine)
    if item.get("move") == "back" and item["at"] and quarantine not in history.returned:
        history.returned.append(quarantine)
    if item.get("move") != "to quarantine" or not item["at"] or quarantine.run != run:
        return
    if quarantine not in history.quarantined:
        history.quarantined.append(quarantine)


def _restarted(item: Entry, history: HostHistory, where: list[Service]) -> None:
    """The latest restart of a service counts."""
    service = Service(item["resource"]["name"])
    for services in (history.restarted, history.broken):
        if service in services:
            services.remove(service)
    where.append(service)
