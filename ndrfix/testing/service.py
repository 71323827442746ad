"""WS-Management on one simulated host: its shells, and what each action does with them."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID, uuid4

from ndrfix.connections.simulated import SimulatedHost
from ndrfix.errors import UnreachableError
from ndrfix.testing.counts import Meter, RequestKind
from ndrfix.testing.pipelines import Agent
from ndrfix.testing.shells import BrokenPsrpError, Shell
from ndrfix.testing.soap import POWERSHELL, RSP, Envelope, Refusal, SoapFaultError, answer, created, fault, received
from ndrfix.testing.soap import refuse as refused
from ndrfix.testing.targets import Network

# A client that got no answer asks again with the same MessageID; what was received once must not be lost by that.
_REMEMBERED = 8


class HostLostError(Exception):
    """The host does not answer any more: the TCP connection ends without a word."""


class LogonRefusedError(Exception):
    """The host lets nobody in at this time."""


def _bytes(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except binascii.Error as error:
        raise refused(Refusal.MALFORMED) from error


def _pipeline(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise refused(Refusal.MALFORMED) from error


class WsmanService:
    """The shells of one host. Used by the endpoint's event loop only."""

    def __init__(self, host: SimulatedHost, network: Network, meter: Meter, owner: str) -> None:
        self._host, self._network, self._meter, self._owner = host, network, meter, owner
        self._shells: dict[str, Shell] = {}
        self._said: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._actions: Mapping[RequestKind, Callable[[Envelope, Shell], Awaitable[bytes]]] = {
            RequestKind.RECEIVE: self._receive,
            RequestKind.COMMAND: self._command,
            RequestKind.SEND: self._send,
            RequestKind.SIGNAL: self._signal,
            RequestKind.DELETE: self._delete,
        }

    async def handle(self, request: Envelope) -> tuple[int, bytes]:
        """HTTP status and envelope of the answer; a repeated MessageID gets the answer that it got before.

        Raises:
            HostLostError: the simulation says that the link is lost now.
        """
        if request.message in self._said:
            return self._said[request.message]
        try:
            said = (200, await self._answer(request))
        except SoapFaultError as error:
            said = (500, self.fault(request, error))
        self._said[request.message] = said
        while len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        return said

    def fault(self, request: Envelope, error: SoapFaultError) -> bytes:
        """The envelope that refuses a request."""
        return fault(request.message, error, self._host.name)

    def let_in(self) -> None:
        """Begin a session of somebody who proved who he is.

        Raises:
            HostLostError: the simulation says that the host does not answer now.
            LogonRefusedError: the simulation says that logging on is denied now.
        """
        try:
            self._host.open()
        except UnreachableError as error:
            # A simulated host that refuses the login says what to check; one that cannot be reached has nothing to say.
            raise (LogonRefusedError if error.next_step else HostLostError) from error

    def kill_shells(self) -> None:
        """End all shells, as a restart of the service would."""
        for shell in self._shells.values():
            shell.kill()
        self._shells.clear()
        self._meter.shells(0)

    async def _answer(self, request: Envelope) -> bytes:
        if request.kind is RequestKind.CREATE:
            return self._create(request)
        action = self._actions.get(request.kind)
        if action is None:
            raise refused(Refusal.NO_ACTION)
        shell = self._shells.get(request.shell)
        if shell is None:
            raise refused(Refusal.NO_SHELL)
        try:
            return await action(request, shell)
        except BrokenPsrpError as error:
            raise refused(Refusal.MALFORMED) from error

    def _create(self, request: Envelope) -> bytes:
        if "/powershell/" not in request.resource:
            raise refused(Refusal.NO_RESOURCE)
        wanted = request.find(f"{RSP}Shell")
        creation = _bytes(request.find(f"{RSP}Shell", f"{POWERSHELL}creationXml").text)
        name = (wanted.get("ShellId") or str(uuid4())).upper()
        shell = Shell(Agent(self._host, self._network))
        try:
            shell.open(creation)
        except BrokenPsrpError as error:
            raise refused(Refusal.MALFORMED) from error
        self._shells[name] = shell
        self._meter.shells(len(self._shells))
        return created(request, name, self._owner)

    async def _receive(self, request: Envelope, shell: Shell) -> bytes:
        command = request.find(f"{RSP}Receive", f"{RSP}DesiredStream").get("CommandId") or ""
        box = shell.box(_pipeline(command))
        if box is None:
            raise refused(Refusal.MALFORMED)
        portion = await box.take(request.timeout)
        if portion is None:
            raise refused(Refusal.TIMED_OUT)
        if box.lost and not portion:
            self.kill_shells()
            raise HostLostError
        if self._shells.get(request.shell) is not shell:
            raise refused(Refusal.ABORTED)
        return received(request, command, base64.b64encode(portion).decode(), done=box.done and box.empty)

    async def _command(self, request: Envelope, shell: Shell) -> bytes:
        line = request.find(f"{RSP}CommandLine")
        pipeline = _pipeline(line.get("CommandId")) or uuid4()
        shell.command(pipeline, _bytes(line.findtext(f"{RSP}Arguments")))
        name = str(pipeline).upper()
        return answer(request, f"<rsp:CommandResponse><rsp:CommandId>{name}</rsp:CommandId></rsp:CommandResponse>")

    async def _send(self, request: Envelope, shell: Shell) -> bytes:
        stream = request.find(f"{RSP}Send", f"{RSP}Stream")
        shell.send(_pipeline(stream.get("CommandId")), _bytes(stream.text))
        return answer(request, "<rsp:SendResponse/>")

    async def _signal(self, request: Envelope, shell: Shell) -> bytes:
        pipeline = _pipeline(request.find(f"{RSP}Signal").get("CommandId"))
        if pipeline is not None:
            shell.stop(pipeline)
        return answer(request, "<rsp:SignalResponse/>")

    async def _delete(self, request: Envelope, shell: Shell) -> bytes:
        del self._shells[request.shell]
        shell.kill()
        self._meter.shells(len(self._shells))
        return answer(request)
