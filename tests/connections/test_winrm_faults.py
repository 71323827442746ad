"""Every foreign exception becomes an error of ndrfix that says what is wrong and what to do."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import struct
from dataclasses import replace
from xml.etree.ElementTree import ParseError

import pytest
import requests
import spnego.exceptions
from pypsrp import exceptions as pypsrp

from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.fault_words import Row, Scene, names
from ndrfix.connections.faults import ROWS, host_error
from ndrfix.connections.psrp import FAILURES, DeadlineError, KeyExchangeError, OutputLimitError, ScriptError
from ndrfix.connections.wire_text import WireError
from ndrfix.errors import FarSideError, UnreachableError
from ndrfix.secrets import Secret

END = Endpoint(host="10.0.0.5", name="ex01", auth="ntlm", user="ACME\\svc", password=Secret("s3cret-word"))
OPENING = Scene(endpoint=END)
OPENING_SLOWLY = Scene(endpoint=replace(END, connection_timeout=7))
OPENING_SEALED = Scene(endpoint=replace(END, protocol="http"))
READING = Scene(endpoint=END, opened=True)
APPLYING = Scene(endpoint=END, opened=True, changes=True)


def _from(outer: BaseException, *inner: BaseException) -> BaseException:
    """The outer exception with a chain of causes."""
    error = outer
    for cause in inner:
        error.__cause__ = cause
        error = cause
    return outer


def _certificate(code: int, message: str) -> BaseException:
    inner = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message}")
    inner.verify_code, inner.verify_message = code, message
    return _from(requests.exceptions.SSLError("outer"), inner)


def _tls(reason: str) -> BaseException:
    inner = ssl.SSLError(1, f"[SSL: {reason}] something")
    inner.reason = reason
    return _from(requests.exceptions.SSLError("outer"), inner)


def _fault(code: object, reason: str | None = "why") -> BaseException:
    return pypsrp.WSManFaultError(code, "machine", reason, None, None, None)


def _http(code: int) -> BaseException:
    return pypsrp.WinRMTransportError("http", code, "<html>")


def _connection(*inner: BaseException) -> BaseException:
    return _from(requests.exceptions.ConnectionError("HTTPConnectionPool(...)"), *inner)


CASES: list[tuple[BaseException, Scene, type[Exception], str, str]] = [
    (DeadlineError(), READING, UnreachableError, "time limit", "look at the host"),
    (KeyExchangeError(), OPENING, UnreachableError, "did not agree on a key", "management host"),
    (OutputLimitError(), READING, FarSideError, "characters", "less at a time"),
    (ScriptError("no"), READING, FarSideError, "ended with an error: no", "restricted"),
    (WireError("x"), READING, FarSideError, "not understood: x", "report"),
    (_certificate(62, "Hostname mismatch"), OPENING, UnreachableError, "for another name: Hostname", "ansible_host"),
    (_certificate(64, "IP address mismatch"), OPENING, UnreachableError, "for another name", "ansible_host"),
    (_certificate(10, "certificate has expired"), OPENING, UnreachableError, "out of date", "renew"),
    (
        _certificate(18, "self-signed certificate"),
        OPENING,
        UnreachableError,
        "not trusted: self",
        "ansible_psrp_ca_cert",
    ),
    (_tls("WRONG_VERSION_NUMBER"), OPENING, UnreachableError, "port 5986 of ex01 does not speak TLS", "5985"),
    (_tls("UNSUPPORTED_PROTOCOL"), OPENING, UnreachableError, "no TLS connection", "old version of TLS"),
    (requests.exceptions.ProxyError("p"), OPENING, UnreachableError, "proxy", "ansible_psrp_proxy"),
    (requests.exceptions.ConnectTimeout("t"), OPENING, UnreachableError, "no connection within 30 s", "firewalls"),
    (
        _from(requests.exceptions.ReadTimeout("t"), TimeoutError("_ssl.c:989: The handshake operation timed out")),
        OPENING_SLOWLY,
        UnreachableError,
        "does not answer the TLS handshake within 7 s",
        "5986",
    ),
    (requests.exceptions.ReadTimeout("t"), OPENING, UnreachableError, "does not answer within 30 s", "5986"),
    (requests.exceptions.ReadTimeout("t"), READING, UnreachableError, "does not answer", "overloaded"),
    (
        _connection(ConnectionRefusedError(111, "refused")),
        OPENING,
        UnreachableError,
        "refuses connections",
        "quickconfig",
    ),
    (_connection(socket.gaierror(-2, "unknown")), OPENING, UnreachableError, "10.0.0.5 of ex01 cannot be", "spelling"),
    (
        _connection(http.client.RemoteDisconnected("closed")),
        OPENING,
        UnreachableError,
        "closed the connection without an answer",
        "ansible_psrp_protocol",
    ),
    (
        _connection(OSError(errno.EHOSTUNREACH, "No route to host")),
        OPENING,
        UnreachableError,
        "there is no way to ex01 (10.0.0.5:5986, ntlm): [Errno 113] No route",
        "routers",
    ),
    (
        _connection(OSError(errno.EPIPE, "Broken pipe")),
        READING,
        UnreachableError,
        "was lost: [Errno 32]",
        "network",
    ),
    (_connection(ConnectionResetError(104, "reset")), READING, UnreachableError, "was lost", "run again"),
    (
        requests.exceptions.ChunkedEncodingError("x"),
        READING,
        UnreachableError,
        "in the middle of an answer",
        "run again",
    ),
    (requests.exceptions.InvalidProxyURL("bad"), OPENING, UnreachableError, "failed: bad", "proxy settings"),
    (
        pypsrp.AuthenticationError(
            "The server did not response with one of the following authentication methods x - actual: 'Kerberos'"
        ),
        OPENING,
        UnreachableError,
        "offers Kerberos, which does not include ntlm",
        "ansible_psrp_auth",
    ),
    (pypsrp.AuthenticationError("Failed"), OPENING, UnreachableError, "refused user ACME\\svc", "ansible_password"),
    (
        spnego.exceptions.NoCredentialError(context_msg="Clock skew too great"),
        OPENING,
        UnreachableError,
        "clocks",
        "clock",
    ),
    (
        spnego.exceptions.NoCredentialError(context_msg="Server not found in Kerberos database"),
        OPENING,
        UnreachableError,
        "no service under this name",
        "full name",
    ),
    (spnego.exceptions.NoCredentialError(context_msg="No ticket"), OPENING, UnreachableError, "No ticket", "kinit"),
    (_fault(5), OPENING, FarSideError, "connected to ex01", "LocalAccountTokenFilterPolicy"),
    (_fault(5), READING, FarSideError, "denied access", "administrator"),
    (_fault(None, None), OPENING, UnreachableError, "web page", "ansible_psrp_path"),
    (_fault(2150858793), OPENING, UnreachableError, "did not start within 20 s", "ansible_psrp_operation_timeout"),
    (_fault(1726), READING, UnreachableError, "ended in the middle", "MaxMemoryPerShellMB"),
    (_fault(995), READING, UnreachableError, "ended in the middle", "killed"),
    (_fault(14), READING, UnreachableError, "out of memory", "MaxMemoryPerShellMB"),
    (_fault(2150858843), READING, UnreachableError, "shell on ex01", "idle"),
    (_fault(2150859173), OPENING, UnreachableError, "too many remote shells", "MaxShellsPerUser"),
    (
        _fault("w:InternalError", "The maximum number of concurrent commands per shell has been exceeded."),
        READING,
        UnreachableError,
        "too many",
        "MaxShellsPerUser",
    ),
    (_fault(2150858811), OPENING, UnreachableError, "session configuration Microsoft.PowerShell", "Enable-PSRemoting"),
    (
        _fault(2150858770, "something\n  else"),
        READING,
        FarSideError,
        "something else (WSMan fault 2150858770)",
        "helpmsg",
    ),
    (_http(404), OPENING, UnreachableError, "no WinRM under /wsman", "ansible_psrp_path"),
    (_http(413), READING, FarSideError, "too large", "MaxEnvelopeSizekb"),
    (_http(400), READING, UnreachableError, "encrypted session", "run again"),
    (_http(400), OPENING_SEALED, UnreachableError, "encrypted session", "run again"),
    (_http(400), OPENING, UnreachableError, "HTTP status 400", "proxy"),
    (_http(503), OPENING, UnreachableError, "HTTP status 503", "proxy"),
    (ParseError("syntax error"), OPENING, UnreachableError, "not WinRM", "web server"),
    (pypsrp.InvalidPSRPOperation("broken"), READING, UnreachableError, "broke: broken", "event log"),
    (pypsrp.WinRMError("Received related id does not match"), READING, UnreachableError, "related id", "run again"),
    (pypsrp.FragmentError("f"), READING, UnreachableError, "session with ex01", "run again"),
    (ImportError("no gssapi"), OPENING, UnreachableError, "no gssapi", "ndrfix[kerberos]"),
    (UnicodeDecodeError("utf-16", b"x", 0, 1, "bad"), READING, UnreachableError, "cannot be decoded", "report"),
    (ValueError("bad auth"), OPENING, UnreachableError, "settings of ex01", "ansible_psrp_"),
    (OSError(2, "Could not find a CA bundle"), OPENING, UnreachableError, "CA bundle", "files"),
    (OSError(9, "Bad file descriptor"), READING, UnreachableError, "was lost", "run again"),
    (
        AttributeError("'NoneType' object has no attribute 'text'"),
        READING,
        UnreachableError,
        "AttributeError",
        "report",
    ),
    (struct.error("unpack"), READING, UnreachableError, "not understood", "report"),
]


@pytest.mark.parametrize(
    ("error", "scene", "kind", "what", "step"),
    CASES,
    ids=[f"{type(case[0]).__name__}-{case[3][:20]}" for case in CASES],
)
def test_a_foreign_exception_is_worded(
    error: BaseException, scene: Scene, kind: type[Exception], what: str, step: str
) -> None:
    """The class, the sentence with the host in it, and the next step."""
    found = host_error(error, scene)
    assert type(found) is kind
    assert what in found.what
    assert "ex01" in found.what
    assert step.casefold() in found.next_step.casefold()
    assert found.host == "ex01"
    assert "s3cret-word" not in repr(found) + found.what
    assert "\n" not in found.what
    assert not found.what.endswith(".")
    assert found.next_step[0].isupper()
    assert found.next_step.endswith(".")


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=[type(case[0]).__name__ for case in CASES])
def test_while_items_are_under_way_they_may_have_arrived(error: BaseException) -> None:
    """Whatever went wrong then, the error tells that the host has to be read before anything is concluded."""
    found = host_error(error, APPLYING)
    assert isinstance(found, UnreachableError)
    assert found.sent


def _row(error: BaseException, scene: Scene) -> Row:
    return next(row for row in ROWS if row.name in names(error) and row.test(error, scene))


def test_every_row_of_the_table_is_tried() -> None:
    """No row is without a case, so none can be hidden by one above it."""
    tried = {id(_row(error, scene)) for error, scene, *_ in CASES}
    assert [row for row in ROWS if id(row) not in tried] == []


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=[type(case[0]).__name__ for case in CASES])
def test_what_is_worded_is_also_caught(error: BaseException) -> None:
    """A row for an exception that the connection lets through would be of no use."""
    assert isinstance(error, FAILURES)


def test_the_schemes_that_a_server_offers_are_told() -> None:
    """A refused password is easier to understand with what would have been possible."""
    scene = Scene(endpoint=END, offered='Negotiate, Basic realm="WSMAN"')
    assert "it offers Negotiate, Basic" in host_error(pypsrp.AuthenticationError("x"), scene).what


def test_an_address_of_version_6_is_in_brackets() -> None:
    """The host part is told from the port."""
    scene = Scene(endpoint=Endpoint(host="2001:db8::25", user="u", auth="basic"))
    found = host_error(requests.exceptions.ConnectTimeout("t"), scene)
    assert found.what.startswith("2001:db8::25 ([2001:db8::25]:5986, basic)")


def test_causes_may_form_a_circle() -> None:
    """An exception that is its own context ends the search."""
    error = ValueError("x")
    other = ValueError("y")
    error.__context__, other.__context__ = other, error
    assert host_error(error, OPENING).what
