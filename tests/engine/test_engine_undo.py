"""Taking a run back: only what it changed, only where the host is as it left it, and then exactly as before."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from ndrfix.connections.base import Outcome, Progress
from ndrfix.connections.simulated import Simulation
from ndrfix.engine.history import read_history, removals
from ndrfix.engine.pending import owed_handlers
from ndrfix.engine.preparation import prepare_undo
from ndrfix.engine.records import item_record, not_opened
from ndrfix.engine.result import RunResult, Status
from ndrfix.engine.selection import Selection
from ndrfix.errors import InputError, UnreachableError
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.inventory import load_inventory
from ndrfix.resources import (
    ABSENT,
    Change,
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
)
from ndrfix.secrets import Masker, Secret
from tests.engine.stage import HOSTS, Stage, Stand, last, of, statuses
from tests.engine.test_engine_apply import Meddler
from tests.engine.test_engine_laws import KEYS, SERVICES, hosts, playbooks

KEY = r"HKLM\SOFTWARE\Acme"
BOOK = rf"""
- name: play
  hosts: all
  tasks:
    - set_registry: {{path: '{KEY}', name: Mode, type: dword, data: 2}}
      notify: restart
    - set_registry: {{path: '{KEY}', name: New, type: string, data: x}}
    - set_registry: {{path: '{KEY}', name: Mode, type: dword, data: 3}}
  handlers:
    - name: restart
      restart_service: {{name: MSExchangeIMC}}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two hosts in good health."""
    return Stage(tmp_path)


def undo(
    stage: Stage, run: str, *, limit: str | None = None, unseal: Callable[[str], str | None] = not_opened
) -> Stand:
    """The way back from a run, ready to be planned."""
    stand = stage.run("- manual: {instruction: x}")
    histories = read_history(stage.folder / "runs" / run, unseal=unseal)
    inventory = load_inventory([stage.folder / "inventory.yml"])
    selection = Selection(limit=limit, extra={}, environment={})
    removed = removals(stage.folder / "runs")
    owed = owed_handlers(stage.folder / "runs", f"back {run}")
    prepared = prepare_undo(histories, f"back {run}", inventory, stage.steps, selection, owed, removed)
    return Stand(stage, stand.run, prepared.jobs)


def write(stage: Stage, name: str, value: int) -> None:
    """Somebody else sets a value."""
    resource = RegistryValue(RegistryKey.parse(KEY), name)
    connection = stage.host().connect()
    before = connection.read([resource])[resource]
    change = Change(resource=resource, before=before, after=RegistryData(RegistryType.DWORD, value))  # type: ignore[arg-type]
    assert [each.status.value for each in connection.apply([change], on_event=lambda _: None)] == ["done"]


def everything(stage: Stage) -> object:
    """All of the host that the random playbooks can touch."""
    trees = [RegistryTree(RegistryKey.parse(key), 3) for key in KEYS]
    services = [Service(name) for name in SERVICES]
    return stage.host().connect().read([*trees, *services])


def run_of(result: RunResult) -> str:
    return Path(result.folder).name


def test_undo_puts_back_newest_first_and_restarts(stage: Stage) -> None:
    """Each value goes back once, newest change first; a service that the run restarted is restarted once."""
    run = run_of(stage.run(BOOK).apply())
    shown = undo(stage, run).shown()
    names = [task.name for task in of(shown).tasks]
    assert names == [rf"Put back {KEY}\Mode", rf"Put back {KEY}\New", "Restart MSExchangeIMC"]
    assert set(statuses(shown)) == {Status.WOULD_CHANGE}
    assert set(statuses(undo(stage, run).apply())) == {Status.CHANGED}
    value = RegistryValue(RegistryKey.parse(KEY), "Mode")
    assert stage.host().connect().read([value])[value] == RegistryData(RegistryType.DWORD, 1)
    assert set(statuses(undo(stage, run).shown())) == {Status.OK}


def test_undo_leaves_alone_what_somebody_changed_since(stage: Stage) -> None:
    """A value that is neither as the run left it nor as before it fails its host, and is not touched."""
    run = run_of(stage.run(BOOK).apply())
    write(stage, "Mode", 7)
    before = len(stage.host().writes)
    result = undo(stage, run).apply()
    assert statuses(result)[0] is Status.FAILED
    assert "somebody changed it since" in of(result).tasks[0].message
    assert len(stage.host().writes) == before
    assert set(statuses(result, "ex02")) == {Status.CHANGED}


def test_undo_of_an_undo_brings_the_run_back(stage: Stage) -> None:
    """An undo is a run like any other: it has a journal and can be taken back."""
    first = run_of(stage.run(BOOK).apply())
    after_run = everything(stage)
    second = run_of(undo(stage, first).apply())
    undo(stage, second).apply()
    assert everything(stage) == after_run


def test_undo_of_a_change_whose_outcome_was_lost(stage: Stage) -> None:
    """A change that was sent and never answered is looked at: put back when it was carried out, else left."""

    class Lost(Meddler):
        def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
            list(self._below.apply(items, on_event=on_event))
            raise UnreachableError("lost", sent=True)

    stage.wrap = lambda _host, connection: Lost(connection, lambda: None)
    result = stage.run(BOOK).apply()
    assert statuses(result)[0] is Status.UNREACHABLE
    stage.wrap = lambda _host, connection: connection
    assert statuses(undo(stage, run_of(result)).apply()) == [Status.CHANGED]
    value = RegistryValue(RegistryKey.parse(KEY), "Mode")
    assert stage.host().connect().read([value])[value] == RegistryData(RegistryType.DWORD, 1)


def test_undo_goes_only_to_the_computer_of_the_run(stage: Stage) -> None:
    """Another computer under the same inventory name is refused."""
    run = run_of(stage.run(BOOK).apply())
    other = Stage(stage.folder / "..", hosts=stage.hosts.replace("MAIL1", "MAIL9"))
    stage.simulation = other.simulation
    result = undo(stage, run).shown()
    assert statuses(result)[0] is Status.FAILED
    assert "MAIL9 answers, MAIL1 is expected (the run was on it)" in of(result).tasks[0].message


def test_undo_says_what_no_log_kept_out_of_the_journal(stage: Stage) -> None:
    """Hidden changes cannot be taken back from the journal, and that is said."""
    book = rf"- set_registry: {{path: '{KEY}', name: S, data: secret}}" + "\n  no_log: true\n"
    run = run_of(stage.run(book).apply())
    shown = undo(stage, run).shown()
    assert "1 of the run's changes is not in its journal" in last(shown).message
    assert statuses(shown) == [Status.FAILED]


def test_undo_puts_back_what_no_log_sealed(stage: Stage) -> None:
    """With the key hidden changes are put back, and are still hidden; without it that is said, and nothing is done."""
    kept: list[str] = []

    def seal(text: str) -> str:
        kept.append(text)
        return f"#{len(kept) - 1}"

    def unseal(text: str) -> str | None:
        return kept[int(text.removeprefix("#"))]

    stage.seal = seal
    value = RegistryValue(RegistryKey.parse(KEY), "S")
    for name in ("ex01", "ex02"):
        stage.host(name).put_value(value, RegistryData(RegistryType.STRING, "opal"))
    book = rf"- set_registry: {{path: '{KEY}', name: S, data: onyx}}" + "\n  no_log: true\n"
    run = run_of(stage.run(book).apply())
    locked = undo(stage, run).shown()
    assert "1 of the run's changes is sealed in its journal" in last(locked).message
    assert statuses(locked) == [Status.FAILED]
    undone = undo(stage, run, unseal=unseal).apply()
    assert set(statuses(undone)) == {Status.CHANGED}
    assert last(undone).hidden
    assert stage.host().read(value) == RegistryData(RegistryType.STRING, "opal")
    again = undo(stage, run_of(undone), unseal=unseal).apply()
    assert set(statuses(again)) == {Status.CHANGED}
    assert stage.host().read(value) == RegistryData(RegistryType.STRING, "onyx")
    written = "".join(path.read_text() for path in (stage.folder / "runs").rglob("journal.jsonl"))
    assert "onyx" not in written
    assert "opal" not in written


def test_a_hidden_change_that_broke_off_is_put_back(tmp_path: Path) -> None:
    """Of a hidden change without an outcome the sealed values are known, too."""
    change = Change(
        resource=RegistryValue(RegistryKey.parse(KEY), "S"), before=ABSENT, after=RegistryData(RegistryType.STRING, "x")
    )
    kept: list[str] = []

    def seal(text: str) -> str:
        kept.append(text)
        return "sealed"

    item = item_record(change, hidden=True, seal=seal)
    entries = (
        {"event": "met", "host": "ex01", "computer": "MAIL1"},
        {"event": "intent", "host": "ex01", "items": [item]},
    )
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(each) + "\n" for each in entries))
    [history] = read_history(tmp_path, unseal=lambda _: kept[0])
    assert (history.unsure, history.veiled, history.hidden) == ([change], {change.resource}, 0)
    [closed] = read_history(tmp_path)
    assert (closed.unsure, closed.hidden, closed.locked) == ([], 1, True)


def test_a_password_that_looks_like_a_value_does_not_spoil_the_journal(stage: Stage) -> None:
    """Masking leaves alone what undo goes by: names and numbers stay; a text with a secret is put back by hand."""
    stage.mask = Masker([Secret("Acme"), Secret("1234"), Secret("MSExchangeIMC")])
    stage.host().put_value(RegistryValue(RegistryKey.parse(KEY), "Mode"), RegistryData(RegistryType.DWORD, 1234))
    run = run_of(stage.run(BOOK).apply())
    undone = undo(stage, run, limit="ex01").apply()
    assert set(statuses(undone)) == {Status.CHANGED}
    value = RegistryValue(RegistryKey.parse(KEY), "Mode")
    assert stage.host().read(value) == RegistryData(RegistryType.DWORD, 1234)
    secret = run_of(stage.run(rf"- set_registry: {{path: '{KEY}', name: Name, data: my Acme}}").apply())
    assert "my Acme" not in (stage.folder / "runs" / secret / "journal.jsonl").read_text()
    assert "1 of the run's changes is not in its journal" in last(undo(stage, secret).shown()).message


def test_undo_ends_with_the_service_running_that_the_run_stopped(tmp_path: Path) -> None:
    """When a run's restart failed and left the service down, the way back starts it."""
    stage = Stage(tmp_path, hosts=HOSTS.replace("stop_seconds: 2", "stop_seconds: 900"))
    run = run_of(stage.run(BOOK).apply())
    stage.host().clock.seconds += 1000
    undone = undo(stage, run, limit="ex01").apply()
    assert set(statuses(undone)) == {Status.CHANGED}
    state = stage.host().read(Service("MSExchangeIMC"))
    assert isinstance(state, ServiceState)
    assert state.status is ServiceStatus.RUNNING


def test_a_change_that_failed_half_way_is_put_back(tmp_path: Path) -> None:
    """A service whose start type was set before its start failed is a change of the run."""
    hosts = HOSTS.replace(
        "status: running\n      start: automatic", "status: stopped\n      start: disabled\n      mode: fails-to-start"
    )
    stage = Stage(tmp_path, hosts=hosts)
    result = stage.run("- set_service: {name: MSExchangeIMC, state: started, start_mode: auto}").apply()
    assert statuses(result) == [Status.FAILED]
    undo(stage, run_of(result)).apply()
    state = stage.host().read(Service("MSExchangeIMC"))
    assert isinstance(state, ServiceState)
    assert state.start is StartType.DISABLED


def test_undo_keeps_a_key_that_somebody_uses_by_now(stage: Stage) -> None:
    """A key that the run made is removed only while it holds nothing."""
    run = run_of(stage.run("- set_registry: {path: 'HKLM\\SOFTWARE\\Made'}").apply())
    added = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Made"), "Theirs")
    stage.host("ex01").put_value(added, RegistryData(RegistryType.DWORD, 1))
    result = undo(stage, run).apply()
    assert (statuses(result), statuses(result, "ex02")) == ([Status.FAILED], [Status.CHANGED])
    assert stage.host().read(added) == RegistryData(RegistryType.DWORD, 1)


def test_undo_of_hidden_changes_on_a_host_that_is_gone(tmp_path: Path) -> None:
    """Nothing to put back and no session is a result like any other."""
    stage = Stage(tmp_path)
    run = run_of(stage.run(rf"- set_registry: {{path: '{KEY}', name: S, data: x}}" + "\n  no_log: true\n").apply())
    stage.simulation = Simulation.parse(stage.hosts.replace("ex01:", "ex01:\n  unreachable: gone", 1))
    assert statuses(undo(stage, run, limit="ex01").shown()) == [Status.UNREACHABLE]


def test_undo_takes_a_limit_and_refuses_unknown_hosts(stage: Stage) -> None:
    """A limit narrows the undo; a host of the run that the inventory lacks is an error."""
    run = run_of(stage.run(BOOK).apply())
    shown = undo(stage, run, limit="ex02").shown()
    assert [host.host for host in shown.plays[0].hosts] == ["ex02"]
    (stage.folder / "inventory.yml").write_text("all:\n  vars: {ansible_connection: simulated}\n  hosts:\n    ex02:\n")
    inventory = load_inventory([stage.folder / "inventory.yml"])
    selection = Selection(extra={}, environment={})
    with pytest.raises(InputError, match="the run changed ex01"):
        prepare_undo(read_history(stage.folder / "runs" / run), "x", inventory, stage.steps, selection, {}, {})


def test_a_run_that_is_not_there_or_not_ours(tmp_path: Path) -> None:
    """A folder without a journal, and a journal that is not ours, are errors with a place."""
    with pytest.raises(InputError, match=r"journal\.jsonl is missing"):
        read_history(tmp_path)
    (tmp_path / "journal.jsonl").write_text(json.dumps({"event": "outcome", "host": "ex01"}) + "\n")
    with pytest.raises(InputError) as caught:
        read_history(tmp_path)
    assert caught.value.place is not None
    assert caught.value.place.line == 1


def test_items_after_a_failed_one_were_never_sent(tmp_path: Path) -> None:
    """Of an intent whose first item failed, the others are neither made nor unsure."""
    change = {"change": "state", "before": {"state": "absent"}, "after": {"type": "dword", "data": 1}}
    items = [change | {"resource": {"kind": "registry_value", "key": KEY, "name": name}} for name in "AB"]
    told = [
        {"event": "met", "host": "ex01", "computer": "MAIL1"},
        {"event": "intent", "host": "ex01", "task": "t", "items": items, "notify": []},
        {"event": "outcome", "host": "ex01", "task": "t", "resource": items[0]["resource"], "status": "failed"}
        | {"before": {"state": "absent"}, "after": {"state": "absent"}},
    ]
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in told))
    [history] = read_history(tmp_path)
    assert (history.changes, history.unsure) == ([], [])


def test_a_line_that_a_crash_cut_off_is_passed_over(stage: Stage) -> None:
    """A journal whose last line is incomplete can still be taken back."""
    run = run_of(stage.run(BOOK).apply())
    path = stage.folder / "runs" / run / "journal.jsonl"
    path.write_text(path.read_text() + '{"event": "outc')
    assert set(statuses(undo(stage, run).shown())) == {Status.WOULD_CHANGE}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(host=hosts(), book=playbooks())
def test_apply_then_undo_is_nothing(host: str, book: str) -> None:
    """After an apply and its undo, every value is as it was; of services, what can be put back."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), hosts=host)
        before = _comparable(everything(stage))
        result = stage.run(book).apply()
        if read_history(Path(result.folder))[0].changes:
            undone = undo(stage, run_of(result)).apply()
            assert {task.status for task in of(undone).tasks} <= {Status.CHANGED, Status.OK}
        assert _comparable(everything(stage)) == before


def _comparable(readings: object) -> object:
    """Readings without the order of values and keys and without empty keys; paused counts as running."""
    assert isinstance(readings, dict)
    found: dict[str, object] = {}
    for resource, state in readings.items():
        if isinstance(resource, Service):
            found[str(resource)] = (str(state.status).replace("paused", "running"), state.start)
        elif state is not ABSENT:
            found[str(resource)] = {key.path.upper(): sorted(map(str, key.values)) for key in state.keys if key.values}
    return {name: value for name, value in found.items() if value != {}}


def test_undo_restarts_a_service_that_the_run_stopped_and_started(stage: Stage) -> None:
    """A service that was started with the changed value, by a change and not by a restart, must read the old one."""
    book = """
- name: Set
  set_registry: {path: 'HKLM\\SOFTWARE\\Acme', name: Mode, type: dword, data: 2}
- name: Stop
  set_service: {name: MSExchangeIMC, state: stopped}
- name: Start
  set_service: {name: MSExchangeIMC, state: started}
"""
    stage.run(book).apply()
    tasks = of(undo(stage, "run-0").shown()).tasks
    assert [(task.name, task.status) for task in tasks] == [
        ("Put back HKLM\\SOFTWARE\\Acme\\Mode", Status.WOULD_CHANGE),
        ("Restart MSExchangeIMC", Status.WOULD_CHANGE),
    ]


def test_undo_of_a_clearing_puts_the_messages_back(tmp_path: Path) -> None:
    """Every message is in the queue again, and the service runs; the run's quarantine stays, empty."""
    mail = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata'}
  services: {MSExchangeIMC: {}}
  messages: {ndr: 25, user: 4}
"""
    stage = Stage(tmp_path, hosts=mail)
    before = stage.host().contents(QUEUE)
    stage.run("- clear_queue: {}").apply()
    assert len(stage.host().contents(QUEUE)) == 4
    result = undo(stage, "run-0").apply()
    assert statuses(result) == [Status.CHANGED]
    assert stage.host().contents(QUEUE) == before
    assert len(before) == 29
    ims = stage.host().read(IMS)
    assert isinstance(ims, ServiceState)
    assert ims.status is ServiceStatus.RUNNING
    assert statuses(undo(stage, "run-0").shown()) == [Status.OK]
