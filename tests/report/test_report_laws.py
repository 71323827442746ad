"""Laws that hold for every result: nothing raises, nothing leaks, nothing foreign reaches the terminal raw."""

from __future__ import annotations

import json
import re

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import HostResult, Mode, PhaseResult, PlayResult, RunContext, RunResult, Status, TaskResult
from ndrfix.report import Commands, exit_code, render
from ndrfix.report.document import document
from ndrfix.report.recap import recap_lines
from ndrfix.report.schema import schema_text
from ndrfix.report.text import Pen
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Action,
    Artifact,
    Change,
    ComputerState,
    Hive,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    Unreadable,
    Verb,
)
from ndrfix.secrets import Masker, Secret
from ndrfix.steps.base import Check, StepPlan, Verdict, Witness

SGR = re.compile(r"\x1b\[[0-9;]*m")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text()))

# A secret begins with a sign that no report uses, and has none of those with which reports escape, quote and mask.
SECRET = "§" + "pass 'wörd' <&%$>"
TEXT = st.lists(
    st.one_of(st.text(max_size=6), st.sampled_from([SECRET, "\x1b[31m", "\r\n", "\u202e", "\ud800", '"', "x" * 395])),
    max_size=4,
).map("".join)
T = RegistryType
LAW = settings(deadline=None)  # a busy machine is no fault of a report

data = st.one_of(
    st.builds(RegistryData, st.sampled_from([T.STRING, T.EXPANDSTRING]), TEXT),
    st.builds(RegistryData, st.just(T.DWORD), st.integers(0, 2**32 - 1)),
    st.builds(RegistryData, st.just(T.QWORD), st.integers(0, 2**64 - 1)),
    st.builds(
        RegistryData,
        st.sampled_from([T.BINARY, T.NONE]),
        st.one_of(st.binary(max_size=40), st.binary(max_size=9).map(lambda raw: raw + SECRET.encode())),
    ),
    st.builds(RegistryData, st.just(T.MULTISTRING), st.lists(TEXT, max_size=5).map(tuple)),
)
services = st.builds(
    ServiceState,
    status=st.sampled_from(ServiceStatus),
    start=st.sampled_from(StartType),
    display_name=TEXT,
    image_path=TEXT,
    dependents=st.lists(TEXT, max_size=2).map(tuple),
)
absent = st.just(ABSENT)
keys = st.builds(RegistryKey, st.sampled_from(Hive), TEXT)
changes = st.one_of(
    st.builds(
        Change,
        resource=st.builds(RegistryValue, keys, TEXT),
        before=st.one_of(absent, data),
        after=st.one_of(absent, data),
    ),
    st.builds(Change, resource=keys, before=absent, after=st.just(PRESENT)),
    st.builds(
        Change,
        resource=st.builds(Service, TEXT),
        before=st.one_of(absent, services),
        after=st.one_of(absent, services),
    ),
)
remote = st.one_of(changes, st.builds(Action, verb=st.sampled_from(Verb), resource=st.builds(Service, TEXT)))
items = st.one_of(remote, st.builds(Artifact, path=TEXT, content=st.binary(max_size=9)))
readings = st.one_of(st.none(), absent, data, services, st.builds(Unreadable, reason=TEXT))
checks = st.builds(
    Check,
    ok=st.booleans(),
    text=TEXT,
    verdict=st.one_of(st.none(), st.sampled_from(Verdict)),
    witnesses=st.lists(st.builds(Witness, source=TEXT, value=TEXT), max_size=2).map(tuple),
    next_step=TEXT,
)


@st.composite
def phases(draw: st.DrawFn) -> PhaseResult:
    """A phase with as many outcomes as it came to, mostly of its own items."""
    planned = draw(st.lists(items, max_size=3))
    sent = [item for item in planned if not isinstance(item, Artifact)]
    sent = sent[: draw(st.integers(0, 3))] + draw(st.lists(remote, max_size=1))
    outcomes = tuple(
        Outcome(
            item=item,
            status=draw(st.sampled_from(OutcomeStatus)),
            before=draw(readings),
            after=draw(readings),
            message=draw(TEXT),
            next_step=draw(TEXT),
        )
        for item in sent
    )
    plan = StepPlan(
        checks=tuple(draw(st.lists(checks, max_size=2))),
        items=tuple(planned),
        on_failure=tuple(draw(st.lists(remote, max_size=1))),
        note=draw(TEXT),
        instruction=draw(TEXT),
    )
    return PhaseResult(plan=plan, outcomes=outcomes)


tasks = st.builds(
    TaskResult,
    index=st.integers(0, 3),
    name=TEXT,
    step=st.just("set_registry"),
    status=st.sampled_from(Status),
    handler=st.booleans(),
    label=TEXT,
    phases=st.lists(phases(), max_size=2).map(tuple),
    message=TEXT,
    next_step=TEXT,
    ignored=st.booleans(),
    hidden=st.booleans(),
    seconds=st.floats(0, 1e6),
)
hosts = st.builds(
    HostResult,
    host=st.sampled_from(["ex01", "ex02", "a-host-with-a-long-name.client.example"]),
    computer=st.one_of(st.none(), st.builds(ComputerState, name=TEXT, os_version=TEXT)),
    tasks=st.lists(tasks, max_size=3).map(tuple),
)
results = st.builds(
    RunResult,
    context=st.builds(RunContext, run_id=TEXT, started=st.just("2026-11-25T09:30:00Z"), playbook=TEXT),
    mode=st.sampled_from(Mode),
    plays=st.lists(st.builds(PlayResult, name=TEXT, hosts=st.lists(hosts, max_size=3).map(tuple)), max_size=2).map(
        tuple
    ),
    seconds=st.floats(0, 1e6),
    folder=TEXT,
    interrupted=st.booleans(),
)


@LAW
@given(results, st.integers(1, 200), st.integers(-1, 4))
def test_screen_is_safe(result: RunResult, width: int, verbosity: int) -> None:
    """Any result is drawn; colours change no letter; nothing but line feeds is unprintable; no secret is shown."""
    masker = Masker([Secret(SECRET)])
    plain = render(
        result, width=width, colour=False, verbosity=verbosity, masker=masker, commands=Commands(undo="ndrfix undo x")
    )
    coloured = render(
        result, width=width, colour=True, verbosity=verbosity, masker=masker, commands=Commands(undo="ndrfix undo x")
    )
    assert SGR.sub("", coloured) == plain
    assert plain.replace("\n", "").isprintable()
    assert SECRET not in plain
    assert SECRET.encode().hex() not in plain
    plain.encode("utf-8")


@LAW
@given(results)
def test_recap_has_ansibles_width(result: RunResult) -> None:
    """A line for each host, 117 characters for a name of up to 26, that ends in padded counts."""
    lines = list(recap_lines(result, Pen()))
    assert len(lines) == len({host.host for play in result.plays for host in play.hosts})
    for line in lines:
        assert len(line) == 117 + max(0, len(line.split(" : ")[0]) - 26)
        assert re.fullmatch(r"(\S+ *) : ok=\d+ +(\w+=\d {4}){5}ignored=\d {3}", line)


@LAW
@given(results)
def test_document_is_safe(result: RunResult) -> None:
    """Any result becomes a valid document in UTF-8, without a secret."""
    text = document(result, Masker([Secret(SECRET)]))
    VALIDATOR.validate(json.loads(text))
    assert SECRET not in text
    assert SECRET.encode().hex() not in text
    text.encode("utf-8")


@LAW
@given(results, st.booleans())
def test_failures_are_never_fine(result: RunResult, detailed: bool) -> None:
    """A run with a failed, drifted or unreachable task, or one that was interrupted, has an exit code of its own."""
    found = {task.status for play in result.plays for host in play.hosts for task in host.tasks}
    bad = bool(found & {Status.FAILED, Status.DRIFTED, Status.UNREACHABLE}) or result.interrupted
    assert (exit_code(result, detailed=detailed) in (2, 4, 99)) == bad
