"""The law of the queue's dry run: whatever is done with messages and quarantines, the dry run shows what the host is
like after the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import example, given
from hypothesis import strategies as st

from ndrfix.connections.base import Connection, Outcome, Reading
from ndrfix.connections.simulated import SimulatedHost, Simulation
from ndrfix.engine.overlay import Overlay
from ndrfix.exchange.layout import OUT_FOLDER, QUARANTINE_FOLDER, QUEUE
from ndrfix.resources import (
    ABSENT,
    REPLACED,
    Change,
    Move,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueFile,
    QueueState,
    RemoteItem,
    Resource,
    ServiceStatus,
    State,
    kept_queue,
)

HOST = r"""
ex01:
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {RootDir: 'C:\exchsrvr\imcdata'}
  services: {MSExchangeIMC: {status: stopped}}
  messages: {ndr: 4, user: 1}
"""
RUNS = (Quarantine(QUARANTINE_FOLDER, "run-1"), Quarantine(QUARANTINE_FOLDER, "run-2"))
DATA = QueueFile("queue.dat", -1, 0)


def _host() -> SimulatedHost:
    return Simulation.parse(HOST).host("ex01")


def _files() -> tuple[QueueFile, ...]:
    state = _host().read(QUEUE)
    assert isinstance(state, QueueState)
    files = tuple(message.file for message in state.messages)
    return (*files, replace(files[0], size=files[0].size + 1), replace(files[1], written=1), QueueFile("nobody", 1, 1))


FILES = _files()


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of a quarantine to a status, whatever it is before; None: removed. `blind`: it is taken to be absent."""

    run: Quarantine
    status: QuarantineStatus | None
    blind: bool

    def item(self, found: Reading) -> Change:
        promised = found.promised if isinstance(found, QuarantineState) else ServiceStatus.STOPPED
        after: State = ABSENT if self.status is None else QuarantineState(status=self.status, promised=promised)
        before: State = ABSENT
        if isinstance(found, QuarantineState) and not self.blind:
            before = QuarantineState(status=found.status, promised=found.promised)
        return Change(resource=self.run, before=before, after=after)


_runs = st.sampled_from(RUNS)
_turns = st.builds(Turn, _runs, st.sampled_from((*QuarantineStatus, None)), st.integers(0, 9).map(lambda one: one == 0))
_moves = st.builds(
    Move,
    queue=st.just(QUEUE),
    quarantine=_runs,
    files=st.lists(st.sampled_from(FILES), unique_by=lambda file: file.name, max_size=4).map(tuple),
    back=st.booleans(),
    replace=st.just(False),
)
_data = st.one_of(
    st.builds(
        Move, queue=st.just(QUEUE), quarantine=_runs, files=st.just((DATA,)), at=st.just(""), kept=st.just(""),
        back=st.booleans(),
    ),
    st.builds(
        Move, queue=st.just(QUEUE), quarantine=_runs, files=st.just((DATA,)), at=st.just(""), kept=st.just(REPLACED),
        replace=st.just(True),
    ),
)  # fmt: skip
_opened = st.lists(_runs.map(lambda run: Turn(run, QuarantineStatus.OPEN, False)), max_size=2)
_steps = st.builds(list[Turn | Move].__add__, _opened, st.lists(st.one_of(_turns, _moves, _moves, _data), max_size=8))


def _read(connection: Connection, resource: Resource) -> Reading:
    return connection.read([resource])[resource]


def _do(connection: Connection, step: Turn | Move) -> Outcome:
    item: RemoteItem = step.item(_read(connection, step.run)) if isinstance(step, Turn) else step
    (outcome,) = connection.apply([item], on_event=lambda _: None)
    return outcome


def _plain(reading: Reading | None) -> Reading | None:
    """A reading without what only the host's own disk and clock can tell."""
    if isinstance(reading, QuarantineState):
        return replace(reading, began="", pending=(), messages=reading.messages or 0, size=reading.size or 0)
    if isinstance(reading, QuarantinesState):
        runs = tuple((run, state) for run, state in reading.runs)
        return replace(reading, path="", runs=tuple((run, _quarantine(state)) for run, state in runs))
    return reading


def _quarantine(state: QuarantineState) -> QuarantineState:
    found = _plain(state)
    assert isinstance(found, QuarantineState)
    return found


def _has_data(connection: Connection) -> bool:
    state = _read(connection, QUEUE)
    return isinstance(state, QueueState) and state.data is not None


def _kept(connection: Connection, run: Quarantine) -> tuple[QueueFile, ...]:
    """The messages in a quarantine, where there is one."""
    state = _read(connection, kept_queue(run))
    return tuple(message.file for message in state.messages) if isinstance(state, QueueState) else ()


_OPEN = Turn(RUNS[0], QuarantineStatus.OPEN, False)
_CLOSE = Turn(RUNS[0], QuarantineStatus.CLOSED, False)
_PURGE = Turn(RUNS[0], None, False)
_TAKE = Move(queue=QUEUE, quarantine=RUNS[0], files=FILES[:2])
_TAKE_DATA = Move(queue=QUEUE, quarantine=RUNS[0], files=(DATA,), at="", kept="")


@given(_steps)
@example([_OPEN, _TAKE, _TAKE_DATA, _CLOSE, _PURGE, _OPEN, _TAKE.reversed()])
@example([_OPEN, _TAKE_DATA, _TAKE_DATA, _TAKE_DATA.reversed(), _TAKE_DATA.reversed()])
def test_a_dry_run_shows_what_the_host_would_be_like(steps: list[Turn | Move]) -> None:
    """Each item ends alike, with the same words, and then each reading is the same."""
    real, dry = _host().connect(), Overlay(_host().connect())
    for step in steps:
        if isinstance(step, Move) and step.kept == REPLACED and not _has_data(real):
            continue  # whether one lies there already is known to the host alone
        wanted, found = _do(real, step), _do(dry, step)
        assert (found.status, found.message) == (wanted.status, wanted.message)
        assert _plain(found.after) == _plain(wanted.after)
    for resource in (QUEUE, OUT_FOLDER, Quarantines(QUARANTINE_FOLDER), *RUNS):
        wanted_now, shown = _plain(_read(real, resource)), _plain(_read(dry, resource))
        if isinstance(resource, Quarantines) and wanted_now == ABSENT:
            assert not isinstance(shown, QuarantinesState) or not shown.runs
            continue
        assert shown == wanted_now, resource
    for run in RUNS:
        assert _kept(dry, run) == _kept(real, run)
