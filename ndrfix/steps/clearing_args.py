"""The arguments of `clear_queue`."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from ndrfix.exchange.layout import QUARANTINE_FOLDER
from ndrfix.resources import Message, MessageKind, Quarantine, Quarantines, QueueState
from ndrfix.steps.base import Args, InRun
from ndrfix.steps.finish_queue import places
from ndrfix.steps.quarantine_path import QuarantinePath
from ndrfix.steps.service_name import LONGEST_WAIT

LEAST_WATCH = 5.0
"""Seconds that a service is watched for at least after a start."""


class Taken(StrEnum):
    """Which messages are taken out of the queue."""

    NDR = "ndr"
    ALL = "all"


class Keep(StrEnum):
    """What becomes of the messages that were taken."""

    QUARANTINE = "quarantine"
    DELETE = "delete"


class ClearQueueArgs(Args):
    """Arguments of `clear_queue`."""

    messages: Taken = Field(
        Taken.NDR,
        description="`ndr`: this service's non-delivery reports; `all`: everything, the mail of users too.",
    )
    keep: Keep = Field(
        Keep.QUARANTINE, description="`quarantine`: what is taken can be put back; `delete`: it is gone for good."
    )
    max_messages: int = Field(
        250_000,
        ge=1,
        le=400_000,
        description="With more messages than this to take, nothing is done and the host fails.",
    )
    service_timeout: float = Field(
        600.0, gt=0, le=LONGEST_WAIT, description="Seconds to wait for the service to stop, and to start (Q184542)."
    )
    recount_after: float = Field(
        60.0, ge=0, le=3600, description="Seconds (5 at least) to watch the service before the queue is counted again."
    )
    restart: bool | None = Field(
        None,
        description="`true`: the service runs afterwards; `false`: it stays stopped; by default as it was before.",
    )
    quarantine: QuarantinePath | None = Field(
        None,
        description="The folder of quarantines, a full path on the host; by default beside imcdata.",
    )
    other_volume: bool = Field(
        False, description="The quarantine may lie on another volume: messages are copied, which takes longer."
    )
    show: int = Field(5, ge=0, le=1000, description="How many messages to show by name, subject and recipient.")

    @property
    def watched(self) -> float:
        """Seconds to watch the service: one after which nobody looks could stop unseen."""
        return max(self.recount_after, LEAST_WATCH)

    @property
    def folder(self) -> Quarantines:
        """The folder of quarantines."""
        return Quarantines(self.quarantine or QUARANTINE_FOLDER)

    @property
    def folders(self) -> tuple[Quarantines, ...]:
        """Wherever earlier runs may have left something half done."""
        return places(self.folder)

    @property
    def own(self) -> Quarantine:
        """The quarantine of this run; it has no name before the run has an id."""
        return Quarantine(self.folder.folder, "")

    @property
    def kinds(self) -> tuple[MessageKind, ...]:
        """The kinds of messages that are taken."""
        return tuple(MessageKind) if self.messages is Taken.ALL else (MessageKind.NDR,)

    def chosen(self, queue: QueueState) -> list[Message]:
        """The messages that are taken."""
        kinds = set(self.kinds)
        return [message for message in queue.messages if message.kind in kinds]


class ClearQueueInRun(ClearQueueArgs):
    """The arguments in the run with the id `run_id`, after which its quarantine is called. `elsewhere` are folders in
    which earlier runs worked.
    """

    run_id: str
    elsewhere: tuple[str, ...] = ()

    @property
    def own(self) -> Quarantine:
        """The quarantine of this run."""
        return Quarantine(self.folder.folder, self.run_id)

    @property
    def folders(self) -> tuple[Quarantines, ...]:
        """Wherever earlier runs may have left something half done."""
        return places(self.folder, self.elsewhere)


def in_run(args: ClearQueueArgs, run: InRun) -> ClearQueueArgs:
    """The same arguments in a run."""
    given = args.model_dump(exclude={"run_id", "elsewhere"}, exclude_unset=True)
    return ClearQueueInRun(**given, run_id=run.run_id, elsewhere=run.elsewhere)
