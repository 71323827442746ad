"""How a host is reached: the connection variables of Ansible's psrp plugin, and ndrfix's own, as typed settings.

Names and defaults are those of the plugin `ansible.builtin.psrp`. Where a setting has several names, the last one of
its row in `names.py` wins, as in Ansible. Different on purpose: the system's proxy is not used unless one is set here,
and wrong or unknown names and values are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ndrfix.errors import InventoryError
from ndrfix.inventory.members import is_address
from ndrfix.inventory.names import CORRECT, NAMES, TRANSPORTS, WINRM_ONLY, is_plain, wrong_name
from ndrfix.inventory.reading import Reader
from ndrfix.place import Place
from ndrfix.secrets import Secret

_HTTPS_PORT, _HTTP_PORT = 5986, 5985
_READ_TIMEOUT, _OPERATION_TIMEOUT = 30, 20
_READ_MARGIN = 10
_ALIASES = {name: row for row in NAMES.values() for name in row}
_ADDRESS = re.compile(r"[^\s,/:@\\?#\[\]]+")
_WITH_MORE = re.compile(
    r"((?P<scheme>\w+)://)?(\S*@)?(\[(?P<six>[^\]\s]+)\]|\\*(?P<name>[^\s,/:@\\\[\]]+))(:(?P<port>\d{1,5}))?([/\\]\S*)?"
)


class ConnectionKind(StrEnum):
    """The way to a host; `winrm` in an inventory means `psrp`."""

    PSRP = "psrp"
    SIMULATED = "simulated"


class Protocol(StrEnum):
    """The protocol below WinRM."""

    HTTPS = "https"
    HTTP = "http"


class Authentication(StrEnum):
    """How the account is proven."""

    BASIC = "basic"
    CERTIFICATE = "certificate"
    NEGOTIATE = "negotiate"
    KERBEROS = "kerberos"
    NTLM = "ntlm"
    CREDSSP = "credssp"


class MessageEncryption(StrEnum):
    """When messages are encrypted by the authentication: `auto` means over http only."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class CredsspMechanism(StrEnum):
    """What CredSSP uses inside."""

    AUTO = "auto"
    NTLM = "ntlm"
    KERBEROS = "kerberos"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringEntry:
    """An entry of the operating system's keyring: the password of `user` at `service`."""

    service: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    r"""The settings of one host; timeouts in seconds, `max_envelope_size` in bytes.

    `inventory_name` is the host as the inventory calls it, `host` the name or address to connect to (`ansible_host`, an
    IPv6 address without brackets). `read_timeout` is always larger than `operation_timeout`. `via` is the inventory
    name of the management host (then `host`, `user` and `password` are those of `\\HOST` as seen from there),
    `via_limit` how many hosts are worked on through this one at a time, `call_timeout` the limit of one
    reading, `host_timeout` that of everything done on the host in one go, `os` free text for people. `simulation` is
    the file of a simulated host, `simulated_host` its name in it when it is not the inventory name. At most one of
    `password`, `password_keyring` and `password_command` is given; the last is a program and its arguments.
    """

    inventory_name: str
    host: str
    connection: ConnectionKind = ConnectionKind.PSRP
    port: int = _HTTPS_PORT
    protocol: Protocol = Protocol.HTTPS
    path: str = "wsman"
    user: str | None = None
    password: Secret | None = None
    password_keyring: KeyringEntry | None = None
    password_command: tuple[str, ...] | None = None
    auth: Authentication = Authentication.NEGOTIATE
    cert_validation: bool = True
    ca_cert: str | None = None
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    proxy: str | None = None
    ignore_proxy: bool = True
    message_encryption: MessageEncryption = MessageEncryption.AUTO
    configuration_name: str = "Microsoft.PowerShell"
    connection_timeout: int = 30
    operation_timeout: int = _OPERATION_TIMEOUT
    read_timeout: int = _READ_TIMEOUT
    reconnection_retries: int = 0
    reconnection_backoff: float = 2.0
    max_envelope_size: int = 153_600
    negotiate_delegate: bool = False
    negotiate_hostname_override: str | None = None
    negotiate_send_cbt: bool = True
    negotiate_service: str = "WSMAN"
    credssp_auth_mechanism: CredsspMechanism = CredsspMechanism.AUTO
    credssp_disable_tlsv1_2: bool = False
    credssp_minimum_version: int = 2
    computer_name: str | None = None
    via: str | None = None
    via_limit: int = 5
    call_timeout: int = 120
    host_timeout: int = 7200
    simulation: str | None = None
    simulated_host: str | None = None
    os: str | None = None

    @classmethod
    def of(cls, host_name: str, values: Mapping[str, object], places: Mapping[str, Place]) -> ConnectionSettings:
        """Return the settings that a host's variables give; variables of other names are left alone.

        `values` are the host's variables with all templates evaluated, `places` where each was written. A value that is
        empty or null counts as not given.

        Raises:
            InventoryError: an unknown `ansible_psrp_*`, `ansible_winrm_*` or `ndrfix_*` name, one that is nearly
                a connection variable's, or a value that does not fit; it names the host and the
                place, never the value of a password.
        """
        _check_names(host_name, values, places)
        reader = Reader(host_name, _present(values), places)
        protocol, port = _endpoint(reader)
        operation, read = _timeouts(reader)
        proxy = reader.text("proxy")
        return cls(
            inventory_name=host_name,
            host=_address(reader) or host_name,
            connection=_connection(reader),
            port=port,
            protocol=protocol,
            path=(reader.text("path") or "wsman").strip("/"),
            user=reader.text("user"),
            password=_password(reader),
            password_keyring=_keyring(reader),
            password_command=reader.words("password_command"),
            auth=reader.choice("auth", Authentication, Authentication.NEGOTIATE),
            cert_validation=reader.choice("cert_validation", _Validation, _Validation.VALIDATE) is _Validation.VALIDATE,
            ca_cert=reader.text("ca_cert"),
            certificate_pem=reader.text("certificate_pem"),
            certificate_key_pem=reader.text("certificate_key_pem"),
            proxy=proxy,
            ignore_proxy=reader.flag("ignore_proxy", default=proxy is None),
            message_encryption=reader.choice("message_encryption", MessageEncryption, MessageEncryption.AUTO),
            configuration_name=reader.text("configuration_name") or "Microsoft.PowerShell",
            connection_timeout=reader.whole("connection_timeout", default=30, least=1),
            operation_timeout=operation,
            read_timeout=read,
            reconnection_retries=reader.whole("reconnection_retries", default=0, least=0),
            reconnection_backoff=reader.number("reconnection_backoff", default=2.0),
            max_envelope_size=reader.whole("max_envelope_size", default=153_600, least=8_192),
            negotiate_delegate=reader.flag("negotiate_delegate", default=False),
            negotiate_hostname_override=reader.text("negotiate_hostname_override"),
            negotiate_send_cbt=reader.flag("negotiate_send_cbt", default=True),
            negotiate_service=reader.text("negotiate_service") or "WSMAN",
            credssp_auth_mechanism=reader.choice("credssp_auth_mechanism", CredsspMechanism, CredsspMechanism.AUTO),
            credssp_disable_tlsv1_2=reader.flag("credssp_disable_tlsv1_2", default=False),
            credssp_minimum_version=reader.whole("credssp_minimum_version", default=2, least=2),
            computer_name=reader.text("computer_name"),
            via=reader.text("via"),
            via_limit=reader.whole("via_limit", default=5, least=1),
            call_timeout=reader.whole("call_timeout", default=120, least=5),
            host_timeout=reader.whole("host_timeout", default=7200, least=10),
            simulation=reader.text("simulation"),
            simulated_host=reader.text("simulated_host"),
            os=reader.text("os"),
        )

    @property
    def has_password(self) -> bool:
        """Whether there is a password, be it one that is still to be fetched."""
        return bool(self.password or self.password_keyring or self.password_command)

    @property
    def files(self) -> Iterator[tuple[str, str]]:
        """What each file is, and its path, that a connection may use on this computer: of the words of
        `password_command` those that name a file.
        """
        for path in filter(None, (self.certificate_pem, self.certificate_key_pem, self.ca_cert)):
            yield "certificate", path
        for word in self.password_command or ():
            texts = dict.fromkeys((word, word.rpartition("=")[2]))  # as in --file=NAME
            yield from (("password program's file", text) for text in texts if _is_file(text))


class _Validation(StrEnum):
    VALIDATE = "validate"
    IGNORE = "ignore"


class _Connection(StrEnum):
    PSRP = "psrp"
    WINRM = "winrm"
    SIMULATED = "simulated"


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # longer than a name may be
        return False


def connection_aliases(name: str) -> tuple[str, ...]:
    """Return all variable names of the setting that `name` sets, weakest first; empty when it is no such name."""
    return _ALIASES.get(name, ())


def _password(reader: Reader) -> Secret | None:
    """Return the password that is given itself, and make sure that nothing else gives one."""
    given = [setting for setting in ("password", "password_keyring", "password_command") if reader.given(setting)]
    if len(given) > 1:
        raise reader.error(
            given[-1],
            f"gives a second password: {reader.name(given[0])} gives one, too",
            "Keep one of them; an empty text takes away what a group gives.",
        )
    return reader.secret("password")


def _keyring(reader: Reader) -> KeyringEntry | None:
    """Return the keyring's entry of `SERVICE/USER`, or of a service alone with the user of the connection."""
    text = reader.text("password_keyring")
    if text is None:
        return None
    service, slash, user = text.rpartition("/")
    service, user = (service, user) if slash else (text, reader.text("user") or "")
    if not service or not user:
        raise reader.error("password_keyring", "must be SERVICE/USER, or SERVICE beside an ansible_user")
    return KeyringEntry(service=service, user=user)


def _check_names(host: str, values: Mapping[str, object], places: Mapping[str, Place]) -> None:
    winrm = values.get("ansible_connection") == "winrm"
    for name, value in values.items():
        if wrong := wrong_name(name, plain=is_plain(value), winrm=winrm):
            raise InventoryError(f"{host}: {wrong}", place=places.get(name), next_step=CORRECT)


def _address(reader: Reader) -> str | None:
    """Return the name or address to connect to, which is nothing but that."""
    text = reader.text("host")
    if text is None or _ADDRESS.fullmatch(text) or is_address(text):
        return text
    problem = f"must be a name or an address and nothing else, not {reader.shown('host')}"
    found = _WITH_MORE.fullmatch(text)
    if found is None or reader.is_hidden("host"):
        raise reader.error("host", problem, "Write the name or address alone, as in ansible_host: 192.0.2.25.")
    scheme = (found["scheme"] or "").lower()
    parts = [f"ansible_host: {found['six'] or found['name']}"]
    parts += [f"ansible_port: {found['port']}"] if found["port"] else []
    parts += [f"ansible_psrp_protocol: {scheme}"] if scheme in list(Protocol) else []
    raise reader.error("host", problem, f"Write {', '.join(parts)}.")


def _present(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that are given; those of the winrm plugin count only for hosts that name it."""
    winrm = values.get("ansible_connection") == "winrm"
    empty = (None, "", Secret(""))
    present = {name: value for name, value in values.items() if value not in empty}
    if not winrm:
        return {name: value for name, value in present.items() if name not in WINRM_ONLY}
    transport = present.get("ansible_winrm_transport")
    if isinstance(transport, str):
        present["ansible_winrm_transport"] = TRANSPORTS.get(transport.strip().lower(), transport)
    return present


def _connection(reader: Reader) -> ConnectionKind:
    named = reader.choice("connection", _Connection, _Connection.PSRP)
    return ConnectionKind.SIMULATED if named is _Connection.SIMULATED else ConnectionKind.PSRP


def _endpoint(reader: Reader) -> tuple[Protocol, int]:
    """Return protocol and port, each of which tells the other: 5985 alone means http, every other port https."""
    port = reader.whole("port", default=0, least=1, most=65_535)
    told = Protocol.HTTP if port == _HTTP_PORT else Protocol.HTTPS
    protocol = reader.choice("protocol", Protocol, told)
    return protocol, port or (_HTTP_PORT if protocol is Protocol.HTTP else _HTTPS_PORT)


def _timeouts(reader: Reader) -> tuple[int, int]:
    """Return the operation and the read timeout.

    The server answers an idle operation after the operation timeout, so a read that gives up earlier fails at random.
    Of the two, one that is not given follows the other.
    """
    operation = reader.whole("operation_timeout", default=0, least=1)
    read = reader.whole("read_timeout", default=0, least=2)
    if operation and read:
        if read <= operation:
            raise reader.error(
                "read_timeout",
                f"must be larger than the operation timeout of {operation} seconds, the server may take that long",
                f"Set it to {operation + _READ_MARGIN}, or leave it out.",
            )
        return operation, read
    if operation:
        return operation, max(_READ_TIMEOUT, operation + _READ_MARGIN)
    if read:
        return min(_OPERATION_TIMEOUT, max(1, read * 2 // 3)), read
    return _OPERATION_TIMEOUT, _READ_TIMEOUT
