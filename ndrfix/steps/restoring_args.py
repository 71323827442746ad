"""The arguments of `restore_queue`."""

from __future__ import annotations

import ntpath
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from ndrfix.exchange.layout import QUARANTINE_FOLDER
from ndrfix.resources import Message, MessageKind, MessageQueue, Quarantine, Quarantines, fold, kept_queue
from ndrfix.steps.base import Args
from ndrfix.steps.service_name import LONGEST_WAIT


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...])]
Kinds = Annotated[
    tuple[MessageKind, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=MessageKind | tuple[MessageKind, ...]),
]


class RestoreQueueArgs(Args):
    """Arguments of `restore_queue`."""

    run: str = Field(min_length=1, description="The id of the run that took the messages, as its report shows it.")
    kinds: Kinds = Field((), description="Only messages of these kinds (`user`, `ndr`, …); by default all.")
    names: Texts = Field((), description="Only the files with these names.")
    recipients: Texts = Field((), description="Only messages to one of these; `*` stands for anything.")
    batch: int = Field(10, ge=1, le=10_000, description="How many messages are put back at a time.")
    service_timeout: float = Field(
        600.0, gt=0, le=LONGEST_WAIT, description="Seconds to wait for the service to stop, and to start."
    )
    drain_timeout: float = Field(
        120.0, ge=0, le=LONGEST_WAIT, description="Seconds to wait for a batch to leave the queue before the next one."
    )
    quarantine: str | None = Field(None, description="The folder of quarantines, if it is not beside imcdata.")

    @field_validator("run")
    @classmethod
    def _one_folder(cls, value: str) -> str:
        if any(char in value for char in '\\/:*?"<>|') or value in (".", ".."):
            raise ValueError(f"{value!r} is not the id of a run")
        return value

    @property
    def folder(self) -> Quarantines:
        """The folder of quarantines."""
        return Quarantines(ntpath.normpath(self.quarantine) if self.quarantine else QUARANTINE_FOLDER)

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
        patterns = [pattern.casefold() for pattern in self.recipients]
        return [
            message
            for message in messages
            if (not self.kinds or message.kind in self.kinds)
            and (not names or fold(message.name) in names)
            and (not patterns or any(_goes_to(message, pattern) for pattern in patterns))
        ]


def _goes_to(message: Message, pattern: str) -> bool:
    return any(fnmatchcase(recipient.casefold(), pattern) for recipient in message.recipients)
