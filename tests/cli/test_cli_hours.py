"""`--until` and the change window at the command line, under a clock of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ndrfix.errors import ExitCode
from tests.cli.conftest import BOOK, Folder

CLIENT = """name: ACME Ltd
time_zone: Europe/Berlin
change_window: {from: "22:00", until: "05:00"}
"""
EVENING, AFTERNOON, MORNING = "2026-11-25 22:10", "2026-11-25 14:03", "2026-11-26 04:59"


@dataclass(slots=True)
class Clock:
    """A clock in Berlin. Each look takes `step`."""

    time: datetime
    step: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        shown = self.time
        self.time += self.step
        return shown


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clock]:
    """Set the clock: `clock(EVENING)`."""

    def at(text: str, step: timedelta = timedelta()) -> Clock:
        made = Clock(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")), step)
        monkeypatch.setattr("ndrfix.cli.clock.now", made)
        return made

    return at


@pytest.fixture
def acme(folder: Folder) -> Folder:
    """The folder of a client with a change window."""
    folder.write("client.yml", CLIENT)
    return folder


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed, question by question."""
    typed: list[str] = []
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed.pop(0))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    return typed


def writes(folder: Folder) -> int:
    """How much was written on both hosts."""
    return sum(len(folder.hosts.host(name).writes) for name in ("ex01", "ex02"))


def test_inside_the_window(acme: Folder, clock: Callable[..., Clock]) -> None:
    """Its end is said, in the client's time, before anything is changed."""
    clock(EVENING)
    ended = acme("apply book.yml -i inventory.yml --yes")
    assert ended.code == 0
    assert (
        "\nNo host is begun after Thu 2026-11-26 05:00 (Europe/Berlin), in 6 h 50 min: "
        "the change window of ACME Ltd (22:00–05:00) closes then.\n" in ended.out
    )


@pytest.mark.parametrize("verb", ["apply book.yml", "undo RUN", "resume"])
def test_outside_the_window_nobody_is_asked(acme: Folder, clock: Callable[..., Clock], verb: str) -> None:
    """With --yes it is refused before a host is reached, by every verb that changes something."""
    clock(EVENING)
    acme("apply book.yml -i inventory.yml --yes")
    [run] = Path("runs").glob("2*")
    before = writes(acme)
    clock(AFTERNOON)
    ended = acme(f"{verb.replace('RUN', run.name)} -i inventory.yml --yes")
    assert ended.code == ExitCode.WRONG_USAGE
    assert ended.err == (
        "error: outside the change window of ACME Ltd (22:00–05:00): it is Wed 2026-11-25 14:03 (Europe/Berlin)\n"
        "  It opens Wed 2026-11-25 22:00 (Europe/Berlin), in 7 h 57 min. To go on now, give --outside-window.\n"
        "client ACME Ltd\n"
    )
    assert (ended.out, writes(acme)) == ("", before)


def test_outside_the_window_by_request(acme: Folder, clock: Callable[..., Clock]) -> None:
    """It is said in any case; --until holds there too."""
    clock(AFTERNOON)
    ended = acme("apply book.yml -i inventory.yml --yes --outside-window --until 15:00")
    assert (ended.code, writes(acme)) == (0, 4)
    assert "This is outside the change window of ACME Ltd" in ended.err
    assert "No host is begun after Wed 2026-11-25 15:00 (Europe/Berlin), in 57 min: as --until says." in ended.out


@pytest.mark.parametrize(("typed", "applied"), [(["outside", "2"], 4), (["outside", ""], 0), (["yes"], 0), (["2"], 0)])
def test_outside_the_window_the_user_is_asked(
    acme: Folder, clock: Callable[..., Clock], answers: list[str], typed: list[str], applied: int
) -> None:
    """A word of its own is needed, then the number of hosts as always."""
    clock(AFTERNOON)
    answers += typed
    ended = acme("apply book.yml -i inventory.yml")
    assert "This is outside the change window of ACME Ltd (22:00–05:00): it is Wed 2026-11-25 14:03" in ended.err
    assert (writes(acme), ended.code) == (applied, 0 if applied else ExitCode.INTERRUPTED)


def test_a_window_that_closes_while_the_plan_is_read(
    acme: Folder, clock: Callable[..., Clock], answers: list[str]
) -> None:
    """What counts is the time of the question."""
    clock(MORNING, timedelta(seconds=40))
    answers += ["no"]
    ended = acme("apply book.yml -i inventory.yml")
    assert "This is outside the change window" in ended.err
    assert writes(acme) == 0


def test_a_window_that_closes_before_a_host_is_begun(acme: Folder, clock: Callable[..., Clock]) -> None:
    """The hosts that were not begun are named on the screen and in the result; the exit code says it."""
    clock(MORNING, timedelta(seconds=16))
    ended = acme("apply book.yml -i inventory.yml --yes -f 1 --json run.json")
    reason = (
        "the time was up: no host is begun after Thu 2026-11-26 05:00 (Europe/Berlin), "
        "the change window of ACME Ltd (22:00–05:00) closes then"
    )
    assert f"ex02]  {reason}" in ended.out
    assert ended.code == ExitCode.NOT_BEGUN
    document = json.loads(Path("run.json").read_text())
    assert (document["exit_code"], document["not_begun"][-1]) == (3, "ex02")
    assert "not begun (exit code 3)" in ended.out.splitlines()[-1]


def test_a_listing_has_no_hours(acme: Folder, clock: Callable[..., Clock]) -> None:
    """Looking is always allowed, a plan too; it tells what an apply would meet."""
    clock(AFTERNOON)
    assert acme("apply book.yml -i inventory.yml --yes --list-hosts").code == 0
    ended = acme("plan book.yml -i inventory.yml")
    assert ended.code == 0
    assert ended.err == (
        "This is outside the change window of ACME Ltd (22:00–05:00): it is Wed 2026-11-25 14:03 (Europe/Berlin). "
        "It opens Wed 2026-11-25 22:00 (Europe/Berlin), in 7 h 57 min.\n"
    )
    clock(EVENING)
    assert acme("plan book.yml -i inventory.yml").err.startswith("No host is begun after Thu 2026-11-26 05:00")


def test_nothing_to_apply_needs_no_hours(acme: Folder, clock: Callable[..., Clock], answers: list[str]) -> None:
    """Nobody is asked about a window when there is nothing to do in it."""
    clock(AFTERNOON)
    acme.write("book.yml", BOOK.replace("data: 2", "data: 1"))
    ended = acme("apply book.yml -i inventory.yml")
    assert (ended.code, ended.err) == (0, "")


def test_until_without_a_client(folder: Folder, clock: Callable[..., Clock]) -> None:
    """The clock is this computer's, and said to be."""
    clock(EVENING)
    ended = folder("apply book.yml -i inventory.yml --yes --until 2026-11-27T05:00")
    assert ended.code == 0
    assert "this computer's time), in " in ended.out


@pytest.mark.parametrize(
    ("until", "error"),
    [
        (
            "22:05",
            "--until 22:05 is more than 12 hours ahead, or has passed: it is Wed 2026-11-25 22:10 (Europe/Berlin)",
        ),
        ("soon", "--until takes a time of day, not 'soon'"),
        ("05:01", "is later than the change window of ACME Ltd (22:00–05:00) closes"),
    ],
)
def test_wrong_times(acme: Folder, clock: Callable[..., Clock], until: str, error: str) -> None:
    """They end the command before a host is reached."""
    clock(EVENING)
    ended = acme(f"apply book.yml -i inventory.yml --yes --until {until}")
    assert (ended.code, ended.out) == (ExitCode.WRONG_USAGE, "")
    assert error in ended.err
