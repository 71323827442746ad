"""Messages of the queue as values: a file, and what the classifier says of its first kilobytes."""

from __future__ import annotations

from functools import lru_cache

from ndrfix.exchange.extract import Extract
from ndrfix.exchange.ndr import Verdict, classify
from ndrfix.resources import Message, MessageKind, QueueFile

# What most messages of a queue have in common is kept once; these were two thirds of the memory that 100,000 take.
_ALIKE = 4096


@lru_cache(maxsize=_ALIKE)
def _text(text: str) -> str:
    return text


@lru_cache(maxsize=_ALIKE)
def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts


def classified(file: QueueFile, extract: Extract) -> Message:
    """The message in a file, of which this was cut out."""
    return told(file, classify(extract))


def told(file: QueueFile, verdict: Verdict) -> Message:
    """The message in a file, as the classifier has it."""
    return Message(
        name=file.name,
        size=file.size,
        written=file.written,
        kind=verdict.kind,
        subject=_text(verdict.subject),
        recipients=verdict.recipients,
        domain=_text(verdict.domain),
        reasons=_texts(tuple(_text(str(reason)) for reason in verdict.reasons)),
        sender=_text(verdict.sender),
    )


def closed(file: QueueFile, reason: str) -> Message:
    """The message in a file that could not be opened."""
    return Message(
        name=file.name, size=file.size, written=file.written, kind=MessageKind.UNKNOWN, reasons=(f"not read: {reason}",)
    )
