"""Plans and applies over simulated hosts: what is shown is what is done, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from ndrfix.connections.base import Connection, Outcome, Progress, Reading
from ndrfix.engine.history import read_history
from ndrfix.engine.locks import host_lock
from ndrfix.engine.result import Status
from ndrfix.errors import InputError, UnreachableError
from ndrfix.resources import (
    ABSENT,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
)
from tests.engine.stage import HOSTS, Stage, last, of, statuses

KEY = r"HKLM\SOFTWARE\Acme"
MODE = RegistryValue(RegistryKey.parse(KEY), "Mode")
NEW = RegistryValue(RegistryKey.parse(KEY), "New")
SET_NEW = rf"""
- name: set new
  set_registry: {{path: '{KEY}', name: New, type: dword, data: 5}}
"""
WITH_HANDLER = rf"""
- name: play
  hosts: all
  tasks:
    - name: set new
      set_registry: {{path: '{KEY}', name: New, type: dword, data: 5}}
      notify: restart
  handlers:
    - name: restart
      restart_service: {{name: MSExchangeIMC}}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two hosts in good health."""
    return Stage(tmp_path)


def dword(value: int) -> RegistryData:
    return RegistryData(RegistryType.DWORD, value)


def value(stage: Stage, resource: RegistryValue, host: str = "ex01") -> Reading:
    return stage.host(host).connect().read([resource])[resource]


def journal(stage: Stage, run: int = 0) -> list[dict[str, object]]:
    path = next(iter(sorted((stage.folder / "runs").glob(f"run-{run}/journal.jsonl"))))
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_plan_writes_nothing_and_says_what_would_change(stage: Stage) -> None:
    """A plan leaves host and disk untouched."""
    before = sorted(stage.folder.rglob("*"))
    result = stage.run(SET_NEW).shown()
    assert statuses(result) == [Status.WOULD_CHANGE]
    assert (stage.host().writes, value(stage, NEW)) == ((), ABSENT)
    assert [path for path in sorted(stage.folder.rglob("*")) if path.name != "book.yml"] == before


def test_apply_does_what_was_shown_and_a_second_one_nothing(stage: Stage) -> None:
    """Apply changes and reads back; applied again there is nothing to do."""
    assert statuses(stage.run(SET_NEW).apply()) == [Status.CHANGED]
    assert value(stage, NEW) == dword(5)
    assert statuses(stage.run(SET_NEW).shown()) == [Status.OK]
    writes = len(stage.host().writes)
    assert statuses(stage.run(SET_NEW).apply()) == [Status.OK]
    assert len(stage.host().writes) == writes


def test_a_later_task_sees_what_an_earlier_one_would_have_changed(stage: Stage) -> None:
    """In a dry run planned changes are visible to the tasks after them, values below new keys too."""
    book = rf"""
- set_registry: {{path: '{KEY}\Deep\Er', name: A, type: string, data: x}}
- check_registry: {{path: '{KEY}\Deep\Er', name: A, type: string, data: x}}
- set_registry: {{path: '{KEY}\Deep\Er', name: A, type: string, data: x}}
"""
    assert statuses(stage.run(book).shown()) == [Status.WOULD_CHANGE, Status.OK, Status.OK]
    assert statuses(stage.run(book).apply()) == [Status.CHANGED, Status.OK, Status.OK]


def test_a_host_that_moved_since_the_plan_is_left_alone(stage: Stage) -> None:
    """Drift is found before anything is sent; the rest of the host is not evaluated."""
    stand = stage.run(SET_NEW + SET_NEW.replace("New", "Other"))
    plan = stand.plan()
    connection = stage.host().connect()
    from ndrfix.resources import Change

    list(connection.apply([Change(resource=NEW, before=ABSENT, after=dword(7))], on_event=lambda _: None))
    result = stand.apply(plan)
    assert statuses(result) == [Status.DRIFTED, Status.NOT_EVALUATED]
    assert value(stage, NEW) == dword(7)
    assert statuses(result, "ex02") == [Status.CHANGED, Status.CHANGED]


class Meddler:
    """A connection under which somebody changes the value between our last look and our write."""

    def __init__(self, below: Connection, meddle: Callable[[], None]) -> None:
        self._below, self._meddle = below, meddle

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        return self._below.read(resources)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        self._meddle()
        return self._below.apply(items, on_event=on_event)

    def close(self) -> None:
        self._below.close()


def test_a_value_that_moves_at_the_last_moment_is_not_overwritten(stage: Stage) -> None:
    """The far side compares before it writes; the refusal ends the host as drifted."""
    from ndrfix.resources import Change

    def meddle() -> None:
        change = Change(resource=NEW, before=ABSENT, after=dword(9))
        list(stage.host().connect().apply([change], on_event=lambda _: None))

    stage.wrap = lambda host, connection: Meddler(connection, meddle) if host == "ex01" else connection
    result = stage.run(SET_NEW).apply()
    assert statuses(result) == [Status.DRIFTED]
    assert value(stage, NEW) == dword(9)


class Forgetful(Meddler):
    """A host that says it wrote, and did not."""

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        for outcome in self._below.apply(items, on_event=on_event):
            yield Outcome(item=outcome.item, status=outcome.status, before=outcome.before, after=ABSENT)


def test_success_is_what_is_read_back(stage: Stage) -> None:
    """A write that is reported done but reads back otherwise has not converged."""
    stage.wrap = lambda _host, connection: Forgetful(connection, lambda: None)
    result = stage.run(SET_NEW).apply()
    assert statuses(result) == [Status.FAILED]
    assert last(result).message.startswith("not converged")


class Dying(Meddler):
    """A session that is lost when items are sent."""

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        raise UnreachableError("the session was lost", sent=True)


def test_a_lost_session_says_what_is_not_known(stage: Stage) -> None:
    """When the link dies under a write, the result names what may or may not have been carried out."""
    stage.wrap = lambda host, connection: Dying(connection, lambda: None) if host == "ex01" else connection
    result = stage.run(SET_NEW + SET_NEW.replace("New", "Other")).apply()
    assert statuses(result) == [Status.UNREACHABLE, Status.NOT_EVALUATED]
    assert rf"not known whether it was carried out: {KEY}\New" in of(result).tasks[0].message
    assert statuses(result, "ex02") == [Status.CHANGED, Status.CHANGED]


def test_journal_holds_intent_before_the_act_and_outcome_after(stage: Stage) -> None:
    """The intent is on disk when the item is sent."""
    seen: list[list[object]] = []

    def look() -> None:
        seen.append([entry["event"] for entry in journal(stage)])

    stage.wrap = lambda host, connection: Meddler(connection, look) if host == "ex01" else connection
    stage.run(SET_NEW).apply()
    assert "intent" in seen[0]
    assert [entry["event"] for entry in journal(stage) if entry.get("host") == "ex01"] == ["met", "intent", "outcome"]


def test_handler_runs_once_after_the_change(stage: Stage) -> None:
    """A notified handler is planned and run; without a change it does not appear."""
    assert statuses(stage.run(WITH_HANDLER).shown()) == [Status.WOULD_CHANGE, Status.WOULD_CHANGE]
    assert statuses(stage.run(WITH_HANDLER).apply()) == [Status.CHANGED, Status.CHANGED]
    assert statuses(stage.run(WITH_HANDLER).shown()) == [Status.OK]


def test_handler_is_satisfied_by_a_later_start(stage: Stage) -> None:
    """A service that is started after the change need not be restarted, and the handler says so."""
    book = WITH_HANDLER.replace(
        "  handlers:",
        "    - name: stop\n      set_service: {name: MSExchangeIMC, state: stopped}\n"
        "    - name: start\n      set_service: {name: MSExchangeIMC, state: started}\n  handlers:",
    )
    shown = stage.run(book).shown()
    assert statuses(shown)[-1] is Status.OK
    assert "'start'" in last(shown).message
    result = stage.run(book).apply()
    assert statuses(result) == [Status.CHANGED, Status.CHANGED, Status.CHANGED, Status.OK]
    assert [entry["handler"] for entry in journal(stage, 1) if entry["event"] == "handled"] == ["restart", "restart"]


def test_a_handler_that_did_not_come_to_run_is_owed(stage: Stage) -> None:
    """A run that dies between change and handler leaves it owed: the next plan shows it, the next apply runs it,
    once.
    """
    calls: list[int] = []

    class Fading(Meddler):
        def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
            calls.append(1)
            if len(calls) > 1:
                raise UnreachableError("gone")
            return self._below.apply(items, on_event=on_event)

    stage.wrap = lambda host, connection: Fading(connection, lambda: None) if host == "ex01" else connection
    assert statuses(stage.run(WITH_HANDLER).apply()) == [Status.CHANGED, Status.UNREACHABLE]
    stage.wrap = lambda _host, connection: connection
    shown = stage.run(WITH_HANDLER).shown()
    assert statuses(shown) == [Status.OK, Status.WOULD_CHANGE]
    assert "run-0" in last(shown).message
    assert statuses(shown, "ex02") == [Status.OK]
    assert statuses(stage.run(WITH_HANDLER).apply()) == [Status.OK, Status.CHANGED]
    assert statuses(stage.run(WITH_HANDLER).shown()) == [Status.OK]


def test_a_handler_that_another_run_made_up_for_is_not_owed(stage: Stage) -> None:
    """What it is for has been done since the change, by whatever run; a start before the change does not count."""

    class Fading(Meddler):
        calls = 0

        def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
            Fading.calls += 1
            if Fading.calls % 2 == 0:
                raise UnreachableError("gone")
            return self._below.apply(items, on_event=on_event)

    def breaks_off(book: str) -> None:
        stage.wrap = lambda host, connection: Fading(connection, lambda: None) if host == "ex01" else connection
        assert statuses(stage.run(book).apply()) == [Status.CHANGED, Status.UNREACHABLE]
        stage.wrap = lambda _host, connection: connection

    def restarted() -> str:
        path = Path(stage.run("- restart_service: {name: MSExchangeIMC}").apply().folder) / "journal.jsonl"
        path.write_text(path.read_text().replace('"playbook": "book"', '"playbook": "resume"', 1))
        return path.parent.name

    restarted()
    breaks_off(WITH_HANDLER)
    assert statuses(stage.run(WITH_HANDLER).shown()) == [Status.OK, Status.WOULD_CHANGE]
    run = restarted()
    shown = stage.run(WITH_HANDLER).shown()
    assert statuses(shown) == [Status.OK, Status.OK]
    assert last(shown).message == f"not needed: the service was started by run {run}, after the change"
    again = WITH_HANDLER.replace("data: 5", "data: 6")
    breaks_off(again)
    assert statuses(stage.run(again).shown()) == [Status.OK, Status.WOULD_CHANGE]
    run = restarted()
    assert statuses(stage.run(again).apply()) == [Status.OK, Status.OK]
    assert statuses(stage.run(again).shown()) == [Status.OK]


def test_a_refused_change_leaves_no_handler_owed(stage: Stage) -> None:
    """When the host refused the change, nothing happened that a handler would be for."""
    from ndrfix.resources import Change

    def meddle() -> None:
        change = Change(resource=NEW, before=ABSENT, after=dword(9))
        list(stage.host().connect().apply([change], on_event=lambda _: None))

    stage.wrap = lambda host, connection: Meddler(connection, meddle) if host == "ex01" else connection
    stage.run(WITH_HANDLER).apply()
    stage.wrap = lambda _host, connection: connection
    book = WITH_HANDLER.replace("data: 5", "data: 9")
    assert statuses(stage.run(book).shown()) == [Status.OK]


def test_wrong_server_is_refused_before_anything_else(tmp_path: Path) -> None:
    """Another computer name than the inventory's ends the host: nothing further is read or written."""
    stage = Stage(tmp_path, variables="    ndrfix_computer_name: MAIL2\n")
    result = stage.run(SET_NEW).apply()
    assert statuses(result) == [Status.FAILED]
    assert last(result).message == "the wrong server: MAIL1 answers, MAIL2 is expected (ndrfix_computer_name)"
    assert stage.host().writes == ()
    assert statuses(result, "ex02") == [Status.CHANGED]


def test_another_computer_between_plan_and_apply_is_refused(stage: Stage) -> None:
    """An apply goes only to the computer that the plan was made for."""
    stand = stage.run(SET_NEW)
    plan = stand.plan()
    hosts = Stage(stage.folder / "..", hosts=HOSTS.replace("name: MAIL1", "name: MAIL9"))
    stage.simulation = hosts.simulation
    result = stand.apply(plan)
    assert statuses(result) == [Status.DRIFTED]
    assert "MAIL9 answers, MAIL1 is expected" in last(result).message
    assert stage.host().writes == ()


def test_a_failed_check_stops_its_host_only(stage: Stage) -> None:
    """What stands after a failed check is not evaluated, unless errors are ignored."""
    book = (
        rf"""
- name: look
  check_registry: {{path: '{KEY}', name: Mode, type: dword, data: 2}}
"""
        + SET_NEW
    )
    assert statuses(stage.run(book).shown()) == [Status.FAILED, Status.NOT_EVALUATED]
    going = book.replace("\n- name: set", "\n  ignore_errors: true\n- name: set", 1)
    shown = stage.run(going).shown()
    assert statuses(shown) == [Status.FAILED, Status.WOULD_CHANGE]
    assert of(shown).tasks[0].ignored


def test_conditions_registers_and_loops(stage: Stage) -> None:
    """`when` sees registered results; a loop plans each item; a false condition says which."""
    book = rf"""
- name: look
  check_registry: {{path: '{KEY}', name: Mode, type: dword, data: 1}}
  register: mode
- name: each
  set_registry: {{path: '{KEY}', name: '{{{{ item }}}}', type: dword, data: 3}}
  loop: [A, B]
  when: not mode.failed
  register: both
- name: never
  set_registry: {{path: '{KEY}', name: C, type: dword, data: 3}}
  when: not both.changed
"""
    shown = stage.run(book).shown()
    assert statuses(shown) == [Status.OK, Status.WOULD_CHANGE, Status.WOULD_CHANGE, Status.SKIPPED]
    assert [task.label for task in of(shown).tasks] == ["", "A", "B", ""]
    assert last(shown).message == "when: not both.changed is false"


def test_what_only_a_real_run_knows_is_not_evaluated(stage: Stage) -> None:
    """A task that reads `.outcome` is not evaluated in a plan, and so not in the apply of that plan either."""
    book = (
        SET_NEW
        + "  register: first\n"
        + rf"""
- name: after
  set_registry: {{path: '{KEY}', name: Later, type: string, data: "{{{{ first.outcome.text }}}}"}}
"""
    )
    assert statuses(stage.run(book).shown()) == [Status.WOULD_CHANGE, Status.NOT_EVALUATED]
    assert statuses(stage.run(book).apply()) == [Status.CHANGED, Status.NOT_EVALUATED]


def test_wrong_input_is_found_before_any_host_is_reached(stage: Stage) -> None:
    """An undefined variable or a wrong argument is an error of the input; no connection is made."""
    reached: list[str] = []
    stage.wrap = lambda host, connection: reached.append(host) or connection  # type: ignore[func-returns-value]
    for text, what in (
        ("data: '{{ modee }}'", "modee"),
        ("data: abc", "argument 'data'"),
        ("data: -1", "argument 'data'"),
        ("data: 4294967296", "argument 'data'"),
    ):
        with pytest.raises(InputError) as caught:
            stage.run(SET_NEW.replace("data: 5", text)).plan()
        assert what in caught.value.what
        assert caught.value.place is not None
        assert caught.value.place.line == 5
        assert caught.value.others == ()
    assert reached == []


def test_serial_and_max_fail_percentage(tmp_path: Path) -> None:
    """A batch with more failures than allowed ends the play for the hosts after it, and says so."""
    stage = Stage(tmp_path, variables="    want: \"{{ {'ex01': 9, 'ex02': 1}[inventory_hostname] }}\"\n")
    book = rf"""
- name: play
  hosts: all
  serial: 1
  max_fail_percentage: 0
  tasks:
    - check_registry: {{path: '{KEY}', name: Mode, type: dword, data: '{{{{ want }}}}'}}
"""
    result = stage.run(book).apply()
    assert statuses(result) == [Status.FAILED]
    assert statuses(result, "ex02") == [Status.NOT_EVALUATED]
    assert last(result, "ex02").message == "the batch before it failed"


def test_a_host_that_failed_a_play_is_passed_over_in_the_next(stage: Stage) -> None:
    """Later plays do not come to a host that failed an earlier one."""
    book = rf"""
- name: play
  hosts: ex01
  tasks:
    - check_registry: {{path: '{KEY}', name: Mode, type: dword, data: 9}}
- name: second
  hosts: all
  tasks:
    - set_registry: {{path: '{KEY}', name: New, type: dword, data: 5}}
"""
    result = stage.run(book).apply()
    assert statuses(result, "ex01", 1) == [Status.NOT_EVALUATED]
    assert statuses(result, "ex02", 1) == [Status.CHANGED]
    assert stage.host().writes == ()


def test_a_bug_at_one_host_does_not_take_the_others_along(stage: Stage) -> None:
    """An exception that must not happen ends its host as failed, says that it is a bug, and leaves a journal."""

    class Broken(Meddler):
        def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
            raise ZeroDivisionError("oops")

    stage.wrap = lambda host, connection: Broken(connection, lambda: None) if host == "ex01" else connection
    stand = stage.run(SET_NEW)
    result = stand.apply()
    assert statuses(result) == [Status.FAILED]
    assert last(result).message == "a bug in ndrfix: ZeroDivisionError: oops"
    assert statuses(result, "ex02") == [Status.CHANGED]
    assert "ZeroDivisionError" in stand.run.fleet.bugs[0]


def test_ctrl_c_ends_hosts_after_the_task_they_are_at(stage: Stage) -> None:
    """After an interrupt nothing further is begun; what was done is in the result."""
    stand = stage.run(SET_NEW + SET_NEW.replace("New", "Other"))
    plan = stand.plan()
    stage.wrap = lambda _host, connection: Meddler(connection, stand.run.fleet.interrupt.event.set)
    stand.run.fleet.forks = 1
    result = stand.apply(plan)
    assert statuses(result) == [Status.CHANGED, Status.NOT_EVALUATED]
    assert statuses(result, "ex02") == [Status.NOT_EVALUATED, Status.NOT_EVALUATED]
    assert result.interrupted


def test_hidden_tasks_keep_their_values_out_of_the_journal(stage: Stage) -> None:
    """`no_log` hides values in the journal, not the task."""
    stage.run(SET_NEW.replace("type: dword, data: 5", "type: string, data: hunter22") + "  no_log: true\n").apply()
    text = (stage.folder / "runs/run-0/journal.jsonl").read_text()
    assert "hunter22" not in text
    assert "set new" in text


def test_backups_are_kept_per_host_in_apply_only(stage: Stage) -> None:
    """A backup is a file of the run folder; it counts as ok, and a plan writes none."""
    book = rf"- backup_registry: {{path: '{KEY}'}}"
    assert statuses(stage.run(book).shown()) == [Status.OK]
    assert not (stage.folder / "runs").exists()
    assert statuses(stage.run(book).apply()) == [Status.OK]
    names = sorted(path.relative_to(stage.folder / "runs").as_posix() for path in stage.folder.rglob("*.reg"))
    assert names == [f"run-1/backup/{host}/HKLM-SOFTWARE-Acme.reg" for host in ("ex01", "ex02")]


@pytest.mark.parametrize(
    ("client", "told"),
    [
        ("", []),
        ("Contoso", ["; client: Contoso"]),
        ("Müller 日\r\n[HKEY_LOCAL_MACHINE]", ["; client: Müller 日??[HKEY_LOCAL_MACHINE]"]),
    ],
)
@pytest.mark.parametrize(("form", "encoding"), [("5.00", "utf-16"), ("REGEDIT4", "cp1252")])
def test_a_backup_says_whose_it_is(stage: Stage, client: str, told: list[str], form: str, encoding: str) -> None:
    """Client, host and run stand in comments, so that a file that was moved elsewhere is told from another's."""
    stand = stage.run(rf"- backup_registry: {{path: '{KEY}', format: '{form}'}}")
    stand.run.context = replace(stand.run.context, client=client)
    stand.apply()
    path = stage.folder / "runs/run-0/backup/ex02/HKLM-SOFTWARE-Acme.reg"
    header, blank, *lines = path.read_bytes().decode(encoding).split("\r\n")
    comments = [*told, "; host: ex02", "; saved by ndrfix, run run-0"]
    if form == "REGEDIT4":
        comments = [line.replace("日", "?") for line in comments]
    assert (form in header, blank, lines[: len(comments) + 1]) == (True, "", [*comments, ""])
    assert lines[len(comments) + 1] == r"[HKEY_LOCAL_MACHINE\SOFTWARE\Acme]"


def test_one_round_trip_reads_what_a_play_needs(stage: Stage) -> None:
    """Everything that can be known to be needed is read at once; a plan takes one read."""
    reads: list[int] = []

    class Counting(Meddler):
        def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
            reads.append(len(resources))
            return self._below.read(resources)

    stage.wrap = lambda host, connection: Counting(connection, lambda: None) if host == "ex01" else connection
    book = (
        rf"- backup_registry: {{path: '{KEY}'}}"
        "\n- check_hotfix: {id: 837794, accept: [absent, present, probably_present, indeterminate]}\n"
    )
    stage.run(book + rf"- check_registry: {{path: '{KEY}', name: Mode, type: dword, data: 1}}").plan()
    assert len(reads) == 1


def test_a_plan_that_fails_a_check_may_hold_no_items(tmp_path: Path) -> None:
    """A step that plans items although a check failed is a bug of the step; nothing is carried out."""
    from ndrfix.resources import Change
    from ndrfix.steps.base import Args, Check, Phase, Step, StepPlan

    plan = StepPlan(checks=(Check(ok=False, text="no"),), items=(Change(resource=NEW, before=ABSENT, after=dword(1)),))
    wrong = Step(name="wrong", args=Args, phases=(Phase(probe=lambda _: (NEW,), plan=lambda *_: plan),), page="Wrong.")
    stage = Stage(tmp_path, steps={"wrong": wrong})
    result = stage.run("- wrong: {}").shown()
    assert "step wrong plans items although a check failed" in last(result).message
    assert stage.host().writes == ()


def test_a_failed_change_that_is_ignored_notifies_nobody(tmp_path: Path) -> None:
    """A handler of the plan whose task failed in the apply is skipped; the host goes on where errors are ignored."""
    stage = Stage(
        tmp_path,
        hosts=HOSTS.replace("  services:", "  deny: [{to: 'HKLM\\SOFTWARE\\Acme', access: write}]\n  services:", 1),
    )
    book = WITH_HANDLER.replace("      notify: restart", "      ignore_errors: true\n      notify: restart")
    result = stage.run(book).apply()
    assert statuses(result) == [Status.FAILED, Status.SKIPPED]
    assert last(result).message == "nothing notified it"
    assert of(result).tasks[0].ignored


def test_readings_are_forgotten_after_a_failure(tmp_path: Path) -> None:
    """After an item that was not carried out nothing is taken from memory."""
    from ndrfix.engine.readings import Readings
    from ndrfix.resources import Change

    stage = Stage(tmp_path)
    readings = Readings(stage.host().connect())
    assert readings.read([MODE, NEW]) == {MODE: dword(1), NEW: ABSENT}
    stage.host().put_value(MODE, dword(8))
    assert readings.read([MODE])[MODE] == dword(1)
    refused = Change(resource=NEW, before=dword(3), after=dword(4))
    assert [each.status.value for each in readings.apply([refused], lambda _: None)] == ["drifted"]
    assert readings.read([MODE])[MODE] == dword(8)


def test_more_failures_than_allowed_end_the_play(tmp_path: Path) -> None:
    """`max_fail_percentage` is a share of the batch and must be exceeded."""
    variables = "    want: \"{{ 9 if inventory_hostname == 'ex01' else 1 }}\"\n"
    stage = Stage(tmp_path, hosts=HOSTS + "ex03: {base: ex01, computer: {name: MAIL3}}\n", variables=variables)
    book = rf"""
- name: play
  hosts: all
  serial: 2
  max_fail_percentage: 49
  tasks:
    - check_registry: {{path: '{KEY}', name: Mode, type: dword, data: '{{{{ want }}}}'}}
"""
    result = stage.run(book).apply()
    assert statuses(result, "ex02") == [Status.OK]
    assert statuses(result, "ex03") == [Status.NOT_EVALUATED]
    assert (
        last(result, "ex03").message == "1 of 2 hosts of the batch before it failed, more than max_fail_percentage 49"
    )
    assert statuses(stage.run(book.replace("49", "50")).apply(), "ex03") == [Status.OK]


def test_a_task_that_writes_a_secret_is_hidden(tmp_path: Path) -> None:
    """A secret among the arguments hides the task's values as no_log does."""
    stage = Stage(tmp_path, variables="    site_password: swordfish\n")
    stage.run(rf"- set_registry: {{path: '{KEY}', name: New, data: '{{{{ site_password }}}}'}}").apply()
    assert value(stage, NEW) == RegistryData(RegistryType.STRING, "swordfish")
    assert "swordfish" not in (stage.folder / "runs/run-0/journal.jsonl").read_text()


def test_journal_is_on_disk_before_anything_is_sent(stage: Stage, mocker: MockerFixture) -> None:
    """The entry of an intent is flushed through to the disk, not only handed to the system."""
    synced = mocker.patch("ndrfix.engine.recorder.os.fsync")
    seen: list[int] = []
    stage.wrap = lambda _host, connection: Meddler(connection, lambda: seen.append(synced.call_count))
    stand = stage.run(SET_NEW)
    stand.run.fleet.forks = 1
    stand.apply()
    assert seen == [3, 6]  # the run, the host met, the intent; then outcome, met, intent


def test_odd_texts_of_a_host_do_not_break_the_journal(stage: Stage) -> None:
    """A text that no encoding takes (half a surrogate pair) is journalled like any other, and can be taken back."""
    odd = RegistryData(RegistryType.STRING, "a\ud800b\x00ü")
    stage.host().put_value(NEW, odd)
    assert statuses(stage.run(SET_NEW).apply()) == [Status.CHANGED]
    [history] = [each for each in read_history(stage.folder / "runs/run-0") if each.host == "ex01"]
    assert [change.before for change in history.changes] == [odd]


def test_a_host_that_was_not_reached_is_not_touched(tmp_path: Path) -> None:
    """An apply does not try hosts that the plan could not show."""
    stage = Stage(tmp_path, hosts=HOSTS + "ex03: {base: ex01, computer: {name: MAIL3}, unreachable: switched off}\n")
    stand = stage.run(SET_NEW)
    plan = stand.plan()
    tried: list[str] = []
    stage.wrap = lambda host, connection: tried.append(host) or connection  # type: ignore[func-returns-value]
    result = stand.apply(plan)
    assert sorted(tried) == ["ex01", "ex02"]
    assert statuses(result, "ex03") == [Status.UNREACHABLE]


def test_a_later_play_sees_what_an_earlier_one_would_have_changed(stage: Stage) -> None:
    """The plays of a playbook are planned over one memory, as they are carried out on one host."""
    book = """
- name: play
  hosts: all
  tasks:
    - set_service: {name: MSExchangeIMC, state: stopped}
- name: second
  hosts: all
  tasks:
    - set_service: {name: MSExchangeIMC, state: started}
"""
    shown = stage.run(book).shown()
    assert (statuses(shown), statuses(shown, play=1)) == ([Status.WOULD_CHANGE], [Status.WOULD_CHANGE])
    result = stage.run(book).apply()
    assert (statuses(result), statuses(result, play=1)) == ([Status.CHANGED], [Status.CHANGED])


STUCK = HOSTS.replace("stop_seconds: 2", "stop_seconds: 900")


def test_a_restart_that_broke_off_is_made_up_for(tmp_path: Path) -> None:
    """A service that a failed restart left stopped is started by the next run, and nothing says ok before that."""
    stage = Stage(tmp_path, hosts=STUCK)
    result = stage.run(WITH_HANDLER).apply()
    assert statuses(result) == [Status.CHANGED, Status.FAILED]
    service = Service("MSExchangeIMC")
    stage.host().clock.seconds += 1000
    state = stage.host().read(service)
    assert isinstance(state, ServiceState)
    assert state.status is ServiceStatus.STOPPED
    shown = stage.run(WITH_HANDLER).shown()
    assert statuses(shown) == [Status.OK, Status.WOULD_CHANGE]
    assert statuses(stage.run(WITH_HANDLER).apply()) == [Status.OK, Status.CHANGED]
    state = stage.host().read(service)
    assert isinstance(state, ServiceState)
    assert state.status is ServiceStatus.RUNNING
    assert statuses(stage.run(WITH_HANDLER).shown()) == [Status.OK]


def test_a_bug_under_way_does_not_hide_what_was_done(stage: Stage) -> None:
    """What was carried out before a bug stays in the result, and the bug stands at its task."""
    calls: list[int] = []

    class Breaking(Meddler):
        def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
            calls.append(1)
            yield from self._below.apply(items, on_event=on_event)
            if len(calls) == 2:
                raise ZeroDivisionError("oops")

    stage.wrap = lambda host, connection: Breaking(connection, lambda: None) if host == "ex01" else connection
    book = SET_NEW + SET_NEW.replace("New", "Other") + SET_NEW.replace("New", "Third")
    result = stage.run(book).apply()
    assert statuses(result) == [Status.CHANGED, Status.FAILED, Status.NOT_EVALUATED]
    assert [outcome.status.value for outcome in of(result).tasks[1].phases[0].outcomes] == ["done"]
    assert "a bug in ndrfix" in of(result).tasks[1].message


def test_a_full_disk_stops_the_host_before_the_act(stage: Stage, mocker: MockerFixture) -> None:
    """When the journal cannot be written nothing is sent, and the message names the file, not a bug."""
    stand = stage.run(SET_NEW)
    plan = stand.plan()
    real = json.dumps

    def full(entry: dict[str, object]) -> str:
        if entry["event"] == "intent":
            mocker.patch("ndrfix.engine.recorder.os.fsync", side_effect=OSError(28, "No space left on device"))
        return real(entry)

    mocker.patch("ndrfix.engine.recorder.json.dumps", side_effect=full)
    result = stand.apply(plan)
    assert statuses(result) == [Status.FAILED]
    assert "journal.jsonl: No space left on device" in last(result).message
    assert stage.host().writes == ()


def test_a_second_backup_of_a_run_does_not_replace_the_first(stage: Stage) -> None:
    """Two backups of one key in one run are two files; the plan shows both names."""
    book = rf"- backup_registry: {{path: '{KEY}'}}" + SET_NEW + rf"- backup_registry: {{path: '{KEY}'}}"
    stage.run(book).apply()
    names = sorted(path.name for path in (stage.folder / "runs/run-0/backup/ex01").iterdir())
    assert names == ["HKLM-SOFTWARE-Acme-2.reg", "HKLM-SOFTWARE-Acme.reg"]


def test_drift_says_from_what_to_what(stage: Stage) -> None:
    """A drifted host shows which value moved, and no files that were not written."""
    stand = stage.run(rf"- set_registry: {{path: '{KEY}', name: Mode, type: dword, data: 2}}")
    plan = stand.plan()
    stage.host().put_value(MODE, dword(7))
    result = stand.apply(plan)
    assert statuses(result) == [Status.DRIFTED]
    assert rf"{KEY}\Mode was dword 0x00000001 (1), is dword 0x00000007 (7)" in last(result).message
    assert of(result).tasks[0].phases[0].plan.items == ()


def test_a_damaged_journal_names_its_place(stage: Stage) -> None:
    """A line that is no entry, before the last, is an error of that file: what is owed cannot be told."""
    stage.run(SET_NEW).apply()
    path = stage.folder / "runs/run-0/journal.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], '{"event": ', *lines[2:]]) + "\n")
    with pytest.raises(InputError) as caught:
        stage.run(SET_NEW)
    assert caught.value.place is not None
    assert caught.value.place.line == 3


def test_two_runs_never_work_on_one_host(stage: Stage) -> None:
    """While another apply from the same folder of runs holds a host, that host is left alone; the others are done."""
    stand = stage.run(SET_NEW)
    plan = stand.plan()
    with host_lock(stage.folder / "runs", "ex01"):
        result = stand.apply(plan)
    assert statuses(result) == [Status.FAILED]
    assert "another ndrfix run" in last(result).message
    assert stage.host().writes == ()
    assert statuses(result, "ex02") == [Status.CHANGED]
    assert statuses(stage.run(SET_NEW).apply()) == [Status.CHANGED]
