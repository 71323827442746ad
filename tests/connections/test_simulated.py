"""The simulated host: its file, its services in virtual time, its rights and its faults."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.connections.simulated import SimulatedConnection, SimulatedHost, Simulation
from ndrfix.connections.simulated_services import SimulatedService
from ndrfix.errors import FarSideError, InputError, UnreachableError
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
    FileVersionState,
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
    TreeKey,
    TreeState,
    Unreadable,
    Verb,
)
from ndrfix.source import Map, load_file

EX01 = r"""
ex01:
  computer: {name: EXCH-01, os_version: 4.0.1381, powershell: "2.0", administrator: false, bits: 32}
  registry:
    HKLM:\SOFTWARE\Microsoft\Exchange\Setup:
      '': default
      ServicePackNumber: 4
      2500: digits
      Mask: {type: binary, data: "hex:01,ff"}
    HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters:
      RootDir: {type: expandstring, data: "%SystemDrive%\\imcdata"}
  services:
    MSExchangeIMC:
      display_name: Microsoft Exchange Internet Mail Service
      image: '"C:\exchsrvr\connect\..\connect\msexcimc\bin\msexcimc.exe" -k'
      depends_on: [MSExchangeIS, Tcpip]
      stop_seconds: 40
    MSExchangeIS: {start: manual}
    Stuck: {mode: never-stops, status: running}
  files:
    C:\exchsrvr\connect\msexcimc\bin\msexcimc.exe: {version: 5.5.2653.23, size: 4096, modified: 2000-11-03T10:00:00Z}
    C:\imcdata\queue.dat: {read_only: true, size: 12}
    C:\imcdata\out: {directory: true}
  deny:
    - HKLM\SECURITY
    - {to: Stuck, access: write}
    - C:\secret
ex02:
  base: ex01
  registry:
    HKLM\SOFTWARE\Microsoft\Exchange\Setup: {SERVICEPACKNUMBER: 3, '2500': null}
  services:
    Stuck: null
    MSExchangeIMC: {status: stopped}
  deny: []
  files:
    C:\imcdata\queue.dat: null
"""

SETUP = RegistryKey.parse("HKLM\\SOFTWARE\\Microsoft\\Exchange\\Setup")
IMC, STUCK = Service("MSExchangeIMC"), Service("Stuck")
VALUE = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE\\X"), "v")
ROOT = RegistryValue(
    RegistryKey.parse("HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters"), "RootDir"
)
ONE = RegistryData(RegistryType.DWORD, 1)
SET = Change(resource=VALUE, before=ABSENT, after=ONE)


def host(name: str = "ex01", text: str = EX01) -> SimulatedHost:
    return Simulation.parse(text, source="sim.yml").host(name)


def apply(connection: SimulatedConnection, *items: RemoteItem, events: list[Progress] | None = None) -> list[Outcome]:
    return list(connection.apply(items, on_event=(events if events is not None else []).append))


def stopping(timeout: float) -> Change:
    return Change(
        resource=IMC,
        before=ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC),
        after=ServiceState(status=ServiceStatus.STOPPED, start=StartType.AUTOMATIC),
        timeout=timeout,
    )


def test_simulation_file_describes_a_host() -> None:
    """Everything written in the file is read from the host."""
    made = host()
    assert made.read(COMPUTER) == ComputerState(
        name="EXCH-01", os_version="4.0.1381", powershell="2.0", administrator=False, bits=32
    )
    assert made.read(RegistryTree(SETUP, 0)) == TreeState(
        keys=(
            TreeKey(
                path="",
                values=(
                    ("", RegistryData(RegistryType.STRING, "default")),
                    ("ServicePackNumber", RegistryData(RegistryType.DWORD, 4)),
                    ("2500", RegistryData(RegistryType.STRING, "digits")),
                    ("Mask", RegistryData(RegistryType.BINARY, b"\1\xff")),
                ),
            ),
        )
    )
    assert made.read(RegistryKey.parse("HKLM\\SOFTWARE\\Microsoft")) == PRESENT
    assert made.read(IMC) == ServiceState(
        status=ServiceStatus.RUNNING,
        start=StartType.AUTOMATIC,
        display_name="Microsoft Exchange Internet Mail Service",
        image_path='"C:\\exchsrvr\\connect\\..\\connect\\msexcimc\\bin\\msexcimc.exe" -k',
    )
    assert made.read(File("c:/imcdata/QUEUE.dat")) == FileState(
        path="c:\\imcdata\\QUEUE.dat", size=12, modified="2000-01-01T00:00:00Z", read_only=True
    )


def test_simulation_base() -> None:
    """A host begins as its base; what it says itself replaces or, with null, removes single things."""
    made = host("ex02")
    assert made.read(RegistryValue(SETUP, "ServicePackNumber")) == RegistryData(RegistryType.DWORD, 3)
    assert made.read(RegistryValue(SETUP, "2500")) == ABSENT
    assert made.read(RegistryValue(SETUP, "Mask")) == RegistryData(RegistryType.BINARY, b"\1\xff")
    assert made.read(STUCK) == made.read(File("C:\\imcdata\\queue.dat")) == ABSENT
    state = made.read(IMC)
    assert isinstance(state, ServiceState)
    assert (state.status, bool(state.display_name)) == (ServiceStatus.STOPPED, True)
    assert made.read(RegistryValue(RegistryKey.parse("HKLM\\SECURITY"), "x")) == ABSENT
    computer = made.read(COMPUTER)
    assert isinstance(computer, ComputerState)
    assert (computer.name, computer.os_version) == ("EX02", "4.0.1381")


def test_simulation_hosts_by_name() -> None:
    """Hosts are found without case, always the same one; an unknown name gets a proposal."""
    simulation = Simulation.parse(EX01)
    assert simulation.names == ("ex01", "ex02")
    assert simulation.host("EX01") is simulation.host("ex01")
    with pytest.raises(InputError, match="did you mean 'ex01'"):
        simulation.host("ex1")


_WRONG = load_file(Path(__file__).with_name("simulation_faults.yml"))
assert isinstance(_WRONG, Map)


@pytest.mark.parametrize("case", [entry.key.text for entry in _WRONG.entries])
def test_simulation_file_faults(case: str) -> None:
    """Whatever is unknown or impossible in the file is an error with its place."""
    found = _WRONG.get(case) if isinstance(_WRONG, Map) else None
    assert isinstance(found, Map)
    text, at, says = (str(getattr(found.get(name), "value", None)) for name in ("text", "at", "says"))
    with pytest.raises(InputError) as caught:
        Simulation.parse(text, source="sim.yml")
    assert str(caught.value.place) == f"sim.yml:{at}"
    assert says in caught.value.what


def test_simulation_documented_example() -> None:
    """The example in the documentation is a simulation, and has the hosts that the text speaks of."""
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    simulation = Simulation.parse(example)
    assert simulation.names == ("ex01", "ex02", "ex03")
    assert simulation.host("ex02").read(IMC) == simulation.host("ex01").read(IMC)
    with pytest.raises(UnreachableError):
        simulation.host("ex03").connect().read([COMPUTER])


def test_simulated_paths() -> None:
    """A path may begin with a registry value, whose variables are expanded, or with a service's program."""
    made = host()
    assert made.read(File(Located(ROOT, "\\OUT"))) == FileState(
        path="C:\\imcdata\\OUT", size=0, modified="2000-01-01T00:00:00Z", directory=True
    )
    program = made.read(FileVersion(Located(IMC)))
    assert isinstance(program, FileVersionState)
    assert (program.path, program.version) == ("C:\\exchsrvr\\connect\\msexcimc\\bin\\msexcimc.exe", "5.5.2653.23")
    above = made.read(File(Located(IMC, "\\..\\..\\..")))
    assert isinstance(above, FileState)
    assert (above.path, above.directory) == ("C:\\exchsrvr\\connect", True)
    assert isinstance(made.read(FileVersion("C:\\imcdata\\out")), Unreadable)
    assert made.read(FileVersion(Located(Service("NoSuch")))) == ABSENT


def test_simulated_rights() -> None:
    """A denied key, file or service is unreadable with all below it, or refuses to be written."""
    made = host()
    secret = RegistryKey.parse("HKLM\\security\\Policy")
    made.put_value(RegistryValue(secret, "x"), ONE)
    for resource in (secret, RegistryValue(secret, "x"), RegistryTree(secret, 1), File("C:\\Secret\\file")):
        reading = made.read(resource)
        assert isinstance(reading, Unreadable)
        assert reading.denied
    top = made.read(RegistryTree(RegistryKey.parse("HKLM\\SECURITY"), 3))
    assert isinstance(top, Unreadable)
    assert made.read(File("C:\\secretary")) == ABSENT
    (outcome,) = apply(made.connect(), Action(verb=Verb.RESTART, resource=STUCK))
    assert (outcome.status, outcome.message) == (OutcomeStatus.FAILED, "access to Stuck is denied")
    assert made.writes == ()


def test_simulated_service_takes_virtual_time() -> None:
    """A slow stop takes its seconds on the host's clock, with signs of life, and nobody waits."""
    made, events = host(), list[Progress]()
    item = stopping(60)
    (outcome,) = apply(made.connect(), item, events=events)
    assert outcome.status is OutcomeStatus.DONE
    assert made.clock.seconds == 40
    assert [event.elapsed for event in events] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert events[0] == Progress(item=item, text="stopping MSExchangeIMC: STOP_PENDING", elapsed=0, limit=60)
    assert made.writes == (item,)


def test_simulated_service_that_never_stops() -> None:
    """A service that hangs is a failure that tells its name, status, time and limit, and it keeps hanging."""
    made = host("ex01", EX01.replace("- {to: Stuck, access: write}", "- C:\\x"))
    restart = Action(verb=Verb.RESTART, resource=STUCK)
    (outcome,) = apply(made.connect(), restart)
    assert outcome.message == "Stuck is still STOP_PENDING after 600 s (limit 600 s)"
    assert made.clock.seconds == 600
    assert outcome.next_step
    (again,) = apply(made.connect(), restart)
    assert again.status is OutcomeStatus.FAILED


def test_simulated_paused_service_is_continued() -> None:
    """A paused service that shall run is continued, not started."""
    made, events = host(), list[Progress]()
    made.put_service(SimulatedService(name="Web", status=ServiceStatus.PAUSED, start=StartType.DISABLED))
    before = ServiceState(status=ServiceStatus.PAUSED, start=StartType.DISABLED)
    after = ServiceState(status=ServiceStatus.RUNNING, start=StartType.DISABLED)
    (outcome,) = apply(made.connect(), Change(resource=Service("Web"), before=before, after=after), events=events)
    assert outcome.status is OutcomeStatus.DONE
    assert [event.text for event in events] == ["continuing Web: CONTINUE_PENDING"]


def test_simulated_names_keep_their_first_spelling() -> None:
    """A value that is written under another case keeps its name, as in Windows."""
    made = host()
    written = RegistryValue(SETUP, "MASK")
    apply(made.connect(), Change(resource=written, before=RegistryData(RegistryType.BINARY, b"\1\xff"), after=ONE))
    tree = made.read(RegistryTree(SETUP, 0))
    assert isinstance(tree, TreeState)
    assert ("Mask", ONE) in tree.keys[0].values


def test_simulated_limits_count_per_service() -> None:
    """Each service that must be started first has the whole limit."""
    made = host()
    made.put_service(SimulatedService(name="MSExchangeIS", start_seconds=50, status=ServiceStatus.STOPPED))
    made.put_service(
        SimulatedService(name="Web", start_seconds=50, status=ServiceStatus.STOPPED, depends_on=("MSExchangeIS",))
    )
    stopped = ServiceState(status=ServiceStatus.STOPPED, start=StartType.AUTOMATIC)
    running = ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC)
    (outcome,) = apply(made.connect(), Change(resource=Service("Web"), before=stopped, after=running, timeout=60))
    assert outcome.status is OutcomeStatus.DONE
    assert made.clock.seconds == 100


def test_simulated_start_type_is_kept_in_the_registry() -> None:
    """Who reads a service's start type in the registry sees a change of it."""
    made = host()
    kept = RegistryValue(RegistryKey.parse("HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC"), "Start")
    assert made.read(kept) == RegistryData(RegistryType.DWORD, 2)
    running = ServiceState(status=ServiceStatus.RUNNING, start=StartType.AUTOMATIC)
    disabled = ServiceState(status=ServiceStatus.RUNNING, start=StartType.DISABLED)
    apply(made.connect(), Change(resource=IMC, before=running, after=disabled))
    assert made.read(kept) == RegistryData(RegistryType.DWORD, 4)


def test_simulated_impossible_data() -> None:
    """What no registry can hold is refused and not written."""
    made = host()
    for type_, data in (("dword", 1 << 32), ("dword", -1), ("string", "a\0b"), ("binary", "text"), ("qword", True)):
        wanted = RegistryData(RegistryType(type_), data)
        (outcome,) = apply(made.connect(), Change(resource=VALUE, before=ABSENT, after=wanted))
        assert (outcome.status, made.read(VALUE)) == (OutcomeStatus.FAILED, ABSENT)
    assert made.writes == ()


def test_simulated_writes_are_logged() -> None:
    """Only items that wrote something are in the log: no refusal, no change of nothing."""
    made = host()
    nothing = Change(resource=VALUE, before=ONE, after=ONE)
    drifted = Change(resource=VALUE, before=ABSENT, after=ONE)
    apply(made.connect(), SET, nothing, drifted)
    assert made.writes == (SET,)


def test_simulated_state_outlives_connections() -> None:
    """What one connection wrote, the next one reads."""
    made = host()
    first = made.connect()
    apply(first, SET)
    first.close()
    assert made.connect().read([VALUE]) == {VALUE: ONE}
    with pytest.raises(UnreachableError, match="was closed"):
        first.read([VALUE])


def faulty(fault: str) -> SimulatedHost:
    return host("h", f"h: {{faults: [{fault}]}}")


def test_simulated_unreachable() -> None:
    """A host that is unreachable is so for every connection, with the reason given."""
    made = host("h", "h: {unreachable: no route to host}")
    for _ in range(2):
        with pytest.raises(UnreachableError, match="no route to host") as caught:
            made.connect().read([COMPUTER])
        assert not caught.value.sent


@pytest.mark.parametrize(("kind", "says"), [("unreachable", "does not answer"), ("denied", "refuses the login")])
def test_simulated_fault_at_open(kind: str, says: str) -> None:
    """The session that the fault names cannot be had, the next one can."""
    made = faulty(f"{{at: open, kind: {kind}}}")
    with pytest.raises(UnreachableError, match=says):
        made.connect().read([COMPUTER])
    assert COMPUTER in made.connect().read([COMPUTER])


def test_simulated_fault_at_read() -> None:
    """The second read is refused as a whole; the session goes on."""
    made = faulty("{at: read, nth: 2, kind: denied}")
    connection = made.connect()
    connection.read([VALUE])
    with pytest.raises(FarSideError, match="access is denied"):
        connection.read([VALUE])
    assert connection.read([VALUE]) == {VALUE: ABSENT}


def test_simulated_lost_session_stays_lost() -> None:
    """After the session is lost, only a new connection helps."""
    connection = (made := faulty("{at: read, kind: lost}")).connect()
    for _ in range(2):
        with pytest.raises(UnreachableError, match="was lost"):
            connection.read([VALUE])
    assert made.connect().read([VALUE]) == {VALUE: ABSENT}


@pytest.mark.parametrize(
    ("fault", "sent", "written"),
    [
        ("{at: apply, kind: lost}", False, 0),
        ("{at: apply, kind: lost, sent: after}", True, 1),
        ("{at: apply, kind: lost, nth: 2}", True, 1),
        ("{at: apply, kind: lost, nth: 2, sent: after}", True, 2),
    ],
)
def test_simulated_fault_at_apply(fault: str, sent: bool, written: int) -> None:
    """The link is lost before or after an item arrives; the error tells whether something may have arrived."""
    made = faulty(fault)
    items = [SET, Change(resource=VALUE, before=ONE, after=ABSENT)]
    with pytest.raises(UnreachableError) as caught:
        apply(made.connect(), *items)
    assert caught.value.sent is sent
    assert made.writes == tuple(items[:written])


def test_simulated_denied_item() -> None:
    """An item that is denied fails, nothing is written and nothing follows."""
    made = faulty("{at: apply, kind: denied}")
    (outcome,) = apply(made.connect(), SET, SET)
    assert (outcome.status, made.writes) == (OutcomeStatus.FAILED, ())


def test_simulated_host_in_threads() -> None:
    """Of many threads that make the same change at once, exactly one is done."""
    made = host()
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.extend(apply(made.connect(), SET))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.status for outcome in outcomes) == [OutcomeStatus.DONE, *[OutcomeStatus.DRIFTED] * 7]
