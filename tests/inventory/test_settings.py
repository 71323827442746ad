"""Connection settings: names, defaults, conversions, and errors that name host and place."""

import dataclasses
from contextlib import suppress

import pytest

from ndrfix.errors import InventoryError
from ndrfix.inventory import Authentication, ConnectionKind, ConnectionSettings, Protocol, connection_aliases
from ndrfix.inventory.names import NAMES
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import Vaulted

PLACE = Place(file="inventory.yml", line=7, column=3)


def of(**values: object) -> ConnectionSettings:
    return ConnectionSettings.of("mail01", values, dict.fromkeys(values, PLACE))


def test_defaults() -> None:
    """Without variables the settings are those of Ansible's psrp plugin; the system's proxy is not used."""
    found = of(unrelated=1, ansible_become=True)
    assert found == ConnectionSettings(inventory_name="mail01", host="mail01")
    assert (found.port, found.protocol, found.path, found.auth) == (5986, "https", "wsman", "negotiate")
    assert (found.connection_timeout, found.operation_timeout, found.read_timeout) == (30, 20, 30)
    assert (found.cert_validation, found.ignore_proxy, found.max_envelope_size) == (True, True, 153_600)


ENDPOINTS = {
    "port 5985 means http": ({"ansible_port": 5985}, ("http", 5985)),
    "http means port 5985": ({"ansible_psrp_protocol": "http"}, ("http", 5985)),
    "another port means https": ({"ansible_port": 443}, ("https", 443)),
    "both as given": ({"ansible_port": 5985, "ansible_psrp_protocol": "https"}, ("https", 5985)),
    "port as text": ({"ansible_port": " 5985 "}, ("http", 5985)),
    "the plugin's own name wins": ({"ansible_port": 1, "ansible_psrp_port": 2}, ("https", 2)),
    "null counts as not given": ({"ansible_port": None, "ansible_psrp_protocol": ""}, ("https", 5986)),
}


@pytest.mark.parametrize(("values", "wanted"), ENDPOINTS.values(), ids=ENDPOINTS.keys())
def test_port_and_protocol_tell_each_other(values: dict[str, object], wanted: tuple[str, int]) -> None:
    """Of port and protocol, the one that is not given follows the other."""
    found = of(**values)
    assert (found.protocol, found.port) == wanted


def test_every_setting_can_be_set() -> None:
    """Each name of the table reaches a field of its own."""
    fields = {field.name for field in dataclasses.fields(ConnectionSettings)} - {"inventory_name"}
    assert set(NAMES) == fields
    found = of(
        ansible_connection="simulated",
        ansible_host="2001:db8::25",
        ansible_user="CORP\\svc",
        ansible_password=Secret("p"),
        ansible_psrp_path="/x/",
        ansible_psrp_auth="Kerberos",
        ansible_psrp_cert_validation="ignore",
        ansible_psrp_proxy="http://p",
        ansible_psrp_reconnection_backoff="0.5",
        ansible_psrp_negotiate_send_cbt="no",
        ansible_psrp_negotiate_delegate="yes",
        ansible_psrp_credssp_disable_tlsv1_2=True,
        ndrfix_computer_name="MAIL01",
        ndrfix_via="jump01",
        ndrfix_simulation="sim.yml",
        ndrfix_os="NT 4.0",
    )
    assert found.connection is ConnectionKind.SIMULATED
    assert (found.host, found.user, found.password, found.path) == ("2001:db8::25", "CORP\\svc", Secret("p"), "x")
    assert (found.auth, found.cert_validation) == (Authentication.KERBEROS, False)
    assert (found.proxy, found.ignore_proxy, found.reconnection_backoff) == ("http://p", False, 0.5)
    assert (found.negotiate_send_cbt, found.negotiate_delegate, found.credssp_disable_tlsv1_2) == (False, True, True)
    assert (found.computer_name, found.via, found.simulation, found.os) == ("MAIL01", "jump01", "sim.yml", "NT 4.0")
    assert "Secret(********)" in repr(found)


def test_variables_of_the_winrm_plugin_count_for_its_hosts_only() -> None:
    """`ansible_connection: winrm` is psrp with that plugin's variables; without it they are Ansible's business."""
    winrm = {
        "ansible_winrm_transport": "ssl",
        "ansible_winrm_server_cert_validation": "ignore",
        "ansible_winrm_scheme": "http",
        "ansible_winrm_read_timeout_sec": 90,
    }
    found = of(ansible_connection="winrm", **winrm)
    assert (found.connection, found.auth, found.cert_validation) == (ConnectionKind.PSRP, Authentication.BASIC, False)
    assert (found.protocol, found.read_timeout) == (Protocol.HTTP, 90)
    assert of(ansible_winrm_kinit_mode="manual", **winrm) == of()
    assert of(ansible_winrm_pass="p").password == Secret("p")
    with pytest.raises(InventoryError, match="'ansible_winrm_kinit_mode' is no connection variable"):
        of(ansible_connection="winrm", ansible_winrm_kinit_mode="manual")


@pytest.mark.parametrize(
    "name",
    [
        *("ansible_hostname", "ansible_become_password", "ansible_ssh_password", "ansible_su_pass", "ansible_my_thing"),
        *("ansible_host2", "ansible_user_id", "ansible_connection_user", "ansible_winrm_realm", "site_password"),
    ],
)
def test_other_names_are_the_users_own(name: str) -> None:
    """Ansible's other variables, and what only looks a little like one of ours."""
    assert of(**{name: "x"}) == of()
    assert of(ansible_hosts=["mail01"]) == of()


ADDRESSES = {
    "http://mail01:5985/wsman": "ansible_host: mail01, ansible_port: 5985, ansible_psrp_protocol: http.",
    "https://mail01": "ansible_host: mail01, ansible_psrp_protocol: https.",
    "mail01:5986": "ansible_host: mail01, ansible_port: 5986.",
    "[2001:db8::25]:5986": "ansible_host: 2001:db8::25, ansible_port: 5986.",
    "[2001:db8::25]": "ansible_host: 2001:db8::25.",
    "\\\\MAIL01\\c$": "ansible_host: MAIL01.",
    "mail01/": "ansible_host: mail01.",
    "svc@mail01": "ansible_host: mail01.",
    "mail 01": "alone",
    "mail01, mail02": "alone",
}


@pytest.mark.parametrize(("text", "advice"), ADDRESSES.items())
def test_a_host_is_a_name_or_an_address_alone(text: str, advice: str) -> None:
    """What belongs into other variables is refused, and the right form is shown; of a secret nothing is."""
    with pytest.raises(InventoryError) as caught:
        of(ansible_host=text)
    assert f"not {text!r}" in caught.value.what
    assert advice in caught.value.next_step
    with pytest.raises(InventoryError) as caught:
        of(ansible_host=Secret(text))
    assert "alone" in caught.value.next_step
    assert text not in caught.value.what


@pytest.mark.parametrize(
    "text", ["mail01", "mail01.acme.example.", "192.0.2.25", "2001:db8::25", "fe80::1%eth0", "a_b"]
)
def test_names_and_addresses_of_hosts(text: str) -> None:
    """Each is taken as it is."""
    assert of(ansible_host=text).host == text


TIMEOUTS = {
    "read follows": ({"ansible_psrp_operation_timeout": 60}, (60, 70)),
    "operation follows": ({"ansible_psrp_read_timeout": 15}, (10, 15)),
    "operation stays": ({"ansible_psrp_read_timeout": 600}, (20, 600)),
    "shortest": ({"ansible_psrp_read_timeout": 2}, (1, 2)),
    "short operation": ({"ansible_psrp_operation_timeout": 5}, (5, 30)),
    "both": ({"ansible_psrp_operation_timeout": 5, "ansible_psrp_read_timeout": 6}, (5, 6)),
}


@pytest.mark.parametrize(("values", "wanted"), TIMEOUTS.values(), ids=TIMEOUTS.keys())
def test_a_read_waits_longer_than_an_operation(values: dict[str, object], wanted: tuple[int, int]) -> None:
    """The timeout that is not given follows the other."""
    found = of(**values)
    assert (found.operation_timeout, found.read_timeout) == wanted
    assert found.read_timeout > found.operation_timeout


WRONG = {
    "read too short": (
        {"ansible_psrp_operation_timeout": 20, "ansible_psrp_read_timeout": 20},
        "ansible_psrp_read_timeout must be larger than the operation timeout of 20 seconds",
    ),
    "port": ({"ansible_port": "59x6"}, "ansible_port must be a whole number, not '59x6'"),
    "port range": ({"ansible_port": 70000}, "must be between 1 and 65535, not 70000"),
    "port as flag": ({"ansible_port": True}, "must be a whole number"),
    "port negative": ({"ansible_port": "-1"}, "must be a whole number"),
    "flag": ({"ansible_psrp_ignore_proxy": "maybe"}, "must be yes or no, not 'maybe'"),
    "choice": ({"ansible_psrp_auth": "kerberso"}, "not 'kerberso', did you mean 'kerberos'?"),
    "validation": ({"ansible_psrp_cert_validation": False}, "must be one of validate, ignore, not False"),
    "connection": ({"ansible_connection": "ssh"}, "must be one of psrp, winrm, simulated, not 'ssh'"),
    "user": ({"ansible_user": ["a"]}, "ansible_user must be text, not a list"),
    "password": ({"ansible_password": 83}, "ansible_password must be text, not a number"),
    "encrypted": ({"ansible_password": Vaulted("x")}, "is encrypted"),
    "template": ({"ansible_host": "{{ x }}"}, "still holds a template"),
    "backoff": ({"ansible_psrp_reconnection_backoff": "nan"}, "must be a number of 0 or more"),
    "psrp name": ({"ansible_psrp_prtocol": "http"}, "did you mean 'ansible_psrp_protocol'?"),
    "slip": (
        {"ansible_pasword": Secret("p")},
        "'ansible_pasword' is no connection variable of ndrfix, did you mean 'ansible_password'?",
    ),
    "slip in a prefix": ({"ansible_psrp_protocl": "http"}, "did you mean 'ansible_psrp_protocol'?"),
    "slip of winrm": ({"ansible_winrm_pasword": Secret("p")}, "did you mean 'ansible_winrm_password'?"),
    "slip of the connection": ({"Ansible_conection": "winrm"}, "did you mean 'ansible_connection'?"),
    "list under our name": ({"ndrfix_password_comand": ["pass"]}, "did you mean 'ndrfix_password_command'?"),
    "own name": (
        {"ndrfix_vai": "jump"},
        "'ndrfix_vai' is no connection variable of ndrfix, did you mean 'ndrfix_via'?",
    ),
}


@pytest.mark.parametrize(("values", "wanted"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_names_host_and_place(values: dict[str, object], wanted: str) -> None:
    """The error names the host, the variable, where it stands and what to do."""
    with pytest.raises(InventoryError) as caught:
        of(**values)
    assert caught.value.what.startswith("mail01: ")
    assert wanted in caught.value.what
    assert caught.value.place == PLACE
    assert caught.value.next_step


@pytest.mark.parametrize("name", [name for name in NAMES if name != "password"])
def test_a_secret_in_the_wrong_setting_is_not_shown(name: str) -> None:
    """No error shows the text of a secret, whatever setting it was given to; one that takes any text uses it."""
    values = {NAMES[name][-1]: Secret("hunter2")}
    if isinstance(getattr(ConnectionSettings(inventory_name="m", host="m"), name), str | None):
        with suppress(InventoryError):
            assert getattr(of(**values), name) == "hunter2"
            return
    with pytest.raises(InventoryError) as caught:
        of(**values)
    assert "hunter2" not in caught.value.what + caught.value.next_step


def test_an_empty_password_is_none() -> None:
    """An empty text takes away what a group gives, also where it is read as a secret."""
    assert of(ansible_password=Secret("")).password is None


def test_an_encrypted_text_without_its_tag() -> None:
    """It would be sent as the password itself."""
    with pytest.raises(InventoryError, match="without the tag !vault"):
        of(ansible_password=Secret("$ANSIBLE_VAULT;1.1;AES256\n6162\n"))


def test_aliases_of_a_setting() -> None:
    """All names of a password are known, the strongest last."""
    assert connection_aliases("ansible_password")[-1] == "ansible_winrm_password"
    assert connection_aliases("other") == ()
    assert of(ansible_password="weak", ansible_winrm_password="strong").password == Secret("strong")
