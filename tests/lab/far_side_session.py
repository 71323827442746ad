"""A session with the agent on the lab host, whose lines are seen as they come over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.protocol import (
    OutcomeLine,
    ProgressLine,
    Target,
    apply_request,
    parse_line,
    parse_state,
    read_request,
)
from ndrfix.connections.psrp import Session
from ndrfix.connections.wire_states import queue_file_cells
from ndrfix.connections.wire_text import unescape
from ndrfix.resources import (
    ABSENT,
    Change,
    Folder,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    RemoteItem,
    Resource,
    ServiceStatus,
    State,
)
from ndrfix.secrets import Secret

OPEN = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.RUNNING)
CLOSED = QuarantineState(status=QuarantineStatus.CLOSED, promised=ServiceStatus.RUNNING)
_SINCE = 116_444_736_000_000_000  # 1970 in 100 ns since 1601


def seen(path: Path) -> QueueFile:
    """The file as the far side should see it."""
    about = path.stat()
    return QueueFile(path.name, about.st_size, about.st_mtime_ns // 100 + _SINCE)


@dataclass(slots=True)
class FarSide:
    """The agent in one session. With a `target` it works on that computer."""

    info: dict[str, Any]
    target: Target | None = None
    session: Session | None = None
    progress: list[str] = field(default_factory=list)

    def _call(self, command: str, parameter: str, rows: Sequence[Any]) -> list[str]:
        first = self.session is None
        if self.session is None:
            ends = time.monotonic() + 30
            self.session = Session(self._endpoint(), lambda: ends)
            self.session.open()
        target = self.target if first else None
        return list(self.session.call(command, parameter, rows, first=first, target=target))

    def _endpoint(self) -> Endpoint:
        info = self.info
        return Endpoint(
            host=info["host"],
            name="ex01",
            port=info["port"],
            protocol="http",
            auth="basic",
            message_encryption="never",
            user=info["user"],
            password=Secret(info["password"]),
        )

    def lines(self, *resources: Resource) -> list[str]:
        """What answers a read, but for what is said about the target."""
        said = self._call("Read-Ndrfix", "Request", [read_request(resource) for resource in resources])
        return [line for line in said if not line.startswith("target|")]

    def state(self, resource: Resource) -> Any:
        """The state of a resource."""
        return parse_state(self.lines(resource)[-1].split("|", 2)[2])

    def messages(self, queue: MessageQueue) -> dict[str, tuple[QueueFile, str]]:
        """The messages that are told with their extracts, by name."""
        rows = [line.split("|") for line in self.lines(queue)[:-1]]
        told = [(unescape(row[2]), row) for row in rows if row[0] == "message"]
        return {name: (QueueFile(name, int(row[3]), int(row[4])), row[5]) for name, row in told}

    def apply(self, *items: RemoteItem) -> list[OutcomeLine]:
        """Carry items out; signs of life are kept."""
        said = self._call("Invoke-Ndrfix", "Item", [apply_request(item) for item in items])
        lines = [parse_line(line) for line in said if not line.startswith("target|")]
        self.progress += [line.text for line in lines if isinstance(line, ProgressLine)]
        return [line for line in lines if isinstance(line, OutcomeLine)]

    def close(self) -> None:
        """End the session."""
        if self.session is not None:
            self.session.close()


@dataclass(slots=True)
class Field:
    """A queue and a quarantine of a test on the lab's drive C:, and the far side that works on them."""

    drive: Path
    name: str
    far: FarSide

    @property
    def queue(self) -> MessageQueue:
        """The queue as a resource."""
        return MessageQueue(rf"C:\{self.name}\imc data")

    @property
    def quarantine(self) -> Quarantine:
        """The quarantine as a resource."""
        return Quarantine(rf"C:\{self.name}\kept [1]", "run-1")

    @property
    def out(self) -> Path:
        """The folder of the queue's messages."""
        return self.drive / self.name / "imc data" / "out"

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.drive / self.name / "kept [1]" / "run-1"

    @property
    def manifest(self) -> str:
        """The manifest's text without its first line."""
        text = (self.run / "manifest.txt").read_bytes().decode("ascii")
        head, rest = text.split("\r\n", 1)
        assert head.startswith("ndrfix-quarantine|1|run-1|20")
        return rest

    def fill(self, *names: str, folder: Path | None = None) -> tuple[QueueFile, ...]:
        """Make messages with these names; gives how they should be seen."""
        folder = folder or self.out
        folder.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            (folder / name).write_bytes(b"From: a@b.example\n\nx" + b"y" * number)
        return tuple(seen(folder / name) for name in names)

    def change(self, before: State, after: State, timeout: float = 60.0) -> OutcomeLine:
        """Change the quarantine."""
        return self.far.apply(Change(resource=self.quarantine, before=before, after=after, timeout=timeout))[0]

    def open(self) -> None:
        """Make the quarantine."""
        done = self.change(ABSENT, OPEN)
        assert (done.status, done.message) == ("done", "")

    def item(self, *files: QueueFile, **changes: Any) -> Move:
        """The move of files into the quarantine; keywords replace."""
        return Move(queue=self.queue, quarantine=self.quarantine, files=files, **changes)

    def move(self, *files: QueueFile, **changes: Any) -> MoveState:
        """Move files, and give what it came to."""
        (done,) = self.far.apply(self.item(*files, **changes))
        assert (done.status, done.message, done.before) == ("done", "", None)
        assert isinstance(done.after, MoveState)
        return done.after

    def left(self, *files: QueueFile, **changes: Any) -> dict[str, str]:
        """Why files are left where they are, by name."""
        return {one.name: one.reason for one in self.move(*files, **changes).left}

    def held(self, script: Callable[[str], list[str]], share: str, path: str = r"imc data\out\a") -> None:
        """Let another process open a file, sharing it so far; `$Held.Close()` ends it."""
        where = rf"C:\{self.name}\{path}"
        script(f"$global:Held = [System.IO.File]::Open('{where}', 'Open', 'ReadWrite', '{share}')")

    def folder(self, tail: str = "") -> Folder:
        """A folder of the test as a resource."""
        return Folder(rf"C:\{self.name}{tail}")


def record(verb: str, *files: QueueFile, at: str = "out", kept: str = "out") -> str:
    """What stands in the manifest about files."""
    return "".join(f"{verb}|{at}|{kept}|{queue_file_cells(file)}\r\n" for file in files)
