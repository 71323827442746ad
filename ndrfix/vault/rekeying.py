"""Encrypted files under another password: opened all before any is written, each replaced whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.encrypted import is_encrypted
from ndrfix.errors import InputError, OutputError
from ndrfix.place import Place
from ndrfix.source import read_text
from ndrfix.vault.envelope import seal
from ndrfix.vault.opening import Vault
from ndrfix.vault.sources import Identity


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """An encrypted file and what was in it. `path` leads to the file itself, also where a link was named."""

    path: Path
    content: bytes = field(repr=False)

    def rekey(self, identity: Identity) -> None:
        """Encrypt it for an identity. Its rights stay, and its owner where that is allowed.

        Raises:
            InputError: the identity's password cannot be had.
            OutputError: it cannot be written; it is as before.
        """
        _replace(self.path, seal(self.content, identity.password(), identity.label).encode())


def opened_files(paths: Sequence[Path], vault: Vault) -> tuple[OpenedFile, ...]:
    """The files, opened.

    Raises:
        InputError: one cannot be read, is not encrypted as a whole, or does not open; nothing was written.
    """
    return tuple(OpenedFile(path.resolve(), content_of(path, vault)) for path in paths)


def content_of(path: Path, vault: Vault) -> bytes:
    """What is in an encrypted file.

    Raises:
        InputError: it cannot be read, is not encrypted as a whole, or does not open.
    """
    text, place = read_text(path), Place(file=str(path))
    if not is_encrypted(text):
        raise InputError(
            "the file is not encrypted as a whole",
            place=place,
            next_step="A single value in it is made anew with `ndrfix vault encrypt-string`.",
        )
    return vault.open(text, place)[0]


def _replace(path: Path, content: bytes) -> None:
    try:
        old = path.stat()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if hasattr(os, "chown"):
                with suppress(OSError):  # only root may give a file away; then it is ours
                    os.chown(name, old.st_uid, old.st_gid)
            Path(name).chmod(old.st_mode & 0o7777)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", next_step="It is as it was before.") from error
