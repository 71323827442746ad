"""The seam between the engine and a host: read states, apply items in order, close."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ndrfix.resources import RemoteItem, Resource, State, Unreadable

Reading = State | Unreadable


class OutcomeStatus(StrEnum):
    """What became of one item.

    `done`: carried out and read back. `drifted`: refused, since the state was no longer `before`; nothing was written.
    `failed`: an error of that item, said in `message`; what was read afterwards is in `after` where it could be read.
    """

    DONE = "done"
    DRIFTED = "drifted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item: the state seen before and the state read back after it (None: not read)."""

    item: RemoteItem
    status: OutcomeStatus
    before: Reading | None = None
    after: Reading | None = None
    message: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A sign of life while an item takes its time; times in seconds. `text` is like `stopping MSExchangeIMC:
    STOP_PENDING`.
    """

    item: RemoteItem
    text: str
    elapsed: float
    limit: float


class Connection(Protocol):
    """A way to one host. Used by one thread at a time.

    Both verbs raise `UnreachableError` when there is no session or it is lost (its `sent` says whether items may have
    arrived) and `FarSideError` when the host refuses the request as a whole.
    """

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """The state of each resource; exactly the resources asked for are the keys. One that cannot be read is
        `Unreadable` and never fails the others.
        """
        ...

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """Carry the items out in order and yield an outcome for each as it comes. After an outcome other than `done`
        nothing further is carried out, and the iterator ends.
        """
        ...

    def close(self) -> None:
        """End the session; never raises, may be called twice."""
        ...
