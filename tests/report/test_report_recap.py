"""The recap, the total, and the exit code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import HostResult, Mode, PhaseResult, PlayResult, RunContext, RunResult, Status, TaskResult
from ndrfix.report import NO_COMMANDS, ExitCode, exit_code
from ndrfix.report.recap import Counts, count, counts, recap_line, recap_lines
from ndrfix.report.text import Pen
from ndrfix.report.total import last_lines, total_lines, verified
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Service,
    Verb,
)
from ndrfix.steps.base import Check, StepPlan

PEN = Pen()
OneTask = Callable[..., RunResult]


def result(status: Status, *, index: int = 0, **rest: bool) -> TaskResult:
    return TaskResult(index=index, name="t", step="s", status=status, **rest)  # type: ignore[arg-type]  # flags only


def test_recap_line_is_ansibles() -> None:
    """Byte for byte what ansible-playbook prints, blanks at the end too."""
    assert recap_line("localhost", Counts(ok=1), PEN) == (
        "localhost                  : ok=1    changed=0    unreachable=0    "
        "failed=0    skipped=0    rescued=0    ignored=0   "
    )
    long = recap_line("a-name-that-is-longer-than-the-column.example", Counts(ok=12345), PEN)
    assert long.startswith("a-name-that-is-longer-than-the-column.example : ok=12345 changed=0    unreachable=")


@pytest.mark.parametrize(
    ("statuses", "counted"),
    [
        ([Status.OK], Counts(ok=1)),
        ([Status.CHANGED], Counts(ok=1, changed=1)),
        ([Status.WOULD_CHANGE], Counts(ok=1, changed=1)),
        ([Status.MANUAL], Counts(ok=1)),
        ([Status.FAILED], Counts(failed=1)),
        ([Status.DRIFTED], Counts(failed=1)),
        ([Status.UNREACHABLE], Counts(unreachable=1)),
        ([Status.SKIPPED], Counts(skipped=1)),
        ([Status.NOT_EVALUATED], Counts()),
        ([Status.SKIPPED, Status.SKIPPED], Counts(skipped=1)),
        ([Status.SKIPPED, Status.OK, Status.CHANGED], Counts(ok=1, changed=1)),
        ([Status.CHANGED, Status.FAILED], Counts(failed=1)),
        ([Status.FAILED, Status.UNREACHABLE], Counts(unreachable=1)),
        ([Status.SKIPPED, Status.NOT_EVALUATED], Counts()),
    ],
)
def test_loop_counts_as_one_task(statuses: list[Status], counted: Counts) -> None:
    """A task counts once, by the worst of its items; what was not evaluated counts nowhere."""
    assert count(result(status) for status in statuses) == counted


def test_ignored_failure_counts_as_ok_and_ignored() -> None:
    """As in Ansible; one failure of a loop that is not ignored makes the task failed."""
    ignored, failed = result(Status.FAILED, ignored=True), result(Status.FAILED)
    assert count([ignored]) == Counts(ok=1, ignored=1)
    assert count([ignored, result(Status.CHANGED)]) == Counts(ok=1, changed=1, ignored=1)
    assert count([ignored, failed]) == Counts(failed=1)


def two_plays(*hosts: str) -> RunResult:
    tasks = (result(Status.OK), result(Status.CHANGED, index=1))
    made = tuple(HostResult(host=host, computer=None, tasks=tasks) for host in hosts)
    plays = (PlayResult(name="one", hosts=made), PlayResult(name="two", hosts=made))
    context = RunContext(run_id="r", started="s", playbook="p")
    return RunResult(context=context, mode=Mode.APPLY, plays=plays, seconds=0)


def test_plays_add_up_and_hosts_are_sorted() -> None:
    """A host's tasks are counted over all plays; the recap is sorted, the counts keep the inventory's order."""
    run = two_plays("zeta", "alpha")
    assert counts(run) == {"zeta": Counts(ok=4, changed=2), "alpha": Counts(ok=4, changed=2)}
    assert list(counts(run)) == ["zeta", "alpha"]
    assert [line.split()[0] for line in recap_lines(run, PEN)] == ["alpha", "zeta"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.OK, ExitCode.FINE),
        (Status.CHANGED, ExitCode.FINE),
        (Status.WOULD_CHANGE, ExitCode.FINE),
        (Status.SKIPPED, ExitCode.FINE),
        (Status.NOT_EVALUATED, ExitCode.FINE),
        (Status.MANUAL, ExitCode.FINE),
        (Status.FAILED, ExitCode.FAILED),
        (Status.DRIFTED, ExitCode.FAILED),
        (Status.UNREACHABLE, ExitCode.UNREACHABLE),
    ],
)
def test_exit_code_of_a_status(one_task: OneTask, status: Status, code: ExitCode) -> None:
    """Without --detailed-exitcode changes are fine; with it they are 10, and everything else as before."""
    run = one_task(status)
    assert exit_code(run, detailed=False) == code
    changes = status in (Status.CHANGED, Status.WOULD_CHANGE)
    assert exit_code(run, detailed=True) == (ExitCode.CHANGES if changes else code)
    assert exit_code(dataclasses.replace(run, interrupted=True), detailed=True) == 99


def test_ignored_failure_is_still_a_failure(one_task: OneTask) -> None:
    """ignore_errors lets the host go on, it does not make the run fine."""
    assert exit_code(one_task(Status.FAILED, ignored=True), detailed=False) == 2


def test_unreachable_wins(apply_result: RunResult) -> None:
    """With failed and unreachable hosts the code is that of the unreachable ones, as in Ansible."""
    assert exit_code(apply_result, detailed=True) == 4


@pytest.mark.parametrize(
    ("status", "plan", "total"),
    [
        (Status.OK, StepPlan(), "1 host: 0 would change, 1 needs no change, 0 failed, 0 unreachable."),
        (Status.WOULD_CHANGE, StepPlan(), "1 host: 1 would change (1 task), 0 failed, 0 unreachable."),
        (Status.FAILED, StepPlan(), "1 host: 0 would change, 1 failed, 0 unreachable."),
        (
            Status.FAILED,
            StepPlan(checks=(Check(ok=False, text="x"),)),
            "1 host: 0 would change, 1 failed a check, 0 unreachable.",
        ),
        (Status.DRIFTED, StepPlan(), "1 host: 0 would change, 0 failed, 1 drifted from the plan, 0 unreachable."),
        (Status.UNREACHABLE, StepPlan(), "1 host: 0 would change, 0 failed, 1 unreachable."),
        (
            Status.NOT_EVALUATED,
            StepPlan(),
            "1 host: 0 would change, 0 failed, 0 unreachable. Not evaluated: 1 task on ex01 (because).",
        ),
    ],
)
def test_total_names_what_became_of_hosts(one_task: OneTask, status: Status, plan: StepPlan, total: str) -> None:
    """Every host is somewhere in the sentence, and never in a better place than it is."""
    assert list(total_lines(one_task(status, plan, message="because"), PEN)) == [total]


def test_manual_work_is_left_over(one_task: OneTask) -> None:
    """What a person has to do is said below the total."""
    assert list(total_lines(one_task(Status.MANUAL), PEN))[1:] == [
        "By hand: 1 task on ex01, see the instructions above."
    ]


def test_verified_needs_the_wanted_state_read_back() -> None:
    """Neither the word of the far side nor an action is a proof."""
    value = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE"), "a")
    change = Change(resource=value, before=ABSENT, after=RegistryData(RegistryType.DWORD, 1))
    action = Action(verb=Verb.RESTART, resource=Service("a"))
    done = Outcome(item=change, status=OutcomeStatus.DONE, after=change.after)
    assert verified(done)
    assert not verified(dataclasses.replace(done, after=None))
    assert not verified(dataclasses.replace(done, after=ABSENT))
    assert not verified(dataclasses.replace(done, status=OutcomeStatus.FAILED))
    assert not verified(Outcome(item=action, status=OutcomeStatus.DONE))


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (RegistryData(RegistryType.DWORD, 1), "1 change on 1 host, read back and verified"),
        (None, "1 change not confirmed by reading back"),
    ],
)
def test_last_line_promises_what_was_proved(one_task: OneTask, after: RegistryData | None, said: str) -> None:
    """`verified` is only said of what was read back as wanted."""
    value = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE"), "a")
    change = Change(resource=value, before=ABSENT, after=RegistryData(RegistryType.DWORD, 1))
    phase = PhaseResult(
        plan=StepPlan(items=(change,)), outcomes=(Outcome(item=change, status=OutcomeStatus.DONE, after=after),)
    )
    run = one_task(Status.CHANGED, mode=Mode.APPLY)
    (play,) = run.plays
    task = dataclasses.replace(play.hosts[0].tasks[0], phases=(phase,))
    host = dataclasses.replace(play.hosts[0], tasks=(task,))
    run = dataclasses.replace(run, plays=(dataclasses.replace(play, hosts=(host,)),))
    assert list(last_lines(run, PEN, NO_COMMANDS))[-1] == f"APPLY · {said} · 2.1 s"
