"""Rules about inventories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ndrfix.errors import InventoryError
from ndrfix.lint.inventories import InventoryView, VariablesView, definitions
from ndrfix.lint.model import Profile, Remark, Rule, Severity, Sort, some
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import Scalar, Vaulted

if TYPE_CHECKING:
    from ndrfix.inventory import Host

# By name, or by the version that the system itself tells.
_OLD_SYSTEM = re.compile(r"(?i)\b(nt[ _-]?((server|workstation)[ _-]?)?4|2000\b|w(in)?2k(?!\d))|^[45]\.0(\.|$)")
_SYSTEM_NAMES = frozenset({"ndrfix_os", "os", "os_version", "os_name", "operating_system", "windows_version", "system"})
_NO_CHECK = frozenset({"ignore"})


def _unknown_setting(view: InventoryView | VariablesView) -> Iterator[Remark]:
    from ndrfix.inventory.names import CORRECT, wrong_name

    for entry in definitions(view.document.node):
        if wrong := wrong_name(entry.key.text, plain=isinstance(entry.value, Scalar)):
            yield Remark(message=wrong, place=entry.key.place, help=CORRECT)


def _wrong_setting(view: InventoryView) -> Iterator[Remark]:
    """What a connection refuses of the values that hosts have, as far as they can be known here."""
    from ndrfix.inventory import ConnectionSettings
    from ndrfix.inventory.names import wrong_name

    told: set[Place] = set()
    for host in _hosts(view):
        known = {name: each for name, each in host.variables.items() if _is_known(each.value) and not wrong_name(name)}
        try:
            ConnectionSettings.of(
                host.name,
                {name: each.value for name, each in known.items()},
                {name: each.place for name, each in known.items()},
            )
        except InventoryError as error:
            if error.place is not None and error.place not in told:
                told.add(error.place)
                yield Remark(message=error.what, place=error.place, help=error.next_step)


def _is_known(value: object) -> bool:
    """Whether a value is what every run finds: no template, nothing encrypted."""
    from ndrfix.inventory import has_jinja

    return not isinstance(value, Vaulted | Secret) and not (isinstance(value, str) and has_jinja(value))


def _text(host: Host, *names: str) -> tuple[str, Place | None]:
    for name in names:
        if name in host.variables and isinstance(host.variables[name].value, str | int):
            return str(host.variables[name].value).strip().casefold(), host.variables[name].place
    return "", None


def _hosts(view: InventoryView) -> tuple[Host, ...]:
    return view.inventory.hosts if view.inventory is not None else ()


def _basic_over_http(view: InventoryView) -> Iterator[Remark]:
    for host in _hosts(view):
        auth, place = _text(host, "ansible_psrp_auth")
        protocol, _ = _text(host, "ansible_psrp_protocol")
        port, _ = _text(host, "ansible_psrp_port", "ansible_port")
        if auth == "basic" and (protocol == "http" or (not protocol and port == "5985")) and place is not None:
            yield Remark(
                message="basic authentication over http: the password goes over the wire readable",
                place=place,
                help="Use ntlm or negotiate, which encrypt by themselves, or https.",
            )


def _unchecked_certificate(view: InventoryView) -> Iterator[Remark]:
    for host in _hosts(view):
        value, place = _text(host, "ansible_psrp_cert_validation")
        if value in _NO_CHECK and place is not None:
            yield Remark(
                message="the certificate is not checked: whoever sits between gets the password",
                place=place,
                help="Name the issuer's certificate with ansible_psrp_ca_cert.",
            )


def _no_management_host(view: InventoryView) -> Iterator[Remark]:
    found: dict[tuple[str, str, Place], list[str]] = {}
    for host in _hosts(view):
        if _text(host, "ndrfix_via")[0] or _text(host, "ansible_connection")[0] == "simulated":
            continue
        for name in sorted(_SYSTEM_NAMES & host.variables.keys()):
            value, place = _text(host, name)
            if _OLD_SYSTEM.search(value) and place is not None:
                found.setdefault((name, str(host.variables[name].value), place), []).append(host.name)
    for (name, value, place), hosts in found.items():
        yield Remark(
            message=f"no ndrfix_via for {some(hosts)}: {value} ({name}) has no WinRM",
            place=place,
            help="Name the management host that reaches it: ndrfix_via: JUMP01.",
        )


_GOOD = """
exchange:
  vars:
    ansible_user: CLIENT\\admin
    ansible_psrp_auth: ntlm
  hosts:
    ex01:
      os_version: Windows 2000
      ndrfix_via: jump01
management:
  hosts:
    jump01:
"""

RULES: tuple[Rule, ...] = (
    Rule(
        id="inventory[shape]",
        tags=("inventory",),
        summary="An inventory that cannot be read as one.",
        why="A host that is left out, or that gets the variables of another, is the wrong server.",
        bad=_GOOD.replace("  hosts:\n    jump01:", "  hosts: [jump01]"),
        good=_GOOD,
        fix="Write it as the finding says; `docs/inventory.md` shows each form.",
        sorts=(Sort.INVENTORY,),
    ),
    Rule(
        id="client[shape]",
        tags=("client",),
        summary="A `client.yml` with what is not known, or not as it must be.",
        why="The client's name stands on every page, its window says when changes are allowed: what is not understood "
        "there must not be passed over.",
        bad="name: ACME Ltd\ncontakt: it@acme.example\n",
        good="name: ACME Ltd\ncontact: it@acme.example\n",
        fix="Write it as the finding says; `docs/clients.md` shows every key.",
        sorts=(Sort.CLIENT,),
    ),
    Rule(
        id="simulation[shape]",
        tags=("simulation",),
        summary="A file of simulated hosts with what is not known, or what Windows could not hold.",
        why="A plan on such hosts shows what it would not show on the real ones.",
        bad="ex01:\n  computer: {name: EX01}\n  servises:\n    MSExchangeIMC: {}\n",
        good="ex01:\n  computer: {name: EX01}\n  services:\n    MSExchangeIMC: {}\n",
        fix="Write it as the finding says; `docs/simulation.md` shows every field.",
        sorts=(Sort.SIMULATION,),
    ),
    Rule(
        id="inventory[unknown-setting]",
        tags=("inventory",),
        summary="An `ansible_psrp_…` or `ndrfix_…` variable that does not exist, or another of connections misspelt.",
        why="The setting that was meant keeps its default: another port, another authentication, no check.",
        bad=_GOOD.replace("ansible_psrp_auth", "ansible_psrp_aut"),
        good=_GOOD,
        fix="Correct the name; the finding says which is the nearest.",
        sorts=(Sort.INVENTORY, Sort.VARIABLES),
        check=_unknown_setting,
    ),
    Rule(
        id="inventory[setting]",
        tags=("inventory",),
        summary="A connection variable with a value that it cannot have.",
        why="The run ends before there is a session with the host.",
        bad=_GOOD.replace("ansible_psrp_auth: ntlm", "ansible_psrp_auth: ntml"),
        good=_GOOD,
        fix="Write one of the values that the finding lists; `docs/inventory.md` has them all.",
        sorts=(Sort.INVENTORY,),
        check=_wrong_setting,
    ),
    Rule(
        id="inventory[basic-over-http]",
        tags=("inventory",),
        summary="Basic authentication over http.",
        why="The password of an administrator goes over the client's network in readable form.",
        bad=_GOOD.replace("ansible_psrp_auth: ntlm", "ansible_psrp_auth: basic\n    ansible_psrp_protocol: http"),
        good=_GOOD,
        fix="Use `ntlm` or `negotiate`, or https.",
        sorts=(Sort.INVENTORY,),
        check=_basic_over_http,
    ),
    Rule(
        id="inventory[certificate-ignored]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("inventory",),
        summary="The server's certificate is not checked.",
        why="Nobody can tell whether the password goes to the server or to somebody in between.",
        bad=_GOOD.replace(
            "ansible_psrp_auth: ntlm", "ansible_psrp_auth: ntlm\n    ansible_psrp_cert_validation: ignore"
        ),
        good=_GOOD,
        fix="Name the issuer with `ansible_psrp_ca_cert`.",
        sorts=(Sort.INVENTORY,),
        check=_unchecked_certificate,
    ),
    Rule(
        id="inventory[no-management-host]",
        severity=Severity.WARNING,
        tags=("inventory",),
        summary="A host on NT 4.0 or Windows 2000 without `ndrfix_via`.",
        why="These systems have no WinRM: the host cannot be reached, or another machine answers under its address.",
        bad=_GOOD.replace("      ndrfix_via: jump01\n", ""),
        good=_GOOD,
        fix="Name the management host with `ndrfix_via`.",
        sorts=(Sort.INVENTORY,),
        check=_no_management_host,
    ),
)
