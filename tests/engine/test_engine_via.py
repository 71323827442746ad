"""Management hosts: found with their own settings, or refused with the place, before anything is connected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ndrfix.engine.preparation import Prepared, prepare, schemas
from ndrfix.engine.selection import Selection
from ndrfix.errors import InputError
from ndrfix.inventory import load_inventory, parse_extra_vars
from ndrfix.playbook import load_playbook
from ndrfix.secrets import Secret
from ndrfix.steps import STEPS

BOOK = "- hosts: all\n  tasks:\n    - set_service: {name: MSExchangeIMC, state: started}\n"
INVENTORY = r"""all:
  vars: {ansible_psrp_auth: ntlm}
  children:
    jumps:
      hosts:
        jump01:
          ansible_host: jump01.acme.example
          ansible_user: ACME\consultant
          ansible_password: "{{ lookup('env', 'ACME') }}"
          ndrfix_via_limit: 2
    exchange:
      vars: {ndrfix_via: jump01}
      hosts:
        ex01: {ansible_host: MAIL1}
        ex02: {ansible_host: 192.0.2.12, ansible_user: MAIL2\admin, ansible_password: old-secret}
"""


def _prepare(folder: Path, text: str = INVENTORY, limit: str = "exchange", **selection: Any) -> Prepared:
    (folder / "inventory.yml").write_text(text)
    (folder / "book.yml").write_text(BOOK)
    steps = {step.name: step for step in STEPS}
    chosen = Selection(limit=limit, extra=parse_extra_vars(()), environment={"ACME": "jump-secret"}, **selection)
    playbook = load_playbook(folder / "book.yml", schemas(steps))
    return prepare(playbook, load_inventory([folder / "inventory.yml"]), steps, chosen, {})


def test_a_management_host_has_settings_of_its_own(tmp_path: Path) -> None:
    """It need not be a host of the run; its password is masked like the others."""
    prepared = _prepare(tmp_path)
    jump, first, second = (prepared.access.settings[name] for name in ("jump01", "ex01", "ex02"))
    assert (jump.host, jump.user, jump.via, jump.via_limit) == ("jump01.acme.example", r"ACME\consultant", None, 2)
    assert (first.host, first.via, first.user, first.password) == ("MAIL1", "jump01", None, None)
    assert (second.host, second.via, second.user) == ("192.0.2.12", "jump01", r"MAIL2\admin")
    assert {Secret("jump-secret"), Secret("old-secret")} <= set(prepared.secrets)
    assert [each.name for job in prepared.jobs for batch in job.batches for each in batch] == ["ex01", "ex02"]


def test_the_password_typed_is_for_the_host_that_is_logged_on_to(tmp_path: Path) -> None:
    """`-u` and `-k` are never handed on to a target."""
    text = INVENTORY.replace("          ansible_user: ACME\\consultant\n", "").replace(
        "          ansible_password: \"{{ lookup('env', 'ACME') }}\"\n", ""
    )
    settings = _prepare(tmp_path, text, user="typed", password=Secret("typed-secret")).access.settings
    assert (settings["jump01"].user, settings["jump01"].password) == ("typed", Secret("typed-secret"))
    assert (settings["ex01"].user, settings["ex01"].password) == (None, None)


WRONG = {
    "no host": (("{ndrfix_via: jump01}", "{ndrfix_via: jmup01}"), "'jmup01' is no host", "did you mean 'jump01'?", 12),
    "itself": (("MAIL1}", "MAIL1, ndrfix_via: ex01}"), "names the host itself", "", 14),
    "chain": (("ndrfix_via_limit: 2", "ndrfix_via: ex01"), "jump01 has an ndrfix_via itself (ex01)", "", 12),
    "simulated target": (
        ("MAIL1}", "MAIL1, ansible_connection: simulated}"),
        "ex01 is simulated, its management host jump01 is psrp",
        "",
        12,
    ),
    "simulated management host": (
        ("ndrfix_via_limit: 2", "ansible_connection: simulated"),
        "is psrp, its management host jump01 is simulated",
        "",
        12,
    ),
    "IPv6": (("MAIL1", "'2001:db8::1'"), "cannot stand in", "computer name or an IPv4 address", 14),
    "UNC": (("MAIL1", r"\\MAIL1"), "must be a name or an address and nothing else", "", 14),
    "user alone": (
        ("MAIL1}", "MAIL1, ansible_user: x}"),
        "ansible_user without ansible_password",
        "-k do not fill",
        14,
    ),
    "password alone": (("MAIL1}", "MAIL1, ansible_password: xx}"), "ansible_password without ansible_user", "", 14),
    "limit": (("limit: 2", "limit: 0"), "ndrfix_via_limit", "", 10),
}


@pytest.mark.parametrize(("change", "what", "more", "line"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_work_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], what: str, more: str, line: int
) -> None:
    """The sentence names the hosts, the place is the line to correct, and there is a next step."""
    assert INVENTORY.count(change[0]) == 1
    with pytest.raises(InputError) as caught:
        _prepare(tmp_path, INVENTORY.replace(*change))
    assert what in caught.value.what
    assert more in caught.value.what
    assert caught.value.place is not None
    assert caught.value.place.line == line
    assert caught.value.next_step.endswith(".")


def test_faults_of_all_hosts_are_told(tmp_path: Path) -> None:
    """One pass finds what is wrong with each host."""
    text = INVENTORY.replace("MAIL1}", "'::2'}").replace("192.0.2.12", "'::1'")
    with pytest.raises(InputError) as caught:
        _prepare(tmp_path, text)
    assert [error.what.split(":")[0] for error in (caught.value, *caught.value.others)] == ["ex01", "ex02"]


def test_simulated_hosts_behind_a_simulated_one_are_there_without_it(tmp_path: Path) -> None:
    """A rehearsal needs no simulation of the management host."""
    text = INVENTORY.replace("ntlm}", "ntlm, ansible_connection: simulated}")
    assert set(_prepare(tmp_path, text).access.settings) == {"ex01", "ex02"}
