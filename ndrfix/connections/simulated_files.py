"""The files of a simulated host."""

from __future__ import annotations

import ntpath
from dataclasses import replace
from datetime import UTC, datetime

from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.connections.winpath import normal
from ndrfix.resources import ABSENT, Absent, FileState, FileVersionState, fold

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_FORM = "%Y-%m-%dT%H:%M:%SZ"


class Files:
    """Files and folders by full path. The folders above a file exist."""

    def __init__(self, files: tuple[SimulatedFile, ...]) -> None:
        self._files: dict[str, SimulatedFile] = {}
        self._folders: dict[str, dict[str, None]] = {}
        for file in files:
            self.put(file)

    def put(self, file: SimulatedFile) -> None:
        """Put a file in place of what has its path."""
        path = normal(file.path)
        self._files[fold(path)] = file if path == file.path else replace(file, path=path)
        self._enter(fold(path))

    def _enter(self, key: str) -> None:
        """Let every folder above know what is in it."""
        while (above := ntpath.dirname(key)) != key:
            known = self._folders.setdefault(above, {})
            if key in known:
                return
            known[key] = None
            key = above

    def find(self, path: str) -> SimulatedFile | None:
        """The file or folder at a full path, None when there is none."""
        wanted = fold(path)
        if wanted in self._files:
            return self._files[wanted]
        return SimulatedFile(path=path, directory=True) if self._folders.get(wanted) else None

    def inside(self, folder: str) -> tuple[SimulatedFile, ...]:
        """The files and folders directly in a folder, in the order in which they came."""
        found = (self._files.get(key) or SimulatedFile(path=key, directory=True) for key in self._keys(folder))
        return tuple(found)

    def _keys(self, folder: str) -> tuple[str, ...]:
        return tuple(self._folders.get(fold(folder).rstrip("\\") or "\\", ()))

    def remove(self, path: str) -> None:
        """Take a file, or an empty folder, away."""
        key = fold(path)
        self._files.pop(key, None)
        above = ntpath.dirname(key)
        self._folders.get(above, {}).pop(key, None)
        # A folder stays when the last file has gone from it.
        if above not in self._files and not self._folders.get(above):
            self.put(SimulatedFile(path=ntpath.dirname(path), directory=True))

    def rename(self, old: str, new: str) -> None:
        """Give a file another path."""
        file = self._files[fold(old)]
        self.remove(old)
        self.put(replace(file, path=new))

    def file(self, path: str) -> FileState | Absent:
        """Return the file or folder at a full path."""
        found = self.find(path)
        if found is None:
            return ABSENT
        return FileState(
            path=path,
            size=0 if found.directory else found.bytes,
            modified=found.modified,
            read_only=found.read_only,
            directory=found.directory,
        )

    def version(self, path: str) -> FileVersionState | Absent:
        """Return the file at a full path with its version.

        Raises:
            RefusedError: a folder is there.
        """
        found = self.find(path)
        if found is None:
            return ABSENT
        if found.directory:
            raise RefusedError(f"{path} is a folder")
        return FileVersionState(path=path, version=found.version, size=found.bytes, modified=found.modified)


def written(file: SimulatedFile) -> int:
    """When a file was written, in 100 ns since 1601."""
    since = datetime.strptime(file.modified, _FORM).replace(tzinfo=UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10_000_000
