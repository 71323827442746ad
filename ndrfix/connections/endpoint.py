"""How to reach one host over WinRM: address, credentials and limits, as one value."""

from __future__ import annotations

from dataclasses import dataclass

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
