"""The texts of the far side as they are sent, and the scripts that begin a session with them.

`agent.ps1` is sent first; `queue.ps1`, with the C# of `queue.cs` in it, only when something of the queue is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

ROWS, TARGET = "Rows", "Target"
"""The parameters of an opening script."""

_QUEUE_KINDS = frozenset({"queue", "folder", "quarantine", "quarantines", "move"})


@cache
def agent_text() -> str:
    """The agent without comments and indentation, which would be a third of what is sent to every host.

    Of texts that span lines only C# may be in it, which means the same without its indentation.
    """
    return _bare(_source("agent.ps1"), "#")


@cache
def queue_text() -> str:
    """The agent's part for the queue, likewise, with its C# as a text in quotes at the end."""
    loops = _bare(_source("queue.cs"), "//").replace("'", "''")
    return f"{_bare(_source('queue.ps1'), '#')}\n$global:NdrfixQueueText = '\n{loops}'"


def needs_queue(rows: Iterable[Mapping[str, object]]) -> bool:
    """Whether one of the requests is about the queue or a quarantine, so that `queue_text` must be there."""
    return any(row.get("Kind") in _QUEUE_KINDS for row in rows)


def _bare(text: str, comment: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(comment))


def _source(name: str) -> str:
    return files("ndrfix.connections").joinpath(name).read_text(encoding="ascii")


def opening(command: str, parameter: str, *, connect: str = "", agent: bool = True, queue: bool = False) -> str:
    """The script that defines the agent (and its part for the queue) and calls one of its functions with the table
    list `ROWS`, before that `connect` with the table `TARGET`. Run it in a scope of its own.

    Without `agent` it is for a session that has the agent, and lacks the part for the queue.

    One script, and not one statement for the agent and one for the call: PowerShell knows pipelines of several
    statements from version 3.0 on only, and the first of them travels twice.
    """
    texts = [agent_text()] if agent else []
    texts += [queue_text()] if queue else []
    calls = [f"{connect} -{TARGET} ${TARGET}"] if connect else []
    return "\n".join([f"param(${ROWS}, ${TARGET})", *texts, *calls, f"{command} -{parameter} ${ROWS}"])
