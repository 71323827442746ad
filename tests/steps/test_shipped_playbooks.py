"""The shipped playbooks: they load, and their arguments are what the steps take, whatever mode is chosen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ndrfix.playbook import Play, Registered, Scope, StepSchema, Variable, load_playbook
from ndrfix.steps import STEPS, step_named
from ndrfix.steps.base import Args, Verdict
from ndrfix.steps.check_hotfix import CheckHotfixArgs
from ndrfix.steps.check_queue import CheckQueueArgs
from ndrfix.steps.clearing_args import ClearQueueArgs
from ndrfix.steps.manual import ManualArgs
from ndrfix.steps.set_registry import SetRegistryArgs

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
SCHEMAS = {
    step.name: StepSchema(name=step.name, argument_names=frozenset(step.args.argument_names())) for step in STEPS
}
FILES = sorted(PLAYBOOKS.glob("*.yml"))
READ_ONLY = {"check_service_pack", "check_hotfix", "check_registry", "manual"}


def _plays(file: Path) -> tuple[Play, ...]:
    return load_playbook(file, SCHEMAS).plays


def _scope(play: Play, **extra: object) -> Scope:
    scope = Scope.for_host(
        "ex01",
        variables={name: Variable(value=value) for name, value in extra.items()},
        group_names=(),
        groups={},
        extra={},
        environment={},
    )
    return scope.for_play(play)


def _bound(play: Play, **extra: object) -> dict[str, Args]:
    """The arguments of every task and handler, by its name."""
    scope = _scope(play, **extra)
    bound = {}
    for task in (*play.tasks, *play.handlers):
        step = step_named(task.step)
        assert step is not None
        bound[task.name] = step.args.model_validate(scope.render(task.args))
    return bound


def test_there_are_the_three_playbooks() -> None:
    """The library holds the remediation, its emergency part, and the audit."""
    assert {"reverse-ndr.yml", "clear-queue.yml", "audit.yml"} <= {file.name for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_shipped_playbook_binds(file: Path) -> None:
    """Every task of a shipped playbook has arguments that its step takes, without any variable being set."""
    for play in _plays(file):
        assert len(_bound(play)) == len(play.tasks) + len(play.handlers)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("do_not_deliver", "1"),
        ("do_not_generate", "16"),
        ("no_smtp_return_address", "256"),
    ],
)
def test_a_mode_becomes_its_number(mode: str, wanted: str) -> None:
    """The mode named in the inventory is the number that is written."""
    args = _bound(_plays(PLAYBOOKS / "reverse-ndr.yml")[0], suppression_mode=mode)["Suppress non-delivery reports"]
    assert isinstance(args, SetRegistryArgs)
    assert f"data={wanted})" in str(args.wanted)


@pytest.mark.parametrize("off", ["off", False])
def test_off_removes_the_value(off: object) -> None:
    """`off`, also as YAML reads it, removes the value and asks neither for the hotfix nor for the queue."""
    (play,) = _plays(PLAYBOOKS / "reverse-ndr.yml")
    args = _bound(play, suppression_mode=off)["Suppress non-delivery reports"]
    assert isinstance(args, SetRegistryArgs)
    assert str(args.wanted) == "absent"
    scope = _scope(play, suppression_mode=off)
    conditional = [task for task in play.tasks if task.when]
    assert [task.step for task in conditional] == ["check_hotfix", "check_queue", "clear_queue"]
    assert not any(scope.test(condition) for task in conditional for condition in task.when)
    usual = _scope(play)
    assert all(usual.test(condition) for task in conditional for condition in task.when)


def test_an_unknown_mode_is_refused_by_name() -> None:
    """A mistyped mode is an error that names the mode meant and those that exist."""
    (play,) = _plays(PLAYBOOKS / "reverse-ndr.yml")
    with pytest.raises(ValidationError, match=r"no_smtp_return_address.*did you mean 'do_not_deliver'"):
        _bound(play, suppression_mode="do_not_delivr")


def test_the_verdicts_can_be_narrowed_in_the_inventory() -> None:
    """A client who wants certainty gets only `present` accepted."""
    (play,) = _plays(PLAYBOOKS / "reverse-ndr.yml")
    args = _bound(play, hotfix_verdicts=["present"])["Hotfix 837794 is installed"]
    assert isinstance(args, CheckHotfixArgs)
    assert args.accept == (Verdict.PRESENT,)


def test_the_value_is_saved_before_it_is_changed_and_the_service_restarted_after() -> None:
    """The remediation checks, saves, changes and notifies the restart, in this order."""
    (play,) = _plays(PLAYBOOKS / "reverse-ndr.yml")
    steps = [task.step for task in play.tasks]
    assert steps == [
        "check_service_pack",
        "check_hotfix",
        "check_queue",
        "backup_registry",
        "set_registry",
        "clear_queue",
    ]
    assert play.tasks[4].notify == ("Restart the Internet Mail Service",)
    assert [handler.step for handler in play.handlers] == ["restart_service"]


def test_the_queue_is_cleared_after_reports_are_suppressed() -> None:
    """In both playbooks: a clearing before that would only make room for the next reports."""
    for name in ("reverse-ndr.yml", "clear-queue.yml"):
        steps = [task.step for task in _plays(PLAYBOOKS / name)[0].tasks]
        assert steps.index("set_registry") < steps.index("clear_queue") == len(steps) - 1


def test_a_queue_that_would_be_refused_is_refused_before_anything_is_changed() -> None:
    """In both playbooks, with the limit of the clearing itself, and left out together with it."""
    for name in ("reverse-ndr.yml", "clear-queue.yml"):
        (play,) = _plays(PLAYBOOKS / name)
        args = _bound(play, max_messages=7)
        guard, clearing = args["The queue can be cleared"], args["Clear the outbound queue"]
        assert isinstance(guard, CheckQueueArgs)
        assert isinstance(clearing, ClearQueueArgs)
        assert guard.max_messages == clearing.max_messages == 7
        names = [task.name for task in play.tasks]
        assert names.index("The queue can be cleared") < names.index("Save the parameters of the Internet Mail Service")
        tags = {task.name: (task.tags, [when.text for when in task.when]) for task in play.tasks}
        assert tags["The queue can be cleared"] == tags["Clear the outbound queue"]


def test_both_playbooks_take_the_same_variables() -> None:
    """The emergency part reads nothing otherwise than the remediation: mode, `off`, form of the backup, limit."""
    tasks: list[dict[str, Args]] = []
    for name in ("reverse-ndr.yml", "clear-queue.yml"):
        (play,) = _plays(PLAYBOOKS / name)
        bound = _bound(play, suppression_mode="off", backup_format="REGEDIT4", max_messages=3)
        shared = ("Save the parameters", "Suppress non-delivery", "The queue can", "Clear the outbound")
        tasks.append({task: args for task, args in bound.items() if task.startswith(shared)})
        scope = _scope(play, suppression_mode="off")
        clearing = next(task for task in play.tasks if task.step == "clear_queue")
        assert not all(scope.test(condition) for condition in clearing.when)
    assert len(tasks[0]) == 4
    assert tasks[0] == tasks[1]


def test_the_audit_changes_nothing_and_goes_on() -> None:
    """The audit has only steps that read, goes on after a failed check, and each task says good, bad and its source."""
    (play,) = _plays(PLAYBOOKS / "audit.yml")
    assert {task.step for task in play.tasks} <= READ_ONLY
    assert all(task.ignore_errors for task in play.tasks)
    for name, args in _bound(play).items():
        assert re.search(r"\((KB |Q)\d{6}", name), name
        text = args.instruction if isinstance(args, ManualArgs) else getattr(args, "advice", None)
        if text is not None:
            assert "Good is" in text or "Bad is" in text, name


def test_the_blocked_senders_are_looked_at_only_where_there_are_any() -> None:
    """The task on the folder of blocked senders depends on whether the table exists."""
    (play,) = _plays(PLAYBOOKS / "audit.yml")
    (task,) = (task for task in play.tasks if task.when)

    def shown(verdict: str) -> bool:
        found: dict[str, Any] = {"turf_table": Registered(name="turf_table", verdict=verdict)}
        return all(_scope(play).child(runtime=found).test(condition) for condition in task.when)

    assert shown("present")
    assert not shown("absent")
