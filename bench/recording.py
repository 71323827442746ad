"""Runs ndrfix and writes down what it asks of a host, for a peer that asks the same.

    python -m bench.recording calls.json plan reverse-ndr -i inventory.yml

The inventory has one host. Exit code: ndrfix's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.calls import Call, write_calls
from ndrfix.cli import main
from ndrfix.connections.agent import opening
from ndrfix.connections.protocol import Request, Target
from ndrfix.connections.psrp import Session


class Recorder:
    """Stands before `Session.call` and keeps what goes through it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._call = Session.call

    def call(
        self,
        session: Session,
        command: str,
        parameter: str,
        rows: Sequence[Request],
        *,
        first: bool = False,
        target: Target | None = None,
    ) -> Iterator[str]:
        """As `Session.call`; noted when it is complete."""
        lines = 0
        for line in self._call(session, command, parameter, rows, first=first, target=target):
            lines += 1
            yield line
        script = opening(command, parameter) if first else ""
        self.calls.append(Call(script=script, command=command, parameter=parameter, rows=tuple(rows), lines=lines))


if __name__ == "__main__":
    recorder = Recorder()
    setattr(Session, "call", lambda *args, **named: recorder.call(*args, **named))  # noqa: B010 - mypy forbids the other way
    path = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        write_calls(path, recorder.calls)
