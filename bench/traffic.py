"""What went over the wire, and a proxy that counts it between a client and a host that does not count itself."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

_PIECE = 1 << 16
_LENGTH = b"content-length:"
_CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """HTTP requests, and bytes to and from the host, with headers."""

    requests: int = 0
    up: int = 0
    down: int = 0

    @property
    def bytes(self) -> int:
        """In both directions."""
        return self.up + self.down

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(requests=self.requests - other.requests, up=self.up - other.up, down=self.down - other.down)

    def shared(self, hosts: int) -> Traffic:
        """The part of one of so many hosts."""
        return Traffic(requests=round(self.requests / hosts), up=round(self.up / hosts), down=round(self.down / hosts))


class RequestCount:
    """Counts the HTTP requests in a stream of bytes that comes in pieces; bodies have a Content-Length."""

    def __init__(self) -> None:
        self._head = b""
        self._body = 0

    def feed(self, piece: bytes) -> int:
        """How many requests end their head in this piece."""
        found = 0
        while piece:
            skipped = min(self._body, len(piece))
            self._body -= skipped
            piece = piece[skipped:]
            if not piece:
                break
            head, end, rest = (self._head + piece).partition(b"\r\n\r\n")
            if not end:
                self._head = head
                break
            found += 1
            self._head, piece, self._body = b"", rest, _length(head)
        return found


def _length(head: bytes) -> int:
    lines = (line for line in head.split(b"\r\n") if line.lower().startswith(_LENGTH))
    return int(next(lines, _LENGTH + b"0")[len(_LENGTH) :])


class CountingProxy:
    """Passes TCP connections on to a port of this computer while its `with` block lasts, and counts."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = threading.Lock()
        self._requests = self._up = self._down = 0
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> CountingProxy:
        self._start(self._accept)
        return self

    @property
    def traffic(self) -> Traffic:
        """What was counted until now."""
        with self._lock:
            return Traffic(requests=self._requests, up=self._up, down=self._down)

    def _start(self, work: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                host = socket.create_connection(("127.0.0.1", self._target))
                for one in (client, host):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets += (client, host)
                self._start(self._up_stream, client, host)
                self._start(self._down_stream, host, client)

    def _up_stream(self, client: socket.socket, host: socket.socket) -> None:
        count = RequestCount()
        for piece in _pieces(client, host):
            with self._lock:
                self._requests += count.feed(piece)
                self._up += len(piece)

    def _down_stream(self, host: socket.socket, client: socket.socket) -> None:
        for piece in _pieces(host, client):
            with self._lock:
                self._down += len(piece)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(_CLOSING_SECONDS)


def _pieces(source: socket.socket, sink: socket.socket) -> Iterator[bytes]:
    """What comes from one side; each piece is passed on to the other when it has been counted."""
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            yield piece
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
