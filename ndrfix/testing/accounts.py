"""Who may log on, and how a client proves to be that: basic, or NTLM within Negotiate."""

from __future__ import annotations

import base64
import binascii
import contextlib
import secrets
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import spnego
import spnego._ntlm
from spnego.exceptions import SpnegoError

from ndrfix.secrets import Secret

# pyspnego's acceptor reads the accounts from a file that the environment names, and takes nothing else. The environment
# is the same for all hosts, and other threads read it while it changes: so the file's name comes from here instead, and
# only to the thread that is about to look at a token.
_chosen = threading.local()
_from_environment = spnego._ntlm._get_credential_file  # noqa: SLF001 - the only place where the name can be given


def _credential_file() -> str | None:
    path: str | None = getattr(_chosen, "path", None)
    return path or _from_environment()


spnego._ntlm._get_credential_file = _credential_file  # noqa: SLF001 - as above

# What pyspnego raises at tokens that are wrong, out of order, or no tokens at all, and at bytes sealed for another.
_MALFORMED = (SpnegoError, ValueError, LookupError, TypeError, AttributeError, struct.error)


class RefusedLogonError(Exception):
    """The client did not prove who it is."""


def _any_password() -> Secret:
    return Secret(secrets.token_urlsafe(12))


@dataclass(frozen=True, slots=True)
class Account:
    r"""A user name (`NAME` or `DOMAIN\NAME`) with its password; the password is made up unless given.

    Raises:
        ValueError: a colon or a line break, which pyspnego's file of accounts cannot hold.
    """

    user: str = "Administrator"
    password: Secret = field(default_factory=_any_password)

    def __post_init__(self) -> None:
        if any(char in self.user + self.password.reveal() for char in ":\r\n"):
            raise ValueError("neither user nor password may hold a colon or a line break")

    @property
    def domain(self) -> str:
        """What stands before the backslash, empty if nothing does."""
        return self.user.rpartition("\\")[0]

    @property
    def name(self) -> str:
        """The user name alone."""
        return self.user.rpartition("\\")[2]

    def knows_basic(self, token: str) -> bool:
        """Whether the token of a basic `Authorization` header is this account's."""
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return user.rpartition("\\")[2].casefold() == self.name.casefold() and Secret(password) == self.password

    def admits(self, user: str, password: str, computer: str) -> bool:
        r"""Whether somebody is this account on a computer: `NAME`, `.\NAME`, `COMPUTER\NAME` or with its domain."""
        domain, _, name = user.rpartition("\\")
        domains = {each.casefold() for each in ("", ".", computer, self.domain)}
        same = name.casefold() == self.name.casefold() and domain.casefold() in domains
        return same and Secret(password) == self.password


class Door:
    """Where clients of one host log on: its account, as the file that pyspnego's acceptor reads."""

    def __init__(self, account: Account, computer: str, folder: Path) -> None:
        self.account = account
        self._file = folder / f"accounts-{secrets.token_hex(8)}"
        domains = dict.fromkeys(("", ".", computer, account.domain))
        lines = (f"{domain}:{account.name}:{account.password.reveal()}\n" for domain in domains)
        self._file.touch(mode=0o600)
        self._file.write_text("".join(lines), encoding="utf-8")

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        _chosen.path = str(self._file)
        try:
            yield
        finally:
            _chosen.path = None

    def acceptor(self) -> Acceptor:
        """The host's side of a new conversation about who the client is."""
        return Acceptor(self)

    def context(self) -> spnego.ContextProxy:
        """A new acceptor of pyspnego that is independent of the system's."""
        with self._named():
            return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)

    def step(self, context: spnego.ContextProxy, token: bytes) -> bytes | None:
        """The answer to a token."""
        with self._named():
            return context.step(token)


class Acceptor:
    """One NTLM logon and the message encryption that comes with it. Belongs to one TCP connection."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._context = door.context()

    @property
    def complete(self) -> bool:
        """Whether the client has proved who it is."""
        return self._context.complete

    def step(self, token: str) -> str:
        """The answer to a token, both in base64; empty when there is nothing more to say.

        Raises:
            RefusedLogonError: the token is wrong, or not this account's.
        """
        try:
            out = self._door.step(self._context, base64.b64decode(token, validate=True))
        except _MALFORMED as error:
            raise RefusedLogonError from error
        return base64.b64encode(out).decode() if out else ""

    def unseal(self, header: bytes, data: bytes) -> bytes:
        """The plain bytes of a sealed message.

        Raises:
            RefusedLogonError: they were sealed by somebody else.
        """
        try:
            return self._context.unwrap_winrm(header, data)
        except _MALFORMED as error:
            raise RefusedLogonError from error

    def seal(self, data: bytes) -> tuple[bytes, bytes, int]:
        """A message sealed for the client: header, data, and the length of the padding."""
        sealed = self._context.wrap_winrm(data)
        return sealed.header, sealed.data, sealed.padding_length
