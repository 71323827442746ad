"""The TCP connections below a session of requests, and the watch over a call's time on them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

_GRACE = 10.0
_AGAIN = 0.25


class Wires:
    """The TCP connections of a session: they can be cut from another thread, and are surely closed in the end."""

    def __init__(self, session: requests.Session) -> None:
        self._connections: list[Any] = []
        self.offered = ""
        session.hooks["response"].append(self._remember)
        adapters = set(session.adapters.values())
        for adapter in (one for one in adapters if isinstance(one, requests.adapters.HTTPAdapter)):
            manager = adapter.poolmanager
            classes = manager.pool_classes_by_scheme.items()
            manager.pool_classes_by_scheme = {scheme: self._tracking(make) for scheme, make in classes}

    def _remember(self, response: requests.Response, **_kwargs: Any) -> None:
        if response.status_code == requests.codes.unauthorized:
            self.offered = response.headers.get("WWW-Authenticate", "")

    def _tracking(self, make_pool: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            pool = make_pool(*args, **kwargs)
            connect = pool.ConnectionCls

            def tracked(*args: Any, **kwargs: Any) -> Any:
                connection = connect(*args, **kwargs)
                self._connections.append(connection)
                return connection

            pool.ConnectionCls = tracked
            return pool

        return make

    def cut(self) -> None:
        """Shut every connection down; a thread that waits for one gets an error at once."""
        for connection in list(self._connections):
            if (sock := connection.sock) is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.close()
        self._connections.clear()


class Watchdog:
    """Cuts the wires when a call is still under way after its deadline: a peer that drips bytes never times out.

    `grace` are seconds beyond the deadline, for the time-outs of the call itself to come first.
    """

    def __init__(self, wires: Wires, until: Callable[[], float], *, grace: float | None = None) -> None:
        self._wires, self._until = wires, until
        self._grace = _GRACE if grace is None else grace
        self._done = threading.Event()
        self.barked = False
        self._thread = threading.Thread(target=self._watch, name="ndrfix-watchdog", daemon=True)

    def _watch(self) -> None:
        while (left := self._until() + self._grace - time.monotonic()) > 0:
            if self._done.wait(left):
                return
        self.barked = True
        # Again and again: headers that a cut ended early pass for an answer, and make a client log on anew.
        self._wires.cut()
        while not self._done.wait(_AGAIN):
            self._wires.cut()

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._done.set()
        self._thread.join()
