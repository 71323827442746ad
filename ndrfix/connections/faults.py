"""What comes out of pypsrp, requests and pyspnego, mapped to the errors of ndrfix by one table.

Exceptions are named by text, so that nothing foreign is imported here. The first row that fits counts: narrow classes
stand before those they derive from (`SSLError`, `ConnectTimeout` and `ProxyError` are `ConnectionError`s).
"""

from __future__ import annotations

import socket
import ssl

from ndrfix.connections.fault_words import (
    EXPIRED,
    NAME_MISMATCH,
    Row,
    Scene,
    at_opening,
    caused_by,
    code,
    fault,
    handshake,
    last,
    logon,
    names,
    no_scheme,
    no_way,
    plain_port,
    quoting,
    reason,
    said,
    skew,
    status,
    unknown_principal,
    unsealed,
    verify_code,
    verify_message,
)
from ndrfix.errors import FarSideError, HostError, UnreachableError

_QUOTA_STEP = "Wait until old sessions end, close them (Restart-Service WinRM), or raise MaxShellsPerUser on the host."
_MEMORY_STEP = "Raise MaxMemoryPerShellMB on the host (winrm get winrm/config/winrs), or read less at a time."
_RIGHTS_STEP = (
    "Use an administrator of the host; a local one other than the built-in one also needs "
    "LocalAccountTokenFilterPolicy = 1."
)
_LOST_STEP = "Check the network and the host, then run again: what was done is found by reading."
_TRUST_STEP = "Name the certificate's authority in ansible_psrp_ca_cert (a self-signed one: the certificate itself)."
_PORT_STEP = "Check ansible_port and ansible_psrp_protocol: 5985 speaks http, 5986 https."

_REQUESTS = "requests.exceptions."
_PYPSRP = "pypsrp.exceptions."
_OURS = "ndrfix.connections."

ROWS: tuple[Row, ...] = (
    Row(
        name=_OURS + "psrp.DeadlineError",
        what=said("{where} did not finish within its time limit"),
        step="Look at the host: a hung PowerShell or a very slow link; raise the time limit when it is only slow.",
    ),
    Row(
        name=_OURS + "psrp.KeyExchangeError",
        what=said("{where} did not agree on a key to encrypt the password of the target with"),
        step="Look at PowerShell on the management host; without ansible_password of the target no key is needed.",
    ),
    Row(
        name=_OURS + "psrp.OutputLimitError",
        what=said("{where} sent more than {end.output_limit} characters in one answer"),
        step="Read less at a time (a smaller registry tree).",
        refused=True,
    ),
    Row(
        name=_OURS + "psrp.ScriptError",
        what=quoting("PowerShell on {where} ended with an error"),
        step="Check that the session is not restricted (JEA, constrained language) and PowerShell is 2.0 or later.",
        refused=True,
    ),
    Row(
        name=_OURS + "wire_text.WireError",
        what=quoting("the answer of {where} is not understood"),
        step="Run again; report it if it stays, with the version of PowerShell on the host.",
        refused=True,
    ),
    # --- transport
    Row(
        name=_REQUESTS + "SSLError",
        test=lambda error, _scene: verify_code(error) in NAME_MISMATCH,
        what=lambda error, scene: f"the certificate of {scene.where} is for another name: {verify_message(error)}",
        step="Use the name that stands in the certificate as ansible_host.",
    ),
    Row(
        name=_REQUESTS + "SSLError",
        test=lambda error, _scene: verify_code(error) == EXPIRED,
        what=lambda error, scene: f"the certificate of {scene.where} is out of date: {verify_message(error)}",
        step="Renew the certificate of the WinRM listener.",
    ),
    Row(
        name=_REQUESTS + "SSLError",
        test=caused_by(ssl.SSLCertVerificationError),
        what=lambda error, scene: f"the certificate of {scene.where} is not trusted: {verify_message(error)}",
        step=_TRUST_STEP,
    ),
    Row(
        name=_REQUESTS + "SSLError",
        test=plain_port,
        what=said("port {port} of {title} does not speak TLS"),
        step=_PORT_STEP,
    ),
    Row(
        name=_REQUESTS + "SSLError",
        what=quoting("no TLS connection to {where}"),
        step="The host may only speak an old version of TLS; use http with message encryption (ntlm) instead.",
    ),
    Row(
        name=_REQUESTS + "ProxyError",
        what=quoting("the proxy gives no connection to {where}"),
        step="Check ansible_psrp_proxy, or remove it to connect directly.",
    ),
    Row(
        name=_REQUESTS + "ConnectTimeout",
        what=said("{where} does not answer: no connection within {end.connection_timeout} s"),
        step="Check the address, the port and the firewalls in between.",
    ),
    Row(
        name=_REQUESTS + "ReadTimeout",
        test=handshake,
        what=said(
            "{where} accepts connections but does not answer the TLS handshake within {end.connection_timeout} s"
        ),
        step=f"{_PORT_STEP} When they are right, the host is overloaded.",
    ),
    Row(
        name=_REQUESTS + "ReadTimeout",
        test=lambda _error, scene: not scene.opened and scene.endpoint.protocol == "https",
        what=said("{where} accepts connections but does not answer within {end.read_timeout} s"),
        step=f"{_PORT_STEP} When they are right, the host is overloaded.",
    ),
    Row(
        name=_REQUESTS + "ReadTimeout",
        what=said("{where} does not answer within {end.read_timeout} s"),
        step="The host is overloaded or gone: look at it, then run again.",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=caused_by(ConnectionRefusedError),
        what=said("{where} refuses connections on port {port}"),
        step="Check that WinRM runs there (winrm quickconfig) and that the port is right.",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=caused_by(socket.gaierror),
        what=said("the name {end.host} of {title} cannot be resolved"),
        step="Check the spelling, or set ansible_host to an address.",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=no_way,
        what=quoting("there is no way to {where}"),
        step="Check the address, and the routers, the VPN and the firewalls in between.",
    ),
    Row(
        name=_REQUESTS + "ConnectionError",
        test=lambda error, scene: not scene.opened and caused_by(ConnectionError)(error, scene),
        what=said("{where} closed the connection without an answer"),
        step=_PORT_STEP,
    ),
    Row(name=_REQUESTS + "ConnectionError", what=quoting("the connection to {where} was lost"), step=_LOST_STEP),
    Row(
        name=_REQUESTS + "ChunkedEncodingError",
        what=said("the connection to {where} was cut in the middle of an answer"),
        step=_LOST_STEP,
    ),
    Row(
        name=_REQUESTS + "RequestException",
        what=quoting("the request to {where} failed"),
        step="Check the address and the proxy settings of the host.",
    ),
    # --- logging on
    Row(
        name=_PYPSRP + "AuthenticationError",
        test=reason("did not response with"),
        what=no_scheme,
        step="Set ansible_psrp_auth to a scheme that the server offers, or enable yours there.",
    ),
    Row(
        name=_PYPSRP + "AuthenticationError",
        what=logon,
        step="Check ansible_user and ansible_password, and whether the account is locked.",
    ),
    Row(
        name="spnego.exceptions.SpnegoError",
        test=skew,
        what=said("cannot log on to {where}: the clocks differ too much for Kerberos"),
        step="Set the clock of this machine (five minutes are the usual limit).",
    ),
    Row(
        name="spnego.exceptions.SpnegoError",
        test=unknown_principal,
        what=said("cannot log on to {where}: Kerberos knows no service under this name"),
        step="Use the host's full name instead of an address, or set ansible_psrp_negotiate_hostname_override.",
    ),
    Row(
        name="spnego.exceptions.SpnegoError",
        what=quoting("cannot log on to {where}"),
        step="Check ansible_psrp_auth, the user and the password; for kerberos, that a ticket can be had (kinit).",
    ),
    # --- WS-Management
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=lambda error, scene: not scene.opened and code(5)(error, scene),
        what=said("connected to {where}, but this account may not open a remote shell"),
        step=_RIGHTS_STEP,
        refused=True,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(5),
        what=said("{where} denied access to the remote shell"),
        step=_RIGHTS_STEP,
        refused=True,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(None),
        what=said("{where} answered with a web page instead of WinRM"),
        step="A proxy or another web server stands there: check the address, the port and ansible_psrp_path.",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(2150858793),
        what=said("PowerShell on {where} did not start within {end.operation_timeout} s"),
        step="Raise ansible_psrp_operation_timeout.",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(1726, 1727, 995, 2150858999),
        what=said("PowerShell on {where} ended in the middle of the work"),
        step=f"It crashed, was killed, or ran out of memory. {_MEMORY_STEP}",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(14, 2150859182),
        what=said("PowerShell on {where} ran out of memory"),
        step=_MEMORY_STEP,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(2150858843),
        what=said("the remote shell on {where} is gone"),
        step="It was idle for too long, or somebody ended it; run again.",
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=lambda error, scene: (
            code(2150859173, 2150859174)(error, scene)
            or reason("concurrent shells", "concurrent operations", "commands per shell", "QuotaLimit")(error, scene)
        ),
        what=said("{where} has too many remote shells or operations of this account open"),
        step=_QUOTA_STEP,
    ),
    Row(
        name=_PYPSRP + "WSManFaultError",
        test=code(2150858811, 2150858752),
        what=said("{where} has no session configuration {end.configuration_name}"),
        step="Check ansible_psrp_configuration_name; Enable-PSRemoting on the host makes the usual one.",
    ),
    Row(name=_PYPSRP + "WSManFaultError", what=fault, step="Look the fault up: winrm helpmsg CODE.", refused=True),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        test=code(404),
        what=said("{where} answers, but there is no WinRM under /{end.path}"),
        step="Check ansible_psrp_path and the port.",
    ),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        test=code(413),
        what=said("{where} refused a request as too large"),
        step="Raise MaxEnvelopeSizekb on the host (winrm get winrm/config), or lower ansible_psrp_max_envelope_size.",
        refused=True,
    ),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        test=unsealed,
        what=said("the encrypted session with {where} was lost"),
        step=_LOST_STEP,
    ),
    Row(
        name=_PYPSRP + "WinRMTransportError",
        what=status,
        step="A proxy, a firewall or another web server may stand in between: check the address and the port.",
    ),
    Row(
        name="xml.etree.ElementTree.ParseError",
        what=said("{where} answered with something that is not WinRM"),
        step="A proxy or another web server stands there: check the address, the port and ansible_psrp_path.",
    ),
    Row(
        name=_PYPSRP + "InvalidPSRPOperation",
        what=quoting("the remote shell on {where} broke"),
        step="Run again; look in the WinRM event log of the host if it stays.",
    ),
    Row(name=_PYPSRP + "WinRMError", what=quoting("the session with {where} broke"), step=_LOST_STEP),
    # --- everything else
    Row(
        name="builtins.ImportError",
        what=quoting("a library for logging on to {where} is missing"),
        step="Run pip install 'ndrfix[kerberos]' or pip install 'ndrfix[credssp]'.",
    ),
    Row(
        name="builtins.UnicodeDecodeError",
        what=said("{where} sent a text that cannot be decoded"),
        step="Run again; report it if it stays.",
    ),
    Row(
        name="builtins.ValueError",
        test=at_opening,
        what=quoting("the connection settings of {where} cannot be used"),
        step="Check the ansible_psrp_* variables of the host.",
    ),
    Row(
        name="builtins.OSError",
        test=at_opening,
        what=quoting("no connection to {where}"),
        step="Check the files that the connection settings name, and the network.",
    ),
    Row(name="builtins.OSError", what=quoting("the connection to {where} was lost"), step=_LOST_STEP),
    Row(
        name="builtins.Exception",
        what=lambda error, scene: (
            f"the answer of {scene.where} is not understood: {type(error).__name__}: {last(error)}"
        ),
        step="Run again; report it if it stays.",
    ),
)


def host_error(error: BaseException, scene: Scene) -> HostError:
    """The error of ndrfix that a foreign exception means. `sent` is set when items were under way."""
    classes = names(error)
    row = next((row for row in ROWS if row.name in classes and row.test(error, scene)), ROWS[-1])
    what, title = row.what(error, scene), scene.endpoint.title
    if row.refused and not scene.changes:
        return FarSideError(what, host=title, next_step=row.step)
    return UnreachableError(what, host=title, next_step=row.step, sent=scene.changes)
