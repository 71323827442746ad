r"""A real PowerShell as a management host, which reaches `\\HOST` by remote registry, service control and shares.

The lab's Windows has one registry and one service control manager, and answers for any computer name in the latter: so
its target is itself, under its own name. Only files can be those of a second host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ndrfix.connections.base import Outcome
from ndrfix.connections.protocol import Target
from ndrfix.connections.winrm import WinRM
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
    Resource,
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
        made.append(WinRM(plain._endpoint, target))
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


def test_a_name_that_nobody_has_is_unreachable(behind: Desk, ex55: Witness) -> None:
    """The sentence names both computers and says what to check; nothing is read of the management host."""
    lost = {"ansible_host": "NOWHERE", "ndrfix_via": "jump01"}
    behind.inventory({"jump01": reach(ex55.info, "ntlm"), "ex01": lost})
    plan = behind("plan", "reverse-ndr", "-l", "ex01", code=4)
    assert r"unreachable: [ex01]" in plan.out
    said = " ".join(plan.out.split())
    assert r"jump01 does not reach \\NOWHERE (Windows error 53)" in said
    assert "Next: Check ansible_host of ex01. On jump01, the name must resolve" in said
    assert "EX55" not in plan.out


def test_another_computer_than_the_one_that_is_meant_is_refused(behind: Desk, ex55: Witness) -> None:
    """What counts is the target's own name in its registry; the name of the management host must fit, too."""
    for jump, target, what in (
        ("EX55", "ACMEMAIL1", "the wrong server: EX55 answers, ACMEMAIL1 is expected"),
        ("JUMP01", "EX55", "the wrong management host: EX55 answers for jump01, JUMP01 is expected"),
    ):
        own = {"ansible_host": "EX55", "ndrfix_via": "jump01", "ndrfix_computer_name": target}
        behind.inventory({"jump01": reach(ex55.info, "ntlm", ndrfix_computer_name=jump), "ex01": own})
        code = 2 if target == "ACMEMAIL1" else 4
        assert what in " ".join(behind("plan", "reverse-ndr", "-l", "ex01", code=code).out.split())


# --- reading ---------------------------------------------------------------------------------------------------------


def test_everything_reads_the_same_as_directly(via: Via, lab_connect: Callable[..., WinRM]) -> None:
    r"""Values, trees, services, files and versions of `\\EX55` are those of EX55, with its own paths."""
    wanted: list[Resource] = [
        ROOT,
        PARAMETERS,
        RegistryTree(PARAMETERS, 3),
        RegistryValue(PARAMETERS, "Nothing"),
        RegistryKey.parse(r"HKCR\.txt"),
        RegistryKey.parse(r"HKU\.DEFAULT"),
        IMC,
        Service("Nobody"),
        Service("Microsoft Exchange Internet Mail Service"),
        File("C:\\"),
        File(r"c:/exchsrvr/imcdata/..\..\windows"),
        File(r"C:\nothing\at all"),
        File(Located(ROOT, r"\out")),
        FileVersion(Located(IMC)),
        FileVersion(Located(IMC, r"\..\msexcimc.exe")),
        RegistryKey.parse("HKLM\\SYSTEM\\CurrentControlSet\\Services\\none"),
    ]
    assert via().read(wanted) == lab_connect().read(wanted)


def test_the_computer_is_the_target(via: Via) -> None:
    """Name and version come from the target's registry; PowerShell is that of the management host."""
    state = via().read([COMPUTER])[COMPUTER]
    assert isinstance(state, ComputerState)
    assert (state.name, state.administrator, state.bits) == ("EX55", True, 64)
    assert state.os_version == "6.1.7601"
    assert state.powershell.startswith("7.")


def test_what_another_computer_cannot_have_is_unreadable(via: Via) -> None:
    """The current user is nobody there, and a drive without share is no missing file."""
    connection = via()
    user, drive = RegistryKey.parse(r"HKCU\Software"), File(r"Q:\anything")
    found = connection.read([user, drive])
    assert isinstance(hive := found[user], Unreadable)
    assert "name the user below HKU" in hive.reason
    assert isinstance(share := found[drive], Unreadable)
    assert r"\\EX55 has no administrative share of that drive" in share.reason


def test_variables_in_paths_are_the_targets(via: Via) -> None:
    """They come from the target's registry: this one is no variable of the session."""
    environment = RegistryKey.parse(r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment")
    variable, expand = RegistryValue(environment, "NdrfixDrive"), RegistryType.EXPANDSTRING
    path = RegistryValue(PLACE, "Path")
    connection = via()
    set_variable = Change(resource=variable, before=ABSENT, after=RegistryData(expand, r"%SystemDrive%\exchsrvr"))
    set_path = Change(resource=path, before=ABSENT, after=RegistryData(expand, r"%ndrfixDRIVE%\imcdata"))
    assert all(one.status == "done" for one in _write(connection, set_variable, set_path))
    connection.close()  # variables are read once for each session
    state = connection.read([File(Located(path))])[File(Located(path))]
    assert isinstance(state, FileState)
    assert state.path == r"C:\exchsrvr\imcdata"
    undo = [Change(resource=each.resource, before=each.after, after=ABSENT) for each in (set_variable, set_path)]
    assert all(one.status == "done" for one in _write(connection, *undo))


# --- writing ---------------------------------------------------------------------------------------------------------


def test_values_and_keys_are_written_there_and_back(via: Via, lab_connect: Callable[..., WinRM]) -> None:
    """Written through the management host, seen directly; a state that moved is refused."""
    key = RegistryKey.parse(f"{PLACE}\\written")
    value, one = RegistryValue(key, "v"), RegistryData(RegistryType.DWORD, 0x100)
    made = Change(resource=key, before=ABSENT, after=PRESENT)
    filled = Change(resource=value, before=ABSENT, after=one)
    connection, direct = via(), lab_connect()
    assert [each.status for each in _write(connection, made, filled)] == ["done", "done"]
    assert direct.read([value]) == {value: one}
    assert [each.status for each in _write(connection, filled)] == ["drifted"]
    emptied = Change(resource=value, before=one, after=ABSENT)
    gone = Change(resource=key, before=PRESENT, after=ABSENT)
    assert [each.status for each in _write(connection, emptied, gone)] == ["done", "done"]
    assert direct.read([key]) == {key: ABSENT}


def test_services_are_stopped_started_and_set(via: Via, ex55: Witness) -> None:
    """Status and start type change by no program of the management host; a restart makes a new process."""
    first = ex55.process()
    connection = via()
    running = connection.read([IMC])[IMC]
    assert isinstance(running, ServiceState)
    stopped = ServiceState(status=ServiceStatus.STOPPED, start=StartType.DISABLED)
    off = Change(resource=IMC, before=running, after=stopped)
    on = Change(resource=IMC, before=stopped, after=running)
    assert [each.status for each in _write(connection, off)] == ["done"]
    assert (ex55.status(), ex55.process()) == ("STOPPED", 0)
    assert [each.status for each in _write(connection, on, Action(verb=Verb.RESTART, resource=IMC))] == ["done", "done"]
    assert ex55.process() not in (0, first)


# --- what a session costs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prepared", [True, False])
def test_a_target_costs_no_further_request(
    via: Via, ex55: Witness, lab_counts: Callable[[], dict[str, int]], prepared: bool
) -> None:
    """One pipeline as without it; a management host that is not prepared says so in a line of its own."""
    control = r"HKLM\SYSTEM\CurrentControlSet\Control"
    if prepared:
        ex55.set("SCMApiConnectionParam", "REG_DWORD", "0x80000000", key=control)
    before = lab_counts()
    connection = via()
    connection.read([COMPUTER, ROOT, IMC])
    connection.close()
    now = lab_counts()
    ex55.run("reg.exe", "delete", control, "/v", "SCMApiConnectionParam", "/f")
    spent = {name: count - before.get(name, 0) for name, count in now.items()}
    assert (spent["Create"], spent["Command"], spent["Delete"], spent.get("Send", 0)) == (1, 1, 1, 0)
    assert 3 <= spent["Receive"] <= (5 if prepared else 7)


# --- pieces of the far side that the lab cannot show as a whole ------------------------------------------------------


@pytest.fixture
def agent() -> str:
    """The far side's text."""
    from importlib.resources import files

    return files("ndrfix.connections").joinpath("agent.ps1").read_text(encoding="ascii")


def test_files_of_a_second_host_are_reached_by_its_shares(
    lab_up: Callable[..., dict[str, Any]], agent: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    r"""`C:\x` of EX55B is `\\EX55B\C$\x`, shown as `C:\x`; what is absent there is told from a share that is."""
    drive = tmp_path_factory.mktemp("second")
    (drive / "only here.txt").write_bytes(b"12345")
    (drive / "folder").mkdir()
    host = Witness(lab_up("--name", "EX55A", "--peer", f"EX55B={drive}"))
    asked = {"there": r"C:\folder\..\only here.txt", "absent": r"C:\other.txt", "root": "C:\\", "share": r"D:\x"}
    asks = "\n".join(
        f"'{name}=' + (Get-NdrfixReading @{{ Kind = 'file'; Base = ''; Tail = (ConvertTo-NdrfixText '{path}') }})"
        for name, path in asked.items()
    )
    said = dict(
        line.split("=", 1) for line in host.script(f"{agent}\n$global:NdrfixMachine = 'EX55B'\n{asks}") if "=" in line
    )
    assert said["there"].startswith(r"file>C:\\only here.txt>5>")
    assert said["absent"] == "absent"
    assert said["root"].startswith(r"file>C:\\>0>")
    assert said["share"].startswith("unreadable>0>")
    assert said["share"].endswith(">67")


SPY = r"""
Add-Type -TypeDefinition '
public static class NdrfixNative1 {
    public static string Log = ""; public static int Code;
    public static int Connect(string remote, string user, string domain, System.IntPtr password) {
        string text = System.Runtime.InteropServices.Marshal.PtrToStringUni(password);
        Log += "connect " + remote + " [" + domain + "] [" + user + "] " + text.Length + ";"; return Code;
    }
    public static int Disconnect(string remote) { Log += "disconnect " + remote + ";"; return 0; }
}'
function Open($machine, $user, $code) {
    [NdrfixNative1]::Log = ''; [NdrfixNative1]::Code = $code
    $secret = New-Object System.Security.SecureString
    foreach ($char in [char[]]'gehe1m') { $secret.AppendChar($char) }
    Connect-Ndrfix @{ Machine = $machine; Through = ''; User = (ConvertTo-NdrfixText $user); Password = $secret }
    [NdrfixNative1]::Log
}
"""
OPENED = "connect {} [{}] [{}] 6;"


@pytest.mark.parametrize(
    ("machine", "user", "code", "line", "log"),
    [
        ("EX55", r"ACME\jo", 0, "target||0|", OPENED.format(r"\\EX55\IPC$", "ACME", "jo")),
        ("EX55", "jo@acme.example", 0, "target||0|", OPENED.format(r"\\EX55\IPC$", "", "jo@acme.example")),
        ("EX55", "jo", 0, "target||0|", OPENED.format(r"\\EX55\IPC$", "", "jo")),
        ("EX55", r"ACME\jo", 1219, "target|logon|1219|", OPENED.format(r"\\EX55\IPC$", "ACME", "jo")),
        ("EX55", r"ACME\jo", 1326, "target|logon|1326|", OPENED.format(r"\\EX55\IPC$", "ACME", "jo")),
        (
            "NOWHERE",
            r"ACME\jo",
            0,
            "target|registry|53|",
            OPENED.format(r"\\NOWHERE\IPC$", "ACME", "jo") + r"disconnect \\NOWHERE\IPC$;",
        ),
    ],
)
def test_the_log_on_to_the_target_is_taken_down(
    lab_script: Callable[[str], list[str]], agent: str, machine: str, user: str, code: int, line: str, log: str
) -> None:
    """A connection that was made is removed, at the end or after a failure; one that was refused is left alone."""
    said, spied, rest, ended = lab_script(
        f"{agent}\n{SPY}\nOpen '{machine}' '{user}' {code}\n"
        "'reads: ' + (Read-Ndrfix @(@{ Kind = 'computer' }))\nDisconnect-Ndrfix\n[NdrfixNative1]::Log"
    )
    assert said.startswith(line)
    assert spied == log
    opened = line == "target||0|"
    assert ("computer>EX55>" in rest) is opened
    assert ended == log + (rf"disconnect \\{machine}\IPC$;" if opened else "")


def test_the_system_is_called_as_declared(lab_script: Callable[[str], list[str]], agent: str) -> None:
    """The declarations compile, and the lab's network client (which accepts everything) takes the call."""
    said = lab_script(
        f"{agent}\nInitialize-NdrfixNative\n"
        r"$memory = [System.Runtime.InteropServices.Marshal]::StringToHGlobalUni('x')"
        "\n[NdrfixNative1]::Connect('\\\\EX55\\IPC$', 'jo', '', $memory)\n[NdrfixNative1]::Disconnect('\\\\EX55\\IPC$')"
    )
    assert said == ["0", "0"]


def test_service_control_is_asked_of_the_target(lab_script: Callable[[str], list[str]], agent: str) -> None:
    """Wine answers for any name, so the name that is asked for is looked at; the short name stays the only one."""
    show = "$one = New-NdrfixController 'Some name'; $one.MachineName; $one.ServiceName"
    assert lab_script(f"{agent}\n{show}\n$global:NdrfixMachine = 'EX55B'\n{show}") == [
        ".",
        "Some name",
        "EX55B",
        "Some name",
    ]


def test_an_empty_target_is_refused(lab_script: Callable[[str], list[str]], agent: str) -> None:
    """It would be the management host itself, in everything that follows."""
    said = lab_script(
        f"{agent}\nConnect-Ndrfix @{{ Machine = ''; Through = ''; User = '' }}\nRead-Ndrfix @(@{{ Kind = 'computer' }})"
    )
    assert len(said) == 1
    assert said[0].startswith("target|logon|0|no computer is named|")
