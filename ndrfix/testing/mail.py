"""How a simulated host's far side tells the messages of a queue: extracts of those that it has not told yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ndrfix.connections import far_side
from ndrfix.connections.base import Reading
from ndrfix.connections.packing import packed
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.exchange.extract import LIMIT, Extract
from ndrfix.resources import Message, MessageQueue, QueueFile, QueueState, Resource

_FULL, _SHORT = 262_144, 1_000  # characters


@dataclass(slots=True)
class Portion:
    """The lines about messages that travel as one text: packed, unless they are short."""

    _lines: list[str] = field(default_factory=list)
    _length: int = 0

    def takes(self, line: str) -> bool:
        """Whether the line is about a message; it is in the portion then."""
        if not line.startswith(("message|", "same|")):
            return False
        self._lines.append(f"{line}\n")
        self._length += len(line) + 1
        return True

    @property
    def full(self) -> bool:
        """Whether it is long enough to be sent."""
        return self._length >= _FULL

    def text(self) -> str:
        """The text of the portion, which is empty after that."""
        text = "".join(self._lines)
        self._lines, self._length = [], 0
        return f"{packed(text)}\n" if len(text) > _SHORT else text


class MailTeller:
    """Tells messages to one session, which remembers them: each is told once while it stays as it is.

    One that could not be opened, or was gone meanwhile, is told anew.
    """

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self._told: dict[MessageQueue, dict[str, QueueFile]] = {}

    def lines(self, index: int, resource: Resource, reading: Reading) -> Iterator[str]:
        """The lines that come before the state of a queue; none for anything else."""
        if not isinstance(resource, MessageQueue) or not isinstance(reading, QueueState):
            return
        before, told = self._told.pop(resource, {}), dict[str, QueueFile]()
        contents = self._host.contents(resource)
        for message in reading.messages:
            content = contents.get(message.name)
            if before.get(message.name) == message.file:
                told[message.name] = message.file
                yield far_side.same_line(index, message.name)
                continue
            if content is not None:
                told[message.name] = message.file
            yield far_side.message_line(index, message.file, _extract(message, content))
        self._told[resource] = told


def _extract(message: Message, content: bytes | None) -> Extract | str:
    if content is None:
        return message.reasons[0].removeprefix("not read: ")
    return _cut(content, message.size)


@lru_cache(maxsize=5000)
def _cut(content: bytes, size: int) -> Extract:
    return Extract.of(content[:LIMIT], size)
