"""What clients get that speak HTTP or WS-Management in their own way."""

from __future__ import annotations

import base64
import http.client
import re
import socket
from collections.abc import Iterator

import pytest
from psrpcore import ClientRunspacePool

from ndrfix.connections.simulated import Simulation
from ndrfix.testing import HostListener, WinRMEndpoint

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    f' xmlns:rsp="{SHELL}"><s:Header><a:Action>{{action}}</a:Action><a:MessageID>uuid:&lt;1&gt;</a:MessageID>'
    "<w:ResourceURI>{resource}</w:ResourceURI></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
POWERSHELL = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"


@pytest.fixture
def client(listener: HostListener) -> Iterator[http.client.HTTPConnection]:
    """A client that knows nothing but HTTP."""
    connection = http.client.HTTPConnection(listener.address, listener.port, timeout=5)
    yield connection
    connection.close()


def _authorization(listener: HostListener) -> dict[str, str]:
    text = f"{listener.account.user}:{listener.account.password.reveal()}"
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/wsman", {}, 405),
        ("POST", "/", {}, 404),
        ("POST", "/wsman", {}, 401),
        ("POST", "/wsman", {"Content-Length": "many"}, 400),
        ("POST", "/wsman", {"Content-Length": "99999999"}, 413),
        ("POST", "/wsman", {"Transfer-Encoding": "chunked"}, 411),
        ("POST", "/wsman", {"X-Long": "x" * 70_000}, 431),
        ("POST", "/wsman", {"Authorization": "Basic !!"}, 401),
        ("POST", "/wsman", {"Authorization": "Negotiate !!"}, 401),
        ("POST", "/wsman", {"Authorization": "Negotiate TlRMTVNTUAADAAAA"}, 401),
    ],
)
def test_http_that_leads_nowhere(
    client: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """A request that is no client of WinRM's gets the status that says so."""
    client.putrequest(method, path)
    for name, value in headers.items():
        client.putheader(name, value)
    client.endheaders()
    assert client.getresponse().status == status


def test_challenge_offers_the_schemes(client: http.client.HTTPConnection) -> None:
    """Who did not log on is told how to."""
    client.request("POST", "/wsman")
    reply = client.getresponse()
    assert reply.headers.get_all("WWW-Authenticate") == ["Negotiate", 'Basic realm="WSMAN"']


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "multipart/encrypted"}], ids=["plain", "sealed"])
@pytest.mark.parametrize("body", [b"<no", b"<a/>", b"\0\0\0\0"])
def test_bodies_that_are_no_envelope(
    listener: HostListener, client: http.client.HTTPConnection, headers: dict[str, str], body: bytes
) -> None:
    """A body that is no envelope, or is sealed for nobody, is a bad request."""
    client.request("POST", "/wsman", body, {**_authorization(listener), **headers})
    assert client.getresponse().status == 400


@pytest.mark.parametrize(
    ("action", "resource", "body", "code"),
    [
        (f"{TRANSFER}/Get", POWERSHELL, "", 2150858817),
        (f"{TRANSFER}/Create", f"{SHELL}/cmd", "<rsp:Shell/>", 2150858811),
        (f"{TRANSFER}/Create", POWERSHELL, "", 2150858891),
        (f"{TRANSFER}/Create", POWERSHELL, "<rsp:Shell/>", 2150858891),
        (
            f"{TRANSFER}/Create",
            POWERSHELL,
            '<rsp:Shell><creationXml xmlns="http://schemas.microsoft.com/powershell">AAAA</creationXml></rsp:Shell>',
            2150858891,
        ),
        (f"{SHELL}/Receive", POWERSHELL, "", 2150858843),
    ],
)
def test_requests_that_are_refused(
    listener: HostListener,
    client: http.client.HTTPConnection,
    action: str,
    resource: str,
    body: str,
    code: int,
) -> None:
    """A request that cannot be carried out gets a fault with Windows' code, related to its message."""
    text = ENVELOPE.format(action=action, resource=resource, body=body)
    client.request("POST", "/wsman", text.encode(), _authorization(listener))
    reply = client.getresponse()
    assert reply.status == 500
    said = reply.read().decode()
    assert f'Code="{code}"' in said
    assert re.findall("<a:RelatesTo>(.*)</a:RelatesTo>", said) == ["uuid:&lt;1&gt;"]


def test_connection_that_breaks_is_forgotten(listener: HostListener) -> None:
    """A client that goes in the middle of a request leaves nothing behind."""
    with socket.create_connection((listener.address, listener.port), timeout=5) as sock:
        sock.sendall(b"POST /wsman HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
        listener.wait(lambda counts: counts.connections == 1)
    assert listener.wait(lambda counts: counts.connections == 0).total == 0


def test_noise_on_a_tls_port_is_forgotten(simulation: Simulation) -> None:
    """A client that does not speak TLS where TLS is spoken gets no answer."""
    with WinRMEndpoint(simulation, https=True) as endpoint:
        listener = endpoint.host("ex01")
        with socket.create_connection((listener.address, listener.port), timeout=5) as sock:
            sock.sendall(b"POST /wsman HTTP/1.1\r\n\r\n")
            assert b"HTTP" not in sock.recv(100)
        assert listener.counts.total == 0


def test_connection_is_closed_on_request(listener: HostListener, client: http.client.HTTPConnection) -> None:
    """Who asks for the connection's end gets it after the answer."""
    client.request("POST", "/wsman", b"", {**_authorization(listener), "Connection": "close"})
    assert client.getresponse().status == 200
    listener.wait(lambda counts: counts.connections == 0)


def test_message_that_comes_again_gets_the_same_answer(
    listener: HostListener, client: http.client.HTTPConnection
) -> None:
    """A client that did not get an answer and asks again gets that answer, and nothing is carried out twice."""
    pool = ClientRunspacePool()
    pool.open()
    payload = pool.data_to_send()
    assert payload is not None
    creation = base64.b64encode(payload.data).decode()
    body = (
        f'<rsp:Shell><creationXml xmlns="http://schemas.microsoft.com/powershell">{creation}</creationXml></rsp:Shell>'
    )
    text = ENVELOPE.format(action=f"{TRANSFER}/Create", resource=POWERSHELL, body=body).encode()
    answers = []
    for message in (text, text, text.replace(b"&lt;1&gt;", b"2")):
        client.request("POST", "/wsman", message, _authorization(listener))
        answers.append(client.getresponse().read())
    assert answers[0] == answers[1]
    assert b"ResourceCreated" in answers[0]
    assert answers[2] != answers[0]
    assert listener.counts.shells == 2
