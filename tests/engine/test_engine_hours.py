"""When the time is up: no further host is begun, those that were begun come to their end."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfix.engine.fleet import Fleet
from ndrfix.engine.result import RunResult, Status
from ndrfix.errors import ExitCode
from ndrfix.report import exit_code
from ndrfix.resources import RegistryData, RegistryKey, RegistryType, RegistryValue
from tests.engine.stage import HOSTS, Stage, Stand, of, statuses

TASKS = r"""
- name: play one
  hosts: all
  tasks:
    - name: one
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Mode, type: dword, data: 2}
    - name: two
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Name, data: new}
"""
BOTH = TASKS + TASKS.replace("play one", "play two").replace("data: 2", "data: 3")
MODE = RegistryValue(RegistryKey.parse(r"HKLM\SOFTWARE\Acme"), "Mode")


def begun(stage: Stage, asked: int, book: str = TASKS) -> tuple[Stand, RunResult]:
    """An apply whose time is up when it was asked so often whether a host may be begun."""
    stand = stage.run(book.replace("play one", "play"))
    stand.run.fleet = Fleet(forks=1)
    plan = stand.plan()
    answers = iter([""] * asked)
    stand.run.closed = lambda: next(answers, "the time was up")
    return stand, stand.apply(plan)


def test_a_host_after_the_time_is_not_begun(tmp_path: Path) -> None:
    """The first comes to its end; the second is not evaluated, with the reason, and nothing is written there."""
    stage = Stage(tmp_path)
    _, result = begun(stage, 2)
    assert statuses(result, "ex01") == [Status.CHANGED, Status.CHANGED]
    assert statuses(result, "ex02") == [Status.NOT_EVALUATED, Status.NOT_EVALUATED]
    assert {task.message for task in of(result, "ex02").tasks} == {"the time was up"}
    assert stage.host("ex02").writes == ()
    assert result.not_begun == ("ex02",)
    assert exit_code(result, detailed=True) is ExitCode.NOT_BEGUN


def test_a_host_that_answers_too_late_is_not_begun(tmp_path: Path) -> None:
    """Waiting for a host, or for its turn at a management host, may outlast the time."""
    stage = Stage(tmp_path)
    _, result = begun(stage, 1)
    assert statuses(result, "ex01") == [Status.NOT_EVALUATED, Status.NOT_EVALUATED]
    assert of(result, "ex01").computer is not None
    assert result.not_begun == ("ex01", "ex02")
    assert stage.host("ex01").writes == ()


def test_a_host_that_was_begun_comes_to_its_end_in_later_plays(tmp_path: Path) -> None:
    """Half of what the playbook does may be worse than none."""
    stage = Stage(tmp_path)
    _, result = begun(stage, 2, BOTH)
    assert statuses(result, "ex01", play=1) == [Status.CHANGED, Status.OK]
    assert statuses(result, "ex02", play=1) == [Status.NOT_EVALUATED, Status.NOT_EVALUATED]
    assert result.not_begun == ("ex02",)


def test_failures_are_told_before_time(tmp_path: Path) -> None:
    """A host that failed decides the exit code."""
    stage = Stage(tmp_path)
    stand = stage.run(TASKS.replace("play one", "play"))
    stand.run.fleet = Fleet(forks=1)
    plan = stand.plan()
    stage.host("ex01").put_value(MODE, RegistryData(RegistryType.DWORD, 7))
    answers = iter(["", ""])
    stand.run.closed = lambda: next(answers, "the time was up")
    result = stand.apply(plan)
    assert (statuses(result, "ex01")[0], result.not_begun) == (Status.DRIFTED, ("ex02",))
    assert exit_code(result, detailed=False) is ExitCode.FAILED


def test_without_a_limit_nothing_is_late(tmp_path: Path) -> None:
    """The everyday run."""
    stand = Stage(tmp_path).run(TASKS.replace("play one", "play"))
    result = stand.apply()
    assert result.not_begun == ()
    assert exit_code(result, detailed=False) is ExitCode.FINE


MANY = "ex01:" + HOSTS.split("ex01:", 1)[1].split("ex02:", 1)[0]
MANY += "".join(f"ex{number:02}: {{base: ex01, computer: {{name: MAIL{number}}}}}\n" for number in range(2, 9))


@given(asked=st.integers(0, 17), forks=st.integers(1, 4))
@settings(max_examples=25)
def test_a_host_is_begun_and_brought_to_its_end_or_not_touched(
    asked: int, forks: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whenever the time is up among hosts that are worked on at once, nothing is half done and each host is told."""
    stage = Stage(tmp_path_factory.mktemp("stage"), hosts=MANY)
    stand = stage.run(TASKS.replace("play one", "play"))
    stand.run.fleet = Fleet(forks=forks)
    plan = stand.plan()
    answers = itertools.count()
    stand.run.closed = lambda: "" if next(answers) < asked else "the time was up"
    result = stand.apply(plan)
    for name in stage.simulation.names:
        late = name in result.not_begun
        assert set(statuses(result, name)) == {Status.NOT_EVALUATED if late else Status.CHANGED}
        assert len(stage.host(name).writes) == (0 if late else 2)
    assert (exit_code(result, detailed=False) is ExitCode.NOT_BEGUN) is bool(result.not_begun)
    assert bool(result.not_begun) is (asked < 16)
