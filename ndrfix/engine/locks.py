"""One run at a time on a host: two applies from one folder of runs never work on the same host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ndrfix.engine.recorder import RecordError
from ndrfix.engine.task import file_name
from ndrfix.errors import HostError


class HostInUseError(HostError):
    """Another run is at work on the host."""


@contextmanager
def host_lock(folder: Path, host: str) -> Iterator[None]:
    """Hold the lock of a host for the time of the block; the operating system frees it when the process dies.

    `folder` is the folder of runs; the lock files lie below it and stay.

    Raises:
        HostInUseError: another process, or another thread, holds it.
        RecordError: the lock file cannot be made.
    """
    import filelock

    path = folder / ".locks" / f"{file_name(host)}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path, timeout=0)
        lock.acquire()
    except filelock.Timeout as error:
        raise HostInUseError(
            "another ndrfix run from this folder is at work on this host",
            host=host,
            next_step="Wait until it has ended, then plan again. Nothing was sent.",
        ) from error
    except OSError as error:
        raise RecordError(f"cannot write {path}: {error.strerror or error}", host=host) from error
    try:
        yield
    finally:
        lock.release()
