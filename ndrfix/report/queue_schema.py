"""The part of `ndrfix.run/1` that is about the message queue."""

from __future__ import annotations

from typing import Literal

from ndrfix.report.model import Model, Natural
from ndrfix.resources import MessageKind, QuarantineStatus, ServiceStatus


class QueueResource(Model):
    """The outbound queue below a root, as a path or as the registry value that names it."""

    kind: Literal["queue"]
    root: str


class QuarantineResource(Model):
    """The quarantine of a run."""

    kind: Literal["quarantine"]
    folder: str
    run: str


class QueueDocument(Model):
    """A queue: where it lies and how many messages are in it."""

    queue: str
    messages: Natural


class FolderDocument(Model):
    """The files of a folder, counted; `size` in bytes; `free` bytes on its volume (null: not known)."""

    folder: str
    files: Natural
    size: Natural
    free: int | None


class QuarantineDocument(Model):
    """A run's quarantine; `messages` and `size` are null where they are not meant."""

    quarantine: QuarantineStatus
    promised: ServiceStatus
    messages: int | None
    size: int | None


class QuarantinesDocument(Model):
    """The runs of which a quarantine lies on the host."""

    quarantines: tuple[str, ...]


class LeftDocument(Model):
    """A file that was not moved, and why."""

    name: str
    reason: str


class MovedDocument(Model):
    """What a move came to."""

    moved: Natural
    size: Natural
    left: tuple[LeftDocument, ...]


class ShareDocument(Model):
    """The messages of one kind."""

    kind: MessageKind
    messages: Natural
    size: Natural


class CountDocument(Model):
    """A domain or a recipient, and how many reports have it."""

    name: str
    reports: Natural


class SampleDocument(Model):
    """A message by what may be shown of it; `sender` is empty when it is not known."""

    name: str
    kind: MessageKind
    size: Natural
    subject: str
    sender: str
    recipients: tuple[str, ...]
    reasons: tuple[str, ...]


class BacklogDocument(Model):
    """What the queue held: numbers, destinations of the reports, and the first messages that are `taken`."""

    shares: tuple[ShareDocument, ...]
    oldest: str
    newest: str
    domains: tuple[CountDocument, ...]
    other_domains: Natural
    recipients: tuple[CountDocument, ...]
    taken: tuple[MessageKind, ...]
    samples: tuple[SampleDocument, ...]


class RiskDocument(Model):
    """What a person must know before it is done; `grave`: it cannot be had back."""

    text: str
    grave: bool
