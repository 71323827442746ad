"""What is known of a host: states are read once, in as few round trips as possible, and forgotten when they may be
stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ndrfix.connections.base import Connection, Outcome, OutcomeStatus, Progress, Reading
from ndrfix.resources import (
    Action,
    Change,
    File,
    FileVersion,
    Folder,
    Located,
    MessageQueue,
    Move,
    Quarantine,
    Quarantines,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    Unreadable,
)

_OF_SERVICES = Service | File | FileVersion | MessageQueue | Folder
_OF_QUEUES = File | FileVersion | MessageQueue | Folder | Quarantine | Quarantines
_LOCATED = File | FileVersion | Folder


class Readings:
    """A cache over a connection. One entry a resource; what an item may have altered is forgotten."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Resource, Reading] = {}

    def read(self, resources: Iterable[Resource]) -> Mapping[Resource, Reading]:
        """The reading of each resource; those not known yet are read together in one round trip."""
        wanted = tuple(dict.fromkeys(resources))
        missing = tuple(resource for resource in wanted if resource not in self._known)
        if missing:
            self._known.update(self._connection.read(missing))
        return {resource: self._known[resource] for resource in wanted}

    def forget(self) -> None:
        """Take nothing from memory any more: what is read next is read from the host."""
        self._known.clear()

    def apply(self, items: Sequence[RemoteItem], on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """Carry the items out and yield their outcomes; from the moment they are sent nothing stale is returned."""
        for item in items:
            self._forget(item)
        for outcome in self._connection.apply(items, on_event=on_event):
            self._learn(outcome)
            yield outcome

    def _forget(self, item: RemoteItem) -> None:
        self._known = {known: it for known, it in self._known.items() if not _may_depend(known, item)}

    def _learn(self, outcome: Outcome) -> None:
        """A registry change that was read back is known. After anything else that item's readings stay forgotten."""
        item = outcome.item
        if outcome.status is not OutcomeStatus.DONE:
            self._known.clear()
        elif outcome.after is None or isinstance(outcome.after, Unreadable):
            return
        elif isinstance(item, Change) and not isinstance(item.resource, Service):
            self._known[item.resource] = outcome.after


def _may_depend(known: Resource, item: RemoteItem) -> bool:
    """Whether an item can alter this reading. Removing a key takes its values with it."""
    if isinstance(item, Move) or isinstance(item.resource, Quarantine):
        return isinstance(known, _OF_QUEUES)
    if isinstance(item, Action) or isinstance(item.resource, Service):
        return isinstance(known, _OF_SERVICES)
    if known == item.resource or isinstance(known, RegistryKey | RegistryTree):
        return True
    if isinstance(known, RegistryValue):
        return isinstance(item.resource, RegistryKey)
    if isinstance(known, MessageQueue | Quarantine | Quarantines):
        return isinstance(known.root if isinstance(known, MessageQueue) else known.folder, Located)
    return isinstance(known, _LOCATED) and isinstance(known.path, Located)
