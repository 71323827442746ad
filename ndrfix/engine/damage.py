"""Journals that cannot be understood: each is told once, and stops nothing but what needs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.errors import InputError


@dataclass(slots=True)
class Damages:
    """Those that were met, by their paths, with what is wrong."""

    _found: dict[Path, InputError] = field(default_factory=dict)

    def add(self, path: Path, error: InputError) -> None:
        """Keep what is wrong with a journal; the first fault counts."""
        self._found.setdefault(path, error)

    def texts(self) -> Iterator[str]:
        """What is said of each: the fault, and the hosts of which something may be owed that nobody sees."""
        for path, error in self._found.items():
            hosts = ", ".join(_hosts(path))
            where = f"on {hosts}" if hosts else "on its hosts"
            yield (
                f"{error}. What run {path.parent.name} left owed or half done {where} is not known: a service may "
                "not have been restarted, a queue may be half done. Look there; then mend the journal, or move its "
                "run away."
            )


def _hosts(path: Path) -> tuple[str, ...]:
    """The hosts that the lines tell of that can be read, by name."""
    found: set[str] = set()
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return ()
    for line in text.split("\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        host = entry.get("host") if isinstance(entry, dict) else None
        if isinstance(host, str) and host:
            found.add(host)
    return tuple(sorted(found))
