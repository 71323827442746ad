"""The messages of queues as they come in, line by line, and those that a session told before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ndrfix.connections.base import Reading
from ndrfix.connections.protocol import MessageLine, SameLine, StateLine
from ndrfix.resources import Message, MessageQueue, QueueState, Resource

MOST = 1_000_000
"""More messages than this in one queue are not taken in."""


@dataclass(slots=True)
class Mail:
    """The messages that come with one answer; those of a queue that are `known`, and `told` gets all of them once they
    are there. `short` says what is missing, when the answer is not whole.
    """

    queues: dict[int, dict[str, Message]]
    known: dict[int, dict[str, Message]]
    told: Callable[[int, tuple[Message, ...]], None]
    short: str = ""

    def take(self, line: MessageLine | SameLine) -> str:
        """Take in a message. Gives what is wrong with it, empty for nothing."""
        queue = self.queues.get(line.index)
        if queue is None:
            return "messages of a queue that was not asked for"
        if len(queue) >= MOST:
            return f"more than {MOST:,} messages in one queue"
        message = line.message if isinstance(line, MessageLine) else self.known[line.index].get(line.name)
        if message is None:
            return "a message as before that was not told before"
        if message.name in queue:
            return "the same message twice"
        queue[message.name] = message
        return ""

    def whole(self, line: StateLine) -> Reading:
        """The reading with its messages."""
        reading = line.reading
        if not isinstance(reading, QueueState) or line.index not in self.queues:
            return reading
        found = self.queues[line.index]
        if line.count != len(found):
            self.short = f"{len(found)} messages of {line.count}"
        messages = tuple(found[name] for name in sorted(found))
        self.told(line.index, messages)
        return replace(reading, messages=messages)


@dataclass(slots=True)
class Mailbag:
    """What one session was told, by queue, so that a message that is as before need not be told again."""

    _known: dict[MessageQueue, tuple[Message, ...]] = field(default_factory=dict)

    def begin(self, wanted: Sequence[Resource]) -> Mail:
        """Begin to take in the answer to a read."""
        queues = {index: each for index, each in enumerate(wanted) if isinstance(each, MessageQueue)}
        return Mail(
            queues={index: {} for index in queues},
            known={index: {each.name: each for each in self._known.get(queue, ())} for index, queue in queues.items()},
            told=lambda index, messages: self._known.update({queues[index]: messages}),
        )
