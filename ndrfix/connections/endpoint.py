"""How to reach one host over WinRM: address, credentials and limits, as one value."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ndrfix.errors import UnreachableError, did_you_mean
from ndrfix.secrets import Secret

AUTHS = ("negotiate", "ntlm", "basic", "certificate", "kerberos", "credssp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A WinRM listener and how to log on to it. Defaults are those of Ansible's `psrp` connection; times in seconds.

    Attributes:
        name: What the host is called in messages; `host` when empty.
        host: A name or address; an IPv6 address without brackets.
        ca_cert: A PEM file with the certificates to trust, instead of the system's.
        proxy: The URL of a proxy. Without one, the proxies of the environment are ignored unless `ignore_proxy` is off.
        operation_timeout: How long the host may hold one request back; `read_timeout` is raised above it where needed.
        call_timeout: The limit of one read, and what an item may take beyond its own time limit.
        host_timeout: The limit of everything over this connection, from its first use on.
        output_limit: How many characters one call may return.
    """

    host: str
    name: str = ""
    port: int = 5986
    protocol: str = "https"
    path: str = "wsman"
    user: str | None = None
    password: Secret | None = None
    auth: str = "negotiate"
    cert_validation: bool = True
    ca_cert: str | None = None
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    certificate_key_password: Secret | None = None
    proxy: str | None = None
    ignore_proxy: bool = True
    message_encryption: str = "auto"
    configuration_name: str = "Microsoft.PowerShell"
    connection_timeout: int = 30
    operation_timeout: int = 20
    read_timeout: int = 30
    reconnection_retries: int = 0
    reconnection_backoff: float = 2.0
    max_envelope_size: int = 153600
    negotiate_delegate: bool = False
    negotiate_hostname_override: str | None = None
    negotiate_send_cbt: bool = True
    negotiate_service: str = "WSMAN"
    credssp_auth_mechanism: str = "auto"
    credssp_disable_tlsv1_2: bool = False
    credssp_minimum_version: int = 2
    call_timeout: float = 120.0
    host_timeout: float = 7200.0
    output_limit: int = 64_000_000

    @property
    def title(self) -> str:
        """What messages call the host."""
        return self.name or self.host

    @property
    def address(self) -> str:
        """Host and port; an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _missing(*modules: str) -> bool:
    return any(importlib.util.find_spec(module) is None for module in modules)


def _needs_password(end: Endpoint) -> bool:
    """Whether nobody but the settings can say who logs on: no Windows log-on session, and no Kerberos ticket."""
    ticket = end.auth == "negotiate" and not _missing("gssapi", "krb5")
    return end.auth in ("ntlm", "negotiate") and sys.platform != "win32" and not ticket


def _complaints(end: Endpoint) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings themselves, each with the next step."""
    if end.auth not in AUTHS:
        yield f"unknown ansible_psrp_auth {end.auth!r}{did_you_mean(end.auth, AUTHS)}", f"Known are {', '.join(AUTHS)}."
    if end.auth == "kerberos" and sys.platform != "win32" and _missing("gssapi", "krb5"):
        yield "logging on by kerberos needs a library that is not installed", "Run pip install 'ndrfix[kerberos]'."
    if end.auth == "credssp" and _missing("requests_credssp"):
        yield "logging on by credssp needs a library that is not installed", "Run pip install 'ndrfix[credssp]'."
    if end.auth in ("basic", "credssp") and not (end.user and end.password):
        yield f"logging on by {end.auth} needs a user and a password", "Set ansible_user and ansible_password."
    known = end.user and end.password and end.password.reveal()
    if not known and _needs_password(end):
        lacking = "password" if end.user else "user and password"
        yield f"no {lacking} to log on by {end.auth} with", "Set ansible_user and ansible_password, or give -u and -k."
    if end.auth in ("basic", "certificate") and end.message_encryption == "always":
        yield f"{end.auth} cannot encrypt messages itself", "Set ansible_psrp_message_encryption: auto and use https."
    if end.auth == "basic" and end.protocol == "http" and end.message_encryption == "auto":
        yield (
            "basic over http would send the password in clear text",
            "Use https or auth ntlm; in a closed test network, allow it by ansible_psrp_message_encryption: never.",
        )


def _certificate_complaints(end: Endpoint) -> Iterator[tuple[str, str]]:
    if end.auth == "certificate" and end.protocol != "https":
        yield "logging on by certificate needs https", "Set ansible_psrp_protocol: https."
    if end.auth == "certificate" and not (end.certificate_pem and end.certificate_key_pem):
        yield (
            "logging on by certificate needs a certificate and its key",
            "Set ansible_psrp_certificate_pem and ansible_psrp_certificate_key_pem.",
        )
    for path in (end.ca_cert, end.certificate_pem, end.certificate_key_pem):
        if path and not Path(path).exists():
            yield f"the certificate file {path} does not exist", "Check the path; it is relative to the current folder."


def check_endpoint(endpoint: Endpoint) -> None:
    """Refuse settings that cannot work, before anything is connected.

    Raises:
        UnreachableError: naming the setting and what to do.
    """
    for what, step in (*_complaints(endpoint), *_certificate_complaints(endpoint)):
        raise UnreachableError(f"{endpoint.title}: {what}", host=endpoint.title, next_step=step)
