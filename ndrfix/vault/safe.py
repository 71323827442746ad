"""What only this user can read again: texts sealed with a key that lies apart from them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_PATIENCE = 10.0


@dataclass(slots=True)
class Safe:
    """Seals texts with the key in a file, which is made when it is first needed, for its owner alone.

    `warn` is told once when there can be no key: then nothing is sealed. The texts are Fernet tokens (AES-128 in CBC
    mode, authenticated by HMAC-SHA256).
    """

    path: Path
    warn: Callable[[str], None]
    _key: Fernet | None = field(default=None, init=False, repr=False)
    _failed: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def seal(self, text: str) -> str:
        """The text sealed, empty when there can be no key."""
        with self._lock:
            if self._key is None and not self._failed:
                try:
                    self._key = _made(self.path)
                except (OSError, ValueError) as error:
                    self._failed = True
                    why = getattr(error, "strerror", None) or "it is damaged"
                    self.warn(f"the key {self.path} cannot be used ({why}): undo will not know the values under no_log")
        return self._key.encrypt(text.encode()).decode() if self._key else ""

    def open(self, sealed: str) -> str | None:
        """The text, None when the key is not here, or is another one."""
        from cryptography.fernet import InvalidToken

        try:
            key = self._key or _kept(self.path)
            return key.decrypt(sealed.encode()).decode()
        except (OSError, ValueError, InvalidToken):
            return None


def _kept(path: Path) -> Fernet:
    from cryptography.fernet import Fernet

    return Fernet(path.read_bytes().strip())


def _made(path: Path) -> Fernet:
    """The key in the file, a new one when there is no file; two processes agree on one."""
    import filelock
    from cryptography.fernet import Fernet

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with filelock.FileLock(f"{path}.lock", timeout=_PATIENCE):
            if not path.exists():
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(Fernet.generate_key() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
    except filelock.Timeout as error:
        raise OSError(0, "its lock is held") from error
    return _kept(path)
