"""One TCP connection of a client: logging on, sealed messages, and the faults that rules ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus

from ndrfix.testing.accounts import Acceptor, Door, RefusedLogonError
from ndrfix.testing.counts import Meter, RequestKind
from ndrfix.testing.faults import (
    Delay,
    Drip,
    Drop,
    Effect,
    Garbage,
    HtmlError,
    KillShells,
    Refuse,
    Rules,
    SoapFault,
    Truncate,
    Unauthorized,
)
from ndrfix.testing.http import BadRequestError, HttpReply, HttpRequest, read_request, sealed, unseal
from ndrfix.testing.service import HostLostError, LogonRefusedError, WsmanService
from ndrfix.testing.soap import Envelope, MalformedError, SoapFaultError, parse

_HTML = b"<html><head><title>Error</title></head><body><p>The page cannot be displayed.<br></body></html>"
_GARBAGE = b"\x00<s:Envelope <no XML & nothing else>"


class Scheme(StrEnum):
    """A way to log on that a host offers."""

    BASIC = "basic"
    NEGOTIATE = "negotiate"


class DroppedError(Exception):
    """The connection ends now, without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What the connections of one host have in common; `refuse` closes the host for so many seconds."""

    service: WsmanService
    door: Door
    schemes: tuple[Scheme, ...]
    rules: Rules
    meter: Meter
    refuse: Callable[[float], None]


class Conversation:
    """A connection from its first request to its end."""

    def __init__(self, premises: Premises, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at = premises
        self._reader, self._writer = reader, writer
        self._acceptor: Acceptor | None = None
        self._known = False

    async def run(self) -> None:
        """Answer requests until the client goes.

        Raises:
            DroppedError: the connection is to be reset.
            ConnectionError: the client reset it.
        """
        while True:
            try:
                request = await read_request(self._reader)
                if request is None:
                    return
                reply = await self._reply(request)
            except BadRequestError as error:
                await self._say(HttpReply(status=error.status))
                return
            except (HostLostError, asyncio.CancelledError) as error:
                raise DroppedError from error
            await self._say(reply)
            if reply.cut or request.headers.get("connection", "").lower() == "close":
                return

    async def _say(self, reply: HttpReply) -> None:
        data = reply.encoded()
        self._at.meter.answered(len(data))
        pieces = (data[at : at + 1] for at in range(len(data))) if reply.drip else (data,)
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            if reply.drip:
                await asyncio.sleep(reply.drip)

    async def _reply(self, request: HttpRequest) -> HttpReply:
        if request.method != "POST":
            raise BadRequestError(HTTPStatus.METHOD_NOT_ALLOWED)
        if request.path != "/wsman":
            raise BadRequestError(HTTPStatus.NOT_FOUND)
        refusal, token = self._authenticate(request.headers.get("authorization", ""))
        if refusal is None and not request.body:
            refusal = HttpReply(status=HTTPStatus.OK)
        if refusal is not None:
            effects = self._meet(request, RequestKind.LOGON)
            reply = await self._before(effects, None) or refusal
        else:
            envelope = self._opened(request)
            effects = self._meet(request, envelope.kind)
            reply = await self._before(effects, envelope) or await self._served(envelope)
        return self._finished(reply, effects, token, request)

    def _finished(
        self, reply: HttpReply, effects: Sequence[Effect], token: tuple[tuple[str, str], ...], request: HttpRequest
    ) -> HttpReply:
        reply = replace(reply, headers=(*reply.headers, *token)) if reply.status != HTTPStatus.UNAUTHORIZED else reply
        reply = self._after(effects, reply)
        # An error page comes from in between and is in clear text; what the host itself says is sealed.
        if request.sealed and self._acceptor is not None and reply.kind != "text/html" and reply.body:
            return sealed(reply, self._acceptor)
        return reply

    # --- logging on -------------------------------------------------------------------------------------------------

    def _challenge(self) -> HttpReply:
        self._acceptor, self._known = None, False
        offers = {Scheme.NEGOTIATE: "Negotiate", Scheme.BASIC: 'Basic realm="WSMAN"'}
        headers = tuple(("WWW-Authenticate", offers[scheme]) for scheme in self._at.schemes)
        return HttpReply(status=HTTPStatus.UNAUTHORIZED, headers=headers)

    def _authenticate(self, header: str) -> tuple[HttpReply | None, tuple[tuple[str, str], ...]]:
        """The reply that sends the client away (None: it may go on), and headers for the reply that it gets then."""
        scheme, _, token = header.partition(" ")
        offered = self._at.schemes
        if scheme.lower() == "basic" and Scheme.BASIC in offered:
            return self._admitted(known=self._at.door.account.knows_basic(token)), ()
        if scheme.lower() in ("negotiate", "ntlm") and token and Scheme.NEGOTIATE in offered:
            return self._negotiate(scheme, token)
        return (None if self._known else self._challenge()), ()

    def _negotiate(self, scheme: str, token: str) -> tuple[HttpReply | None, tuple[tuple[str, str], ...]]:
        if self._acceptor is None or self._acceptor.complete:
            self._acceptor, self._known = self._at.door.acceptor(), False
        try:
            said = self._acceptor.step(token)
        except RefusedLogonError:
            return self._challenge(), ()
        headers = (("WWW-Authenticate", f"{scheme} {said}"),) if said else ()
        if not self._acceptor.complete:
            return HttpReply(status=HTTPStatus.UNAUTHORIZED, headers=headers), ()
        refusal = self._admitted(known=True)
        return refusal, () if refusal else headers

    def _admitted(self, *, known: bool) -> HttpReply | None:
        """Let a client in who proved who it is, once for each connection; the reply if it is sent away."""
        if not known:
            return self._challenge()
        if not self._known:
            try:
                self._at.service.let_in()
            except LogonRefusedError:
                return self._challenge()
        self._known = True
        return None

    # --- one request ------------------------------------------------------------------------------------------------

    def _opened(self, request: HttpRequest) -> Envelope:
        """The request's envelope; bytes that were sealed for another connection are a bad request, as on Windows."""
        try:
            return parse(unseal(request.body, self._acceptor) if request.sealed else request.body)
        except RefusedLogonError as error:
            self._acceptor, self._known = None, False
            raise self._bad(request) from error
        except MalformedError as error:
            raise self._bad(request) from error

    def _bad(self, request: HttpRequest) -> BadRequestError:
        self._at.meter.asked(RequestKind.OTHER, request.size, 0)
        return BadRequestError(HTTPStatus.BAD_REQUEST)

    def _meet(self, request: HttpRequest, kind: RequestKind) -> tuple[Effect, ...]:
        effects = self._at.rules.meet(kind)
        self._at.meter.asked(kind, request.size, len(effects))
        return effects

    async def _served(self, envelope: Envelope) -> HttpReply:
        status, body = await self._at.service.handle(envelope)
        return HttpReply(status=HTTPStatus(status), body=body)

    async def _before(self, effects: Sequence[Effect], envelope: Envelope | None) -> HttpReply | None:
        """What happens before the request is carried out; a reply if it is not."""
        for effect in effects:
            match effect:
                case Drop(after=False):
                    raise DroppedError
                case Delay(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Unauthorized():
                    return self._challenge()
                case HtmlError(status=status):
                    return HttpReply(status=HTTPStatus(status), body=_HTML, kind="text/html")
                case SoapFault(code=code, reason=reason) if envelope is not None:
                    error = SoapFaultError(code, "w:InternalError", reason)
                    body = self._at.service.fault(envelope, error)
                    return HttpReply(status=HTTPStatus.INTERNAL_SERVER_ERROR, body=body)
                case KillShells():
                    self._at.service.kill_shells()
                case Refuse(seconds=seconds):
                    self._at.refuse(seconds)
                    raise DroppedError
                case _:
                    continue
        return None

    def _after(self, effects: Sequence[Effect], reply: HttpReply) -> HttpReply:
        """The reply as the effects leave it."""
        for effect in effects:
            match effect:
                case Drop(after=True):
                    raise DroppedError
                case Truncate():
                    reply = replace(reply, cut=True)
                case Garbage():
                    reply = replace(reply, body=_GARBAGE)
                case Drip(seconds=seconds):
                    reply = replace(reply, drip=seconds)
                case _:
                    continue
        return reply
