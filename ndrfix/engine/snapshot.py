"""The host below a dry run: reached when it is first asked, and asked for each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ndrfix.connections.base import Connection, Outcome, Progress, Reading
from ndrfix.connections.keys import service_value
from ndrfix.resources import RemoteItem, Resource, Service

_OF_A_SERVICE = ("DependOnService", "Start")


class Snapshot:
    """A `Connection` that is made when it is used, and made anew when it is used after it was closed.

    A resource is read once until then: a dry run changes nothing on the host, so nothing is read again after what it
    would have changed. With a service come the values that deciding about it takes, which saves round trips later.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._open: Connection | None = None
        self._known: dict[Resource, Reading] = {}

    def _connection(self) -> Connection:
        if self._open is None:
            self._open = self._connect()
        return self._open

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """As the connection reads it, or as it was read before."""
        missing = [resource for resource in resources if resource not in self._known]
        if missing:
            services = [resource for resource in missing if isinstance(resource, Service)]
            more = (service_value(service, name) for service in services for name in _OF_A_SERVICE)
            asked = dict.fromkeys((*missing, *(value for value in more if value not in self._known)))
            self._known.update(self._connection().read(tuple(asked)))
        return {resource: self._known[resource] for resource in resources}

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """As the connection does it; what was read before is forgotten."""
        self._known.clear()
        return self._connection().apply(items, on_event=on_event)

    def close(self) -> None:
        """End the session and forget what was read; the next call opens another."""
        self._known.clear()
        if self._open is not None:
            self._open.close()
            self._open = None
