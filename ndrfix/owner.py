"""Whose a file is: the client's in whose folder it lies, however deep. What lies in no client's folder is anybody's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

FILE = "client.yml"


class Owners:
    """Tells the clients' folders that a path belongs to; a folder is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Path, ...]] = {}
        self._real: dict[Path, Path] = {}
        self._nearest: dict[Path, Path | None] = {}

    def __call__(self, path: Path) -> tuple[Path, ...]:
        """The folders, resolved, each once: of the path as it is spelled, and of what its links lead to. Mostly it is
        one, or none.
        """
        if path not in self._known:
            self._known[path] = self._found(path)
        return self._known[path]

    def _found(self, path: Path) -> tuple[Path, ...]:
        whole = path.absolute()  # `.` is the folder that it stands for, with a name
        whole = _leads_to(whole) if whole.name == ".." else whole
        parent = whole.parent
        real = self._resolved(parent)
        spelled = (real if ".." in parent.parts else parent) / whole.name
        kind = _kind(spelled)
        leads_to = _leads_to(spelled) if stat.S_ISLNK(kind) else real / whole.name
        plain = stat.S_ISREG(kind)
        found = (self._above(each.parent) if plain else self._of(each) for each in dict.fromkeys((spelled, leads_to)))
        return tuple(dict.fromkeys(self._resolved(each) for each in found if each))

    def _resolved(self, folder: Path) -> Path:
        if folder not in self._real:
            self._real[folder] = _leads_to(folder)
        return self._real[folder]

    def _of(self, path: Path) -> Path | None:
        """The path itself or the nearest folder above it that holds a `client.yml`."""
        return path if (path / FILE).is_file() else self._above(path.parent)

    def _above(self, folder: Path) -> Path | None:
        if folder not in self._nearest:
            own = (folder / FILE).is_file()
            self._nearest[folder] = folder if own else None if folder == folder.parent else self._above(folder.parent)
        return self._nearest[folder]


def _leads_to(path: Path) -> Path:
    """Where the links of a path end; of links that go in a circle, the path as far as it leads."""
    return Path(os.path.realpath(path))


def _kind(path: Path) -> int:
    """The mode of a path itself, 0 for what is not there."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0
