"""One host with mail in its queue: work on it that is struck, and the laws that hold whatever struck it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ndrfix.connections import manifest
from ndrfix.connections.manifest import Manifest
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.simulated_mail import mailbox, message
from ndrfix.connections.simulated_services import ServiceMode, SimulatedService
from ndrfix.connections.simulation import FaultKind, SimulatedFile
from ndrfix.engine.fleet import Fleet
from ndrfix.engine.plan import Plan
from ndrfix.engine.recorder import Journal
from ndrfix.engine.result import RunContext, RunResult, Status
from ndrfix.engine.resume import known_quarantines, resume_planners
from ndrfix.engine.run import PlayJob, Run
from ndrfix.exchange.layout import IMS, QUEUE
from ndrfix.resources import (
    BAD,
    OUT,
    Message,
    MessageKind,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    ServiceState,
    ServiceStatus,
)
from tests.engine.queue_strikes import Hand, KilledError, Link, Moments, Strike, laid
from tests.engine.stage import Stage, Stand, of
from tests.engine.test_engine_undo import undo

ROOT = "C:\\exchsrvr\\imcdata"
KEPT, ELSEWHERE = "C:\\exchsrvr\\ndrfix-quarantine", "C:\\elsewhere"
RESUME = "ndrfix resume RUN"
HOSTS = r"""
ex01:
  computer: {name: MAIL1, os_version: 5.0.2195}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters:
      {RootDir: 'C:\exchsrvr\imcdata', SuppressNDROptions: 0x100}
  services:
    MSExchangeIMC: {status: running, start: automatic, stop_seconds: 2, start_seconds: 2}
"""
MAIL = {MessageKind.NDR: 4, MessageKind.USER: 2, MessageKind.UNKNOWN: 1}
CLEAR = "- clear_queue: {recount_after: 5}\n"
_DOWN = ("IS STOPPED", "IS STOP_PENDING", "was stopped when last seen", "may be stopped")
_UP = (ServiceStatus.RUNNING, ServiceStatus.START_PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is struck: a playbook, or `resume` or `undo` of the first run, after `first` was done to the host.

    `wish` is how the service is to be afterwards. `reports_go`: reports may be deleted; `mail_goes`: mail of users may
    lie in quarantine.
    """

    name: str
    book: str
    first: Callable[[Field], None] = lambda _: None
    wish: ServiceStatus = ServiceStatus.RUNNING
    reports_go: bool = False
    mail_goes: bool = False


@dataclass(slots=True)
class Field:
    """One host, `work` about to be done on it; messages in `chokes_on` make the service stop. `sought` are the files
    that must not get lost, `mail` those of users.
    """

    folder: Path
    work: Work
    chokes_on: tuple[str, ...] = ()
    stage: Stage = field(init=False)
    sought: Counter[bytes] = field(init=False)
    mail: Counter[bytes] = field(default_factory=Counter, init=False)
    moments: Moments = field(default_factory=Moments, init=False)
    hand: Hand | None = None
    newcomers: Iterator[int] = field(default_factory=itertools.count, init=False)
    before: ServiceStatus = field(default=ServiceStatus.RUNNING, init=False)
    owing: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.stage = Stage(self.folder, hosts=f"{HOSTS}  queue: {{chokes_on: [{', '.join(self.chokes_on)}]}}\n")
        files = list(mailbox(f"{ROOT}\\out", MAIL))
        files[0] = replace(files[0], read_only=True)
        for file in files:
            self.host.put_file(file)
        self.host.put_file(SimulatedFile(path=f"{ROOT}\\queue.dat", content=b"q", read_only=True))
        self.sought = Counter(file.content or b"" for file in files)
        of_users = {each.name for each in self.messages() if each.kind is not MessageKind.NDR}
        self.mail = Counter(file.content or b"" for file in files if file.path.rpartition("\\")[2] in of_users)
        self.work.first(self)

    @property
    def host(self) -> SimulatedHost:
        """The host."""
        return self.stage.host()

    # --- work, and what happens to it -------------------------------------------------------------------------------

    def run(self, strike: Strike | None = None) -> RunResult | None:
        """Plan and apply; the strike falls on what is applied. None when the client was killed."""
        apply = self._begun(self.work.book)
        return self.struck(apply, strike)

    def struck(self, apply: Callable[[], RunResult], strike: Strike | None) -> RunResult | None:
        """What comes of it under a strike."""
        self.moments = Moments()
        self.before, self.owing = self.service, bool(self.owed())
        self.hand = strike.what if strike and isinstance(strike.what, Hand) else None
        if strike is not None:
            laid(strike, self.host, self._act)
        self.stage.wrap = lambda _name, _connection: Link(self.host, strike, self.moments, self._act)
        try:
            return apply()
        except KilledError:
            return None
        finally:
            self.stage.wrap = lambda _name, connection: connection

    def _begun(self, book: str) -> Callable[[], RunResult]:
        """The work, planned."""
        if book == "resume":
            return self.resume
        stand = undo(self.stage, "run-0") if book == "undo" else self.stage.run(book)
        if "purge" in book:
            stand.run.context = replace(stand.run.context, run_id=f"20260101-0000-{stand.run.context.run_id}")
        return planned(stand)

    def clear(self, book: str = CLEAR, strike: Strike | None = None) -> None:
        """Clear the queue, as an earlier run."""
        self.struck(planned(self.stage.run(book)), strike)

    def resume(self) -> RunResult:
        """What `ndrfix resume` does, on what the journals and the host tell of."""
        context = RunContext(run_id=f"resume-{next(self.stage.numbers)}", started="", playbook="resume")
        run = Run(
            context=context,
            fleet=Fleet(forks=1),
            connect=lambda name: self.stage.wrap(name, self.stage.host(name).connect()),
            clock=itertools.count().__next__,
            resume=RESUME,
        )
        runs = self.folder / "runs"
        job = PlayJob(name="resume", batches=(resume_planners(("ex01",), {}, known_quarantines(runs)),))
        wrap, self.stage.wrap = self.stage.wrap, lambda _name, connection: connection
        plan: Plan = run.plan([job])
        self.stage.wrap = wrap
        journal = Journal(folder=runs / context.run_id, clock=lambda: "", mask=str)
        journal.open(playbook="resume")
        try:
            return run.apply(plan, journal)
        finally:
            journal.close()

    def _act(self) -> None:
        """What others do."""
        self.moments.acted = True
        match self.hand:
            case Hand.MAIL_COMES:
                self._comes(MessageKind.USER)
            case Hand.REPORT_COMES:
                self._comes(MessageKind.NDR)
            case Hand.MAIL_LEAVES:
                self._leaves(MessageKind.USER)
            case Hand.REPORT_LEAVES:
                self._leaves(MessageKind.NDR)
            case Hand.STARTED:
                self.put_service(ServiceStatus.RUNNING)
                self.host.put_file(SimulatedFile(path=f"{ROOT}\\queue.dat", content=b"by hand"))
            case Hand.STOPPED:
                self.put_service(ServiceStatus.STOPPED)
            case Hand.HANGS:
                self.put_service(ServiceStatus.STOP_PENDING, ServiceMode.NEVER_STOPS)
            case Hand.DATA:
                self.host.put_file(SimulatedFile(path=f"{ROOT}\\queue.dat", content=b"again"))

    def put_service(self, status: ServiceStatus, mode: ServiceMode = ServiceMode.OK) -> None:
        """Bring the service to a state, as somebody else would."""
        service = SimulatedService(name=IMS.name, status=status, mode=mode, stop_seconds=2, start_seconds=2)
        self.host.put_service(service)

    def put_report(self) -> None:
        """Let a report come, as one more may at any time."""
        self._comes(MessageKind.NDR)

    def _comes(self, kind: MessageKind) -> None:
        number = next(self.newcomers)
        content = message(kind, 400 + number)
        self.host.put_file(SimulatedFile(path=f"{ROOT}\\out\\NEWCOME{number}", content=content))
        self.sought[content] += 1
        if kind is MessageKind.USER:
            self.mail[content] += 1

    def _leaves(self, kind: MessageKind) -> None:
        gone = next((each for each in self.messages() if each.kind is kind), None)
        if gone is not None:
            content = self.host.content(f"{ROOT}\\out\\{gone.name}")
            self.host.remove_file(f"{ROOT}\\out\\{gone.name}")
            self.sought -= Counter([content])
            self.mail -= Counter([content])

    def messages(self) -> tuple[Message, ...]:
        """What waits in the queue."""
        state = self.host.read(QUEUE)
        assert isinstance(state, QueueState)
        return state.messages

    # --- what must hold ---------------------------------------------------------------------------------------------

    @property
    def service(self) -> ServiceStatus:
        """The service, as it is."""
        state = self.host.read(IMS)
        assert isinstance(state, ServiceState)
        return state.status

    def quarantines(self) -> dict[str, QuarantineState]:
        """The runs in quarantine, by their folders."""
        found: dict[str, QuarantineState] = {}
        for folder in (KEPT, ELSEWHERE):
            state = self.host.read(Quarantines(folder))
            runs = state.runs if isinstance(state, QuarantinesState) else ()
            found |= {f"{folder}\\{run}": each for run, each in runs}
        return found

    def owed(self) -> set[ServiceStatus]:
        """What open quarantines promise of the service."""
        return {each.promised for each in self.quarantines().values() if each.status is QuarantineStatus.OPEN}

    def complaints(self) -> Iterator[str]:
        """What does not hold of the files."""
        kept = [file for run in self.quarantines() for each in (OUT, BAD) for file in self._files(f"{run}\\{each}")]
        out = self._files(f"{ROOT}\\{OUT}")
        there = Counter(content for _, content in (*out, *kept))
        lost, extra = self.sought - there, there - self.sought
        if extra:
            yield f"{sum(extra.values())} messages are there twice"
        if lost and not (self.work.reports_go and not lost & self.mail):
            yield f"{sum(lost.values())} messages are lost"
        taken = self.mail - Counter(content for _, content in out)
        if taken and not self.work.mail_goes:
            yield f"{sum(taken.values())} messages of users are not in the queue"
        yield from self._unrecorded()

    def _files(self, folder: str) -> list[tuple[str, bytes]]:
        return list(self.host.files(folder).items())

    def _unrecorded(self) -> Iterator[str]:
        for run in self.quarantines():
            text = self.host.content(f"{run}\\{manifest.NAME}").decode("ascii")
            recorded = {line.split("|")[3].split("*")[0] for line in text.split("\r\n") if line.startswith("move|")}
            for name, _ in self._files(f"{run}\\{OUT}"):
                if name not in recorded:
                    yield f"{name} lies in quarantine, but is not on record"
            Manifest.parse(text)

    def unmoved(self) -> Iterator[str]:
        """Files that are on record, and that no other program kept from being moved."""
        for run, found in self.quarantines().items():
            yield from (f"{move.file.name} was to be moved by {run}" for move in found.pending)

    def untrue(self, result: RunResult) -> Iterator[str]:
        """What a result says of the service that is not so, or does not say."""
        tasks = of(result).tasks
        told = "; ".join(f"{task.message} {task.next_step}" for task in tasks)
        if "a bug in ndrfix" in told:
            yield told
        bad = [task for task in tasks if task.status not in (Status.OK, Status.CHANGED, Status.NOT_EVALUATED)]
        if self.service in _UP:
            yield from (f"{words}, but it runs: {told}" for words in _DOWN[:2] if words in told)
            return
        if not self.moments.applied and self.owing:
            return  # an earlier run left it so, and this one did nothing
        if ServiceStatus.RUNNING in self.owed():
            if not any(words in task.message for words in _DOWN for task in bad):
                yield f"the service is {self.service}, and nothing says so: {[task.status for task in tasks]} {told}"
            if "`ndrfix resume" not in told:
                yield f"the service is {self.service}, and `ndrfix resume` is not named: {told}"
        elif self.work.wish is ServiceStatus.RUNNING and not bad and not self._by_others():
            yield f"{tasks[-1].status}, but the service is {self.service}"

    def left_standing(self, strike: Strike) -> Iterator[str]:
        """That mail was left to stand still, though the host could be reached to the end, if so."""
        by_others = self.hand is not None and self.hand.touches_service
        promised = ServiceStatus.RUNNING in self.owed() and self.moments.applied
        ours = promised and self.before in _UP and not by_others
        if ours and self.service not in _UP and strike.leaves_session:
            yield f"the service is {self.service}, but the host could be reached"

    def _by_others(self) -> bool:
        """Whether others brought the service to where it is, after it was looked at for the last time."""
        return self.hand is not None and self.hand.touches_service and not self.moments.looked

    def fair(self, strike: Strike, *, again: bool) -> set[ServiceStatus]:
        """How the service may be once the work was finished, by doing it `again` or by `ndrfix resume`."""
        if self.owed():
            # Who ran when finishing began, runs when it has ended.
            ran = {ServiceStatus.RUNNING, *([self.work.wish] if again else [])}
            return ran if self.service in _UP else self.owed()
        # Nothing was begun, or all is done: nobody owes anything about what others did.
        by_others = strike.what is FaultKind.RESTARTED or (self.hand is not None and self.hand.touches_service)
        return {self.work.wish, *([] if again else [self.before]), *([self.service] if by_others else [])}

    def unsettled_service(self, fair: set[ServiceStatus]) -> Iterator[str]:
        """That the service is not in a `fair` state, if so."""
        if self.service not in fair:
            yield f"the service is {self.service}"

    def unsettled(self, fair: set[ServiceStatus]) -> Iterator[str]:
        """What is not as it was promised once the work was finished: the service in a `fair` state."""
        yield from self.unsettled_service(fair)
        for run, found in self.quarantines().items():
            if found.status is not QuarantineStatus.CLOSED:
                yield f"the quarantine of {run} is still {found.status}"


def planned(stand: Stand) -> Callable[[], RunResult]:
    """The run, planned, about to be applied."""
    stand.run.resume = RESUME
    plan = stand.plan()
    return lambda: stand.apply(plan)
