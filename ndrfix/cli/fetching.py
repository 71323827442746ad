"""Passwords of hosts that settings only name: fetched from the keyring or a program when a host is connected, once."""

from __future__ import annotations

import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from ndrfix.errors import UnreachableError
from ndrfix.inventory import ConnectionSettings, KeyringEntry
from ndrfix.secrets import Secret

_PATIENCE = 60.0
_Source = KeyringEntry | tuple[str, ...]
_TRY = "Try the command by hand; the first line that it prints is the password."


@dataclass(slots=True)
class Passwords:
    """Gives the password of a host's settings. Hosts with the same source share what was fetched; what failed fails
    again without another try. `learn` is told each password first; a program is given up after `patience` seconds.
    """

    learn: Callable[[Secret], None]
    patience: float = _PATIENCE
    _known: dict[_Source, Secret | UnreachableError] = field(default_factory=dict, init=False, repr=False)
    _locks: dict[_Source, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock), init=False, repr=False
    )

    def __call__(self, settings: ConnectionSettings) -> Secret | None:
        """The password, None when the settings have none.

        Raises:
            UnreachableError: it cannot be fetched; nothing that was printed is shown.
        """
        source = settings.password_keyring or settings.password_command
        if source is None:
            return settings.password
        with self._locks[source]:
            if source not in self._known:
                self._known[source] = self._fetched(source)
        known = self._known[source]
        if isinstance(known, UnreachableError):
            raise UnreachableError(known.what, host=settings.inventory_name, next_step=known.next_step)
        return known

    def _fetched(self, source: _Source) -> Secret | UnreachableError:
        try:
            found = _of_keyring(source) if isinstance(source, KeyringEntry) else _of_program(source, self.patience)
        except UnreachableError as error:
            return error
        self.learn(found)
        return found


def _of_keyring(entry: KeyringEntry) -> Secret:
    try:
        keyring, errors = import_module("keyring"), import_module("keyring.errors")
    except ModuleNotFoundError as error:
        raise UnreachableError(
            "ndrfix_password_keyring needs the package keyring", next_step="pip install 'ndrfix[keyring]'"
        ) from error
    named = f"the password of {entry.user!r} at {entry.service!r}"
    try:
        found = keyring.get_password(entry.service, entry.user)
    except errors.KeyringError as error:
        raise UnreachableError(
            f"the keyring does not give {named}: {type(error).__name__}",
            next_step="Unlock it. Without a desktop there may be none: `keyring diagnose` tells.",
        ) from None
    if not found:
        raise UnreachableError(
            f"the keyring does not hold {named}", next_step=f"Store it: keyring set '{entry.service}' '{entry.user}'"
        )
    return Secret(found)


def _of_program(command: tuple[str, ...], patience: float) -> Secret:
    # Only the program is named: arguments may tell more than they should, and what it says is not repeated at all.
    named = f"the password program {command[0]!r}"
    try:
        done = subprocess.run(  # noqa: S603 - the user named the program; there is no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except OSError as error:
        raise UnreachableError(
            f"{named} cannot be run: {error.strerror or 'it is no program'}",
            next_step="Correct ndrfix_password_command: a list of the program and its arguments.",
        ) from error
    except subprocess.TimeoutExpired:
        raise UnreachableError(
            f"{named} did not end within {patience:g} seconds", next_step="It must not ask anything."
        ) from None
    if done.returncode:
        raise UnreachableError(f"{named} failed with exit code {done.returncode}", next_step=_TRY)
    return _first_line(done.stdout, named)


def _first_line(printed: bytes, named: str) -> Secret:
    try:
        text = printed.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise UnreachableError(f"{named} printed what is not UTF-8", next_step=_TRY) from None
    if not text:
        raise UnreachableError(f"{named} printed nothing in its first line", next_step=_TRY)
    return Secret(text)
