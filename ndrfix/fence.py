"""Whom this process works for, and which files it may read: every text that an inventory or a playbook brings along
passes here, whoever names the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _anything(_path: Path) -> None:
    """Where nobody is worked for, nothing is kept."""


@dataclass(slots=True)
class Fence:
    """Keeps files from being read. `admit` is told each path, and raises an InputError for one that stays closed.

    `client` names whom is worked for (empty: nobody, or not known yet).
    """

    admit: Callable[[Path], None] = _anything
    client: str = ""

    def lift(self) -> None:
        """From now on everything may be read."""
        self.admit, self.client = _anything, ""


FENCE = Fence()
"""The one of this process."""
