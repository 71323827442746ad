"""The files of a simulated host."""

from __future__ import annotations

import ntpath
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.connections.winpath import normal
from ndrfix.resources import ABSENT, Absent, FileState, FileVersionState, QueueFile, fold

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_FORM = "%Y-%m-%dT%H:%M:%SZ"


class Files:
    """Files and folders by full path. The folders above a file exist."""

    def __init__(self, files: tuple[SimulatedFile, ...]) -> None:
        self._files: dict[str, SimulatedFile] = {}
        self._folders: dict[str, dict[str, str]] = {}  # what is in each, by folded path as it is spelled
        for file in files:
            self.put(file)

    def put(self, file: SimulatedFile) -> None:
        """Put a file in place of what has its path."""
        path = normal(file.path)
        self._files[fold(path)] = file if path == file.path else replace(file, path=path)
        self._enter(path)

    def _enter(self, path: str) -> None:
        """Let every folder above know what is in it."""
        while (above := ntpath.dirname(path)) != path:
            known, key = self._folders.setdefault(fold(above), {}), fold(path)
            if key in known:
                return
            known[key] = path
            path = above

    def find(self, path: str) -> SimulatedFile | None:
        """The file or folder at a full path, None when there is none."""
        wanted = fold(path)
        if wanted in self._files:
            return self._files[wanted]
        return SimulatedFile(path=path, directory=True) if self._folders.get(wanted) else None

    def inside(self, folder: str) -> tuple[SimulatedFile, ...]:
        """The files and folders directly in a folder, in the order in which they came."""
        known = self._folders.get(fold(folder), {})
        return tuple(self._files.get(key) or SimulatedFile(path=path, directory=True) for key, path in known.items())

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there; the root of a volume always is."""
        found = self.find(path)
        return ntpath.dirname(path) == path if found is None else found.directory

    def volume(self, path: str) -> str:
        """What tells the volume of a path from others: the letter of the drive, or of what is mounted above it."""
        while (above := ntpath.dirname(path)) != path:
            found = self._files.get(fold(path))
            if found is not None and found.volume:
                return fold(found.volume)
            path = above
        return fold(ntpath.splitdrive(path)[0].rstrip(":"))

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


def seen(file: SimulatedFile) -> QueueFile:
    """A file as a list of its folder has it."""
    return QueueFile(ntpath.basename(file.path), file.bytes, written(file))


def written(file: SimulatedFile) -> int:
    """When a file was written, in 100 ns since 1601."""
    return _ticks(file.modified)


@lru_cache(maxsize=10_000)
def _ticks(modified: str) -> int:
    since = datetime.strptime(modified, _FORM).replace(tzinfo=UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10_000_000
