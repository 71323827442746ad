"""The calls that ndrfix makes to one host, as a peer repeats them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One pipeline: a function with a list of tables, and how many lines it answers. `script` is not empty when the
    function is defined and called by a script that takes the tables.
    """

    script: str
    command: str
    parameter: str
    rows: tuple[dict[str, str | int], ...]
    lines: int


def write_calls(path: Path, calls: Sequence[Call]) -> None:
    """Write calls as JSON."""
    path.write_text(json.dumps([asdict(call) for call in calls]), encoding="utf-8")


def read_calls(path: Path) -> list[Call]:
    """What `write_calls` wrote."""
    return [Call(**{**call, "rows": tuple(call["rows"])}) for call in json.loads(path.read_text(encoding="utf-8"))]
