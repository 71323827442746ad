"""The arguments of `restore_queue`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from ndrfix.errors import did_you_mean
from ndrfix.exchange.layout import QUARANTINE_FOLDER
from ndrfix.resources import Message, MessageKind, MessageQueue, Quarantine, Quarantines, fold, kept_queue
from ndrfix.steps.base import Args, InRun
from ndrfix.steps.finish_queue import places
from ndrfix.steps.quarantine_path import QuarantinePath
from ndrfix.steps.service_name import LONGEST_WAIT


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _not_empty(value: tuple[str, ...]) -> tuple[str, ...]:
    """A list that is given and empty must not mean all, as one that is not given does."""
    if not value:
        raise ValueError("the list is empty and chooses no message; leave the argument out to choose all")
    return value


_SOME = Field(min_length=1)
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | Annotated[tuple[str, ...], _SOME]),
    AfterValidator(_not_empty),
]
Kinds = Annotated[
    tuple[MessageKind, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=MessageKind | Annotated[tuple[MessageKind, ...], _SOME]),
    AfterValidator(_not_empty),
]


class RestoreQueueArgs(Args):
    """Arguments of `restore_queue`."""

    run: str = Field(min_length=1, description="The id of the run that took the messages, as its report shows it.")
    kinds: Kinds = Field((), description="Only messages of these kinds (`user`, `ndr`, …); by default all.")
    names: Texts = Field((), description="Only the files with these names.")
    recipients: Texts = Field((), description="Only messages to one of these; `*` stands for anything.")
    senders: Texts = Field((), description="Only messages from one of these; `*` stands for anything.")
    batch: int = Field(10, ge=1, le=10_000, description="How many messages are put back at a time.")
    service_timeout: float = Field(
        600.0, gt=0, le=LONGEST_WAIT, description="Seconds to wait for the service to stop, and to start."
    )
    drain_timeout: float = Field(
        120.0, ge=0, le=LONGEST_WAIT, description="Seconds to wait for a batch to leave the queue before the next one."
    )
    quarantine: QuarantinePath | None = Field(
        None, description="The folder of quarantines, if it is not beside imcdata."
    )

    @field_validator("run")
    @classmethod
    def _one_folder(cls, value: str) -> str:
        if any(char in value for char in '\\/:*?"<>|') or value in (".", ".."):
            raise ValueError(f"{value!r} is not the id of a run")
        return value

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
        """The quarantine of the run."""
        return Quarantine(self.folder.folder, self.run)

    @property
    def kept(self) -> MessageQueue:
        """What lies in the quarantine, which is laid out like a queue."""
        return kept_queue(self.own)

    def chosen(self, messages: Sequence[Message]) -> list[Message]:
        """The messages that are put back, by name."""
        names = {fold(name) for name in self.names}
        return [
            message
            for message in messages
            if (not self.kinds or message.kind in self.kinds)
            and (not names or fold(message.name) in names)
            and (not self.recipients or _fits(message.recipients, self.recipients))
            and (not self.senders or _fits((message.sender,), self.senders))
        ]

    def strangers(self, messages: Sequence[Message]) -> tuple[str, ...]:
        """For each name, recipient and sender asked for that no message has: that, with the nearest that one has."""
        has = {fold(message.name) for message in messages}
        names = [name for name in self.names if fold(name) not in has]
        recipients = {recipient for message in messages for recipient in message.recipients}
        senders = {message.sender for message in messages if message.sender}
        return (
            *(
                f"no message in {self.own} is named {name!r}{did_you_mean(name, [each.name for each in messages])}"
                for name in names
            ),
            *(f"no message in {self.own} is to {each!r}{near}" for each, near in _unfit(self.recipients, recipients)),
            *(f"no message in {self.own} is from {each!r}{near}" for each, near in _unfit(self.senders, senders)),
        )


class TakeBackArgs(RestoreQueueArgs):
    """The arguments when a whole run is taken back: that nothing is left of what it took is no reason not to go on.

    `removed_by` are the runs that are known to have removed messages from its quarantine for good: `lost` of the
    `removed` that lay there, `mail` of which were no reports. `unsure`: how far a removal came is not known.

    `started`: the run left the service stopped, which ran before: it is started before they go back. `elsewhere` are
    folders in which other runs worked.
    """

    quarantine: str | None = None  # as a journal has it, in whatever form
    started: bool = False
    elsewhere: tuple[str, ...] = ()
    removed_by: tuple[str, ...] = ()
    removed: int = 0
    lost: int = 0
    unsure: bool = False
    mail: int = 0

    @property
    def folders(self) -> tuple[Quarantines, ...]:
        """Wherever earlier runs may have left something half done."""
        return places(self.folder, self.elsewhere)


def _fits(addresses: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(
        fnmatchcase(address.casefold(), _literal(pattern)) for address in addresses for pattern in patterns if address
    )


def _literal(pattern: str) -> str:
    """The pattern with nothing special in it but `*`."""
    return pattern.casefold().replace("[", "[[]").replace("?", "[?]")


def _unfit(patterns: Iterable[str], addresses: Collection[str]) -> Iterator[tuple[str, str]]:
    """The patterns that fit no address, each with the nearest one that there is, in words."""
    for pattern in patterns:
        if not _fits(addresses, [pattern]):
            yield pattern, did_you_mean(pattern, sorted(addresses))


class RestoreQueueInRun(RestoreQueueArgs):
    """The arguments in a run, after runs that worked in the folders `elsewhere`."""

    elsewhere: tuple[str, ...]

    @property
    def folders(self) -> tuple[Quarantines, ...]:
        """Wherever earlier runs may have left something half done."""
        return places(self.folder, self.elsewhere)


def in_run(args: RestoreQueueArgs, run: InRun) -> RestoreQueueArgs:
    """The same arguments in a run."""
    return RestoreQueueInRun(**args.model_dump(exclude={"elsewhere"}, exclude_unset=True), elsewhere=run.elsewhere)
