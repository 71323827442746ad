"""What a report says of a message queue: what was found, what goes, what stayed, what cannot be had back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from ndrfix.connections.simulated_mail import mailbox
from ndrfix.connections.simulation import SimulatedFile
from ndrfix.engine.result import Mode, RunResult
from ndrfix.engine.run import result_of
from ndrfix.exchange.backlog import Backlog, backlog
from ndrfix.report import render
from ndrfix.report.backlog import backlog_lines
from ndrfix.report.diff import state_text
from ndrfix.report.document import document
from ndrfix.report.queue_document import QueueWriter, State
from ndrfix.report.schema import RunDocument, schema_text
from ndrfix.report.text import Pen
from ndrfix.resources import (
    FolderState,
    LeftFile,
    Message,
    MessageKind,
    MoveState,
    QuarantinesState,
    QuarantineState,
    QuarantineStatus,
    QueueState,
    ServiceStatus,
)
from ndrfix.secrets import Masker, Secret
from tests.engine.stage import Stage

ROOT = "C:\\exchsrvr\\imcdata"
HOSTS = rf"""
ex01:
  computer: {{name: MAIL1, os_version: 5.0.2195}}
  registry:
    HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters: {{RootDir: '{ROOT}'}}
  services:
    MSExchangeIMC: {{status: running, start: automatic}}
"""
BOOK = """
- name: Clear the queue
  clear_queue: {messages: all, keep: delete, recount_after: 30, show: 2}
"""
TICK = 10_000_000
DAY = 86_400 * TICK


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A host with mail of every kind in its queue, of which one message is held open."""
    made = Stage(tmp_path, hosts=HOSTS)
    counts = {MessageKind.NDR: 12, MessageKind.USER: 3, MessageKind.BOUNCE: 1, MessageKind.RECEIPT: 1}
    files = list(mailbox(f"{ROOT}\\out", counts))
    for file in files:
        made.host().put_file(file)
    made.host().put_file(SimulatedFile(path=f"{ROOT}\\out\\HELD [1]", content=b"x", held=True))
    made.host().put_file(SimulatedFile(path=f"{ROOT}\\queue.dat", content=b"q"))
    return made


def _shown(result: RunResult, **options: object) -> str:
    return render(result, **{"width": 100, "colour": False, "verbosity": 0, **options})  # type: ignore[arg-type]  # the options are those of render


def _valid(result: RunResult) -> RunDocument:
    text = document(result)
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(json.loads(text))
    found = RunDocument.model_validate_json(text)
    assert found.model_dump_json(indent=2, by_alias=True) + "\n" == text
    return found


def test_golden_of_a_clearing(stage: Stage, golden: Callable[[str, str], None]) -> None:
    """The plan of a clearing, and the report of it, are drawn as the reviewed files say; their documents are valid."""
    stand = stage.run(BOOK)
    made = stand.plan()
    plan = result_of(made, 0.0)
    golden("queue-plan.txt", _shown(plan))
    done = replace(stand.apply(made), folder="runs/run-0")
    golden("queue-apply.txt", _shown(done))
    for result in (plan, done):
        (task,) = _valid(result).plays[0].hosts[0].tasks
        found = [phase.backlog for phase in task.phases if phase.backlog]
        assert [share.messages for share in found[0].shares] == [12, 1, 1, 3, 1]
        assert found[0].taken == tuple(MessageKind)
        assert [risk.grave for phase in task.phases for risk in phase.risks][-2:] == [True, True]


def test_what_cannot_be_had_back_is_red(stage: Stage) -> None:
    """Grave risks, and mail of users that goes, stand out; reports that go do not."""
    lines = _shown(stage.run(BOOK).shown(), colour=True).splitlines()
    red = [line for line in lines if "\x1b[31m" in line]
    assert any("KEEP: DELETE" in line for line in red)
    assert any("user mail" in line for line in red)
    assert not any("non-delivery reports," in line for line in red)


def test_foreign_text_of_messages_is_harmless(stage: Stage) -> None:
    """A subject or a name from outside can neither fake a line nor tell a secret."""
    evil = b"Subject: Undeliverable: \x1b[2Jhunter22\r\nFrom: a@b.example\r\nTo: hunter22@b.example\r\n\r\nx"
    for number in range(3):
        stage.host().put_file(SimulatedFile(path=f"{ROOT}\\out\\0{number}", content=evil))
    masker = Masker()
    masker.add(Secret("hunter22"))
    text = _shown(stage.run(BOOK).shown(), masker=masker, verbosity=2)
    assert "\x1b" not in text
    assert "hunter22" not in text


def _message(number: int, kind: MessageKind = MessageKind.NDR, **more: object) -> Message:
    made = Message(name=f"M{number}", size=100, written=126_000_000_000_000_000 + number * DAY, kind=kind)
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a message


def test_a_backlog_counts() -> None:
    """Numbers by kind, in the order of kinds; the domains and recipients of reports, without case, most first."""
    messages = [
        _message(0, MessageKind.USER, domain="users.example", recipients=("u@users.example",)),
        *(_message(number, domain=f"D{number % 7}.Example") for number in range(1, 15)),
        _message(15, domain="d1.example", recipients=("A@acme.example", "b@acme.example")),
        _message(16, recipients=("a@ACME.example",)),
    ]
    found = backlog(messages, taken=(MessageKind.NDR,), samples=2)
    assert [(share.kind, share.messages, share.size) for share in found.shares] == [
        (MessageKind.NDR, 16, 1600),
        (MessageKind.USER, 1, 100),
    ]
    assert (found.messages, found.size, round(found.percent)) == (17, 1700, 94)
    assert found.of(MessageKind.NDR, MessageKind.USER) == (17, 1700)
    assert found.domains[0] == ("d1.example", 3)
    assert (len(found.domains), found.other_domains) == (5, 3)
    assert found.recipients == (("a@acme.example", 2), ("b@acme.example", 1))
    assert [sample.name for sample in found.samples] == ["M1", "M2"]
    assert (found.oldest, found.newest) == ("2000-04-12T08:00:00Z", "2000-04-28T08:00:00Z")


def test_a_backlog_of_nothing() -> None:
    """No messages are no times, no shares, and no percent."""
    assert backlog([], taken=(MessageKind.NDR,)) == Backlog(taken=(MessageKind.NDR,))
    assert Backlog().percent == 0.0
    assert list(backlog_lines(Backlog(), Mode.PLAN, Pen(), moves=True)) == ["  out  0 messages, 0 bytes"]
    assert backlog([_message(0, written=2**63 - 1)]).newest == ""


def test_states_of_the_queue_in_words() -> None:
    """As they stand in a diff."""
    open_ = QuarantineState(status=QuarantineStatus.OPEN, promised=ServiceStatus.RUNNING)
    words: dict[State, str] = {
        QueueState(path="C:\\q"): "0 messages",
        FolderState(path="C:\\q", files=1, size=20_480): "1 file, 20 KB",
        open_: "open",
        replace(open_, messages=1, size=5): "open, 1 message, 5 bytes",
        QuarantinesState(path="C:\\k", runs=(("a", open_),)): "quarantines of 1 run",
        MoveState(moved=2000, size=5): "2,000 moved",
        MoveState(moved=1, size=5, left=(LeftFile("a", "b"),)): "1 moved, 1 left",
    }
    writer = QueueWriter(text=str)
    for state, text in words.items():
        assert state_text(state, Pen()) == text
        assert writer.state(state).model_dump()
    assert writer.backlog(None) is None
