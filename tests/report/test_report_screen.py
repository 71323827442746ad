"""The screen: its whole text by goldens, its laws one by one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import Mode, PhaseResult, PlayResult, RunResult, Status
from ndrfix.report import Commands, render
from ndrfix.resources import ABSENT, Change, Hive, RegistryData, RegistryKey, RegistryType, RegistryValue
from ndrfix.secrets import Masker, Secret
from ndrfix.steps.base import Check, StepPlan

SGR = re.compile(r"\x1b\[[0-9;]*m")
Golden = Callable[[str, str], None]
OneTask = Callable[..., RunResult]


def shown(result: RunResult, **options: object) -> str:
    arguments: dict[str, object] = {"width": 80, "colour": False, "verbosity": 0, **options}
    return render(result, **arguments)  # type: ignore[arg-type]  # the options are those of render


def test_golden(sample: tuple[str, RunResult], golden: Golden) -> None:
    """Each hand-made result is drawn as the reviewed file says."""
    name, result = sample
    golden(f"{name}.txt", shown(result, commands=Commands(undo="ndrfix undo runs/20261125-0930-reverse-ndr-7f3a")))


def test_golden_verbose(plan_result: RunResult, golden: Golden) -> None:
    """With -v every check shows its witnesses."""
    golden("plan-v.txt", shown(plan_result, verbosity=1))


def test_colours_change_no_letter(sample: tuple[str, RunResult]) -> None:
    """Without its SGR sequences the coloured text is the plain one, and there are some."""
    coloured = shown(sample[1], colour=True)
    assert SGR.sub("", coloured) == shown(sample[1])
    assert coloured != shown(sample[1])


def test_banner_reaches_the_width(plan_result: RunResult) -> None:
    """Banners end at the width, and have three asterisks at least."""
    lines = shown(plan_result, width=100).splitlines()
    assert {len(line) for line in lines if line.endswith("***")} == {100}
    assert "PLAY RECAP ***" in shown(plan_result, width=5).splitlines()


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_word(one_task: OneTask, status: Status) -> None:
    """The task's line begins with the status in words and the host."""
    words = {
        Status.OK: "ok",
        Status.CHANGED: "changed",
        Status.WOULD_CHANGE: "would change",
        Status.FAILED: "failed",
        Status.UNREACHABLE: "unreachable",
        Status.SKIPPED: "skipping",
        Status.NOT_EVALUATED: "not evaluated",
        Status.MANUAL: "manual",
        Status.DRIFTED: "drifted",
    }
    line = next(line for line in shown(one_task(status, message="because")).splitlines() if line.endswith("because"))
    assert re.fullmatch(rf"{words[status]}: \[ex01\] {{2,}}because", line)


def test_next_step_is_told(one_task: OneTask) -> None:
    """What to do next stands below what is wrong."""
    text = shown(one_task(Status.FAILED, message="no such file", next_step="Check the name."))
    assert re.search(r"^failed: \[ex01\] +no such file\n +Next: Check the name\.$", text, re.MULTILINE)


def test_failed_check_is_said_once(one_task: OneTask) -> None:
    """The engine repeats a failed check in the task's message; the screen does not."""
    plan = StepPlan(
        checks=(
            Check(ok=True, text="good"),
            Check(ok=False, text="bad", next_step="Mend it."),
            Check(ok=False, text="worse"),
        )
    )
    text = shown(one_task(Status.FAILED, plan, message="bad; worse", next_step="Mend it."))
    assert [text.count(word) for word in ("good", "bad", "worse", "Next: Mend it.")] == [1, 1, 1, 1]
    assert text.index("bad") < text.index("good")


def test_hosts_not_evaluated_share_a_line(plan_result: RunResult) -> None:
    """Hosts that a task was not evaluated on for the same reason are named together."""
    (play,) = plan_result.plays
    many = tuple(dataclasses.replace(play.hosts[2], host=f"ex{number:02}") for number in range(30, 70))
    text = shown(dataclasses.replace(plan_result, plays=(PlayResult(name="p", hosts=many),)))
    assert text.count("not evaluated: [") == 2
    block = text[text.index("not evaluated: [") :].split("]")[0]
    assert re.findall(r"ex\d\d", block) == [f"ex{number:02}" for number in range(30, 70)]
    assert max(map(len, block.splitlines())) <= 80


def test_hidden_shows_only_the_status(one_task: OneTask) -> None:
    """A no_log task shows that it exists and its status, nothing else, in a failure too."""
    plan = StepPlan(checks=(Check(ok=False, text="xyzzy", next_step="xyzzy"),), note="xyzzy", instruction="xyzzy")
    fields = {"label": "xyzzy", "message": "xyzzy", "next_step": "xyzzy", "hidden": True}
    for status in Status:
        text = shown(one_task(status, plan, **fields), verbosity=2)
        assert "xyzzy" not in text
        assert ": [ex01]" in text


def test_text_from_a_host_is_harmless(one_task: OneTask) -> None:
    """Escape sequences, carriage returns and direction marks are spelled out; a line break cannot fake a line."""
    evil = "a\x1b[2Jb\rchanged: [ex09]\u202e\nok: [ex02]"
    text = shown(one_task(Status.FAILED, message=evil))
    assert "\x1b" not in text
    assert "\r" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text
    assert not re.search(r"^(ok: \[ex02\]|changed: \[ex09\])", text, re.MULTILINE)


def test_long_text_is_cut(one_task: OneTask) -> None:
    """A megabyte in a value takes one line that says how long it is; -vv shows more of it."""
    value = RegistryValue(RegistryKey(Hive.HKLM, "SOFTWARE\\Acme"), "Big")
    change = Change(resource=value, before=ABSENT, after=RegistryData(RegistryType.STRING, "x" * 1_000_000))
    result = one_task(Status.WOULD_CHANGE, StepPlan(items=(change,)))
    assert max(map(len, shown(result).splitlines())) < 600
    assert "(1,000,000 characters)" in shown(result)
    assert len(shown(result, verbosity=2)) > 100_000


@pytest.mark.parametrize("field", ["message", "label"])
def test_secret_is_masked_before_the_text_is_cut(one_task: OneTask, field: str) -> None:
    """No part of a secret is left where a long text ends."""
    text = "x" * 395 + "correct horse battery"
    masked = shown(one_task(Status.OK, **{field: text}), masker=Masker([Secret("correct horse battery")]))
    assert "corre" not in masked
    assert "****" in masked


def test_interrupted_is_said_last(plan_result: RunResult) -> None:
    """After Ctrl-C the last line says that the report is incomplete."""
    text = shown(dataclasses.replace(plan_result, interrupted=True))
    assert "interrupted" in text.splitlines()[-1]


def test_failed_and_unreachable_are_both_said_last(apply_result: RunResult) -> None:
    """The exit code cannot tell both; the last line does."""
    assert "2 hosts failed and 1 unreachable (exit code 4)" in shown(apply_result).splitlines()[-1]


def test_apply_without_changes_says_so(one_task: OneTask) -> None:
    """An apply that found everything as wanted promises nothing it has not done, and offers no way back."""
    text = shown(one_task(Status.OK, mode=Mode.APPLY), commands=Commands(undo="ndrfix undo x"))
    assert text.splitlines()[-1].startswith("APPLY · nothing was changed · ")
    assert "ndrfix undo" not in text


def test_play_without_hosts(plan_result: RunResult) -> None:
    """A play that no host is left for is still shown."""
    text = shown(dataclasses.replace(plan_result, plays=(PlayResult(name="Empty", hosts=()),)))
    assert "PLAY [Empty] ***" in text
    assert "no host to run on" in text
    assert "0 hosts: 0 would change" in text


def test_tasks_in_playbook_order(plan_result: RunResult) -> None:
    """A task that the first host has no result of still comes at its place."""
    (play,) = plan_result.plays
    first, *others = play.hosts
    short = dataclasses.replace(first, tasks=first.tasks[1:])
    text = shown(dataclasses.replace(plan_result, plays=(dataclasses.replace(play, hosts=(short, *others)),)))
    names = re.findall(r"^(?:TASK|RUNNING HANDLER) \[(.*)\]", text, re.MULTILINE)
    assert names == [task.name for task in others[0].tasks]


VALUE = RegistryValue(RegistryKey(Hive.HKLM, "SOFTWARE\\Acme"), "a")
WRITE = Change(resource=VALUE, before=ABSENT, after=RegistryData(RegistryType.DWORD, 1))


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((Outcome(item=WRITE, status=OutcomeStatus.DONE, after=WRITE.after),), "read back, verified"),
        ((Outcome(item=WRITE, status=OutcomeStatus.DONE),), "done, not read back"),
        ((Outcome(item=WRITE, status=OutcomeStatus.DONE, after=ABSENT),), "read back otherwise: absent"),
        ((Outcome(item=WRITE, status=OutcomeStatus.DRIFTED),), "drifted, nothing was written"),
        ((Outcome(item=WRITE, status=OutcomeStatus.FAILED),), "failed"),
        ((Outcome(item=WRITE.reversed(), status=OutcomeStatus.DONE),), "not carried out"),
        ((), "not carried out"),
    ],
)
def test_apply_says_what_became_of_an_item(one_task: OneTask, outcomes: tuple[Outcome, ...], said: str) -> None:
    """Beside each item stands what is proved of it in an apply, and nothing in a dry run."""
    texts = {}
    for mode in Mode:
        result = one_task(Status.FAILED, mode=mode)
        (play,) = result.plays
        (host,) = play.hosts
        phase = PhaseResult(plan=StepPlan(items=(WRITE,)), outcomes=outcomes)
        host = dataclasses.replace(host, tasks=(dataclasses.replace(host.tasks[0], phases=(phase,)),))
        texts[mode] = shown(dataclasses.replace(result, plays=(dataclasses.replace(play, hosts=(host,)),)))
    line = "    a  absent → dword 0x00000001 (1)"
    assert f"{line}   {said}\n" in texts[Mode.APPLY]
    assert f"{line}\n" in texts[Mode.PLAN]


def test_instructions_are_whole_and_told_once(one_task: OneTask) -> None:
    """What a person has to do is never cut, is broken at the width, and is said once for hosts it is the same on."""
    words = [f"word{number}" for number in range(400)]
    result = one_task(Status.MANUAL, StepPlan(instruction=" ".join(words)), seconds=1.0)
    (play,) = result.plays
    (host,) = play.hosts
    slower = dataclasses.replace(host.tasks[0], seconds=2.0)
    hosts = (host, dataclasses.replace(host, host="ex02", tasks=(slower,)))
    text = shown(dataclasses.replace(result, plays=(dataclasses.replace(play, hosts=hosts),)))
    block = text[text.index("manual: [ex01, ex02]") : text.index("PLAY RECAP")]
    assert re.findall(r"word\d+", block) == words
    assert max(map(len, block.splitlines())) <= 80


def test_next_step_is_never_cut(one_task: OneTask) -> None:
    """A long advice is shown to its end."""
    assert "x" * 1500 + " end" in shown(one_task(Status.FAILED, next_step="x" * 1500 + " end"))


def test_error_of_an_item_is_said_once(one_task: OneTask) -> None:
    """The engine ends the task with the failed item's message; the diff does not repeat it."""
    bad = Outcome(item=WRITE, status=OutcomeStatus.FAILED, message="access is denied")
    result = one_task(
        Status.FAILED, mode=Mode.APPLY, message="access is denied; afterwards MSExchangeIMC was put right"
    )
    (play,) = result.plays
    (host,) = play.hosts
    phase = PhaseResult(plan=StepPlan(items=(WRITE,)), outcomes=(bad,))
    host = dataclasses.replace(host, tasks=(dataclasses.replace(host.tasks[0], phases=(phase,)),))
    text = shown(dataclasses.replace(result, plays=(dataclasses.replace(play, hosts=(host,)),)))
    assert text.count("access is denied") == 1
