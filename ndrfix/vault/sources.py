"""Where a vault password comes from: a question, a file, or what a program prints. It is fetched when it is needed."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ndrfix.encrypted import is_encrypted
from ndrfix.errors import InputError
from ndrfix.secrets import Secret
from ndrfix.vault.envelope import DEFAULT_LABEL

PROMPT = "prompt"
_PATIENCE = 300.0
_UNKNOWN_LABEL = 2
_RUN_IT = "Run it by hand: it must print the password and nothing else."
_PROGRAMS = (".exe", ".com", ".bat", ".cmd")
_BOM = b"\xef\xbb\xbf"


class Source(Protocol):
    """A place of a password; its text names it for people."""

    def password(self) -> Secret:
        """The password; never empty.

        Raises:
            InputError: it cannot be had from there.
        """
        ...

    def check(self) -> None:
        """Make sure that the place exists, without fetching anything.

        Raises:
            InputError: it does not.
        """
        ...


@dataclass(frozen=True, slots=True)
class PromptSource:
    """The user is asked. `ask` gives what is typed after its argument."""

    label: str
    ask: Callable[[str], Secret] = field(repr=False)

    def password(self) -> Secret:
        """See `Source.password`."""
        shown = "Vault password" if self.label == DEFAULT_LABEL else f"Vault password ({self.label})"
        typed = self.ask(shown).reveal().strip()
        if not typed:
            raise InputError(
                f"no vault password was typed for the vault id {self.label!r}",
                next_step="Type it, or name a file that holds it: --vault-id LABEL@FILE.",
            )
        return Secret(typed)

    def check(self) -> None:
        """See `Source.check`."""

    def __str__(self) -> str:
        return PROMPT


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file that holds nothing but the password; blanks and line ends around it do not count, as in Ansible. `warn` is
    told when it has several lines: they are one password.
    """

    path: Path
    warn: Callable[[str], None] = field(default=lambda _text: None, repr=False)

    def password(self) -> Secret:
        """See `Source.password`."""
        try:
            found = self.path.read_bytes().removeprefix(_BOM).strip()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        text = found.decode("utf-8", "surrogateescape")
        if not text:
            raise InputError(f"the vault password file {self.path} is empty", next_step="Write the password into it.")
        if is_encrypted(text):
            raise InputError(
                f"the vault password file {self.path} is itself encrypted",
                next_step="Name a script that prints the password, or a file that holds it.",
            )
        if len(text.splitlines()) > 1:
            self.warn(f"the vault password file {self.path} has several lines, which are one password together")
        return Secret(text)

    def check(self) -> None:
        """See `Source.check`."""
        _require(self.path)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """A program that prints the password. `client` ones are told the label, by `--vault-id LABEL`.

    It inherits standard input, so that it may ask; it is given up after `patience` seconds.
    """

    path: Path
    label: str
    patience: float = _PATIENCE

    @property
    def client(self) -> bool:
        """Whether the program is one that knows passwords by label: `vault-keyring-client.py`."""
        return self.path.stem.endswith("-client")

    def password(self) -> Secret:
        """See `Source.password`."""
        command = [str(self.path.absolute()), *(("--vault-id", self.label) if self.client else ())]
        found = self._output(command).strip(b"\r\n").decode("utf-8", "surrogateescape")
        if not found:
            raise InputError(f"the vault password script {self.path} printed nothing", next_step=_RUN_IT)
        return Secret(found)

    def check(self) -> None:
        """See `Source.check`."""
        _require(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _output(self, command: Sequence[str]) -> bytes:
        # What the program says on standard error is not repeated: nobody knows what it may hold.
        try:
            done = subprocess.run(  # noqa: S603 - the user named the program
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=self.patience, check=False
            )
        except OSError as error:
            raise InputError(
                f"the vault password script {self.path} cannot be run: {error.strerror or 'it is no program'}",
                next_step="If it is a file that holds the password, take its executable bit away (chmod -x).",
            ) from error
        except subprocess.TimeoutExpired:
            raise InputError(
                f"the vault password script {self.path} did not end within {self.patience:g} seconds",
                next_step=_RUN_IT,
            ) from None
        if self.client and done.returncode == _UNKNOWN_LABEL:
            raise InputError(
                f"the vault password script {self.path} knows no password for {self.label!r}",
                next_step="Store it where the script looks, or give another source: --vault-id LABEL@SOURCE.",
            )
        if done.returncode:
            raise InputError(
                f"the vault password script {self.path} failed with exit code {done.returncode}", next_step=_RUN_IT
            )
        return done.stdout


def _require(path: Path) -> None:
    """Make sure that there is something to read: a file, or a pipe, as shells make of `<(pass show acme)`."""
    if path.is_dir():
        raise InputError(f"the vault password file {path} is a folder", next_step="Name a file in it.")
    if not path.exists():
        raise InputError(
            f"the vault password file {path} does not exist",
            next_step="Correct the name. That of a vault id is --vault-id LABEL@FILE, or LABEL@prompt to be asked.",
        )


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"the vault password file {path} cannot be read: {error.strerror}", next_step="Check the name and the rights."
    )


@dataclass(slots=True)
class Identity:
    """A label with the source of its password, which is asked once; a failure of it is the same each time.

    `named` tells that the command line names it, as against what is configured.
    """

    label: str
    source: Source
    named: bool = False
    _known: Secret | InputError | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def password(self) -> Secret:
        """The password.

        Raises:
            InputError: it cannot be had.
        """
        with self._lock:
            if self._known is None:
                try:
                    self._known = self.source.password()
                except InputError as error:
                    self._known = error
        if isinstance(self._known, InputError):
            raise self._known
        return self._known

    @property
    def file(self) -> Path | None:
        """The file that holds the password, or prints it; None when it is asked for."""
        return self.source.path if isinstance(self.source, FileSource | ScriptSource) else None

    @classmethod
    def of(
        cls,
        text: str,
        ask: Callable[[str], Secret],
        *,
        folder: Path | None = None,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> Identity:
        """The identity that `LABEL@SOURCE`, or a source alone, names; relative files start at `folder`.

        Raises:
            InputError: no source, or a label that the format cannot hold.
        """
        before, at, after = text.partition("@")
        label, where = (before.strip() or DEFAULT_LABEL, after) if at else (DEFAULT_LABEL, text)
        if not where.strip() or any(sign in label for sign in ";\r\n"):
            raise InputError(
                f"the vault id {text!r} is not LABEL@SOURCE",
                next_step="SOURCE is `prompt`, a file with the password, or a program that prints it.",
            )
        if where.strip() == PROMPT:
            return cls(label, PromptSource(label, ask))
        path = (folder or Path()) / Path(where.strip()).expanduser()
        return cls(label, ScriptSource(path, label) if _is_program(path) else FileSource(path, warn))


def _is_program(path: Path) -> bool:
    """Whether a file is to be run: by its executable bits, on Windows by its ending."""
    if os.name == "nt":
        return path.suffix.lower() in _PROGRAMS
    try:
        return bool(path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)) and path.is_file()
    except OSError:
        return False
