"""Settings that cannot work are refused before anything is connected, and the rest reaches pypsrp as it should."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ndrfix.connections.endpoint import Endpoint, check_endpoint
from ndrfix.connections.psrp import Session, quiet_loggers, wsman_arguments
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import UnreachableError
from ndrfix.resources import COMPUTER
from ndrfix.secrets import Secret

BASIS = Endpoint(host="192.0.2.1", name="ex01", user="u", password=Secret("p4ssword"))


@pytest.mark.parametrize(
    ("changes", "what", "step"),
    [
        ({"auth": "ntml"}, "did you mean 'ntlm'", "negotiate"),
        ({"auth": "kerberos"}, "kerberos needs a library", "pip install 'ndrfix[kerberos]'"),
        ({"auth": "credssp"}, "credssp needs a library", "pip install 'ndrfix[credssp]'"),
        ({"auth": "basic", "password": None}, "needs a user and a password", "ansible_password"),
        ({"auth": "ntlm", "password": None}, "no password to log on by ntlm with", "ansible_password"),
        ({"auth": "negotiate", "password": Secret("")}, "no password to log on by negotiate with", "ansible_password"),
        ({"auth": "negotiate", "user": None, "password": None}, "no user and password to log on", "ansible_user"),
        ({"auth": "basic", "protocol": "http"}, "clear text", "ansible_psrp_message_encryption: never"),
        ({"auth": "basic", "message_encryption": "always"}, "cannot encrypt messages", "auto"),
        ({"auth": "certificate", "protocol": "http"}, "needs https", "ansible_psrp_protocol: https"),
        ({"auth": "certificate"}, "needs a certificate", "ansible_psrp_certificate_pem"),
        ({"ca_cert": "/nowhere/ca.pem"}, "/nowhere/ca.pem does not exist", "check the path"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], what: str, step: str
) -> None:
    """The message names the host and the setting, and no connection is tried."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(socket, "create_connection", lambda *_args, **_kwargs: pytest.fail("it connected"))
    with pytest.raises(UnreachableError, match="ex01") as caught:
        WinRM(replace(BASIS, **changes)).read([COMPUTER])
    assert what in caught.value.what
    assert step.casefold() in caught.value.next_step.casefold()
    assert not caught.value.sent


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"auth": "ntlm", "protocol": "http", "port": 5985},
        {"auth": "basic"},
        {"auth": "basic", "protocol": "http", "message_encryption": "never"},
    ],
)
def test_settings_that_can_work_pass(changes: dict[str, Any]) -> None:
    """Nothing is refused without need."""
    check_endpoint(replace(BASIS, **changes))


def test_the_read_limit_is_kept_above_the_operation_limit() -> None:
    """Else a host that answers in time would be given up (Ansible issue 78869)."""
    arguments = wsman_arguments(replace(BASIS, operation_timeout=60, read_timeout=30))
    assert arguments["read_timeout"] > arguments["operation_timeout"]


def test_proxies_of_the_system_are_ignored_unless_wanted() -> None:
    """A proxy of the inventory is used; one of the environment only when asked for."""
    assert wsman_arguments(BASIS)["no_proxy"] is True
    assert wsman_arguments(replace(BASIS, proxy="http://p:3128"))["proxy"] == "http://p:3128"
    assert wsman_arguments(replace(BASIS, ignore_proxy=False))["no_proxy"] is False


@pytest.mark.parametrize(
    ("changes", "validation"),
    [({}, True), ({"ca_cert": "ca.pem"}, "ca.pem"), ({"cert_validation": False, "ca_cert": "ca.pem"}, False)],
)
def test_certificates_are_verified_unless_switched_off(changes: dict[str, Any], validation: object) -> None:
    """A file of authorities takes the place of the system's."""
    assert wsman_arguments(replace(BASIS, **changes))["cert_validation"] == validation


@pytest.mark.parametrize("auth", ["negotiate", "ntlm", "kerberos", "basic"])
def test_pypsrp_takes_the_arguments(auth: str) -> None:
    """Every scheme that can be built here is built, an IPv6 address in brackets."""
    from pypsrp.wsman import WSMan

    wsman = WSMan(**wsman_arguments(replace(BASIS, auth=auth, host="2001:db8::25")))
    assert wsman.transport.endpoint == "https://[2001:db8::25]:5986/wsman"
    assert wsman.transport.auth == auth


def test_an_endpoint_does_not_show_its_password() -> None:
    """Neither by `repr` nor in an error."""
    assert "p4ssword" not in repr(BASIS)


def test_the_libraries_log_nothing() -> None:
    """Their debug logs hold tokens and requests."""
    quiet_loggers()
    for name in ("pypsrp.wsman", "spnego._ntlm", "urllib3.connectionpool"):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)


def _drip(peer: socket.socket, head: bytes, over: threading.Event) -> None:
    with peer:
        peer.recv(65536)
        with contextlib.suppress(OSError):
            peer.sendall(head)
            while not over.wait(0.02):
                peer.sendall(b"x")


@pytest.fixture(
    params=[
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        # What is cut in the headers passes for an answer: the client logs on, over a new connection.
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nX-Long: ",
    ],
    ids=["body", "headers"],
)
def dripping(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that sends one byte of an endless answer at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    threads: list[threading.Thread] = []

    def serve() -> None:
        while True:
            peer, _ = listener.accept()
            if over.is_set():
                peer.close()
                return
            threads.append(threading.Thread(target=_drip, args=(peer, request.param, over)))
            threads[-1].start()

    threads.append(threading.Thread(target=serve))
    threads[0].start()
    port = listener.getsockname()[1]
    yield port
    over.set()
    socket.create_connection(("127.0.0.1", port)).close()
    for thread in threads:
        thread.join()
    listener.close()


def test_a_peer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch, dripping: int) -> None:
    """Every byte resets the read limit; the limit of the call holds all the same, over all its connections."""
    monkeypatch.setattr("ndrfix.connections.wires._GRACE", 0.1)
    drip = replace(
        BASIS,
        host="127.0.0.1",
        port=dripping,
        protocol="http",
        auth="ntlm",
        message_encryption="never",
        call_timeout=0.2,
    )
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="time limit"):
        WinRM(drip).read([COMPUTER])
    assert time.monotonic() - began < 5


def test_a_host_has_a_limit_for_everything_together() -> None:
    """Once it is used up, nothing more is tried."""
    connection = WinRM(replace(BASIS, host="127.0.0.1", port=9, auth="ntlm", host_timeout=0.0))
    with pytest.raises(UnreachableError, match="longer than the 0 s"):
        connection.read([COMPUTER])
    connection.close()


@pytest.mark.parametrize("ignore", [True, False])
def test_the_environment_is_read_when_wanted_only(ignore: bool) -> None:
    """Requests looks into the environment, and into .netrc, at every request unless it is told not to."""
    session = Session(replace(BASIS, user="u", password=Secret("geheim"), ignore_proxy=ignore), lambda: 0.0)
    built = session._wsman.transport.session
    assert built is not None
    assert built.trust_env is not ignore
    session.close()
