r"""The message queue of the Internet Mail Service, and the quarantine into which messages of it are moved.

The queue lies below the service's folder (`RootDir`, usually `C:\exchsrvr\imcdata`): one file a message in `out`, and
`queue.dat`, which only says what is where and is rebuilt when it is missing (Q148727, Q312443). The quarantine is a
folder on the same volume with a folder for each run, laid out like the queue (`out`, `queue.dat`), and a manifest that
the far side writes before it moves anything. So a run that broke off can be told, finished, or put back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ndrfix.resources.kinds import File, Located, _Named, fold, path_identity
from ndrfix.resources.states import ServiceStatus

OUT = "out"
"""The folder of the queue's outbound messages, and of the messages in a run's quarantine."""
BAD = "bad"
"""The folder, in a run's quarantine, of messages that made the service stop when they were put back."""
REPLACED = "replaced"
"""The folder, in a run's quarantine, of the `queue.dat` that had to go when messages were put back."""
PART = "part"
"""The folder, in a run's quarantine, of copies from another volume until they are whole."""
QUEUE_DATA = "queue.dat"
MANIFEST = "manifest.txt"
"""The file, in a run's quarantine, in which stands what was to be moved."""


class MessageKind(StrEnum):
    """What a message is. `bounce`: another system's report; `unknown`: it could not be told, so it is never taken."""

    NDR = "ndr"
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    USER = "user"
    UNKNOWN = "unknown"


# --- states ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueueFile:
    """A file as it was seen: its literal name, `size` in bytes, and when it was `written` (100 ns since 1601, UTC).

    In a move, a size of -1 means: as it is, neither size nor time are compared.
    """

    name: str
    size: int
    written: int


@dataclass(frozen=True, slots=True)
class Message(QueueFile):
    """A message of the queue, and what its first kilobytes say.

    `recipients` are, of a report, those who could not be reached, else those in To; `domain` is where the message goes;
    `reasons` say why it is of its kind; `sender` is the address in From.
    """

    kind: MessageKind
    subject: str = ""
    recipients: tuple[str, ...] = ()
    domain: str = ""
    reasons: tuple[str, ...] = ()
    sender: str = ""

    @property
    def file(self) -> QueueFile:
        """The message's file alone."""
        return QueueFile(self.name, self.size, self.written)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue whose folder `out` exists: `path` is its root after resolution, `messages` are sorted by name, `data` is
    its `queue.dat`, if any.
    """

    path: str
    messages: tuple[Message, ...] = ()
    data: QueueFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """A folder: the files in it (not below it), their `size` in bytes, the `free` bytes of its volume (None: not
    known), and what tells that `volume` from others of the host (empty: not known).
    """

    path: str
    files: int
    size: int
    free: int | None = None
    volume: str = ""


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A file on record in a manifest, of which the move between `at` and `kept` did not happen; see `Move`."""

    at: str
    kept: str
    back: bool
    file: QueueFile


class QuarantineStatus(StrEnum):
    """`open`: a run is moving messages, or broke off; `closed`: it came to its end."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineState:
    """One run's quarantine.

    `promised` is the status to which the Internet Mail Service returns at the end. `messages` and their `size` in bytes
    are what lies there now (None in a change: whatever there is). `began` is UTC as `YYYY-MM-DDTHH:MM:SSZ`. `pending`
    are files on record whose move did not happen, sorted by name: `back` tells for which way. `garbled` lines of its
    manifest say nothing. Only status, promise and (where given) messages and size are compared.
    """

    status: QuarantineStatus
    promised: ServiceStatus
    messages: int | None = None
    size: int | None = None
    began: str = ""
    pending: tuple[PendingMove, ...] = ()
    data: bool = False
    garbled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinesState:
    """A folder of quarantines that exists: each run with its state, sorted by run; one whose manifest cannot be read is
    in `unreadable` with the reason.
    """

    path: str
    runs: tuple[tuple[str, QuarantineState], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file that was not moved, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveState:
    """What a move came to: files `moved` (those that were there already count), their `size` in bytes, and the files
    `left` where they were.
    """

    moved: int
    size: int
    left: tuple[LeftFile, ...] = ()


# --- resources ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class MessageQueue(_Named):
    """The outbound queue below a root. State: `QueueState`, or `ABSENT` when its folder `out` does not exist."""

    root: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return path_identity(self.root)

    def __str__(self) -> str:
        return f"the queue in {self.root}"


@dataclass(frozen=True, slots=True, eq=False)
class Folder(_Named):
    """What lies in a folder, counted. State: `FolderState` or `ABSENT`."""

    path: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return path_identity(self.path)

    def __str__(self) -> str:
        return f"the files in {self.path}"


@dataclass(frozen=True, slots=True, eq=False)
class Quarantine(_Named):
    """The quarantine of one run below the folder of quarantines. State: `QuarantineState` or `ABSENT`."""

    folder: str | Located
    run: str

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return (*path_identity(self.folder), fold(self.run))

    def __str__(self) -> str:
        return f"quarantine {self.run}"


@dataclass(frozen=True, slots=True, eq=False)
class Quarantines(_Named):
    """The folder of quarantines. State: `QuarantinesState` or `ABSENT`."""

    folder: str | Located

    @property
    def identity(self) -> tuple[object, ...]:
        """What equality goes by."""
        return path_identity(self.folder)

    def __str__(self) -> str:
        return f"the quarantines in {self.folder}"


def kept_queue(quarantine: Quarantine) -> MessageQueue:
    """What lies in a quarantine, which is laid out like a queue."""
    return MessageQueue(_below(quarantine, ""))


def kept_folder(quarantine: Quarantine, name: str = "") -> Folder:
    """A folder of a quarantine; without a name its own."""
    return Folder(_below(quarantine, f"\\{name}" if name else ""))


def kept_file(quarantine: Quarantine, name: str) -> File:
    """A file in the own folder of a quarantine."""
    return File(_below(quarantine, f"\\{name}"))


def _below(quarantine: Quarantine, tail: str) -> str | Located:
    folder = quarantine.folder
    if isinstance(folder, Located):
        return Located(folder.base, f"{folder.tail}\\{quarantine.run}{tail}")
    return f"{folder}\\{quarantine.run}{tail}"


# --- the item -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Files moved from `at` in the queue's root to `kept` in a run's quarantine (`back`: the other way), by their
    literal names. Its reverse is the move back.

    The quarantine must be open. The far side puts every file on record in the manifest, on disk, before it moves it;
    one that is not as it was seen (size, time), is held open, or would replace another is left where it is and
    reported. A file that is on the far end already counts as moved, so that a move can be repeated. `replace`: a file
    of that name on the far end is replaced. `mail` are the names of those that are known to be no reports. `timeout` is
    the limit in seconds for all of it.
    """

    queue: MessageQueue
    quarantine: Quarantine
    files: tuple[QueueFile, ...]
    at: str = OUT
    kept: str = OUT
    back: bool = False
    replace: bool = False
    mail: frozenset[str] = field(default=frozenset(), compare=False)
    timeout: float = field(default=600.0, compare=False)

    @property
    def resource(self) -> MessageQueue:
        """What is changed."""
        return self.queue

    def reversed(self) -> Move:
        """The move that takes this one back."""
        return Move(
            queue=self.queue,
            quarantine=self.quarantine,
            files=self.files,
            at=self.at,
            kept=self.kept,
            back=not self.back,
            mail=self.mail,
            timeout=self.timeout,
        )
