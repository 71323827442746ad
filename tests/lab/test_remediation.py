"""The shipped playbooks from the command line against real PowerShell, registry, services and files."""

from __future__ import annotations

import re

import pytest

from tests.lab.desk import Desk, reach
from tests.lab.witness import PARAMETERS, Look, Witness

pytestmark = pytest.mark.lab
WRITTEN = '"SuppressNDROptions"=dword:00000100'
BACKUP = "backup/ex01/HKLM-SYSTEM-CurrentControlSet-Services-MSExchangeIMC-Parameters.reg"


def _added(before: Look, after: Look) -> list[str]:
    """The lines that the registry has more; fails when it lacks one."""
    assert not [line for line in before.registry if line not in after.registry]
    return [line for line in after.registry if line not in before.registry]


def _restarted(before: Look, after: Look) -> bool:
    assert before.process
    assert after.process
    return before.process != after.process


def test_the_attack_is_stopped_and_the_way_back_is_exact(ex01: Desk, ex55: Witness) -> None:
    """Plan changes nothing; apply sets one value and restarts; both again change nothing; undo leaves no trace."""
    first = ex55.look()
    plan = ex01("plan", "reverse-ndr", "--detailed-exitcode", code=10)
    assert "SuppressNDROptions  absent → dword 0x00000100 (256) no_smtp_return_address" in plan.out
    assert ex55.look() == first
    assert not ex01.runs()

    assert "read back, verified" in ex01.apply("reverse-ndr").result
    done = ex55.look()
    assert _added(first, done) == [WRITTEN]
    assert ex55.queried("SuppressNDROptions") == "REG_DWORD 0x100"
    assert done.files == first.files
    assert _restarted(first, done)

    (run,) = ex01.runs()
    again = ex01.apply("reverse-ndr", "--detailed-exitcode")
    assert "already dword 0x00000100" in again.out
    assert "nothing was changed" in again.result  # only the backup is made anew
    assert ex55.look() == done

    ex01("undo", run.name, "--yes")
    back = ex55.look()
    assert (back.registry, back.files) == (first.registry, first.files)
    assert _restarted(done, back)
    assert "as before the run" in ex01("undo", run.name, "--yes").out
    assert ex55.look() == back


@pytest.mark.parametrize(("server", "auth"), [("ex55", "ntlm"), ("extls", "negotiate")])
def test_other_ways_to_log_on_work_alike(desk: Desk, server: str, auth: str, request: pytest.FixtureRequest) -> None:
    """NTLM with encrypted messages, and HTTPS with a certificate authority of the inventory: there and back."""
    host: Witness = request.getfixturevalue(server)
    desk.inventory({"ex01": reach(host.info, auth)})
    first = host.look()
    desk.apply("reverse-ndr")
    done = host.look()
    assert _added(first, done) == [WRITTEN]
    assert _restarted(first, done)
    desk("undo", desk.runs()[0].name, "--yes")
    back = host.look()
    assert back.registry == first.registry
    assert _restarted(done, back)


def test_undo_leaves_alone_what_somebody_changed_since(ex01: Desk, ex55: Witness) -> None:
    """A value that is neither as the run left it nor as before is refused, and the service is not restarted."""
    ex01.apply("reverse-ndr")
    ex55.set("SuppressNDROptions", "REG_DWORD", "0x10")
    before = ex55.look()
    undo = ex01("undo", str(ex01.runs()[0]), "--yes", code=2)
    assert "somebody changed it since" in undo.out
    assert ex55.look() == before


def test_a_value_that_was_there_is_replaced_and_put_back(ex01: Desk, ex55: Witness) -> None:
    """A text `256` becomes a DWORD and, by undo, the text again."""
    ex55.set("SuppressNDROptions", "REG_SZ", "256")
    first = ex55.look()
    ex01.apply("reverse-ndr", "-e", "suppression_mode=do_not_generate")
    assert ex55.queried("SuppressNDROptions") == "REG_DWORD 0x10"
    (run,) = ex01.runs()
    assert "dword 0x00000010 (16) do_not_generate → " in ex01("undo", run.name, "--plan").out
    assert ex55.queried("SuppressNDROptions") == "REG_DWORD 0x10"
    ex01("undo", run.name, "--yes")
    assert ex55.queried("SuppressNDROptions") == "REG_SZ 256"
    assert ex55.look().registry == first.registry


# Below Parameters: each type, with the data that files and regedit get wrong most easily.
SEEDS = r"""
$services = 'SYSTEM\CurrentControlSet\Services'
$key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$services\MSExchangeIMC\Parameters", $true)
$euro = [string][char]0x20ac; $han = [string][char]0x6f22 + [char]0x5b57; $smile = [char]::ConvertFromUtf32(0x1f600)
$key.SetValue('', 'the default value')
$key.SetValue('quoted "name" \ = ;', 'C:\a "b"\')
$key.SetValue("Pr$([char]0xfc)fung $han", "Gr$([char]0xfc)$([char]0xdf)e $euro $han $smile")
$key.SetValue('Empty', '')
$key.SetValue('Long', ('0123456789' * 400))
$key.SetValue('Lines', "one`r`ntwo`tthree")
$key.SetValue('Expand', '%SystemRoot%\temp', 'ExpandString')
$key.SetValue('Multi', [string[]]@('one', "zwei $euro", $han, '%TEMP%', 'semi;colon'), 'MultiString')
$key.SetValue('MultiNone', [string[]]@(), 'MultiString')
$key.SetValue('Binary', [byte[]](0..255), 'Binary')
$key.SetValue('BinaryNone', [byte[]]@(), 'Binary')
$key.SetValue('None', [byte[]](1, 2, 3), 'None')
$key.SetValue('Dword', -1, 'DWord')
$key.SetValue('Qword', [long]::MinValue + 5, 'QWord')
$below = $key.CreateSubKey("Sub [1] $han").CreateSubKey('deeper')
$below.SetValue('Deep', 7, 'DWord')
$key.Close()
"""
RUIN = r"""
$services = 'SYSTEM\CurrentControlSet\Services'
$key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$services\MSExchangeIMC\Parameters", $true)
foreach ($name in $key.GetSubKeyNames()) { $key.DeleteSubKeyTree($name) }
foreach ($name in $key.GetValueNames()) {
    if ($name -like '*M*') { $key.SetValue($name, 1) } else { $key.DeleteValue($name) }
}
"""


def test_regedit_brings_the_backup_back(ex01: Desk, ex55: Witness) -> None:
    """After an apply, deleted and altered values come back with their types when regedit imports the run's backup."""
    ex55.script(SEEDS)
    first = ex55.exported(PARAMETERS)
    ex01.apply("reverse-ndr")
    ex55.script(RUIN)
    assert ex55.exported(PARAMETERS) != first
    ex55.regedit((ex01.runs()[0] / BACKUP).read_bytes())
    assert ex55.exported(PARAMETERS) == first


def test_a_server_without_service_pack_4_is_left_alone(desk: Desk, exold: Witness) -> None:
    """The check fails with what was found; neither plan nor apply changes anything, and nothing more is looked at."""
    desk.inventory({"ex01": reach(exold.info)})
    first = exold.look()
    plan = desk("plan", "reverse-ndr", code=2)
    assert "failed: [ex01]" in plan.out
    assert "5.5.2650.21" in plan.out
    assert "Next: " in plan.out
    assert plan.out.count("not evaluated: [ex01]") >= 3
    assert "Nothing to apply." in desk.apply("reverse-ndr", code=2).out
    assert exold.look() == first
    assert not desk.runs()


@pytest.mark.parametrize("server", ["ex55", "exold"])
def test_the_audit_looks_at_everything_and_changes_nothing(
    desk: Desk, server: str, request: pytest.FixtureRequest
) -> None:
    """Failed checks do not end it: every task is evaluated, and an apply has nothing to do."""
    host: Witness = request.getfixturevalue(server)
    desk.inventory({"ex01": reach(host.info)})
    first = host.look()
    audit = desk.apply("audit", code=2)
    assert "Nothing to apply." in audit.out
    assert "not evaluated" not in audit.out
    assert "unreachable=0" in audit.out
    tasks = re.findall(r"^TASK \[", audit.out, re.MULTILINE)
    results = re.findall(r"^(?:ok|failed|manual|skipping): \[ex01\]", audit.out, re.MULTILINE)
    assert len(results) == len(tasks) > 10
    assert host.look() == first
