"""The files of a simulated host."""

from __future__ import annotations

from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulation import DEFAULT_MODIFIED, SimulatedFile
from ndrfix.connections.winpath import normal
from ndrfix.resources import ABSENT, Absent, FileState, FileVersionState, fold


class Files:
    """Files and folders by full path. The folders above a file exist."""

    def __init__(self, files: tuple[SimulatedFile, ...]) -> None:
        self._files: dict[str, SimulatedFile] = {}
        for file in files:
            self.put(file)

    def put(self, file: SimulatedFile) -> None:
        """Put a file in place of what has its path."""
        self._files[fold(normal(file.path))] = file

    def file(self, path: str) -> FileState | Absent:
        """Return the file or folder at a full path."""
        found = self._find(path)
        if found is None:
            return ABSENT
        return FileState(
            path=path,
            size=0 if found.directory else found.size,
            modified=found.modified,
            read_only=found.read_only,
            directory=found.directory,
        )

    def version(self, path: str) -> FileVersionState | Absent:
        """Return the file at a full path with its version.

        Raises:
            RefusedError: a folder is there.
        """
        found = self._find(path)
        if found is None:
            return ABSENT
        if found.directory:
            raise RefusedError(f"{path} is a folder")
        return FileVersionState(path=path, version=found.version, size=found.size, modified=found.modified)

    def _find(self, path: str) -> SimulatedFile | None:
        wanted = fold(path)
        if wanted in self._files:
            return self._files[wanted]
        inside = wanted.rstrip("\\") + "\\"
        implied = any(known.startswith(inside) for known in self._files)
        return SimulatedFile(path=path, modified=DEFAULT_MODIFIED, directory=True) if implied else None
