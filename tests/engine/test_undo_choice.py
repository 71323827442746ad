"""Taking back a part of a run: only what the chosen tasks did, and with the restarts that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.engine.choice import Choice
from ndrfix.engine.preparation import prepare_undo
from ndrfix.engine.result import Mode, RunResult, Status
from ndrfix.engine.selection import Selection
from ndrfix.errors import InputError
from ndrfix.exchange.layout import QUEUE, SUPPRESSION
from ndrfix.inventory import load_inventory
from ndrfix.report import render
from ndrfix.resources import ABSENT, MessageKind
from tests.engine.stage import Stage, Stand, of, statuses

HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata'}
  services: {MSExchangeIMC: {}}
  messages: {ndr: 25, user: 4}
"""
BOOK = r"""
- name: Suppress reports
  set_registry:
    path: HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters
    name: SuppressNDROptions
    type: dword
    data: 0x100
- name: Clear the queue
  clear_queue: {}
"""
RESTART = "Restart MSExchangeIMC"
BACK = "Put the messages of run-0 back into the queue"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A host on which reports were suppressed and the queue cleared."""
    made = Stage(tmp_path, hosts=HOSTS)
    made.run(BOOK).apply()
    return made


def _undo(stage: Stage, choice: Choice) -> Stand:
    folder = stage.folder / "runs" / "run-0"
    inventory = load_inventory([stage.folder / "inventory.yml"])
    selection = Selection(extra={}, environment={})
    histories, left_out = choice.histories(folder), choice.left_out(folder)
    prepared = prepare_undo(histories, "back", inventory, stage.steps, selection, {}, {}, left_out)
    return Stand(stage, stage.run("- manual: {instruction: x}").run, prepared.jobs)


def _names(result: RunResult) -> list[str]:
    return [task.name for task in of(result).tasks]


@pytest.mark.parametrize(
    "choice", [Choice(only=("suppress REPORTS",)), Choice(only=("Suppress*",)), Choice(skip=("Clear the queue",))]
)
def test_the_value_goes_back_without_the_messages(stage: Stage, choice: Choice) -> None:
    """And the service, which a task that is left out restarted, is restarted, so that it reads the old value."""
    stand = _undo(stage, choice)
    plan = stand.plan()
    result = stand.apply(plan)
    assert _names(result) == [f"Put back {SUPPRESSION}", RESTART]
    assert set(statuses(result)) == {Status.CHANGED}
    assert stage.host().read(SUPPRESSION) == ABSENT
    assert len(stage.host().contents(QUEUE)) == 4
    assert result.plays[0].left_out == ("Clear the queue",)


def test_the_messages_go_back_without_the_value(stage: Stage) -> None:
    """Nothing else is touched, and no restart is needed for that."""
    result = _undo(stage, Choice(only=("Clear the queue",))).apply()
    assert _names(result) == [BACK]
    assert stage.host().read(SUPPRESSION) != ABSENT
    assert len(stage.host().contents(QUEUE)) == 29


def test_no_choice_takes_all_back(stage: Stage) -> None:
    """Nothing is left out then."""
    stand = _undo(stage, Choice())
    assert _names(stand.shown()) == [BACK, f"Put back {SUPPRESSION}", RESTART]
    assert stand.shown().plays[0].left_out == ()


def test_a_name_that_fits_no_task_is_an_error(stage: Stage) -> None:
    """It names those that there are, and the nearest."""
    with pytest.raises(InputError, match="no task of the run is called 'Clear the qeue', did you mean 'Clear the queu"):
        Choice(skip=("Clear the qeue",)).histories(stage.folder / "runs" / "run-0")


def test_the_plan_says_that_reports_will_be_sent_and_how_often_the_service_stops(stage: Stage) -> None:
    """In red what cannot be had back; the stops are those of the batches."""
    plan = _undo(stage, Choice()).shown()
    risks = [risk for task in of(plan).tasks for phase in task.phases for risk in phase.plan.risks]
    assert [(risk.text, risk.grave) for risk in risks] == [
        ("25 non-delivery reports will be sent: suppression does not hold for those that exist", True),
        ("the service is stopped and started 3 times, once for each batch", False),
    ]


def _report(result: RunResult, verbosity: int = 0) -> list[str]:
    assert result.mode is Mode.APPLY
    return render(result, width=100, colour=False, verbosity=verbosity).splitlines()


def test_what_is_done_again_and_again_is_told_once(stage: Stage) -> None:
    """Each kind of work of the rounds has one line with its number; with -v every round is shown."""
    result = _undo(stage, Choice(only=("Clear the queue",))).apply()
    lines = _report(result)
    told = [line for line in lines if line.startswith("  ")]
    stops = [line for line in told if "running → stopped" in line]
    assert len(stops) == 1
    assert stops[0].endswith("running → stopped   3 times   read back, verified")
    (moved,) = (line for line in told if "put back from quarantine" in line)
    assert moved.startswith("  out")
    assert "25 messages" in moved
    assert moved.endswith("put back from quarantine run-0   3 times   25 moved")
    verbose = _report(result, verbosity=1)
    assert sum("running → stopped" in line for line in verbose) == 3
    assert len(verbose) > len(lines)


def test_what_was_set_aside_is_named_first(tmp_path: Path) -> None:
    """A message with which the service stops is in the headline of the task, by its name."""
    stage = Stage(tmp_path, hosts=HOSTS)
    taken = {message.name: message.kind for message in stage.host().read(QUEUE).messages}  # type: ignore[union-attr]  # there is one
    bad = next(name for name, kind in taken.items() if kind is MessageKind.NDR)
    stage = Stage(tmp_path, hosts=f"{HOSTS}  queue: {{chokes_on: [{bad}]}}\n")
    stage.run("- name: Clear the queue\n  clear_queue: {messages: all}\n").apply()
    lines = _report(_undo(stage, Choice()).apply())
    (headline,) = (line for line in lines if line.startswith("failed: [ex01]"))
    assert headline.endswith(f"set aside in `bad` of quarantine run-0, as the service stops with it: {bad}")
    assert sum(bad in line for line in lines) == 1
