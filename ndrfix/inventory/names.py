"""The names of connection variables: for each setting every variable that sets it, the strongest last."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache

from ndrfix.errors import did_you_mean
from ndrfix.nodes import Vaulted
from ndrfix.secrets import Secret

# Setting → variables, weakest first. Those of Ansible's winrm plugin stand first: the psrp plugin's own names win.
NAMES: Mapping[str, tuple[str, ...]] = {
    "connection": ("ansible_connection",),
    "host": ("ansible_ssh_host", "ansible_winrm_host", "ansible_host", "ansible_psrp_host"),
    "port": ("ansible_ssh_port", "ansible_winrm_port", "ansible_port", "ansible_psrp_port"),
    "user": ("ansible_ssh_user", "ansible_winrm_user", "ansible_user", "ansible_psrp_user"),
    "password": ("ansible_ssh_pass", "ansible_password", "ansible_winrm_pass", "ansible_winrm_password"),
    "password_keyring": ("ndrfix_password_keyring",),
    "password_command": ("ndrfix_password_command",),
    "protocol": ("ansible_winrm_scheme", "ansible_psrp_protocol"),
    "path": ("ansible_winrm_path", "ansible_psrp_path"),
    "auth": ("ansible_winrm_transport", "ansible_psrp_auth"),
    "cert_validation": ("ansible_winrm_server_cert_validation", "ansible_psrp_cert_validation"),
    "ca_cert": ("ansible_winrm_ca_trust_path", "ansible_psrp_cert_trust_path", "ansible_psrp_ca_cert"),
    "certificate_pem": ("ansible_winrm_cert_pem", "ansible_psrp_certificate_pem"),
    "certificate_key_pem": ("ansible_winrm_cert_key_pem", "ansible_psrp_certificate_key_pem"),
    "proxy": ("ansible_winrm_proxy", "ansible_psrp_proxy"),
    "ignore_proxy": ("ansible_psrp_ignore_proxy",),
    "message_encryption": ("ansible_winrm_message_encryption", "ansible_psrp_message_encryption"),
    "configuration_name": ("ansible_psrp_configuration_name",),
    "connection_timeout": ("ansible_winrm_connection_timeout", "ansible_psrp_connection_timeout"),
    "operation_timeout": ("ansible_winrm_operation_timeout_sec", "ansible_psrp_operation_timeout"),
    "read_timeout": ("ansible_winrm_read_timeout_sec", "ansible_psrp_read_timeout"),
    "reconnection_retries": ("ansible_psrp_reconnection_retries",),
    "reconnection_backoff": ("ansible_psrp_connection_backoff", "ansible_psrp_reconnection_backoff"),
    "max_envelope_size": ("ansible_psrp_max_envelope_size",),
    "negotiate_delegate": ("ansible_winrm_kerberos_delegation", "ansible_psrp_negotiate_delegate"),
    "negotiate_hostname_override": (
        "ansible_winrm_kerberos_hostname_override",
        "ansible_psrp_negotiate_hostname_override",
    ),
    "negotiate_send_cbt": ("ansible_winrm_send_cbt", "ansible_psrp_negotiate_send_cbt"),
    "negotiate_service": ("ansible_winrm_service", "ansible_psrp_negotiate_service"),
    "credssp_auth_mechanism": ("ansible_psrp_credssp_auth_mechanism",),
    "credssp_disable_tlsv1_2": ("ansible_winrm_credssp_disable_tlsv1_2", "ansible_psrp_credssp_disable_tlsv1_2"),
    "credssp_minimum_version": ("ansible_psrp_credssp_minimum_version",),
    "computer_name": ("ndrfix_computer_name",),
    "via": ("ndrfix_via",),
    "via_limit": ("ndrfix_via_limit",),
    "call_timeout": ("ndrfix_call_timeout",),
    "host_timeout": ("ndrfix_host_timeout",),
    "simulation": ("ndrfix_simulation",),
    "simulated_host": ("ndrfix_simulated_host",),
    "os": ("ndrfix_os",),
}

KNOWN_NAMES = frozenset(name for row in NAMES.values() for name in row)

# Names that the program sets itself.
RESERVED = frozenset({"ndrfix_host"})

# Variables of the winrm plugin that the psrp plugin does not read: they count with `ansible_connection: winrm` only.
WINRM_ONLY = frozenset(
    name
    for name in KNOWN_NAMES
    if name.startswith("ansible_winrm_") and name not in ("ansible_winrm_pass", "ansible_winrm_password")
)

# Words of `ansible_winrm_transport` → those of `ansible_psrp_auth`; the others are the same.
TRANSPORTS: Mapping[str, str] = {"plaintext": "basic", "ssl": "basic"}

_ANSIBLE = "ansible_"
_OURS = ("ansible_psrp_", "ndrfix_")
_SLIP = 0.85  # `ansible_pasword` and `ansible_hst` are slips of the hand, `ansible_hostname` is another name
CORRECT = "Correct the name; if it is a variable of your own, give it another one."


@lru_cache(maxsize=4096)
def wrong_name(name: str, *, plain: bool = True, winrm: bool = False) -> str:
    """Return what is wrong with a variable's name: it belongs to connections and is not known, or is so near a known
    name that this must be meant; an empty text when it is fine.

    `plain` tells that the value is a text or number, as nearly all settings are; `winrm` that the names of Ansible's
    winrm plugin count.
    """
    if name in KNOWN_NAMES or name in RESERVED:
        return ""
    ours = name.startswith((*_OURS, "ansible_winrm_") if winrm else _OURS)
    hint = did_you_mean(name, KNOWN_NAMES) if ours else _slip(name) if plain else ""
    return f"{name!r} is no connection variable of ndrfix{hint}" if ours or hint else ""


def is_plain(value: object) -> bool:
    """Tell whether a variable's value is a text or number, open or not."""
    return isinstance(value, str | int | float | Secret | Vaulted)


def _slip(name: str) -> str:
    """The hint at the name that is nearly this one; none for `ansible_host2`, which somebody counts."""
    rest = name.casefold().removeprefix(_ANSIBLE)
    counted = rest[-1:].isdigit() and _ANSIBLE + rest.rstrip("_0123456789") in KNOWN_NAMES
    if counted or not name.casefold().startswith(_ANSIBLE):
        return ""
    known = [each.removeprefix(_ANSIBLE) for each in KNOWN_NAMES if each.startswith(_ANSIBLE)]
    near = difflib.get_close_matches(rest, known, 1, _SLIP)
    return f", did you mean {_ANSIBLE + near[0]!r}?" if near else ""
