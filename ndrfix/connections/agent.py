"""The text of `agent.ps1` as it is sent, and the script that begins a session with it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

ROWS, TARGET = "Rows", "Target"
"""The parameters of an opening script."""


@cache
def agent_text() -> str:
    """The agent without comments and indentation, which would be a third of what is sent to every host.

    Of texts that span lines only C# may be in it, which means the same without its indentation.
    """
    lines = (line.strip() for line in _source().splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def _source() -> str:
    return files("ndrfix.connections").joinpath("agent.ps1").read_text(encoding="ascii")


def opening(command: str, parameter: str, *, connect: str = "") -> str:
    """The script that defines the agent and calls one of its functions with the table list `ROWS`, before that
    `connect` with the table `TARGET`. Run it in a scope of its own.

    One script, and not one statement for the agent and one for the call: PowerShell knows pipelines of several
    statements from version 3.0 on only, and the first of them travels twice.
    """
    calls = [f"{connect} -{TARGET} ${TARGET}"] if connect else []
    return "\n".join([f"param(${ROWS}, ${TARGET})", agent_text(), *calls, f"{command} -{parameter} ${ROWS}"])
