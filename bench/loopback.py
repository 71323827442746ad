"""Simulated hosts in a process of their own, and what they were asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from bench.child import ROOT, answer
from bench.reach import Reach
from bench.traffic import Traffic

_SECONDS = 20


def _described(count: int, messages: Mapping[str, int] | None) -> str:
    """The demo's healthy server, so many times; with `messages`, each holds so many of each kind in its queue."""
    demo = yaml.safe_load((ROOT / "ndrfix" / "demo" / "hosts.yml").read_text(encoding="utf-8"))
    templates = {name: demo[name] for name in ("server", "fine")}
    queue = {} if messages is None else {"messages": dict(messages)}
    hosts = {
        f"ex{number:03}": {"base": "fine", "computer": {"name": f"MAIL{number:03}"}, **queue} for number in range(count)
    }
    return yaml.safe_dump({**templates, **hosts}, sort_keys=False)


class Loopback:
    """So many hosts, while the `with` block lasts. What was changed on them is gone with it."""

    def __init__(self, folder: Path, count: int, *, messages: Mapping[str, int] | None = None) -> None:
        path = folder / "hosts.yml"
        path.write_text(_described(count, messages), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ndrfix.testing.endpoint", str(path), "--scheme", "negotiate"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Loopback:
        said = self._line()
        self.hosts = [
            Reach(name=name, user=said["user"], password=said["password"], **where)
            for name, where in said["hosts"].items()
            if name.startswith("ex")
        ]
        return self

    def traffic(self) -> list[Traffic]:
        """What each host was asked until now."""
        if self._process.stdin is None:
            raise RuntimeError("no standard input")
        self._process.stdin.write("counts\n")
        self._process.stdin.flush()
        said = self._line()
        return [
            Traffic(requests=sum(one["requests"].values()), up=one["up"], down=one["down"])
            for one in (said[host.name] for host in self.hosts)
        ]

    def _line(self) -> Any:
        return json.loads(answer(self._process, "the loopback endpoint"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
