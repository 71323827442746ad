"""One simulated host on one address: how to reach it, what goes wrong there, what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.protocol import Target
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.winrm import WinRM
from ndrfix.testing.accounts import Account, Door
from ndrfix.testing.conversation import Conversation, DroppedError, Premises, Scheme
from ndrfix.testing.counts import Counts, Meter
from ndrfix.testing.faults import Rule, Rules
from ndrfix.testing.service import WsmanService
from ndrfix.testing.targets import Network, computer_of

_BACKLOG = 512
_HEAD_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where and how a host listens; `folder` is for files of the endpoint, `port` 0 stands for any that is free.

    `network` holds the computers that can be reached from there as from a management host.
    """

    address: str
    port: int
    account: Account
    schemes: tuple[Scheme, ...]
    tls: ssl.SSLContext | None
    ca_cert: Path | None
    folder: Path
    network: Network


class HostListener:
    """A host of an endpoint. Made by `WinRMEndpoint`; its methods may be called from any thread.

    Attributes:
        name: The host's name in the simulation.
        host: The simulated host behind it: its states, and what was written.
        address: The IP address on which it listens.
        account: Who may log on.
        ca_cert: The PEM file with the certificate to trust, None without HTTPS.
        schemes: The ways to log on.
    """

    def __init__(self, host: SimulatedHost, site: Site) -> None:
        self.name, self.host = host.name, host
        self.address, self.account, self.ca_cert, self.schemes = site.address, site.account, site.ca_cert, site.schemes
        self._rules, self._meter = Rules(), Meter()
        self._site = site
        service = WsmanService(host, site.network, self._meter, site.account.user)
        self._premises = Premises(
            service=service,
            door=Door(site.account, host.name, site.folder),
            schemes=site.schemes,
            rules=self._rules,
            meter=self._meter,
            refuse=self._refuse,
        )
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._port = site.port
        self._talking: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._errands: set[asyncio.Task[None]] = set()

    # --- for users --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The TCP port on which it listens."""
        return self._port

    @property
    def computer(self) -> str:
        r"""What the simulated computer calls itself; a management host reaches it as `\\COMPUTER`."""
        return computer_of(self.host).name

    @property
    def counts(self) -> Counts:
        """What the host was asked until now."""
        return self._meter.now

    def wait(self, until: Callable[[Counts], bool], *, timeout: float = 5.0) -> Counts:
        """The counters as soon as they are as wanted: a connection's end is noticed a moment after it.

        Raises:
            TimeoutError: they were not within `timeout` seconds.
        """
        return self._meter.wait(until, timeout)

    def inject(self, *rules: Rule) -> None:
        """Put rules in force, beside those that are; they count from now on."""
        self._rules.add(*rules)

    def clear(self) -> None:
        """Lift all rules."""
        self._rules.clear()

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Nobody listens inside the `with` block: open connections end, new ones are refused."""
        asyncio.run_coroutine_threadsafe(self.shut(), self._loop).result()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self.listen(), self._loop).result()

    def settings(self, auth: str = "") -> Endpoint:
        """How ndrfix reaches the host, by `basic`, `negotiate` or `ntlm` (the default where the host offers it)."""
        auth = auth or ("ntlm" if Scheme.NEGOTIATE in self.schemes else "basic")
        clear = auth == "basic" and self.ca_cert is None
        return Endpoint(
            name=self.name,
            host=self.address,
            port=self.port,
            protocol="http" if self.ca_cert is None else "https",
            ca_cert=str(self.ca_cert) if self.ca_cert else None,
            auth=auth,
            user=self.account.user,
            password=self.account.password,
            message_encryption="never" if clear else "auto",
        )

    def target(self, via: HostListener) -> Target:
        """The host as a management host reaches it: by its computer's name, with its account."""
        user = self.account.user if self.account.domain else f"{self.computer}\\{self.account.name}"
        return Target(
            name=self.name,
            machine=self.computer,
            via=via.name,
            via_computer=via.computer,
            user=user,
            password=self.account.password,
        )

    def connect(self, auth: str = "", *, via: HostListener | None = None, **changes: Any) -> WinRM:
        """A new connection over pypsrp, through the management host `via` if one is given; keywords replace settings.
        Close it after use.
        """
        if via is None:
            return WinRM(replace(self.settings(auth), **changes))
        return WinRM(replace(via.settings(auth), **changes), self.target(via))

    def variables(self, auth: str = "", *, via: HostListener | None = None) -> dict[str, str | int]:
        """The same as variables of an inventory; the password is among them in clear text."""
        if via is not None:
            target = self.target(via)
            return {
                "ndrfix_via": via.name,
                "ansible_host": target.machine,
                "ansible_user": target.user or "",
                "ansible_password": self.account.password.reveal(),
            }
        settings = self.settings(auth)
        named: dict[str, str | int | None] = {
            "ansible_connection": "psrp",
            "ansible_host": settings.host,
            "ansible_port": settings.port,
            "ansible_user": settings.user,
            "ansible_password": self.account.password.reveal(),
            "ansible_psrp_protocol": settings.protocol,
            "ansible_psrp_auth": settings.auth,
            "ansible_psrp_message_encryption": settings.message_encryption,
            "ansible_psrp_ca_cert": settings.ca_cert,
        }
        return {name: value for name, value in named.items() if value is not None}

    # --- for WinRMEndpoint, in its event loop -----------------------------------------------------------------------

    async def listen(self) -> None:
        """Accept connections, on the port of before if there was one.

        Raises:
            OSError: the address or the port is not to be had.
        """
        if self._server is not None:
            return
        if self._held is not None:
            self._held.close()
            self._held = None
        self._server = await asyncio.start_server(
            self._accept,
            self.address,
            self._port,
            ssl=self._site.tls,
            limit=_HEAD_LIMIT,
            backlog=_BACKLOG,
            reuse_address=True,
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Refuse connections and end those that are open; the port stays taken."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind((self.address, self._port))
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        """End for good."""
        await self.shut()
        if self._held is not None:
            self._held.close()
        tasks = [*self._errands, *self._talking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _refuse(self, seconds: float) -> None:
        async def errand() -> None:
            await self.shut()
            await asyncio.sleep(seconds)
            await self.listen()

        task = self._loop.create_task(errand())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)
        self._writers.add(writer)
        self._meter.connections(len(self._writers), accepted=1)
        try:
            await Conversation(self._premises, reader, writer).run()
            writer.close()
        except (DroppedError, OSError, ssl.SSLError):
            writer.transport.abort()
        finally:
            self._writers.discard(writer)
            self._meter.connections(len(self._writers))
