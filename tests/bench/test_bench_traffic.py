"""How a benchmark counts what goes over the wire."""

from __future__ import annotations

import socket
import threading

import pytest

from bench.traffic import CountingProxy, RequestCount, Traffic

STREAM = (
    b"POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    b"POST /wsman HTTP/1.1\r\ncontent-length: 25\r\n\r\nPOST / HTTP/1.1\r\n\r\n12345\n\n"
    b"GET / HTTP/1.1\r\n\r\n"
)


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1, 7))
def test_requests_are_counted_however_the_stream_is_cut(size: int) -> None:
    """A body that looks like a request is none."""
    count = RequestCount()
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert sum(count.feed(piece) for piece in pieces) == 3


def test_proxy_counts_both_directions() -> None:
    """Everything is passed on, and counted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = threading.Thread(target=_answer, args=(server,))
        host.start()
        with CountingProxy(server.getsockname()[1]) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
                client.sendall(STREAM)
                client.shutdown(socket.SHUT_WR)
                got = b"".join(iter(lambda: client.recv(100), b""))
            host.join(10)
            assert got == STREAM[::-1]
            assert proxy.traffic == Traffic(requests=3, up=len(STREAM), down=len(STREAM))


def _answer(server: socket.socket) -> None:
    """Send back what came, the last byte first."""
    client, _ = server.accept()
    with client:
        client.sendall(b"".join(iter(lambda: client.recv(100), b""))[::-1])
