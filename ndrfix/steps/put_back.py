"""What a round of `restore_queue` knows, and what it hands on to the next one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import (
    Change,
    Message,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    ServiceState,
    ServiceStatus,
)
from ndrfix.steps.base import Observed
from ndrfix.steps.clearing import RUNNING, STOPPED, brought_to, service
from ndrfix.steps.restoring_args import RestoreQueueArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """What a round hands on: the names of messages that were put back, as far as they may still wait in the queue.

    When the service stops by itself, a message of the last `batch` made it stop, or one that was put back `earlier`:
    the service tries what waits again and again. `trusted` are those with which it stayed started since it stopped last
    (`searching`: so did the batch, once it is through).

    `waited` are the seconds for which the service was watched since it was started; when it stopped last, it was after
    no more than `fell` of these. `once_more`: the service has been started once more with just these messages;
    `unexplained`: it was, though none of them waited. `blamed` are those set aside of which it is not yet known whether
    the service stays started without them, `aside` those of which it is.

    `taken` were to be out of the queue in this round; `fruitless` is how often, one time after the other, none of those
    could be moved. `stuck` are those that could not be moved, and stay in quarantine; `idle` is how many of these came
    one after the other, whole batches of them.
    """

    batch: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    searching: bool = False
    waited: float = 0.0
    fell: float = 0.0
    once_more: bool = False
    unexplained: bool = False
    blamed: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    fruitless: int = 0
    stuck: tuple[str, ...] = ()
    idle: int = 0

    @property
    def tried(self) -> bool:
        """Whether the service has been watched for longer than it took to stop before."""
        return self.waited > self.fell

    def seen(self, kept: Collection[str]) -> PutBack:
        """The same once it is known which names lie in quarantine yet."""
        before = set(self.stuck)
        stuck = tuple(name for name in self.batch if name in kept and name not in before)
        moved = len(self.batch) > sum(1 for name in self.batch if name in kept)
        return replace(self, stuck=(*self.stuck, *stuck), idle=0 if moved else self.idle + len(stuck))

    def without(self, left: Sequence[str]) -> PutBack:
        """The same once it is known which of the `taken` could not be moved: they are suspects as before, and the first
        of them, so that others are taken out next.
        """
        if not self.taken:
            return self
        return replace(
            self,
            batch=(*left, *self.batch),
            blamed=tuple(name for name in self.blamed if name not in left),
            taken=(),
            fruitless=self.fruitless + 1 if len(left) == len(self.taken) else 0,
        )

    def proved(self) -> PutBack:
        """The same once the service has stayed started without those that were set aside."""
        return replace(self, unexplained=False, blamed=(), aside=(*self.aside, *self.blamed))

    def then(self, **found: Any) -> PutBack:
        """What the next round is handed: what was found, and what holds for all rounds."""
        return PutBack(stuck=self.stuck, idle=self.idle, fell=self.fell, aside=self.aside, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is known in a round: what lies in quarantine, is `chosen` and can be moved, and what is in the queue."""

    args: RestoreQueueArgs
    state: ServiceState
    own: QuarantineState
    chosen: Sequence[Message]
    queue: Sequence[Message]
    last: PutBack

    @classmethod
    def of(cls, args: RestoreQueueArgs, observed: Observed, last: PutBack) -> Round | None:
        """The round after the `last` one; None when the quarantine is not open: there is nothing to do."""
        own, queue, kept = observed.state(args.own), observed.state(QUEUE), observed.state(args.kept)
        if not isinstance(own, QuarantineState) or own.status is not QuarantineStatus.OPEN:
            return None
        chosen = args.chosen(kept.messages) if isinstance(kept, QueueState) else []
        last = last.seen({message.name for message in chosen})
        stuck = set(last.stuck)
        known = cls(
            args=args,
            state=service(observed),
            own=own,
            chosen=[message for message in chosen if message.name not in stuck],
            queue=queue.messages if isinstance(queue, QueueState) else (),
            last=last,
        )
        return replace(known, last=last.without(names(known.waiting(last.taken))))

    def waiting(self, wanted: Iterable[str]) -> tuple[Message, ...]:
        """Those that are in the queue, and not in quarantine: there may be another message of that name."""
        found = set(wanted) - {message.name for message in self.chosen} - set(self.last.stuck)
        return tuple(message for message in self.queue if message.name in found)

    @property
    def start(self) -> tuple[Change, ...]:
        """The service started, from where it is once it has stopped."""
        stopped = replace(self.state, status=STOPPED, dependents=())
        return brought_to(stopped, RUNNING, self.args.service_timeout)

    @property
    def stop(self) -> tuple[Change, ...]:
        """The service stopped, if it is not; on its way there it may arrive at any moment, and is only waited for."""
        if self.state.status is ServiceStatus.STOP_PENDING:
            there = replace(self.state, status=STOPPED, dependents=())
            return (Change(resource=IMS, before=there, after=there, timeout=self.args.service_timeout),)
        return brought_to(self.state, STOPPED, self.args.service_timeout)


def names(messages: Iterable[Message]) -> tuple[str, ...]:
    """The names of messages, in their order."""
    return tuple(message.name for message in messages)
