"""What comes out of pypsrp, requests and pyspnego, mapped to the errors of ndrfix by one table.

Exceptions are named by text, so that nothing foreign is imported here. The first row that fits counts: narrow classes stand
before those they derive from (`SSLError`, `ConnectTimeout` and `ProxyError` are `ConnectionError`s).
"""

from __future__ import annotations

import importlib.util
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ndrfix.connections.endpoint import AUTHS, Endpoint
from ndrfix.errors import FarSideError, HostError, UnreachableError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where an exception came up: `opened` when the session had worked before, `changes` when items were under way.

    `offered` are the authentication schemes that the server named when it refused one.
    """

    endpoint: Endpoint
    opened: bool = False
    changes: bool = False
    offered: str = ""

    @property
    def where(self) -> str:
        """The host as messages name it: its name, its address, and how one logs on."""
        return f"{self.endpoint.title} ({self.endpoint.address}, {self.endpoint.auth})"


Wording = Callable[[BaseException, Scene], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: which exception (class by name, and a test), and what is said. `refused`: the session itself works."""

    name: str
    what: Wording
    step: str
    test: Callable[[BaseException, Scene], bool] = lambda _error, _scene: True
    refused: bool = False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made from: causes, contexts, and exceptions among its arguments."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [candidate for candidate in inner if isinstance(candidate, BaseException)]


def _caused_by(*kinds: type[BaseException]) -> Callable[[BaseException, Scene], bool]:
    return lambda error, _scene: any(isinstance(one, kinds) for one in _chain(error))


def _names(error: BaseException) -> set[str]:
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}


def _last(error: BaseException) -> str:
    """The text of the innermost exception: the outer ones only repeat it with object addresses."""
    texts = [str(one) for one in _chain(error) if not one.__cause__ and not one.__context__]
    return next((text for text in texts if text), type(error).__name__).splitlines()[0]


# --- certificates ---------------------------------------------------------------------------------------------------

_NAME_MISMATCH = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


def _verify_code(error: BaseException) -> int:
    found = (one.verify_code for one in _chain(error) if isinstance(one, ssl.SSLCertVerificationError))
    return next((code for code in found if isinstance(code, int)), 0)


def _verify_message(error: BaseException) -> str:
    found = (str(one.verify_message) for one in _chain(error) if isinstance(one, ssl.SSLCertVerificationError))
    return next(found, _last(error))


def _plain_port(error: BaseException, _scene: Scene) -> bool:
    reasons = {getattr(one, "reason", None) for one in _chain(error) if isinstance(one, ssl.SSLError)}
    return bool(reasons & {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


# --- tests and wordings ---------------------------------------------------------------------------------------------


def _said(template: str) -> Wording:
    """A wording with `{where}`, `{title}`, `{port}` and the limits of the endpoint filled in."""

    def say(_error: BaseException, scene: Scene) -> str:
        end = scene.endpoint
        return template.format(where=scene.where, title=end.title, port=end.port, end=end)

    return say


def _quoting(template: str) -> Wording:
    """A wording like `_said`, with the exception's own text at the end."""
    return lambda error, scene: f"{_said(template)(error, scene)}: {_last(error)}"


def _code(*codes: int) -> Callable[[BaseException, Scene], bool]:
    return lambda error, _scene: getattr(error, "code", None) in codes


def _reason(*words: str) -> Callable[[BaseException, Scene], bool]:
    return lambda error, _scene: any(word in str(error) for word in words)


def _at_opening(_error: BaseException, scene: Scene) -> bool:
    return not scene.opened


def _logon(_error: BaseException, scene: Scene) -> str:
    user = f"user {scene.endpoint.user}" if scene.endpoint.user else "the current user"
    offered = f"; it offers {scene.offered}" if scene.offered else ""
    return f"cannot log on to {scene.where}: the server refused {user}{offered}"


def _no_scheme(error: BaseException, scene: Scene) -> str:
    offered = str(error).partition("actual: ")[2].strip("'") or "nothing"
    return f"cannot log on to {scene.where}: the server offers {offered}, which does not include {scene.endpoint.auth}"


def _fault(error: BaseException, scene: Scene) -> str:
    reason = str(getattr(error, "reason", "") or getattr(error, "provider_fault", "") or "no reason given")
    return f"{scene.where} refused the request: {' '.join(reason.split())} (WSMan fault {getattr(error, 'code', '')})"


def _status(error: BaseException, scene: Scene) -> str:
    return f"{scene.where} answered with HTTP status {getattr(error, 'code', '?')}"


def _skew(error: BaseException, _scene: Scene) -> bool:
    text = " ".join(str(one) for one in _chain(error)).lower()
    return "skew" in text


def _unknown_principal(error: BaseException, _scene: Scene) -> bool:
    text = " ".join(str(one) for one in _chain(error)).lower()
    return "not found in kerberos database" in text


_QUOTA_STEP = "wait until old sessions end, close them (Restart-Service WinRM), or raise MaxShellsPerUser on the host"
_MEMORY_STEP = "raise MaxMemoryPerShellMB on the host (winrm get winrm/config/winrs), or read less at a time"
_RIGHTS_STEP = (
    "use an administrator of the host; a local one other than the built-in one also needs LocalAccountTokenFilterPolicy = 1"
)
_LOST_STEP = "check the network and the host, then run again: what was done is found by reading"
_TRUST_STEP = "name the certificate's authority in ansible_psrp_ca_cert (a self-signed one: the certificate itself)"
_PORT_STEP = "check ansible_port and ansible_psrp_protocol: 5985 speaks http, 5986 https"

_REQUESTS = "requests.exceptions."
_PYPSRP = "pypsrp.exceptions."
_OURS = "ndrfix.connections."

ROWS: tuple[Row, ...] = (
    Row(
        name=_OURS + "psrp.DeadlineError",
        what=_said("{where} did not finish within its time limit"),
        step="look at the host: a hung PowerShell or a very slow link; raise the time limit when it is only slow",
    ),
    Row(
        name=_OURS + "psrp.OutputLimitError",
        what=_said("{where} sent more than {end.output_limit} characters in one answer"),
        step="read less at a time (a smaller registry tree)",
        refused=True,
    ),
    Row(
        name=_OURS + "psrp.ScriptError",
        what=_quoting("PowerShell on {where} ended with an error"),
        step="check that the session is not restricted (JEA, constrained language) and that PowerShell is 2.0 or later",
        refused=True,
    ),
    Row(
        name=_OURS + "protocol.WireError",
        what=_quoting("the answer of {where} is not understood"),
        step="run again; report it if it stays, with the version of PowerShell on the host",
        refused=True,
    ),
    # --- transport
    Row(
        name=_REQUESTS + "SSLError",
        test=lambda error, _scene: _verify_code(error) in _NAME_MISMATCH,
        what=lambda error, scene: f"the certificate of {scene.where} is for another name: {_verify_message(error)}",
        step="use the name that stands in the certificate as ansible_host",
    ),
    Row(
        name=_REQUESTS + "SSLError",
        test=lambda error, _scene: _verify_code(error) == _EXPIRED,
        what=lambda error, scene: f"the certificate of {scene.where} is out of date: {_verify_message(error)}",
        step="renew the certificate of the WinRM listener",
    ),
    Row(
        name=_REQUESTS + "SSLError",
        test=_caused_by(ssl.SSLCertVerificationError),
        what=lambda error, scene: f"the certificate of {scene.where} is not trusted: {_verify_message(error)}",
        step=_TRUST_STEP,
    ),
    Row(
        name=_REQUESTS + "SSLError",
        test=_plain_port,
        what=_said("port {port} of {title} does not speak TLS"),
        step=_PORT_STEP,
    ),
    Row(
        name=_REQUESTS + "SSLError",
        what=_quoting("no TLS connection to {where}"),
        step="the host may only speak an old version of TLS; use http with message encryption (ntlm) instead",
    ),
    Row(
        name=_REQUESTS + "ProxyError",
        what=_quoting("the proxy {end.proxy} gives no connection to {where}"),
        step="check ansible_psrp_proxy, or remove it to connect directly",
    ),
    Row(
        name=_REQUESTS + "ConnectTimeout",
        what=_said("{where} does not answer: no connection within {end.connection_timeout} s"),
        step="check the address, the port and the firewalls in between",
    ),
    Row(
        name=_REQUESTS + "ReadTimeout",
        test=lambda _error, scene: not scene.opened and scene.endpoint.protocol == "https",
        what=_said("{where} accepts connections but does not answer within {end.read_timeout} s"),
        step=f"{_PORT_STEP}; when they are right, the host is overloaded",
    ),
    Row(
        name=_REQUESTS + "ReadTimeout",
        what=_said("{where} does not answer within {end.read_timeout} s"),
        step="the host is overloaded or gone: look at it, then run again",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=_caused_by(ConnectionRefusedError),
        what=_said("{where} refuses connections on port {port}"),
        step="check that WinRM runs there (winrm quickconfig) and that the port is right",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=_caused_by(socket.gaierror),
        what=_said("the name {end.host} of {title} cannot be resolved"),
        step="check the spelling, or set ansible_host to an address",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=lambda error, scene: not scene.opened and _caused_by(ConnectionError)(error, scene),
        what=_said("{where} closed the connection without an answer"),
        step=_PORT_STEP,
    ),
    Row(name=_REQUESTS + "ConnectionError", what=_quoting("the connection to {where} was lost"), step=_LOST_STEP),
    Row(
        name=_REQUESTS + "ChunkedEncodingError",
        what=_said("the connection to {where} was cut in the middle of an answer"),
        step=_LOST_STEP,
    ),
    Row(
        name=_REQUESTS + "RequestException",
        what=_quoting("the request to {where} failed"),
        step="check the address and the proxy settings of the host",
    ),
    # --- logging on
    Row(
        name=_PYPSRP + "AuthenticationError",
        test=_reason("did not response with"),
        what=_no_scheme,
        step="set ansible_psrp_auth to a scheme that the server offers, or enable yours there",
    ),
    Row(
        name=_PYPSRP + "AuthenticationError",
        what=_logon,
        step="check ansible_user and ansible_password, and whether the account is locked",
    ),
    Row(
        name="spnego.exceptions.SpnegoError",
        test=_skew,
        what=_said("cannot log on to {where}: the clocks differ too much for Kerberos"),
        step="set the clock of this machine (five minutes are the usual limit)",
    ),
    Row(
        name="spnego.exceptions.SpnegoError",
        test=_unknown_principal,
        what=_said("cannot log on to {where}: Kerberos knows no service under this name"),
        step="use the host's full name instead of an address, or set ansible_psrp_negotiate_hostname_override",
    ),
    Row(
        name="spnego.exceptions.SpnegoError",
        what=_quoting("cannot log on to {where}"),
        step="check ansible_psrp_auth, the user and the password; for kerberos, that a ticket can be had (kinit)",
    ),
    # --- WS-Management
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=lambda error, scene: not scene.opened and _code(5)(error, scene),
        what=_said("connected to {where}, but this account may not open a remote shell"),
        step=_RIGHTS_STEP,
        refused=True,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(5),
        what=_said("{where} denied access to the remote shell"),
        step=_RIGHTS_STEP,
        refused=True,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(None),
        what=_said("{where} answered with a web page instead of WinRM"),
        step="a proxy or another web server stands there: check the address, the port and ansible_psrp_path",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(2150858793),
        what=_said("PowerShell on {where} did not start within {end.operation_timeout} s"),
        step="raise ansible_psrp_operation_timeout",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(1726, 1727, 995, 2150858999),
        what=_said("PowerShell on {where} ended in the middle of the work"),
        step=f"it crashed, was killed, or ran out of memory: {_MEMORY_STEP}",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(14, 2150859182),
        what=_said("PowerShell on {where} ran out of memory"),
        step=_MEMORY_STEP,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(2150858843),
        what=_said("the remote shell on {where} is gone"),
        step="it was idle for too long, or somebody ended it; run again",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=lambda error, scene: (
            _code(2150859173, 2150859174)(error, scene)
            or _reason("concurrent shells", "concurrent operations", "commands per shell", "QuotaLimit")(error, scene)
        ),
        what=_said("{where} has too many remote shells or operations of this account open"),
        step=_QUOTA_STEP,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=_code(2150858811, 2150858752),
        what=_said("{where} has no session configuration {end.configuration_name}"),
        step="check ansible_psrp_configuration_name; Enable-PSRemoting on the host makes the usual one",
    ),
    Row(name=_PYPSRP + "WSManFaultError", what=_fault, step="look the fault up: winrm helpmsg CODE", refused=True),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        test=_code(404),
        what=_said("{where} answers, but there is no WinRM under /{end.path}"),
        step="check ansible_psrp_path and the port",
    ),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        test=_code(413),
        what=_said("{where} refused a request as too large"),
        step="raise MaxEnvelopeSizekb on the host (winrm get winrm/config), or lower ansible_psrp_max_envelope_size",
        refused=True,
    ),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        test=lambda error, scene: scene.opened and _code(400, 401)(error, scene),
        what=_said("the encrypted session with {where} was lost"),
        step=_LOST_STEP,
    ),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        what=_status,
        step="a proxy, a firewall or another web server may stand in between: check the address and the port",
    ),
    Row(
        name="xml.etree.ElementTree.ParseError",
        what=_said("{where} answered with something that is not WinRM"),
        step="a proxy or another web server stands there: check the address, the port and ansible_psrp_path",
    ),
    Row(
        name=_PYPSRP + "InvalidPSRPOperation",
        what=_quoting("the remote shell on {where} broke"),
        step="run again; look in the WinRM event log of the host if it stays",
    ),
    Row(name=_PYPSRP + "WinRMError", what=_quoting("the session with {where} broke"), step=_LOST_STEP),
    # --- everything else
    Row(
        name="builtins.ImportError",
        what=_quoting("a library for logging on to {where} is missing"),
        step="pip install 'ndrfix[kerberos]' or 'ndrfix[credssp]'",
    ),
    Row(
        name="builtins.UnicodeDecodeError",
        what=_said("{where} sent a text that cannot be decoded"),
        step="run again; report it if it stays",
    ),
    Row(
        name="builtins.ValueError",
        test=_at_opening,
        what=_quoting("the connection settings of {where} cannot be used"),
        step="check the ansible_psrp_* variables of the host",
    ),
    Row(
        name="builtins.OSError",
        test=_at_opening,
        what=_quoting("no connection to {where}"),
        step="check the files that the connection settings name, and the network",
    ),
    Row(name="builtins.OSError", what=_quoting("the connection to {where} was lost"), step=_LOST_STEP),
    Row(
        name="builtins.Exception",
        what=lambda error, scene: f"the answer of {scene.where} is not understood: {type(error).__name__}: {_last(error)}",
        step="run again; report it if it stays",
    ),
)


def host_error(error: BaseException, scene: Scene) -> HostError:
    """The error of ndrfix that a foreign exception means. `sent` is set when items were under way."""
    names = _names(error)
    row = next((row for row in ROWS if row.name in names and row.test(error, scene)), ROWS[-1])
    what, title = row.what(error, scene), scene.endpoint.title
    if row.refused and not scene.changes:
        return FarSideError(what, host=title, next_step=row.step)
    return UnreachableError(what, host=title, next_step=row.step, sent=scene.changes)


# --- before connecting ----------------------------------------------------------------------------------------------


def _missing(*modules: str) -> bool:
    return any(importlib.util.find_spec(module) is None for module in modules)


def _complaints(end: Endpoint) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings themselves, each with the next step."""
    if end.auth not in AUTHS:
        yield f"unknown ansible_psrp_auth {end.auth!r}{did_you_mean(end.auth, AUTHS)}", f"one of {', '.join(AUTHS)}"
    if end.auth == "kerberos" and sys.platform != "win32" and _missing("gssapi", "krb5"):
        yield "logging on by kerberos needs a library that is not installed", "pip install 'ndrfix[kerberos]'"
    if end.auth == "credssp" and _missing("requests_credssp"):
        yield "logging on by credssp needs a library that is not installed", "pip install 'ndrfix[credssp]'"
    if end.auth in ("basic", "credssp") and not (end.user and end.password):
        yield f"logging on by {end.auth} needs a user and a password", "set ansible_user and ansible_password"
    if end.auth in ("basic", "certificate") and end.message_encryption == "always":
        yield f"{end.auth} cannot encrypt messages itself", "set ansible_psrp_message_encryption: auto and use https"
    if end.auth == "basic" and end.protocol == "http" and end.message_encryption == "auto":
        yield (
            "basic over http would send the password in clear text",
            "use https or auth ntlm; in a closed test network, allow it by ansible_psrp_message_encryption: never",
        )
    if end.auth == "certificate" and end.protocol != "https":
        yield "logging on by certificate needs https", "set ansible_psrp_protocol: https"
    if end.auth == "certificate" and not (end.certificate_pem and end.certificate_key_pem):
        yield (
            "logging on by certificate needs a certificate and its key",
            "set ansible_psrp_certificate_pem and ansible_psrp_certificate_key_pem",
        )
    for path in (end.ca_cert, end.certificate_pem, end.certificate_key_pem):
        if path and not Path(path).exists():
            yield f"the certificate file {path} does not exist", "check the path; it is relative to the current folder"


def check_endpoint(endpoint: Endpoint) -> None:
    """Refuse settings that cannot work, before anything is connected.

    Raises:
        UnreachableError: naming the setting and what to do.
    """
    for what, step in _complaints(endpoint):
        raise UnreachableError(f"{endpoint.title}: {what}", host=endpoint.title, next_step=step)
