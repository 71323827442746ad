"""The run folder: the journal, written before the act, and the files that a run leaves on the consultant's machine."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from ndrfix.connections.base import Outcome
from ndrfix.engine.records import holds_secret, item_record, not_sealed, outcome_record
from ndrfix.errors import HostError
from ndrfix.resources import Artifact, RemoteItem


class RecordError(HostError):
    """A trace of the run could not be stored; what was to follow it was not sent."""


class Recorder(Protocol):
    """Where a host's run leaves its traces. Every call has been stored when it returns.

    All raise `RecordError` when a trace cannot be stored.
    """

    def met(self, computer: str) -> None:
        """The host is connected, and this is the computer's name."""
        ...

    def intent(self, task: str, items: Sequence[RemoteItem], notify: Sequence[str], *, hidden: bool) -> None:
        """Items are about to be sent; the handlers in `notify` are owed from now on."""
        ...

    def outcome(self, task: str, outcome: Outcome, *, hidden: bool) -> None:
        """What became of an item."""
        ...

    def handled(self, handler: str) -> None:
        """A handler has run, or was found to be satisfied: it is not owed any more."""
        ...

    def artifact(self, artifact: Artifact) -> None:
        """Keep a file."""
        ...


class NoRecorder:
    """The recorder of a dry run: there is nothing to trace."""

    def met(self, computer: str) -> None:
        """Nothing will be done to it."""

    def intent(self, task: str, items: Sequence[RemoteItem], notify: Sequence[str], *, hidden: bool) -> None:
        """Nothing is sent."""

    def outcome(self, task: str, outcome: Outcome, *, hidden: bool) -> None:
        """Nothing came of it."""

    def handled(self, handler: str) -> None:
        """Nothing was owed."""

    def artifact(self, artifact: Artifact) -> None:
        """No file is written."""


@dataclass(slots=True)
class Journal:
    """`journal.jsonl` of a run folder: one JSON object a line, appended and flushed to disk before the call returns.

    `clock` gives the time of an entry (UTC, `YYYY-MM-DDTHH:MM:SSZ`). `mask` takes secrets out of texts for people. What
    undo and owed handlers go by (names, states) is never masked: a state that holds a secret, or that is under no_log,
    is sealed whole instead, or left out where `seal` gives nothing.
    """

    folder: Path
    clock: Callable[[], str]
    mask: Callable[[str], str]
    seal: Callable[[str], str] = not_sealed
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _file: TextIO | None = field(default=None, init=False)

    def open(self, **header: Any) -> None:
        """Make the folder and begin the journal.

        Raises:
            OSError: the folder cannot be made, or a journal is there already.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = (self.folder / "journal.jsonl").open("x", encoding="utf-8", newline="\n")
        self.write("run", **header)

    def write(self, event: str, **fields: Any) -> None:
        """Append an entry; on disk when this returns.

        Raises:
            RecordError: it cannot be stored.
        """
        # Plain ASCII: a registry text may hold half a surrogate pair, which no file encoding takes.
        line = json.dumps({"event": event, "time": self.clock(), **fields})
        with self._lock:
            if self._file is None:
                raise RuntimeError("the journal is not open")
            try:
                self._file.write(line + "\n")
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise _cannot_store(self.folder / "journal.jsonl", error) from error

    def close(self) -> None:
        """End the journal; may be called twice. What could not be written before is given up."""
        with self._lock:
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
                self._file = None


@dataclass(frozen=True, slots=True)
class HostRecorder:
    """The recorder of one host in a live run."""

    journal: Journal
    host: str

    def met(self, computer: str) -> None:
        """Write which computer the host is."""
        self.journal.write("met", host=self.host, computer=computer)

    def intent(self, task: str, items: Sequence[RemoteItem], notify: Sequence[str], *, hidden: bool) -> None:
        """Write what is about to be sent."""
        mask, seal = self.journal.mask, self.journal.seal
        records = [item_record(item, hidden=hidden or holds_secret(item, mask), seal=seal) for item in items]
        self.journal.write("intent", host=self.host, task=mask(task), items=records, notify=list(notify))

    def outcome(self, task: str, outcome: Outcome, *, hidden: bool) -> None:
        """Write what became of an item."""
        mask = self.journal.mask
        hidden = hidden or holds_secret(outcome, mask)
        record = outcome_record(outcome, mask, hidden=hidden, seal=self.journal.seal)
        self.journal.write("outcome", host=self.host, task=mask(task), **record)

    def handled(self, handler: str) -> None:
        """Write that a handler is not owed any more."""
        self.journal.write("handled", host=self.host, handler=handler)

    def artifact(self, artifact: Artifact) -> None:
        """Write the file, whole or not at all and never over another, then its entry."""
        target = self.journal.folder / artifact.path
        part = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as file:
                file.write(artifact.content)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                raise FileExistsError(17, "there is one already")
            part.replace(target)
        except OSError as error:
            raise _cannot_store(target, error) from error
        self.journal.write("artifact", host=self.host, path=artifact.path, size=len(artifact.content))


def _cannot_store(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"cannot write {path}: {error.strerror or error}",
        next_step="Free the place, or name another with --runs-dir; then plan again.",
    )
