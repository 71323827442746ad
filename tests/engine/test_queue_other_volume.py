"""The campaign of strikes over a quarantine on another volume: messages are copied there, and back.

At every moment each message is exactly once in the queue, in the quarantine, or (its source gone, and on record as
copied) among the copies that wait for their place; half a copy is never where the service looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ndrfix.connections import manifest
from ndrfix.connections.manifest import Manifest
from ndrfix.connections.simulated_copies import Copies
from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulation import FaultAt, FaultKind, Sent, SimulatedFile
from ndrfix.engine.result import Status
from ndrfix.exchange.layout import QUARANTINE_FOLDER
from ndrfix.resources import (
    ABSENT,
    BAD,
    OUT,
    Folder,
    PendingMove,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
)
from tests.engine.queue_field import HOSTS, MAIL, ROOT, Field, Work
from tests.engine.queue_strikes import Strike, strikes
from tests.engine.stage import Stage, of
from tests.engine.test_queue_campaign import ALL_STRIKES, _bad, _case

KEPT = "D:\\kept"
_ALL = "- clear_queue: {recount_after: 5, messages: all, other_volume: true, quarantine: 'D:\\kept'}\n"


def _emptied(field: Field) -> None:
    field.clear(_ALL)


def _broken_off(field: Field) -> None:
    field.clear(_ALL, Strike(FaultAt.OPERATION, 15, FaultKind.RESTARTED))


CLEAR = Work(name="clear", book=_ALL, mail_goes=True)
WORKS = (
    CLEAR,
    Work(
        name="restore",
        book="- restore_queue: {run: run-0, batch: 4, drain_timeout: 5, quarantine: 'D:\\kept'}\n",
        first=_emptied,
        mail_goes=True,
    ),
    Work(name="resume", book="resume", first=_broken_off, mail_goes=True),
    Work(name="undo", book="undo", first=_emptied, mail_goes=True),
)
_ONE_IN = 3


class Far(Field):
    """A host whose quarantine is on D:."""

    def quarantines(self) -> dict[str, QuarantineState]:
        state = self.host.read(Quarantines(KEPT))
        runs = state.runs if isinstance(state, QuarantinesState) else ()
        return {f"{KEPT}\\{run}": each for run, each in runs}

    def complaints(self) -> Iterator[str]:
        """What does not hold of the files; a copy counts when its source is gone."""
        kept = [file for run in self.quarantines() for each in (OUT, BAD) for file in self._files(f"{run}\\{each}")]
        out = self._files(f"{ROOT}\\{OUT}")
        there = Counter(content for _, content in (*out, *kept))
        there += Counter(content for name, content in self.copies() if self._counts(name) and not there[content])
        lost, extra = self.sought - there, there - self.sought
        if extra:
            yield f"{sum(extra.values())} files are there twice, or are no messages"
        if lost:
            yield f"{sum(lost.values())} messages are lost"
        yield from self._unrecorded()

    def copies(self) -> list[tuple[str, bytes]]:
        """The messages that lie among the copies."""
        files = [file for folder in self.folders() for file in self._files(folder)]
        return [(name.partition(".")[2], content) for name, content in files if not name.endswith("queue.dat")]

    def folders(self) -> Iterator[str]:
        """Where copies are made."""
        for run in self.quarantines():
            yield from (f"{run}\\part", f"{ROOT}\\ndrfix-part\\{run.rpartition(chr(92))[2]}")

    def _counts(self, name: str) -> bool:
        """Whether a copy is on record."""
        wanted = manifest.key(PendingMove(OUT, OUT, False, QueueFile(name, 0, 0)))
        texts = (self.host.content(f"{run}\\{manifest.NAME}").decode("ascii") for run in self.quarantines())
        return any(wanted in Manifest.parse(text).copied for text in texts)


def _campaign(tmp_path: Path, work: Work, one_in: int = 1) -> tuple[int, list[str]]:
    """The number of cases, and all complaints."""
    clean = Far(tmp_path / "clean", work)
    before = clean.host.operations
    assert _bad(clean.run()) == []
    assert [folder for folder in clean.folders() if clean.host.read(Folder(folder)) != ABSENT] == []
    told = [f"clean: {text}" for text in (*clean.complaints(), *clean.unsettled({work.wish}))]
    operations = clean.host.operations - before
    # Half of a manifest's first line, the second operation, leaves nothing that could be finished.
    halves = (Strike(FaultAt.OPERATION, nth, FaultKind.RESTARTED, Sent.DURING) for nth in range(3, operations + 1))
    every = (*list(strikes(operations, clean.moments.readings))[::one_in], *halves)
    for number, strike in enumerate(every):
        ground = Far(tmp_path / str(number), work)
        told += [f"{strike}: {text}" for text in _case(ground, strike, again=bool(number % 2))]
        told += [f"{strike}: at the end {name} is among the copies" for name, _ in ground.copies()]
    return len(every), told


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_no_strike_between_volumes_loses_or_doubles_mail(
    work: Work, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Whatever breaks a copy off, wherever, in both directions: each message is there once, and it can be finished."""
    cases, told = _campaign(tmp_path, work, 1 if ALL_STRIKES else _ONE_IN)
    tell(f"strikes at copies between volumes ({work.name}): {cases} cases")
    assert not told, "\n".join(told)


def test_a_queue_on_a_mounted_volume_is_cleared_only_where_copies_are_asked_for(tmp_path: Path) -> None:
    """Its parent, where quarantines lie unless another folder is named, is then on another volume."""
    stage = Stage(tmp_path, hosts=HOSTS)
    host = stage.host()
    host.put_file(SimulatedFile(path=ROOT, directory=True, volume="E"))
    for file in mailbox(f"{ROOT}\\out", MAIL):
        host.put_file(file)
    before = host.writes
    refused = of(stage.run("- clear_queue: {recount_after: 0}\n").apply()).tasks[-1]
    assert refused.status is Status.FAILED
    assert f"is on another volume than {ROOT}" in refused.message
    assert host.writes == before
    done = of(stage.run("- clear_queue: {recount_after: 0, other_volume: true}\n").apply()).tasks[-1]
    assert done.status is Status.CHANGED, done.message
    assert len(host.files(f"{ROOT}\\out")) == 3
    kept = host.read(Quarantines(QUARANTINE_FOLDER))
    assert isinstance(kept, QuarantinesState)
    ((run, state),) = kept.runs
    assert (state.status, state.messages) == (QuarantineStatus.CLOSED, 4)
    assert b"copied|" in host.content(f"{kept.path}\\{run}\\{manifest.NAME}")


def test_the_campaign_notices_a_source_that_goes_before_its_copy_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that is not on record counts for nothing: without its source the message is lost."""
    record = Copies._record

    def late(self: Copies, line, files) -> None:  # type: ignore[no-untyped-def] # as the method
        if line is not manifest.copied:
            record(self, line, files)

    monkeypatch.setattr(Copies, "_record", late)
    _, told = _campaign(tmp_path, CLEAR, 20)
    assert any("lost" in text for text in told)
