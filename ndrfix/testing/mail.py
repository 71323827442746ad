"""How a simulated host's far side tells the messages of a queue: extracts of those that it has not told yet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ndrfix.connections import far_side
from ndrfix.connections.base import Reading
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.exchange.extract import LIMIT, Extract
from ndrfix.resources import Message, MessageQueue, QueueState, Resource


class MailTeller:
    """Tells messages to one session, which remembers them: each is told once while it stays as it is."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self._told: dict[MessageQueue, dict[str, tuple[int, int]]] = {}

    def lines(self, index: int, resource: Resource, reading: Reading) -> Iterator[str]:
        """The lines that come before the state of a queue; none for anything else."""
        if not isinstance(resource, MessageQueue) or not isinstance(reading, QueueState):
            return
        told = self._told.setdefault(resource, {})
        contents = self._host.contents(resource)
        for message in reading.messages:
            seen = (message.size, message.written)
            if told.get(message.name) == seen:
                yield far_side.same_line(index, message.name)
                continue
            told[message.name] = seen
            yield far_side.message_line(index, message.file, _extract(message, contents.get(message.name)))


def _extract(message: Message, content: bytes | None) -> Extract | str:
    if content is None:
        return message.reasons[0].removeprefix("not read: ")
    return _cut(content, message.size)


@lru_cache(maxsize=5000)
def _cut(content: bytes, size: int) -> Extract:
    return Extract.of(content[:LIMIT], size)
