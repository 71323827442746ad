"""Hosts behind a management host, from the command line over real WinRM: changed, refused, and taking turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ndrfix.connections.simulated import Simulation
from ndrfix.errors import ExitCode
from ndrfix.resources import RegistryData, RegistryKey, RegistryValue
from ndrfix.testing import Account, Delay, RequestKind, Rule, Scheme, WinRMEndpoint
from tests.cli.conftest import Folder

MODE = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Acme"), "Mode")
NAMES = [f"ex{number:02}" for number in range(1, 5)]
HOSTS = r"""
jump01:
  computer: {name: JUMP01, os_version: 10.0.17763}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Control: {SCMApiConnectionParam: 0x80000000}
  services: {mrxsmb10: {}}
ex01:
  computer: {name: MAIL1, os_version: 4.0.1381}
  registry:
    HKLM\SOFTWARE\Acme: {Mode: 1}
  services: {MSExchangeIMC: {stop_seconds: 12}}
ex02: {base: ex01, computer: {name: MAIL2}}
ex03: {base: ex01, computer: {name: MAIL3}}
ex04: {base: ex01, computer: {name: MAIL4}}
"""


@pytest.fixture
def endpoint(folder: Folder) -> Iterator[WinRMEndpoint]:
    """A management host with four targets, and `wire.yml` that leads there."""
    simulation = Simulation.parse(HOSTS)
    accounts = dict.fromkeys(NAMES, Account("ACME\\admin"))
    with WinRMEndpoint(simulation, schemes=[Scheme.NEGOTIATE], accounts=accounts) as endpoint:
        folder.write("wire.yml", endpoint.inventory(via=dict.fromkeys(NAMES, "jump01")))
        yield endpoint


def _modes(endpoint: WinRMEndpoint) -> list[object]:
    found = (endpoint.host(name).host.read(MODE) for name in NAMES)
    return [each.data if isinstance(each, RegistryData) else each for each in found]


def test_targets_are_planned_applied_and_taken_back(folder: Folder, endpoint: WinRMEndpoint) -> None:
    """Each target gets its own changes through the management host, which gets none; undo goes the same way."""
    planned = folder("plan book.yml -i wire.yml -l ex01,ex02")
    assert (planned.code, planned.err) == (0, "")
    assert _modes(endpoint) == [1, 1, 1, 1]
    applied = folder("apply book.yml -i wire.yml -l ex01,ex02 --yes")
    assert applied.code == 0, applied.out
    assert _modes(endpoint) == [2, 2, 1, 1]
    assert [len(endpoint.host(name).host.writes) for name in ("ex01", "ex02", "jump01")] == [2, 2, 0]
    (run,) = (folder.path / "runs").glob("2*")
    assert folder(f"undo {run} -i wire.yml --yes").code == 0
    assert _modes(endpoint) == [1, 1, 1, 1]
    counts = endpoint.host("jump01").wait(lambda counts: counts.connections == 0)
    assert counts.shells == 0
    assert [endpoint.host(name).counts.total for name in NAMES] == [0] * 4
    for file in (planned.out, applied.out, *(path.read_text() for path in run.glob("*.json*"))):
        assert endpoint.host("ex01").account.password.reveal() not in file


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_shells_than_the_limit(folder: Folder, endpoint: WinRMEndpoint, limit: int) -> None:
    """However many targets there are, no more are worked on through the host at a time than it allows."""
    jump = endpoint.host("jump01")
    jump.inject(Rule(Delay(0.02), kind=RequestKind.COMMAND, times=99))
    text = (folder.path / "wire.yml").read_text().replace("jump01:\n", f"jump01:\n      ndrfix_via_limit: {limit}\n", 1)
    folder.write("wire.yml", text)
    ended = folder(f"apply book.yml -i wire.yml -l {','.join(NAMES)} --yes --forks 10")
    assert ended.code == 0, ended.out
    assert _modes(endpoint) == [2, 2, 2, 2]
    assert jump.counts.most_shells == limit


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ansible_host: MAIL1", "ansible_host: MIAL1", r"unreachable: [ex01]  jump01 does not find \\MIAL1"),
        (r"ansible_user: ACME\admin", r"ansible_user: ACME\joe", r"unreachable: [ex01]  \\MAIL1 refused ACME\joe"),
        (
            "ansible_host: MAIL1",
            "ansible_host: MAIL3\n      ndrfix_computer_name: MAIL1",
            "failed: [ex01]    the wrong server: MAIL3 answers, MAIL1 is expected (ndrfix_computer_name)",
        ),
        (
            "jump01:\n",
            "jump01:\n      ndrfix_computer_name: JUMP02\n",
            "unreachable: [ex01]  the wrong management host: JUMP01 answers for jump01, JUMP02 is expected",
        ),
    ],
    ids=["unknown name", "wrong account", "wrong server", "wrong management host"],
)
def test_a_target_that_is_not_reached(folder: Folder, endpoint: WinRMEndpoint, old: str, new: str, words: str) -> None:
    """It is said what stopped the way, and nothing is written there or anywhere it should not be."""
    text = (folder.path / "wire.yml").read_text()
    assert old in text
    folder.write("wire.yml", text.replace(old, new, 1))
    ended = folder("apply book.yml -i wire.yml -l ex01,ex02 --yes")
    assert words in ended.out
    assert ended.code in (ExitCode.FAILED, ExitCode.UNREACHABLE)
    reached = [1, 1, 1, 1] if "management host" in words else [1, 2, 1, 1]
    assert _modes(endpoint) == reached
