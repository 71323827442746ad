"""A run's result as a file: tried before the act, written after it."""

from __future__ import annotations

from pathlib import Path

from ndrfix.cli.terminal import MASKER
from ndrfix.engine.result import RunResult
from ndrfix.errors import InputError, OutputError


def require_writable(path: Path) -> None:
    """Make sure, before anything is done, that a file can be written; what it holds is left as it is.

    Raises:
        InputError: it cannot.
    """
    there = path.exists()
    if there and not path.is_file() and not path.is_dir():
        return  # a pipe or a device: trying it would be writing to it
    try:
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", next_step="Nothing was done. Name another file with --json."
        ) from error


def write_document(result: RunResult, path: Path) -> None:
    """Write the run as `ndrfix.run/1`.

    Raises:
        OutputError: the file cannot be written.
    """
    from ndrfix.report.document import document

    try:
        path.write_text(document(result, MASKER), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
