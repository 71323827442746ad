"""The demo's hosts as they are on the wire: which of them listen, and the inventory that leads to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ndrfix.connections.simulated import Simulation
from ndrfix.errors import InputError
from ndrfix.testing import Account, HostListener, Scheme, WinRMEndpoint

LIMIT = "exchange"
"""The group to work on: the management host is no Exchange server."""

HOSTS = {
    "ex01": "fine",
    "ex02": "service-pack-3",
    "ex03": "no-hotfix",
    "ex04": "stuck-service",
    "ex05": "switched-off",
    "ex06": "remediated",
    "ex07": "another-computer",
}
"""The hosts with WinRM, by their names in the inventory: which simulated host each is."""

_EXPECTED = {"ex07": "ACMEMAIL7"}
_BEHIND, _JUMP = "nt4", "management-host"
_SILENT = ("switched-off", _BEHIND)
_HEAD = """\
# Written by `ndrfix demo` for one run: the hosts and their passwords are gone when the command has ended.
all:
  vars:
    ansible_host: 127.0.0.1
    ansible_user: {user}
    ansible_password: '{password}'
    ansible_psrp_protocol: http
    ansible_psrp_auth: ntlm
    ansible_psrp_message_encryption: always
  children:
    jumps:
      hosts:
        jump01: {{ansible_port: {port}, ndrfix_computer_name: {computer}}}
    exchange:
      hosts:
"""
_TARGET = """\
        ex08: # NT 4.0 has no WinRM; address and account are those that jump01 uses
          ndrfix_via: jump01
          ansible_host: {machine}
          ansible_user: {user}
          ansible_password: '{password}'
          ndrfix_computer_name: {machine}
          backup_format: REGEDIT4
"""


@contextmanager
def serving(hosts: Path, inventory: Path) -> Iterator[None]:
    """Serve the hosts of a file over WinRM on 127.0.0.1 inside the block, with passwords that are made up, and write
    the inventory of them. Two of them do not listen: one is switched off, one is reached through the management host.

    Raises:
        InputError: the file is wrong, nothing can listen, or the inventory cannot be written.
    """
    with ExitStack() as stack:
        endpoint = WinRMEndpoint(
            Simulation.load(hosts),
            schemes=(Scheme.NEGOTIATE,),
            account=Account("ACME\\consultant"),
            accounts={_BEHIND: Account()},
        )
        try:
            stack.enter_context(endpoint)
        except OSError as error:
            raise InputError(
                f"cannot listen on 127.0.0.1: {error.strerror}", next_step="Run ndrfix demo --in-memory."
            ) from error
        for name in _SILENT:
            stack.enter_context(endpoint.host(name).refusing())
        _write(inventory, _inventory(endpoint))
        yield


def _inventory(endpoint: WinRMEndpoint) -> str:
    jump, behind = endpoint.host(_JUMP), endpoint.host(_BEHIND)
    target = behind.target(jump)
    head = _HEAD.format(
        user=jump.account.user, password=jump.account.password.reveal(), port=jump.port, computer=jump.computer
    )
    lines = "".join(_line(name, endpoint.host(served)) for name, served in HOSTS.items())
    return f"{head}{lines}" + _TARGET.format(
        machine=target.machine, user=target.user, password=behind.account.password.reveal()
    )


def _line(name: str, listener: HostListener) -> str:
    expected = f", ndrfix_computer_name: {_EXPECTED[name]}" if name in _EXPECTED else ""
    return f"        {name}: {{ansible_port: {listener.port}{expected}}}\n"


def _write(path: Path, text: str) -> None:
    """Write a file that nobody else may read: passwords stand in it."""
    try:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
