r"""A real PowerShell as a management host, which reaches `\\HOST` by remote registry, service control and shares.

The lab's Windows has one registry and one service control manager, and answers for any computer name in the latter: so
its target is itself, under its own name. Only files can be those of a second host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ndrfix.connections.base import Outcome
from ndrfix.connections.protocol import Target
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import UnreachableError
from ndrfix.resources import (
    ABSENT,
    COMPUTER,
    PRESENT,
    Action,
    Change,
    ComputerState,
    File,
    FileState,
    FileVersion,
    Located,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    Unreadable,
    Verb,
)
from tests.lab.desk import Desk, reach
from tests.lab.witness import Witness

pytestmark = pytest.mark.lab
Via = Callable[..., WinRM]
IMC = Service("MSExchangeIMC")
PARAMETERS = RegistryKey.parse(rf"HKLM\SYSTEM\CurrentControlSet\Services\{IMC}\Parameters")
ROOT = RegistryValue(PARAMETERS, "RootDir")
PLACE = RegistryKey.parse(r"HKLM\SOFTWARE\ndrfix management tests")


@pytest.fixture
def via(lab_connect: Callable[..., WinRM], lab: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Via]:
    """Connections through the lab host to a computer, by default itself under its own name."""
    made: list[WinRM] = []

    def connect(machine: str = "EX55", *, via_computer: str = "", **changes: Any) -> WinRM:
        plain = lab_connect(name="jump01", **changes)
        target = Target(name="ex01", machine=machine, via="jump01", via_computer=via_computer)
        made.append(WinRM(plain._endpoint, target))  # noqa: SLF001 - the fixture's account, with a target
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def _write(connection: WinRM, *items: RemoteItem) -> list[Outcome]:
    return list(connection.apply(items, on_event=lambda _progress: None))


# --- from the command line -------------------------------------------------------------------------------------------


@pytest.fixture
def behind(desk: Desk, ex55: Witness) -> Desk:
    """A desk whose ex01 is the lab host under its own name, behind the lab host."""
    target = {"ansible_host": "EX55", "ndrfix_via": "jump01", "ndrfix_computer_name": "ex55"}
    desk.inventory({"jump01": reach(ex55.info, "ntlm"), "ex01": target})
    return desk


def test_plan_apply_and_undo_through_a_management_host(behind: Desk, ex55: Witness) -> None:
    """The same as without one: nothing by the plan, one value and a restart by the apply, no trace after the undo."""
    first = ex55.look()
    plan = behind("plan", "reverse-ndr", "-l", "ex01", "--detailed-exitcode", code=10)
    assert "SuppressNDROptions  absent → dword 0x00000100 (256) no_smtp_return_address" in plan.out
    assert "5.5.2658.10" in plan.out
    assert ex55.look() == first
    assert "read back, verified" in behind.apply("reverse-ndr", "-l", "ex01").result
    done = ex55.look()
    assert ex55.queried("SuppressNDROptions") == "REG_DWORD 0x100"
    assert done.process not in (0, first.process)
    (run,) = behind.runs()
    behind("undo", run.name, "--yes")
    back = ex55.look()
    assert (back.registry, back.files) == (first.registry, first.files)
    assert back.process not in (0, done.process)
