"""The run folder: the journal, written before the act, and the files that a run leaves on the consultant's machine."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from ndrfix.connections.base import Outcome
from ndrfix.engine.records import item_record, outcome_record
from ndrfix.resources import Artifact, RemoteItem


class Recorder(Protocol):
    """Where a host's run leaves its traces. Every call has been stored when it returns."""

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

    `clock` gives the time of an entry (UTC, `YYYY-MM-DDTHH:MM:SSZ`); `mask` takes secrets out of a text.
    """

    folder: Path
    clock: Callable[[], str]
    mask: Callable[[str], str]
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
        """Append an entry; on disk when this returns."""
        # Plain ASCII: a registry text may hold half a surrogate pair, which no file encoding takes.
        line = json.dumps({"event": event, "time": self.clock(), **fields})
        with self._lock:
            if self._file is None:
                raise RuntimeError("the journal is not open")
            self._file.write(self.mask(line) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the journal; may be called twice."""
        with self._lock:
            if self._file is not None:
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
        records = [item_record(item, hidden=hidden) for item in items]
        self.journal.write("intent", host=self.host, task=task, items=records, notify=list(notify))

    def outcome(self, task: str, outcome: Outcome, *, hidden: bool) -> None:
        """Write what became of an item."""
        self.journal.write("outcome", host=self.host, task=task, **outcome_record(outcome, hidden=hidden))

    def handled(self, handler: str) -> None:
        """Write that a handler is not owed any more."""
        self.journal.write("handled", host=self.host, handler=handler)

    def artifact(self, artifact: Artifact) -> None:
        """Write the file, whole or not at all, then its entry."""
        target = self.journal.folder / artifact.path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        with part.open("wb") as file:
            file.write(artifact.content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        self.journal.write("artifact", host=self.host, path=artifact.path, size=len(artifact.content))
