"""As much of HTTP/1.1 as clients of WinRM speak, and the multipart bodies in which NTLM's sealed messages travel."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from ndrfix.testing.accounts import Acceptor, RefusedLogonError

SOAP = "application/soap+xml;charset=UTF-8"
_SEALED = "application/HTTP-SPNEGO-session-encrypted"
_BOUNDARY = "Encrypted Boundary"
_OCTETS = b"Content-Type: application/octet-stream\r\n"
_END = f"--{_BOUNDARY}--\r\n".encode()
_LENGTH = re.compile(rb"Length=(\d+)")
_LARGEST = 16 << 20


class BadRequestError(Exception):
    """A request that HTTP, or this endpoint, cannot make anything of; `status` is what it is told."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request; header names are in lower case, `size` is that of the whole in bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    size: int

    @property
    def sealed(self) -> bool:
        """Whether the body is a message sealed by NTLM."""
        return self.headers.get("content-type", "").startswith("multipart/encrypted")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """An answer; `drip` are the seconds between two of its bytes, `cut` lets it end in the middle of the body."""

    status: HTTPStatus
    body: bytes = b""
    kind: str = SOAP
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    drip: float = field(default=0.0)

    def encoded(self) -> bytes:
        """The bytes to send."""
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}", "Server: Microsoft-HTTPAPI/2.0"]
        lines += [f"Content-Type: {self.kind}"] if self.body else []
        lines += [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join((*lines, f"Content-Length: {len(self.body)}", "", "")).encode("latin-1")
        if self.cut:
            # Without a body the cut is in the status line: a client takes headers that end early for all there are.
            return head + self.body[: len(self.body) // 2] if self.body else head[: len("HTTP/1.1 ")]
        return head + self.body


async def read_request(reader: asyncio.StreamReader) -> HttpRequest | None:
    """The next request of a connection, None when the client closed it.

    Raises:
        BadRequestError: it cannot be read.
        ConnectionError: the connection broke in the middle of a request.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ConnectionResetError from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
    first, *lines = head.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    method, _, rest = first.partition(" ")
    try:
        body = await reader.readexactly(_length(headers))
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError from error
    path = rest.partition(" ")[0]
    return HttpRequest(method=method, path=path, headers=headers, body=body, size=len(head) + len(body))


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError(HTTPStatus.LENGTH_REQUIRED)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if int(text) > _LARGEST:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)


def unseal(body: bytes, acceptor: Acceptor | None) -> bytes:
    """The message in a sealed body.

    Raises:
        RefusedLogonError: it was sealed for another connection, or is damaged.
    """
    start, length = body.find(_OCTETS), _LENGTH.search(body)
    data = body[start + len(_OCTETS) :].removesuffix(_END)
    if acceptor is None or start < 0 or length is None or len(data) < 4:
        raise RefusedLogonError
    (size,) = struct.unpack_from("<I", data)
    plain = acceptor.unseal(data[4 : 4 + size], data[4 + size :])
    if len(plain) != int(length[1]):
        raise RefusedLogonError
    return plain


def sealed(reply: HttpReply, acceptor: Acceptor) -> HttpReply:
    """The reply with its body sealed for the client."""
    header, data, padding = acceptor.seal(reply.body)
    head = (
        f"--{_BOUNDARY}\r\n\tContent-Type: {_SEALED}\r\n\tOriginalContent: type={SOAP};"
        f"Length={len(reply.body) + padding}\r\n--{_BOUNDARY}\r\n\t"
    )
    return HttpReply(
        status=reply.status,
        body=head.encode() + _OCTETS + struct.pack("<I", len(header)) + header + data + _END,
        kind=f'multipart/encrypted;protocol="{_SEALED}";boundary="{_BOUNDARY}"',
        headers=reply.headers,
        cut=reply.cut,
        drip=reply.drip,
    )
