"""How the hosts of a run are reached: templates in their settings, and what is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.engine.access import Access
from ndrfix.engine.selection import Selection
from ndrfix.errors import InputError
from ndrfix.inventory import load_inventory
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.secrets import Secret


def access(folder: Path, text: str) -> Access:
    path = folder / "inventory.yml"
    path.write_text(text, encoding="utf-8")
    inventory = load_inventory([path])
    return Access.of({host.name: host for host in inventory.hosts}, inventory, Selection(extra={}, environment={}))


@pytest.mark.parametrize("port", ["5987", '"5987"', '" 5987 "'])
def test_a_port_by_way_of_another_variable(port: str, tmp_path: Path) -> None:
    """However it is written there, the setting is a number."""
    found = access(tmp_path, f'all: {{vars: {{ansible_port: "{{{{ p }}}}"}}, hosts: {{h: {{p: {port}}}}}}}\n')
    assert found.settings["h"].port == 5987


def test_a_port_that_is_none_by_way_of_another_variable(tmp_path: Path) -> None:
    """The error names the host, and where the setting is."""
    with pytest.raises(InputError, match=r"h: ansible_port must be a whole number, not '59x6'") as caught:
        access(tmp_path, 'all:\n  vars: {ansible_port: "{{ p }}"}\n  hosts: {h: {p: 59x6}}\n')
    assert str(caught.value.place) == f"{tmp_path / 'inventory.yml'}:2:24"
    assert caught.value.next_step == "Correct ansible_port."


@pytest.mark.parametrize(("kind", "user"), [("psrp", "ssh"), ("winrm", "winrm")])
def test_a_name_that_does_not_count_hides_none(kind: str, user: str, tmp_path: Path) -> None:
    """The names of the winrm plugin count for its hosts only, and need not open elsewhere."""
    hidden = "!vault x" if kind == "psrp" else "r"
    text = f"ansible_ssh_user: ssh, ansible_winrm_user: winrm, ansible_winrm_path: {hidden}, ansible_connection: {kind}"
    assert access(tmp_path, f"all: {{hosts: {{h: {{{text}}}}}}}\n").settings["h"].user == user


@pytest.mark.parametrize("value", ["x", '"{{ nowhere }}"', "!vault x"])
def test_a_slip_of_the_hand_in_a_name(value: str, tmp_path: Path) -> None:
    """It is an error with the right name, whatever the value is, and nothing is asked for it."""
    with pytest.raises(InputError, match=r"h: 'ansible_pasword' is no .*, did you mean 'ansible_password'") as caught:
        access(tmp_path, f"all: {{hosts: {{h: {{ansible_pasword: {value}, ansible_hostname: mail}}}}}}\n")
    assert caught.value.place


def test_a_closed_host_has_no_settings(tmp_path: Path) -> None:
    """The others have; where none is left that is an error, with what every one of them lacks."""
    found = access(tmp_path, "all: {hosts: {h: {ansible_user: !vault x}, k: }}\n")
    assert (set(found.scopes), set(found.settings), set(found.closed)) == ({"h", "k"}, {"k"}, {"h"})
    assert (found.computer_name("h"), found.computer_name("k")) == ("", "")
    found.require_one()
    both = access(tmp_path, "all: {hosts: {h: {ansible_user: !vault x}, k: {ansible_host: !vault x}}}\n")
    with pytest.raises(InputError, match="ansible_user: the value is encrypted") as caught:
        both.require_one()
    assert [fault.what.partition(":")[0] for fault in caught.value.others] == ["ansible_host"]


def test_a_value_that_the_settings_do_not_need_stays_closed(tmp_path: Path) -> None:
    """Be it something else, or hidden by a stronger name of its setting: nothing asks for it."""
    path = tmp_path / "inventory.yml"
    text = "all: {vars: {ansible_user: !vault z}, hosts: {h: {api_token: !vault x, ansible_psrp_user: !vault y}}}\n"
    path.write_text(text, encoding="utf-8")
    inventory = load_inventory([path])
    opened: list[str] = []

    def decrypt(vaulted: Vaulted, _: Place) -> Secret:
        opened.append(vaulted.text)
        return Secret("jo")

    hosts = {host.name: host for host in inventory.hosts}
    found = Access.of(hosts, inventory, Selection(extra={}, environment={}, decrypt=decrypt))
    assert (opened, found.settings["h"].user) == (["y"], "jo")
