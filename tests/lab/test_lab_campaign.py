"""Faults of the lab host's wire at requests of `reverse-ndr`, against a real PowerShell: the laws are those of the
campaign over simulated hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.cli.job import PlaybookJob
from ndrfix.cli.request import Request
from ndrfix.connections.base import Connection
from ndrfix.engine.pending import owed_handlers
from ndrfix.engine.result import HostResult, Status
from ndrfix.resources import ABSENT, Action, Change, RemoteItem, Verb
from tests.campaign import laws
from tests.campaign.field import by_host, histories
from tests.campaign.ground import IMS, OPTIONS, Look
from tests.lab.desk import reach
from tests.lab.witness import PARAMETERS, Witness

pytestmark = pytest.mark.lab
SET = Change(resource=OPTIONS, before=ABSENT, after=laws.WANTED)
RESTART = Action(verb=Verb.RESTART, resource=IMS)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a fault strikes: in which run, at the how-manieth request of which kind."""

    name: str
    phase: str
    action: str
    nth: int = 1


# An apply reads, changes the value, looks at the service, and restarts it; each by one pipeline.
PLAN_OPENS = Spot("open of the plan", "plan", "Create")
PLAN_READS = Spot("first read of the plan", "plan", "Command")
OPENS = Spot("open of the apply", "apply", "Create")
READS = Spot("first read of the apply", "apply", "Command")
CHANGES = Spot("change", "apply", "Command", 2)
LOOKS = Spot("look at the service", "apply", "Command", 3)
RESTARTS = Spot("restart", "apply", "Command", 4)
CLOSES = Spot("end of the apply", "apply", "Delete")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the lab's wire, and a word that a message about it holds."""

    rule: Mapping[str, object]
    word: str


DROP = Fault({"kind": "drop"}, "connection")
DROP_REPLY = Fault({"kind": "drop-reply"}, "connection")
CUT = Fault({"kind": "cut"}, "connection")
UNAUTHORIZED = Fault({"kind": "401"}, "encrypted session")
HTML = Fault({"kind": "html500"}, "web page")
KILL = Fault({"kind": "kill"}, "PowerShell")

# A case takes seconds, so these are some that `test_bad_hosts.py` does not have: at opens, reads, items and ends. The
# host is lost, or done where nothing was lost or a read was repeated.
LOST, DONE = Status.UNREACHABLE, Status.OK
CASES: tuple[tuple[Fault, Spot, Status], ...] = (
    (DROP, PLAN_OPENS, LOST),
    (DROP, CHANGES, LOST),
    (DROP_REPLY, PLAN_READS, LOST),
    (DROP_REPLY, RESTARTS, LOST),
    (DROP_REPLY, LOOKS, DONE),
    (CUT, OPENS, LOST),
    (CUT, CHANGES, LOST),
    (UNAUTHORIZED, CHANGES, LOST),
    (HTML, RESTARTS, LOST),
    (KILL, READS, LOST),
    (KILL, LOOKS, DONE),
    (DROP, CLOSES, DONE),
)


@dataclass(slots=True)
class Bench:
    """The lab host and a folder for the runs of each case; `complaints` are what was found wrong."""

    host: Witness
    eye: Connection
    folder: Path
    complaints: list[str] = field(default_factory=list)

    def prepare(self, case: str) -> PlaybookJob:
        """The job of a case, the value being away."""
        self.host.faults()
        self.host.run("reg.exe", "delete", PARAMETERS, "/v", OPTIONS.name, "/f")
        folder = self.folder / case.replace(" ", "-")
        folder.mkdir()
        inventory = folder / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {"ex01": reach(self.host.info, "ntlm")}}}))
        return _job(inventory)

    def look(self, process: int) -> Look:
        """The host, with what was written since it had this process."""
        self.host.faults()
        found = self.eye.read([OPTIONS, IMS])
        written: list[RemoteItem] = [SET] if found[OPTIONS] == laws.WANTED else []
        written += [RESTART] if self.host.process() != process else []
        none: dict[str, Any] = dict.fromkeys(
            ("shells", "most_shells", "faults", "requests", "creates", "connections"), 0
        )
        return Look(writes=tuple(written), value=found[OPTIONS], service=found[IMS], **none)

    def strike(self, fault: Fault, spot: Spot, wanted: Status) -> None:
        """One case: planned and applied with the fault, then again without."""
        process = self.host.process()
        job = self.prepare(f"{fault.rule['kind']} {spot.name}")
        rule = {**fault.rule, "action": spot.action, "nth": spot.nth}
        self.host.faults(*([rule] if spot.phase == "plan" else []))
        plan, shown = job.plan()
        self._struck(fault, spot)
        ends = by_host(shown)
        if spot.phase == "plan":
            self._complain(fault, spot, _told(fault, wanted, ends["ex01"]))
        self.host.faults(*([rule] if spot.phase == "apply" else []))
        if plan.plays[0].hosts[0].computer is not None:
            result = job.apply(plan)
            self._struck(fault, spot)
            ends = by_host(result)
            look = self.look(process)
            self._complain(fault, spot, laws.true(ends["ex01"], look.writes, look, histories(result).get("ex01")))
        else:
            look = self.look(process)
            self._complain(fault, spot, laws.nothing_sent(ends["ex01"], look.writes))
        if spot.phase == "apply":
            self._complain(fault, spot, _told(fault, wanted, ends["ex01"]))
        self._again(fault, spot, job, process, ends["ex01"])

    def _again(self, fault: Fault, spot: Spot, job: PlaybookJob, process: int, end: HostResult) -> None:
        """A run without faults brings the host to its end."""
        inventory = Path(job.request.inventories[0])
        if laws.ended(end) is not Status.OK:
            again = _job(inventory)
            end = by_host(again.apply(again.plan()[0]))["ex01"]
        self._complain(fault, spot, laws.converged(end, self.look(process)))
        if owed_handlers(inventory.parent / "runs", "reverse-ndr"):
            self._complain(fault, spot, iter(["a handler is owed"]))

    def _struck(self, fault: Fault, spot: Spot) -> None:
        if not self.host.struck():
            self._complain(fault, spot, iter(["the fault did not strike"]))

    def _complain(self, fault: Fault, spot: Spot, complaints: Iterator[str]) -> None:
        self.complaints += [f"{fault.rule['kind']} at the {spot.name}: {text}" for text in complaints]


def _told(fault: Fault, wanted: Status, end: HostResult) -> Iterator[str]:
    texts = [task.message for task in end.tasks if task.status in laws.BAD]
    if laws.ended(end) is not wanted:
        yield f"ended {laws.ended(end)} instead of {wanted}: {texts}"
    if texts and fault.word not in texts[0]:
        yield f"does not say {fault.word!r}: {texts}"
    yield from laws.said(end)


def _job(inventory: Path) -> PlaybookJob:
    return PlaybookJob(Request(playbook="reverse-ndr", inventories=(str(inventory),), skip_tags=("queue",)))


@pytest.fixture
def bench(ex55: Witness, lab_connect: Callable[..., Connection], tmp_path: Path) -> Iterator[Bench]:
    """The lab host, without faults at the end."""
    yield Bench(ex55, lab_connect(auth="basic", message_encryption="never"), tmp_path)
    ex55.faults()


@pytest.mark.parametrize(
    ("fault", "spot", "wanted"), CASES, ids=[f"{fault.rule['kind']} at the {spot.name}" for fault, spot, _ in CASES]
)
def test_a_fault_at_a_request(fault: Fault, spot: Spot, wanted: Status, bench: Bench) -> None:
    """The host ends as it must, what is said is true of it, and the next run finishes the work."""
    bench.strike(fault, spot, wanted)
    assert not bench.complaints, "\n".join(bench.complaints)
