"""The endpoint: simulated hosts on loopback addresses, served by a thread of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TypedDict

import yaml

from ndrfix.connections.psrp import quiet_loggers
from ndrfix.connections.simulated import Simulation
from ndrfix.errors import InputError, did_you_mean
from ndrfix.testing.accounts import Account
from ndrfix.testing.certificates import Authority
from ndrfix.testing.conversation import Scheme
from ndrfix.testing.listener import HostListener, Site
from ndrfix.testing.targets import Neighbour, Network


class EndpointSettings(TypedDict, total=False):
    """The keywords of `WinRMEndpoint`."""

    schemes: Sequence[Scheme]
    https: bool
    account: Account | None
    accounts: Mapping[str, Account]
    addresses: str
    port: int


_NOBODY_ELSE: Mapping[str, Account] = MappingProxyType({})
_NO_WAYS: Mapping[str, str] = MappingProxyType({})


class WinRMEndpoint:
    """Serves every host of a simulation over WinRM while its `with` block lasts, or between `start` and `close`.

    Args:
        simulation: The hosts.
        schemes: The ways to log on that all hosts offer, in that order.
        https: Whether to speak TLS, with certificates of an authority made for this endpoint.
        account: Who may log on, on all hosts, by WinRM and from a management host; made up when not given.
        accounts: Other accounts for single hosts, by the name of the host.
        addresses: A loopback address, on which each host has a port of its own; or a loopback network
            (`127.7.0.0/16`), in which each host has an address of its own. Linux needs no preparation for the latter.
        port: The port for a network's hosts; 0 takes ports that are free.

    Raises:
        ValueError: an address that is not a loopback address, too few addresses, one port for several hosts of one
            address, an account for a host that is not there, or no scheme.
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        schemes: Sequence[Scheme] = (Scheme.NEGOTIATE, Scheme.BASIC),
        https: bool = False,
        account: Account | None = None,
        accounts: Mapping[str, Account] = _NOBODY_ELSE,
        addresses: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._simulation = simulation
        self._schemes = tuple(schemes)
        self._https = https
        self._account = account or Account()
        self._accounts = {name.casefold(): account for name, account in accounts.items()}
        self._addresses = _addresses(addresses, len(simulation.names))
        self._port = port
        self._listeners: dict[str, HostListener] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._check()

    def _check(self) -> None:
        for name in self._accounts.keys() - {known.casefold() for known in self._simulation.names}:
            raise ValueError(f"an account for {name!r}, which is no host of the simulation")
        if not self._schemes:
            raise ValueError("without a scheme nobody could log on")
        if self._port and len(set(self._addresses)) < len(self._simulation.names):
            raise ValueError(f"port {self._port} on one address for {len(self._simulation.names)} hosts")

    # --- its life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen; returns as soon as every host can be reached.

        Raises:
            OSError: an address or a port is not to be had.
            RuntimeError: it was started already.
        """
        if self._thread is not None:
            raise RuntimeError("the endpoint was started already")
        quiet_loggers()
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="ndrfix-endpoint", daemon=True)
        self._thread.start()
        try:
            ready.result()
        except OSError:
            self._thread.join()
            raise

    def close(self) -> None:
        """End all connections and listen no more; may be called twice."""
        if self._thread is None or not self._thread.is_alive():
            return
        if self._loop is not None and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def __enter__(self) -> WinRMEndpoint:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- its hosts --------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[HostListener]:
        """The hosts in the order of the simulation; none before the start."""
        return iter(self._listeners.values())

    def host(self, name: str) -> HostListener:
        """The host of that name, compared without case.

        Raises:
            InputError: there is none, or the endpoint was not started.
        """
        found = self._listeners.get(name.casefold())
        if found is None:
            state = "" if self._thread else ": the endpoint was not started"
            raise InputError(f"no host {name!r} listens{did_you_mean(name, self._simulation.names)}{state}")
        return found

    def inventory(self, auth: str = "", *, via: Mapping[str, str] = _NO_WAYS) -> str:
        """An inventory of all hosts as YAML, for ndrfix; passwords stand in it in clear text.

        `via` names the management hosts of hosts that are to be reached through one.

        Raises:
            InputError: a name in `via` is no host.
        """
        ways = {self.host(name).name: self.host(through) for name, through in via.items()}
        hosts = {listener.name: listener.variables(auth, via=ways.get(listener.name)) for listener in self}
        return yaml.safe_dump({"all": {"hosts": hosts}}, sort_keys=False, allow_unicode=True)

    # --- its thread -------------------------------------------------------------------------------------------------

    def _serve(self, ready: Future[None]) -> None:
        with tempfile.TemporaryDirectory(prefix="ndrfix-endpoint-") as folder:
            asyncio.run(self._live(ready, Path(folder)))

    async def _live(self, ready: Future[None], folder: Path) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        opened: list[HostListener] = []
        try:
            for listener in self._made(folder):
                await listener.listen()
                opened.append(listener)
        except OSError as error:
            ready.set_exception(error)
        else:
            self._listeners = {listener.name.casefold(): listener for listener in opened}
            ready.set_result(None)
            await self._over.wait()
        finally:
            for listener in opened:
                await listener.close()

    def _made(self, folder: Path) -> Iterator[HostListener]:
        authority = Authority(folder) if self._https else None
        network = Network(
            Neighbour(host=self._simulation.host(name), account=self._account_of(name))
            for name in self._simulation.names
        )
        for name, address in zip(self._simulation.names, self._addresses, strict=True):
            host = self._simulation.host(name)
            yield HostListener(
                host,
                Site(
                    address=address,
                    port=self._port,
                    account=self._account_of(name),
                    schemes=self._schemes,
                    tls=authority.context(host.name, address) if authority else None,
                    ca_cert=authority.path if authority else None,
                    folder=folder,
                    network=network,
                ),
            )

    def _account_of(self, name: str) -> Account:
        return self._accounts.get(name.casefold(), self._account)


def _addresses(text: str, count: int) -> tuple[str, ...]:
    """An address for each of so many hosts."""
    network = ipaddress.ip_network(text, strict=False)
    if not network.is_loopback:
        raise ValueError(f"{text} is no loopback address: simulated hosts are not for others to reach")
    if network.num_addresses == 1:
        return (str(network.network_address),) * count
    found = tuple(str(address) for address, _ in zip(network.hosts(), range(count), strict=False))
    if len(found) < count:
        raise ValueError(f"{text} has {len(found)} addresses for {count} hosts")
    return found
