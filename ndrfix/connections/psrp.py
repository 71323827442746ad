"""One PowerShell session over pypsrp, every call bounded. The only module that imports pypsrp; import it lazily."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import requests
import spnego.exceptions
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WinRMError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue
from pypsrp.wsman import OptionSet, SelectorSet, WSMan

from ndrfix.connections.agent import ROWS, TARGET, needs_queue, opening
from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.packing import MARK, unpacked
from ndrfix.connections.protocol import (
    TARGET_COMMAND,
    TARGET_END,
    TARGET_PASSWORD,
    Request,
    Target,
    target_request,
)
from ndrfix.connections.wire_text import WireError
from ndrfix.connections.wires import Watchdog, Wires

# A shell whose client went away ends after this many seconds; Windows accepts no less than 60.
IDLE_TIMEOUT = 180
_CLOSE_TIMEOUT = 10
_PACKED = ("message|", "same|")
_MESSAGES = (*_PACKED, MARK)  # texts of which there may be as many as messages in a queue
_PORTION = 1 << 20  # characters packed in one line; the far side puts a quarter of that in one
_TIMED_OUT = 2150858793  # a Receive without an answer
_LOUD_LOGGERS = ("pypsrp", "spnego", "requests_credssp", "urllib3")

# All that pypsrp, requests and the XML and PSRP parsers below them were seen to raise; answers that are cut or
# wrong end in the last six.
FOREIGN: tuple[type[BaseException], ...] = (
    requests.RequestException,
    WinRMError,
    spnego.exceptions.SpnegoError,
    ParseError,
    OSError,
    ImportError,
    ValueError,
    AttributeError,
    TypeError,
    LookupError,
    RuntimeError,
    struct.error,
)


class DeadlineError(Exception):
    """A call took longer than it may."""


class KeyExchangeError(Exception):
    """The far side did not agree on a key to encrypt a password with."""


class OutputLimitError(Exception):
    """A call returned more than it may."""


class ScriptError(Exception):
    """The far side ended a pipeline with an error; the text is PowerShell's."""


# All that a session's methods raise.
FAILURES: tuple[type[BaseException], ...] = (
    *FOREIGN,
    DeadlineError,
    KeyExchangeError,
    OutputLimitError,
    ScriptError,
)


def quiet_loggers() -> None:
    """Switch the libraries' own logs off: at debug level they hold requests, tokens and headers in clear text."""
    for name in _LOUD_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class _BoundedWSMan(WSMan):
    """A WSMan that repeats a Receive once, where pypsrp would hang on to a dead host for five minutes."""

    def invoke(
        self,
        action: str,
        resource_uri: str,
        resource: Element | None,
        option_set: OptionSet | None = None,
        selector_set: SelectorSet | None = None,
        timeout: int | None = None,
        *,
        retries_on_read_timeout: int = 0,
    ) -> Element:
        return super().invoke(
            action,
            resource_uri,
            resource,
            option_set,
            selector_set,
            timeout,
            retries_on_read_timeout=min(retries_on_read_timeout, 1),
        )


def wsman_arguments(endpoint: Endpoint) -> dict[str, Any]:
    """The keyword arguments of pypsrp's WSMan for an endpoint."""
    password, key_password = endpoint.password, endpoint.certificate_key_password
    return {
        "server": endpoint.host,
        "port": endpoint.port,
        "ssl": endpoint.protocol == "https",
        "path": endpoint.path,
        "username": endpoint.user,
        "password": password.reveal() if password else None,
        "auth": endpoint.auth,
        "cert_validation": (endpoint.ca_cert or True) if endpoint.cert_validation else False,
        "encryption": endpoint.message_encryption,
        "proxy": endpoint.proxy,
        "no_proxy": endpoint.ignore_proxy,
        "connection_timeout": endpoint.connection_timeout,
        "operation_timeout": endpoint.operation_timeout,
        "read_timeout": max(endpoint.read_timeout, endpoint.operation_timeout + 2),
        "reconnection_retries": endpoint.reconnection_retries,
        "reconnection_backoff": endpoint.reconnection_backoff,
        "max_envelope_size": endpoint.max_envelope_size,
        "certificate_pem": endpoint.certificate_pem,
        "certificate_key_pem": endpoint.certificate_key_pem,
        "certificate_key_password": key_password.reveal() if key_password else None,
        "negotiate_delegate": endpoint.negotiate_delegate,
        "negotiate_hostname_override": endpoint.negotiate_hostname_override,
        "negotiate_send_cbt": endpoint.negotiate_send_cbt,
        "negotiate_service": endpoint.negotiate_service,
        "credssp_auth_mechanism": endpoint.credssp_auth_mechanism,
        "credssp_disable_tlsv1_2": endpoint.credssp_disable_tlsv1_2,
        "credssp_minimum_version": endpoint.credssp_minimum_version,
    }


class Session:
    """An open runspace pool. After an error it is of no further use: close it.

    Raises from every method but `close`: one of `FAILURES`.
    """

    def __init__(self, endpoint: Endpoint, until: Callable[[], float]) -> None:
        quiet_loggers()
        self._limit = endpoint.output_limit
        self._poll = endpoint.operation_timeout
        self._broken = self._parting = self._queued = False
        self._wsman = _BoundedWSMan(**wsman_arguments(endpoint))
        # Built now, to get at its connections: pypsrp offers no public way to a session before the first request.
        transport = self._wsman.transport
        transport.session = transport._build_session()  # noqa: SLF001
        # Else requests goes through the environment for proxies at every request, although those are not wanted.
        transport.session.trust_env = not endpoint.ignore_proxy
        self._wires = Wires(transport.session)
        self._pool = RunspacePool(
            self._wsman, configuration_name=endpoint.configuration_name, idle_timeout=IDLE_TIMEOUT
        )
        self._until = until

    @property
    def offered(self) -> str:
        """The authentication schemes that the server named when it last refused one."""
        return self._wires.offered

    def open(self, *, secrets: bool = False) -> None:
        """Log on and start the remote shell; with `secrets`, agree on the key that SecureStrings are encrypted with."""
        with self._guarded():
            self._pool.open()
            if secrets:
                self._exchange_keys()

    def _exchange_keys(self) -> None:
        self._pool.session_key_timeout_ms = max(1, round((self._until() - time.monotonic()) * 1000))
        try:
            self._pool.exchange_keys()
        except WinRMError as error:
            self._broken = True
            if getattr(error, "code", _TIMED_OUT) != _TIMED_OUT:
                raise
            raise KeyExchangeError from error

    @contextlib.contextmanager
    def _guarded(self, *, grace: float | None = None) -> Iterator[None]:
        with Watchdog(self._wires, self._until, grace=grace) as dog:
            try:
                yield
            except FOREIGN as error:
                self._broken = True
                if dog.barked:
                    raise DeadlineError from error
                raise
            except GeneratorExit:
                # The caller lost interest while the far side works: only the end of the shell would stop it.
                self._broken = True
                raise

    def call(
        self,
        command: str,
        parameter: str,
        rows: Sequence[Request],
        *,
        first: bool = False,
        target: Target | None = None,
    ) -> Iterator[str]:
        """Run one function of the far side over a list of tables, and yield its lines as they come.

        With `first` the far side is defined before, in the same pipeline, and so is its part for the queue when a call
        first needs it; `target`, for a first call only, is the computer that it is told to work on then.
        """
        shell = PowerShell(self._pool)
        tables = [dict(row) for row in rows]
        queue = not self._queued and needs_queue(tables)
        if first or queue:
            connect = TARGET_COMMAND if target else ""
            script = opening(command, parameter, connect=connect, agent=first, queue=queue)
            shell.add_script(script, use_local_scope=True).add_parameter(ROWS, tables)
        else:
            shell.add_cmdlet(command).add_parameter(parameter, tables)
        if target:
            shell.add_parameter(TARGET, _target_table(target))
            self._parting = target.password is not None
        with self._guarded():
            shell.begin_invoke()
            yield from self._lines(shell)
        self._queued = self._queued or queue
        if shell.state != PSInvocationState.COMPLETED or shell.streams.error:
            raise ScriptError("; ".join(str(error) for error in shell.streams.error) or "the pipeline was stopped")

    def _lines(self, shell: PowerShell) -> Iterator[str]:
        size = 0
        while True:
            texts = [str(text) for text in shell.output]
            shell.output.clear()  # a queue's messages are too many to be kept twice
            for line in itertools.chain.from_iterable(text.splitlines() for text in texts):
                size += 0 if line.startswith(_MESSAGES) and len(line) <= _PORTION else len(line)
                if size > self._limit:
                    raise OutputLimitError
                yield from _unpacked(line)
            if shell.state != PSInvocationState.RUNNING:
                return
            left = self._until() - time.monotonic()
            if left <= 0:
                raise DeadlineError
            shell.poll_invoke(timeout=max(1, min(self._poll, math.ceil(left))))

    def close(self) -> None:
        """Delete the remote shell where the connection still works, and close the sockets. Never raises, and takes no
        longer than the time-out of this module for each of the two.

        A connection that the far side made to a target is taken down before; where that fails, it ends with the shell's
        log-on session.
        """
        if not self._broken:
            transport = self._wsman.transport
            transport.read_timeout = min(_CLOSE_TIMEOUT, transport.read_timeout)
            transport.connection_timeout = min(_CLOSE_TIMEOUT, transport.connection_timeout)
            with contextlib.suppress(*FAILURES):
                self._part()
            self._broken = True
            ends = time.monotonic() + _CLOSE_TIMEOUT
            with contextlib.suppress(*FOREIGN), Watchdog(self._wires, lambda: ends, grace=0.0):
                self._pool.close()
        with contextlib.suppress(*FOREIGN):
            self._wsman.close()
        self._wires.close()

    def _part(self) -> None:
        if not self._parting:
            return
        ends = time.monotonic() + _CLOSE_TIMEOUT
        self._until = lambda: ends
        shell = PowerShell(self._pool)
        shell.add_cmdlet(TARGET_END)
        with self._guarded(grace=0.0):
            shell.begin_invoke()
            for _ in self._lines(shell):
                pass


def _unpacked(line: str) -> Sequence[str]:
    """The lines about messages that are packed in a line, or the line itself.

    Raises:
        WireError: they are damaged, too many, or lines about something else.
    """
    if not line.startswith(MARK):
        return (line,)
    lines = unpacked(line, _PORTION).splitlines()
    if not lines or not all(each.startswith(_PACKED) for each in lines):
        raise WireError("a packed line that holds something else than messages")
    return lines


def _target_table(target: Target) -> dict[str, Any]:
    """The table of a target with its password, if any, as a SecureString."""
    table: dict[str, Any] = dict(target_request(target))
    if target.password is not None:
        table[TARGET_PASSWORD] = TaggedValue("SS", target.password.reveal())
    return table
