"""Faults at every single operation of clearing a queue and of putting messages back; then the work is finished.

After every fault, and after what finishes it: each message is exactly once in the queue or in the quarantine (or was
deleted where that was asked for), the mail of users is where it belongs, what lies in the quarantine is on record, and
the service is in the state that was promised.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ndrfix.connections import manifest
from ndrfix.connections.base import Connection, OutcomeStatus
from ndrfix.connections.manifest import Manifest
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulated_runs import Runs
from ndrfix.connections.simulation import Fault, FaultAt, FaultKind, Sent, SimulatedFile, SimulatedQueue
from ndrfix.engine.fleet import Fleet
from ndrfix.engine.plan import Plan
from ndrfix.engine.recorder import Journal
from ndrfix.engine.result import RunContext, RunResult, Status
from ndrfix.engine.resume import resume_planners
from ndrfix.engine.run import PlayJob, Run
from ndrfix.errors import UnreachableError
from ndrfix.exchange.layout import IMS, QUARANTINE_FOLDER, QUEUE
from ndrfix.resources import (
    BAD,
    OUT,
    MessageKind,
    Quarantines,
    QuarantinesState,
    QuarantineStatus,
    QueueState,
    ServiceState,
    ServiceStatus,
)
from tests.engine.stage import Stage, of

ROOT = "C:\\exchsrvr\\imcdata"
KEPT = "C:\\exchsrvr\\ndrfix-quarantine"
HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters:
      {RootDir: 'C:\exchsrvr\imcdata', SuppressNDROptions: 0x100}
  services:
    MSExchangeIMC: {status: running, start: automatic, stop_seconds: 2, start_seconds: 2}
"""
CLEAR = "- name: Clear\n  clear_queue: {recount_after: 5}\n"
DELETE = "- name: Clear\n  clear_queue: {recount_after: 5, keep: delete}\n"
ALL = "- name: Clear\n  clear_queue: {recount_after: 5, messages: all}\n"
RESTORE = "- name: Restore\n  restore_queue: {run: run-0, batch: 3, drain_timeout: 5}\n"
MAIL = {MessageKind.NDR: 4, MessageKind.USER: 2, MessageKind.UNKNOWN: 1}


class KilledError(BaseException):
    """The client is gone, in the middle of whatever it did."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault at one operation. `goes_on`: the far side carries the request out to its end after the link is lost."""

    kind: FaultKind
    sent: Sent
    goes_on: bool = False
    killed: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.sent}{' and goes on' * self.goes_on}{', client killed' * self.killed}"


STRIKES = (
    Strike(FaultKind.LOST, Sent.BEFORE),
    Strike(FaultKind.LOST, Sent.AFTER),
    Strike(FaultKind.LOST, Sent.AFTER, goes_on=True),
    Strike(FaultKind.RESTARTED, Sent.BEFORE),
    Strike(FaultKind.RESTARTED, Sent.AFTER),
    Strike(FaultKind.LOST, Sent.BEFORE, killed=True),
    Strike(FaultKind.LOST, Sent.AFTER, goes_on=True, killed=True),
    Strike(FaultKind.RESTARTED, Sent.BEFORE, killed=True),
    Strike(FaultKind.DENIED, Sent.BEFORE),
    Strike(FaultKind.HELD, Sent.BEFORE),
)


@dataclass(slots=True)
class Link:
    """A connection that dies as the strike has it."""

    below: Connection
    host: SimulatedHost
    strike: Strike

    def read(self, resources):  # type: ignore[no-untyped-def] # as the connection below
        return self.below.read(resources)

    def apply(self, items, *, on_event):  # type: ignore[no-untyped-def] # as the connection below
        done = 0
        try:
            for outcome in self.below.apply(items, on_event=on_event):
                done += 1
                yield outcome
        except UnreachableError as error:
            if self.strike.goes_on:
                rest = self.host.connect().apply(items[done + 1 :], on_event=on_event)
                list(itertools.takewhile(lambda each: each.status is OutcomeStatus.DONE, rest))
            if self.strike.killed:
                raise KilledError from error
            raise

    def close(self) -> None:
        self.below.close()


@dataclass(slots=True)
class Field:
    """One host with mail in its queue, `book` about to be run on it. `sought` are the files that must not get lost."""

    folder: Path
    book: str
    queue: SimulatedQueue = field(default_factory=SimulatedQueue)
    cleared: bool = False
    stage: Stage = field(init=False)
    sought: Counter[bytes] = field(init=False)
    mail: Counter[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.stage = Stage(self.folder, hosts=HOSTS)
        files = list(mailbox(f"{ROOT}\\out", MAIL))
        files[0] = replace(files[0], read_only=True)
        for file in files:
            self.host.put_file(file)
        self.host.put_file(SimulatedFile(path=f"{ROOT}\\queue.dat", content=b"q", read_only=True))
        self.sought = Counter(file.content or b"" for file in files)
        state = self.host.read(QUEUE)
        assert isinstance(state, QueueState)
        names = {message.name for message in state.messages if message.kind is not MessageKind.NDR}
        self.mail = Counter(file.content or b"" for file in files if file.path.rpartition("\\")[2] in names)
        if self.cleared:
            self.stage.run(CLEAR.replace("recount_after: 5", "recount_after: 0, messages: all")).apply()

    @property
    def host(self) -> SimulatedHost:
        """The host."""
        return self.stage.host()

    def strike(self, strike: Strike, nth: int) -> None:
        """Let the fault happen at the nth operation from now on."""
        at = Fault(at=FaultAt.OPERATION, kind=strike.kind, nth=self.host.operations + nth, sent=strike.sent)
        self.host.add_fault(at)
        self.stage.wrap = lambda _name, connection: Link(connection, self.host, strike)

    def run(self) -> RunResult | None:
        """Plan and apply; None when the client was killed."""
        try:
            return self.stage.run(self.book).apply()
        except KilledError:
            return None

    def resume(self) -> RunResult:
        """What `ndrfix resume` does."""
        self.stage.wrap = lambda _name, connection: connection
        context = RunContext(run_id=f"resume-{next(self.stage.numbers)}", started="", playbook="resume")
        run = Run(
            context=context,
            fleet=Fleet(forks=1),
            connect=lambda name: self.stage.host(name).connect(),
            clock=itertools.count().__next__,
        )
        job = PlayJob(name="resume", batches=(resume_planners(("ex01",), {}, {}),))
        plan: Plan = run.plan([job])
        journal = Journal(folder=self.folder / "runs" / context.run_id, clock=lambda: "", mask=str)
        journal.open(playbook="resume")
        try:
            return run.apply(plan, journal)
        finally:
            journal.close()

    # --- what must hold ---------------------------------------------------------------------------------------------

    def where(self) -> dict[str, list[tuple[str, bytes]]]:
        """Files by the folder that they lie in: those of the queue and all of quarantines."""
        kept = [folder for run in self.quarantines() for folder in (f"{KEPT}\\{run}\\{OUT}", f"{KEPT}\\{run}\\{BAD}")]
        return {"out": self._files(f"{ROOT}\\{OUT}"), "kept": [file for folder in kept for file in self._files(folder)]}

    def _files(self, folder: str) -> list[tuple[str, bytes]]:
        return list(self.host.files(folder).items())

    def quarantines(self) -> dict[str, QuarantineStatus]:
        """The runs in quarantine, with their status."""
        state = self.host.read(Quarantines(QUARANTINE_FOLDER))
        return {run: found.status for run, found in state.runs} if isinstance(state, QuarantinesState) else {}

    def complaints(self, *, gone: bool = False) -> Iterator[str]:
        """What does not hold. `gone`: reports may have been deleted, since that was asked for."""
        places = self.where()
        there = Counter(content for files in places.values() for _, content in files)
        lost, extra = self.sought - there, there - self.sought
        if extra:
            yield f"{sum(extra.values())} messages are there twice"
        if lost and not (gone and not lost & self.mail):
            yield f"{sum(lost.values())} messages are lost"
        if "messages: all" not in self.book and not self.cleared:
            taken = self.mail - Counter(content for _, content in places["out"])
            if taken:
                yield f"{sum(taken.values())} messages of users are not in the queue"
        yield from self._unrecorded()

    def _unrecorded(self) -> Iterator[str]:
        for run in self.quarantines():
            text = self.host.content(f"{KEPT}\\{run}\\{manifest.NAME}").decode("ascii")
            recorded = {line.split("|")[3].split("*")[0] for line in text.split("\r\n") if line.startswith("move|")}
            for name, _ in self._files(f"{KEPT}\\{run}\\{OUT}"):
                if name not in recorded:
                    yield f"{name} lies in quarantine, but is not on record"
            Manifest.parse(text)

    def unmoved(self) -> Iterator[str]:
        """Files that are on record, and that no other program kept from being moved."""
        state = self.host.read(Quarantines(QUARANTINE_FOLDER))
        for run, found in state.runs if isinstance(state, QuarantinesState) else ():
            yield from (f"{move.file.name} was to be moved by {run}" for move in found.pending)

    def unsettled(self) -> Iterator[str]:
        """What is not as it was promised once the work was finished."""
        state = self.host.read(IMS)
        if not isinstance(state, ServiceState) or state.status is not ServiceStatus.RUNNING:
            yield f"the service is {state}"
        for run, status in self.quarantines().items():
            if status is not QuarantineStatus.CLOSED:
                yield f"the quarantine of {run} is still {status}"


def _operations(tmp_path: Path, book: str, *, cleared: bool) -> int:
    """How many operations a clean run takes."""
    ground = Field(tmp_path / "clean", book, cleared=cleared)
    before = ground.host.operations
    result = ground.run()
    assert result is not None
    assert of(result).tasks[-1].status is Status.CHANGED, of(result).tasks[-1].message
    return ground.host.operations - before


def _campaign(tmp_path: Path, book: str, *, cleared: bool = False) -> tuple[int, list[str]]:
    """The number of cases, and all complaints."""
    gone = "delete" in book
    told: list[str] = []
    cases = 0
    for strike, nth in itertools.product(STRIKES, range(1, _operations(tmp_path, book, cleared=cleared) + 1)):
        cases += 1
        ground = Field(tmp_path / str(cases), book, cleared=cleared)
        ground.strike(strike, nth)
        result = ground.run()
        found = [f"at once: {text}" for text in ground.complaints(gone=gone)]
        if result is not None and of(result).tasks[-1].status is Status.CHANGED:
            found += [f"reported as changed, but {text}" for text in ground.unsettled()]
        resumed = ground.resume()
        found += [
            f"resume: {task.status}: {task.message}"
            for task in of(resumed).tasks
            if task.status not in (Status.OK, Status.CHANGED)
        ]
        found += [f"after resume: {text}" for text in (*ground.complaints(gone=gone), *ground.unsettled())]
        # A removal that broke off leaves the rest to `purge_quarantine`.
        if strike.kind in (FaultKind.LOST, FaultKind.RESTARTED) and not gone:
            found += [f"after resume: {text}" for text in ground.unmoved()]
        again = ground.run()
        assert again is not None
        last = of(again).tasks[-1]
        if last.status not in (Status.OK, Status.CHANGED):
            found.append(f"again: {last.status}: {last.message}")
        found += [f"after the next run: {text}" for text in (*ground.complaints(gone=gone), *ground.unsettled())]
        told += [f"{strike} at operation {nth}: {text}" for text in found]
    return cases, told


@pytest.mark.parametrize("book", [CLEAR, DELETE, ALL], ids=["ndr", "delete", "all"])
def test_no_fault_of_a_clearing_loses_mail(tmp_path: Path, book: str, tell: Callable[[str], None]) -> None:
    """Whatever breaks off a clearing wherever: nothing is lost or doubled, and it can be finished."""
    cases, told = _campaign(tmp_path, book)
    tell(f"faults while a queue is cleared: {cases} cases")
    assert not told, "\n".join(told)


def test_no_fault_of_a_restore_loses_mail(tmp_path: Path, tell: Callable[[str], None]) -> None:
    """Likewise when messages are put back."""
    cases, told = _campaign(tmp_path, RESTORE, cleared=True)
    tell(f"faults while messages are put back: {cases} cases")
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
    _, told = _campaign(tmp_path, CLEAR)
    assert any("not on record" in text for text in told)
