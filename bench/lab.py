"""One host with a real PowerShell, behind a proxy that counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.child import answer
from bench.reach import Reach
from bench.traffic import CountingProxy, Traffic

_SECONDS = 60


class Lab:
    """A fresh host while the `with` block lasts; `folder` is what NDRFIX_LAB names.

    It can be reached under any number of names, to see what each further host costs.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(folder / "winhost.py"), "up", "--until-stdin-closes", "--warm", "2"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Lab:
        self._said: dict[str, Any] = json.loads(answer(self._process, "the lab host"))
        self._proxy = CountingProxy(self._said["port"]).__enter__()
        return self

    def hosts(self, count: int) -> list[Reach]:
        """The host under so many names."""
        user, password = self._said["user"], self._said["password"]
        return [
            Reach(name=f"ex{number:03}", address="127.0.0.1", port=self._proxy.port, user=user, password=password)
            for number in range(count)
        ]

    @property
    def traffic(self) -> Traffic:
        """What the host was asked until now."""
        return self._proxy.traffic

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._proxy.__exit__(kind, error, trace)
            self._process.communicate(timeout=_SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.communicate()
