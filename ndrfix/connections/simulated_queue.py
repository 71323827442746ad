"""The message queue on a simulated host: what lies in it, and what the Internet Mail Service does to it."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ndrfix.connections.base import Reading
from ndrfix.connections.simulated_files import Files, seen
from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulated_runs import BEGAN
from ndrfix.connections.simulation import SimulatedFile, SimulatedQueue
from ndrfix.exchange.extract import LIMIT, Extract
from ndrfix.exchange.messages import closed, told
from ndrfix.exchange.ndr import Verdict, classify
from ndrfix.resources import (
    ABSENT,
    OUT,
    QUEUE_DATA,
    Folder,
    FolderState,
    Located,
    Message,
    MessageKind,
    MessageQueue,
    QueueState,
)

_FREE = 4_000_000_000  # bytes on a volume of which nothing is told


@dataclass(slots=True)
class Queues:
    """Queues on the files of a host. `find` resolves a path (None: what it begins with is missing), `denied` tells
    whether a file may not be read.
    """

    files: Files
    made: SimulatedQueue
    volumes: Mapping[str, int]
    find: Callable[[str | Located], str | None]
    denied: Callable[[str], bool]
    starts: int = 1

    # --- the service ------------------------------------------------------------------------------------------------

    def fill(self, root: str) -> None:
        """Put the messages that the description tells of in place, and `queue.dat`."""
        if self.made.messages:
            for file in mailbox(f"{root}\\{OUT}", dict(self.made.messages)):
                self.files.put(file)
            self.files.put(SimulatedFile(path=f"{root}\\{QUEUE_DATA}", content=b"queue", read_only=True))

    def started(self, root: str, *, suppressed: bool) -> bool:
        """What the service does when it starts; gives whether it goes on running."""
        if not self.files.is_folder(f"{root}\\{OUT}"):
            return True
        data = f"{root}\\{QUEUE_DATA}"
        if self.files.find(data) is None:
            self.files.put(SimulatedFile(path=data, content=b"queue", modified=BEGAN))
        reports = {MessageKind.NDR: 0 if suppressed else self.made.refill}
        for file in mailbox(f"{root}\\{OUT}", reports, seed=self.starts):
            self.files.put(file)
        self.starts += 1
        return not any(self.files.find(f"{root}\\{OUT}\\{name}") for name in self.made.chokes_on)

    def delivered(self, root: str) -> None:
        """Mail of users has left the queue, where the description says that it leaves."""
        for file in self._messages(root) if self.made.delivers else ():
            if _verdict(file.content or b"", file.bytes).kind is MessageKind.USER:
                self.files.remove(file.path)

    # --- reading ----------------------------------------------------------------------------------------------------

    def queue(self, queue: MessageQueue) -> Reading:
        """The messages in `out`, each told by its content."""
        root = self.find(queue.root)
        if root is None or not self.files.is_folder(f"{root}\\{OUT}"):
            return ABSENT
        messages = sorted(map(self._message, self._messages(root)), key=lambda message: message.name)
        data = self.files.find(f"{root}\\{QUEUE_DATA}")
        return QueueState(path=root, messages=tuple(messages), data=seen(data) if data else None)

    def _messages(self, root: str) -> tuple[SimulatedFile, ...]:
        return tuple(file for file in self.files.inside(f"{root}\\{OUT}") if not file.directory)

    def _message(self, file: SimulatedFile) -> Message:
        if file.held:
            return closed(seen(file), "is held open by another program")
        if self.denied(file.path):
            return closed(seen(file), "access is denied")
        return told(seen(file), _verdict(file.content or b"", file.bytes))

    def contents(self, queue: MessageQueue) -> dict[str, bytes]:
        """What each message holds, by name, of those that can be opened."""
        root = self.find(queue.root)
        return {
            ntpath.basename(file.path): file.content or b""
            for file in (self._messages(root) if root else ())
            if not file.held and not self.denied(file.path)
        }

    def folder(self, folder: Folder) -> Reading:
        """The files of a folder, counted."""
        path = self.find(folder.path)
        if path is None or not self.files.is_folder(path):
            return ABSENT
        files = [file for file in self.files.inside(path) if not file.directory]
        volume = self.files.volume(path)
        free = self.volumes.get(volume, _FREE)
        size = sum(file.bytes for file in files)
        return FolderState(path=path, files=len(files), size=size, free=free, volume=volume)


@lru_cache(maxsize=5000)
def _verdict(content: bytes, size: int) -> Verdict:
    return classify(Extract.of(content[:LIMIT], size))
