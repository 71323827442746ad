"""Values about the message queue as the documents of `queue_schema`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ndrfix.exchange.backlog import Backlog, Sample
from ndrfix.report import queue_schema as schema
from ndrfix.resources import (
    FolderState,
    MessageQueue,
    MoveState,
    Quarantine,
    QuarantinesState,
    QuarantineState,
    QueueState,
)

State = QueueState | FolderState | QuarantineState | QuarantinesState | MoveState


@dataclass(frozen=True, slots=True)
class QueueWriter:
    """Writes them; `text` makes a text fit for a document."""

    text: Callable[[str], str]

    def queue(self, queue: MessageQueue) -> schema.QueueResource:
        """A queue."""
        return schema.QueueResource(kind="queue", root=self.text(str(queue.root)))

    def quarantine(self, quarantine: Quarantine) -> schema.QuarantineResource:
        """A quarantine."""
        return schema.QuarantineResource(
            kind="quarantine", folder=self.text(str(quarantine.folder)), run=self.text(quarantine.run)
        )

    def state(
        self, state: State
    ) -> (
        schema.QueueDocument
        | schema.FolderDocument
        | schema.QuarantineDocument
        | schema.QuarantinesDocument
        | schema.MovedDocument
    ):
        """A state."""
        match state:
            case QueueState(path=path, messages=messages):
                return schema.QueueDocument(queue=self.text(path), messages=len(messages))
            case FolderState():
                return schema.FolderDocument(
                    folder=self.text(state.path), files=state.files, size=state.size, free=state.free
                )
            case QuarantineState():
                return schema.QuarantineDocument(
                    quarantine=state.status, promised=state.promised, messages=state.messages, size=state.size
                )
            case QuarantinesState(runs=runs):
                return schema.QuarantinesDocument(quarantines=tuple(self.text(run) for run, _ in runs))
            case MoveState(moved=moved, size=size, left=left):
                files = (schema.LeftDocument(name=self.text(each.name), reason=self.text(each.reason)) for each in left)
                return schema.MovedDocument(moved=moved, size=size, left=tuple(files))

    def backlog(self, found: Backlog | None) -> schema.BacklogDocument | None:
        """What a queue held."""
        if found is None:
            return None
        return schema.BacklogDocument(
            shares=tuple(
                schema.ShareDocument(kind=share.kind, messages=share.messages, size=share.size)
                for share in found.shares
            ),
            oldest=found.oldest,
            newest=found.newest,
            domains=self._counts(found.domains),
            other_domains=found.other_domains,
            recipients=self._counts(found.recipients),
            taken=found.taken,
            samples=tuple(self._sample(sample) for sample in found.samples),
        )

    def _counts(self, counted: tuple[tuple[str, int], ...]) -> tuple[schema.CountDocument, ...]:
        return tuple(schema.CountDocument(name=self.text(name), reports=number) for name, number in counted)

    def _sample(self, sample: Sample) -> schema.SampleDocument:
        return schema.SampleDocument(
            name=self.text(sample.name),
            kind=sample.kind,
            size=sample.size,
            subject=self.text(sample.subject),
            sender=self.text(sample.sender),
            recipients=tuple(self.text(each) for each in sample.recipients),
            reasons=tuple(self.text(each) for each in sample.reasons),
        )
