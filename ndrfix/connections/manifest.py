r"""The manifest of a quarantine: what was to be moved, on the host's disk before it is moved.

    ndrfix-quarantine|1|RUN|BEGAN
    open|PROMISED              a run begins; PROMISED is the status to which the service returns
    promise|PROMISED           in a run that is open: another status to return to; what is on record stays so
    move|AT|KEPT|FILE          FILE (name*size*time) is about to be moved from AT in the queue to KEPT in the quarantine
    back|AT|KEPT|FILE          ... to be moved back
    copied|AT|KEPT|FILE        to another volume: a whole copy of it is on that disk, the file itself may go
    done|AT|KEPT|FILE          to another volume: it has come to its end
    closed                     the run came to its end

ASCII, escaped as on the wire, every line ended by CR LF. A last line without that was cut off by a crash: it does not
count, and the next one begins on a new line. A line in the middle that says nothing is such a one, or damaged; it is
counted. Files on record after `closed` were moved after an opening that is such a line: the run is open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ndrfix.connections.wire_states import queue_file, queue_file_cells
from ndrfix.connections.wire_text import WireError, escape, unescape
from ndrfix.resources import MANIFEST, PendingMove, QuarantineStatus, ServiceStatus, fold

NAME = MANIFEST
BATCH = 250
"""How many files are put on record at a time."""
_FORM, _VERSION = "ndrfix-quarantine", "1"
_END = "\r\n"


Key = tuple[str, str, str]
"""What a record is about: the folders and the name of a file, as they are compared."""


class ManifestError(Exception):
    """A text that is no manifest; the message says why."""


@dataclass(slots=True)
class Manifest:
    """What a manifest says. `records` are those since it was last opened, the last one of each file; names differ
    without case. `copied` are those of them of which a whole copy is on the other volume. `garbled` lines say nothing.
    """

    run: str
    began: str
    status: QuarantineStatus = QuarantineStatus.CLOSED
    promised: ServiceStatus = ServiceStatus.RUNNING
    records: dict[Key, PendingMove] = field(default_factory=dict)
    copied: set[Key] = field(default_factory=set)
    garbled: int = 0

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """Read a manifest.

        Raises:
            ManifestError: it is none.
        """
        lines = text.split(_END)[:-1]
        parts = lines[0].split("|") if lines else []
        if len(parts) != 4 or parts[0] != _FORM:
            raise ManifestError(f"its {NAME} is not one of ndrfix")
        if parts[1] != _VERSION:
            raise ManifestError(f"its {NAME} was written by a newer ndrfix")
        found = cls(run=unescape(parts[2]), began=parts[3])
        opened = False
        for line in lines[1:]:
            try:
                opened = found._note(line) or opened
            except (ValueError, WireError):
                found.garbled += 1
        if not opened:
            raise ManifestError("the manifest does not say whether the run is open")
        return found

    def _note(self, line: str) -> bool:
        """Take in one line; gives whether it opens the run.

        Raises:
            ValueError, WireError: it says nothing.
        """
        match line.split("|"):
            case ["open", ("running" | "stopped") as promised]:
                self.status, self.promised = QuarantineStatus.OPEN, ServiceStatus(promised)
                self.records, self.copied = {}, set()
                return True
            case ["promise", ("running" | "stopped") as promised]:
                self.promised = ServiceStatus(promised)
            case ["closed"]:
                self.status = QuarantineStatus.CLOSED
            case [("move" | "back") as verb, at, kept, cells]:
                move = PendingMove(unescape(at), unescape(kept), verb == "back", queue_file(cells))
                self.status = QuarantineStatus.OPEN
                self.records[key(move)] = move
                self.copied.discard(key(move))
            case [("copied" | "done") as verb, at, kept, cells]:
                self._went_on(verb, key(PendingMove(unescape(at), unescape(kept), False, queue_file(cells))))
            case _:
                raise WireError("a line that says nothing")
        return False

    def _went_on(self, verb: str, moved: Key) -> None:
        if verb == "done":
            self.records.pop(moved, None)
            self.copied.discard(moved)
        elif moved in self.records:
            self.copied.add(moved)


def header(run: str, began: str) -> str:
    """The first line."""
    return f"{_FORM}|{_VERSION}|{escape(run)}|{began}{_END}"


def opened(promised: ServiceStatus) -> str:
    """The line that opens it."""
    return f"open|{promised}{_END}"


def promised(status: ServiceStatus) -> str:
    """The line that changes the promise of one that is open."""
    return f"promise|{status}{_END}"


def closed() -> str:
    """The line that closes it."""
    return f"closed{_END}"


def key(move: PendingMove) -> Key:
    """What a record is about."""
    return fold(move.at), fold(move.kept), fold(move.file.name)


def record(move: PendingMove) -> str:
    """The line before a file is moved."""
    return _line("back" if move.back else "move", move)


def copied(move: PendingMove) -> str:
    """The line between the copy to another volume and the deletion of what was copied."""
    return _line("copied", move)


def done(move: PendingMove) -> str:
    """The line after a file came to another volume."""
    return _line("done", move)


def _line(verb: str, move: PendingMove) -> str:
    return f"{verb}|{escape(move.at)}|{escape(move.kept)}|{queue_file_cells(move.file)}{_END}"


def appended(text: bytes, lines: str) -> bytes:
    """A manifest with lines added; a cut line is ended first."""
    end = _END.encode()
    return text + (b"" if text.endswith(end) or not text else end) + lines.encode("ascii")
