"""Strikes at every single moment of work on a queue: at each operation of the far side and at each reading between
them something goes wrong, or others act on the host. Then the work is finished.

After every strike, and after what finishes it: each message is exactly once in the queue or in the quarantine (or was
deleted where that was asked for), the mail of users is where it belongs, what lies in the quarantine is on record, the
service is in the state that was promised, and what the result says of it is true. `NDRFIX_SOAK=1` tries every strike;
otherwise each is tried at some moments, and each moment with some.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ndrfix.connections.simulated_runs import Runs
from ndrfix.connections.simulation import FaultAt, FaultKind
from ndrfix.engine.aftermath import Rescue
from ndrfix.engine.recorder import Journal, RecordError
from ndrfix.engine.result import RunResult, Status
from ndrfix.engine.task import TaskRunner
from ndrfix.resources import ServiceStatus
from tests.engine.queue_field import CLEAR, ELSEWHERE, Field, Work
from tests.engine.queue_strikes import Hand, Strike, strikes
from tests.engine.stage import of
from tests.engine.test_queue_ends import hung_and_moved

ALL_STRIKES = "NDRFIX_SOAK" in os.environ
_ONE_IN = 4


def _cleared(field: Field) -> None:
    field.clear("- clear_queue: {recount_after: 0}\n")


def _emptied(field: Field) -> None:
    field.clear("- clear_queue: {recount_after: 0, messages: all}\n")


def _broken_off(field: Field) -> None:
    field.clear(strike=Strike(FaultAt.OPERATION, 7, FaultKind.LOST))


def _broken_off_elsewhere(field: Field) -> None:
    book = f"- clear_queue: {{quarantine: '{ELSEWHERE}'}}\n"
    field.clear(book, strike=Strike(FaultAt.OPERATION, 5, FaultKind.LOST))


def _kept_and_broken_off_elsewhere(field: Field) -> None:
    _cleared(field)
    field.put_report()
    _broken_off_elsewhere(field)


def _stopped(field: Field) -> None:
    field.put_service(ServiceStatus.STOPPED)


def _started_since(field: Field) -> None:
    hung_and_moved(field)
    field.put_service(ServiceStatus.RUNNING)


def _clearing(arguments: str) -> str:
    return f"- clear_queue: {{recount_after: 5, {arguments}}}\n"


WORKS = (
    Work(name="clear", book=CLEAR),
    Work(name="delete", book=_clearing("keep: delete"), reports_go=True),
    Work(name="all", book=_clearing("messages: all"), mail_goes=True),
    Work(name="start", book=_clearing("restart: true"), first=_stopped),
    Work(name="stay stopped", book=_clearing("restart: false"), wish=ServiceStatus.STOPPED),
    Work(name="after one that broke off", book=CLEAR, first=_broken_off),
    Work(name="after one elsewhere", book=CLEAR, first=_broken_off_elsewhere),
    Work(name="elsewhere", book=_clearing(f"quarantine: '{ELSEWHERE}'"), first=_broken_off),
    Work(
        name="restore",
        book="- restore_queue: {run: run-0, batch: 3, drain_timeout: 5}\n",
        first=_emptied,
        mail_goes=True,
    ),
    Work(
        name="restore after one elsewhere",
        book="- restore_queue: {run: run-0, batch: 3, drain_timeout: 5}\n",
        first=_kept_and_broken_off_elsewhere,
    ),
    Work(name="purge", book="- purge_quarantine: {}\n", first=_cleared, reports_go=True),
    Work(name="resume", book="resume", first=_broken_off),
    Work(name="resume what was started since", book="resume", first=_started_since),
    Work(name="undo", book="undo", first=_cleared),
)


def _campaign(tmp_path: Path, work: Work, one_in: int) -> tuple[int, list[str]]:
    """The number of cases, and all complaints."""
    clean = Field(tmp_path / "clean", work)
    before = clean.host.operations
    assert _bad(clean.run()) == []
    told = [f"clean: {text}" for text in (*clean.complaints(), *clean.unsettled({work.wish}))]
    every = list(strikes(clean.host.operations - before, clean.moments.readings))
    chosen = every[:: 1 if ALL_STRIKES else one_in]
    for number, strike in enumerate(chosen):
        found = _case(Field(tmp_path / str(number), work), strike, again=bool(number % 2))
        told += [f"{strike}: {text}" for text in found]
    return len(chosen), told


def _bad(result: RunResult | None) -> list[str]:
    """The tasks that did not come to a good end."""
    assert result is not None
    good = (Status.OK, Status.CHANGED)
    return [f"{task.name}: {task.status}: {task.message}" for task in of(result).tasks if task.status not in good]


def _case(field: Field, strike: Strike, *, again: bool) -> Iterator[str]:
    """What does not hold after a strike. The work is finished by `ndrfix resume`, or by doing it `again`."""
    result = field.run(strike)
    yield from (f"at once: {text}" for text in field.complaints())
    if result is not None:
        yield from (f"at once: {text}" for text in (*field.untrue(result), *field.left_standing(strike)))
    if strike.what is Hand.HANGS and field.service is ServiceStatus.STOP_PENDING:
        yield from _while_it_hangs(field)
    fair = field.fair(strike, again=again)
    ended = field.run() if again else field.resume()
    yield from (f"finishing: {text}" for text in _bad(ended))
    yield from (f"finished: {text}" for text in (*field.complaints(), *field.unsettled(fair)))
    if strike.what in (FaultKind.LOST, FaultKind.RESTARTED) and not field.work.reports_go:
        yield from (f"finished: {text}" for text in field.unmoved())
    if not again:
        fair = field.fair(strike, again=True)
        yield from (f"the next run: {text}" for text in _bad(field.run()))
        yield from (f"after it: {text}" for text in (*field.complaints(), *field.unsettled(fair)))


def _while_it_hangs(field: Field) -> Iterator[str]:
    """What does not hold when work is finished too early; the service has stopped at last after it."""
    hung = field.resume()
    untrue = field.untrue(hung) if field.owed() else ()
    yield from (f"while it hangs: {text}" for text in (*untrue, *field.complaints()))
    field.put_service(ServiceStatus.STOPPED)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_no_strike_loses_mail_or_leaves_it_standing(work: Work, tmp_path: Path, tell: Callable[[str], None]) -> None:
    """Whatever strikes wherever: nothing is lost or doubled, what is said is true, and it can be finished."""
    cases, told = _campaign(tmp_path, work, _ONE_IN)
    tell(f"strikes at work on a queue ({work.name}): {cases} cases")
    assert not told, "\n".join(told)


def test_the_campaign_notices_a_manifest_that_is_not_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that reach the disk only later, at the end, are records that a crash loses."""
    append = Runs.append
    waiting: list[str] = []

    def late(self: Runs, path: str, lines: str) -> None:
        if lines.startswith(("move|", "back|")):
            waiting.append(lines)
            self.operations.do(lambda: None)
            return
        append(self, path, "".join(waiting) + lines)
        waiting.clear()

    monkeypatch.setattr(Runs, "append", late)
    _, told = _campaign(tmp_path, WORKS[0], _ONE_IN)
    assert any("not on record" in text for text in told)


@pytest.mark.parametrize(
    ("method", "instead", "words"),
    [
        ("_abandoned", lambda _self, _bound, _done, ended: ended, "nothing says so"),
        ("_tried", lambda _self, _bound, _items: Rescue(), "but the host could be reached"),
    ],
)
def test_the_campaign_notices_a_service_that_is_left_to_itself(
    method: str, instead: Callable[..., object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says how it is left, or nobody starts it again."""
    monkeypatch.setattr(TaskRunner, method, instead)
    _, told = _campaign(tmp_path, WORKS[0], _ONE_IN)
    assert any(words in text for text in told)


class FullDisk:
    """A disk at the consultant's on which the first entries of a journal find room, and no more until it is freed."""

    def __init__(self, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = room
        self.full = False
        write = Journal.write

        def limited(journal: Journal, event: str, **fields: Any) -> None:
            if self.left == 0:
                self.full = True
                raise RecordError("no space left on device", next_step="Free the place.")
            self.left -= 1
            write(journal, event, **fields)

        monkeypatch.setattr(Journal, "write", limited)


@pytest.mark.parametrize(
    "work", [work for work in WORKS if work.name in ("clear", "restore")], ids=lambda work: work.name
)
def test_a_full_disk_of_the_consultant_stops_no_mail(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever entry of the journal the place ends: the service runs, and what was not sent is not in doubt."""
    told: list[str] = []
    for room in itertools.count():
        with monkeypatch.context() as patch:
            field = Field(tmp_path / str(room), work)
            disk = FullDisk(room + 1, patch)  # a journal that cannot be begun ends the run before it begins
            result = field.run()
        if not disk.full:
            break
        assert result is not None
        found = [*field.complaints(), *field.untrue(result), *field.unsettled_service({work.wish})]
        last = of(result).tasks[-1]
        found += [last.message] if "not known" in last.message else []
        found += [f"it ends {last.status}"] if last.status is not Status.FAILED else []
        found += [] if "Free the place." in last.next_step else [f"next: {last.next_step}"]
        found += [*_bad(field.resume()), *field.complaints(), *field.unsettled({work.wish})]
        told += [f"room for {room}: {text}" for text in found]
    assert room > 5
    assert not told, "\n".join(told)
