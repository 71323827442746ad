"""What a queue holds, in numbers and a few names: never the body of a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ndrfix.resources import Message, MessageKind

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The messages of one kind: how many, and their size in bytes."""

    kind: MessageKind
    messages: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A message by what may be shown of it."""

    name: str
    kind: MessageKind
    size: int
    subject: str
    sender: str
    recipients: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What a queue holds. `shares` are in the order of `MessageKind`, kinds without messages left out.

    `oldest` and `newest` are UTC as `YYYY-MM-DDTHH:MM:SSZ`, empty without messages. `domains` are the destinations of
    the reports, `recipients` those whom the reports say could not be reached, each with its number, most first;
    `other_domains` counts the domains beyond those listed. `taken` says which kinds a clearing takes, `samples` shows
    the first of them.
    """

    shares: tuple[Share, ...] = ()
    oldest: str = ""
    newest: str = ""
    domains: tuple[tuple[str, int], ...] = ()
    other_domains: int = 0
    recipients: tuple[tuple[str, int], ...] = ()
    taken: tuple[MessageKind, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def messages(self) -> int:
        """All messages."""
        return sum(share.messages for share in self.shares)

    @property
    def size(self) -> int:
        """The size of all messages, in bytes."""
        return sum(share.size for share in self.shares)

    def of(self, *kinds: MessageKind) -> tuple[int, int]:
        """Number and size of the messages of these kinds."""
        chosen = [share for share in self.shares if share.kind in kinds]
        return sum(share.messages for share in chosen), sum(share.size for share in chosen)

    @property
    def percent(self) -> float:
        """The share of non-delivery reports in percent, 0 without messages."""
        return 100 * self.of(MessageKind.NDR)[0] / self.messages if self.messages else 0.0


def counted(number: int, noun: str = "message") -> str:
    """`1 message`, `13,907 messages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def backlog(messages: Iterable[Message], *, taken: tuple[MessageKind, ...] = (), samples: int = 0) -> Backlog:
    """The numbers of these messages, and the first `samples` of the kinds that are `taken`."""
    listed = tuple(messages)
    counts: Counter[MessageKind] = Counter()
    sizes: Counter[MessageKind] = Counter()
    domains: Counter[str] = Counter()
    recipients: Counter[str] = Counter()
    for message in listed:
        counts[message.kind] += 1
        sizes[message.kind] += message.size
        if message.kind is MessageKind.NDR:
            domains[message.domain.lower() or "(not known)"] += 1
            recipients.update(recipient.lower() for recipient in message.recipients)
    times = [message.written for message in listed]
    shown = [message for message in listed if message.kind in taken][:samples] if samples else []
    return Backlog(
        shares=tuple(Share(kind=kind, messages=counts[kind], size=sizes[kind]) for kind in MessageKind if counts[kind]),
        oldest=moment(min(times)) if times else "",
        newest=moment(max(times)) if times else "",
        domains=_top(domains),
        other_domains=max(0, len(domains) - _TOP),
        recipients=_top(recipients),
        taken=taken,
        samples=tuple(
            Sample(
                name=message.name,
                kind=message.kind,
                size=message.size,
                subject=message.subject,
                sender=message.sender,
                recipients=message.recipients,
                reasons=message.reasons,
            )
            for message in shown
        ),
    )


def _top(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:_TOP])


def moment(written: int) -> str:
    """A file's time as UTC, `YYYY-MM-DDTHH:MM:SSZ`; empty for one that no calendar has."""
    try:
        return (_EPOCH + timedelta(microseconds=written // 10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return ""
