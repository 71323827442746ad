"""The document for programs: its schema, its examples, and what must not be in it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from ndrfix.connections.base import Outcome, OutcomeStatus, Reading
from ndrfix.engine.result import Mode, PhaseResult, RunResult, Status
from ndrfix.report.document import document
from ndrfix.report.schema import RunDocument, schema_text
from ndrfix.resources import (
    ABSENT,
    Action,
    Change,
    ComputerState,
    FileState,
    FileVersionState,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Service,
    TreeKey,
    TreeState,
    Unreadable,
    Verb,
)
from ndrfix.secrets import Masker, Secret
from ndrfix.steps.base import Check, StepPlan

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "ndrfix.run-1.schema.json"
OneTask = Callable[..., RunResult]


def test_schema_is_current() -> None:
    """The schema in the documentation is generated; NDRFIX_UPDATE_SCHEMAS=1 in the environment writes it."""
    if os.environ.get("NDRFIX_UPDATE_SCHEMAS") == "1":
        SCHEMA.write_text(schema_text(), encoding="utf-8", newline="\n")
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()


def test_documents_obey_the_schema(sample: tuple[str, RunResult]) -> None:
    """Every hand-made result validates against the published schema, and is read back by the models as it was."""
    text = document(sample[1])
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(json.loads(text))
    assert RunDocument.model_validate_json(text).model_dump_json(indent=2, by_alias=True) + "\n" == text


def test_schema_refuses_what_it_does_not_know(plan_result: RunResult) -> None:
    """An unknown key, a missing one and another schema are errors."""
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    good = json.loads(document(plan_result))
    for bad in (
        {**good, "extra": 1},
        {**good, "schema": "ndrfix.run/2"},
        {k: v for k, v in good.items() if k != "plays"},
    ):
        assert list(validator.iter_errors(bad))


def test_golden_document(apply_result: RunResult, golden: Callable[[str, str], None]) -> None:
    """The document of one host of the apply is as the reviewed file says."""
    (play,) = apply_result.plays
    one = dataclasses.replace(play, hosts=play.hosts[1:2])
    golden("drifted-host.json", document(dataclasses.replace(apply_result, plays=(one,))))


def test_same_result_same_bytes(sample: tuple[str, RunResult]) -> None:
    """Nothing in the document depends on when or where it is written."""
    assert document(sample[1]) == document(sample[1])


def test_hosts_in_inventory_order(plan_result: RunResult) -> None:
    """Unlike the recap, hosts keep the order of the inventory, with their counts and what was not evaluated."""
    (play,) = plan_result.plays
    turned = dataclasses.replace(plan_result, plays=(dataclasses.replace(play, hosts=play.hosts[::-1]),))
    hosts = json.loads(document(turned))["hosts"]
    assert [(host["host"], host["computer"]["computer"], host["not_evaluated"]) for host in hosts] == [
        ("ex03", "ACMEMAIL3", 2),
        ("ex02", "ACMEMAIL2", 0),
        ("ex01", "ACMEMAIL1", 1),
    ]
    assert hosts[1]["counts"]["changed"] == 2


def test_hidden_task_has_no_values(one_task: OneTask) -> None:
    """A no_log task is there with its status, none of its values."""
    plan = StepPlan(checks=(Check(ok=False, text="xyzzy"),), note="xyzzy")
    text = document(one_task(Status.FAILED, plan, message="xyzzy", label="xyzzy", next_step="xyzzy", hidden=True))
    assert "xyzzy" not in text
    (task,) = json.loads(text)["plays"][0]["hosts"][0]["tasks"]
    assert (task["hidden"], task["status"], task["phases"]) == (True, "failed", [])


def value(data: RegistryData) -> StepPlan:
    resource = RegistryValue(RegistryKey.parse("HKLM\\SOFTWARE\\Acme"), "a")
    return StepPlan(items=(Change(resource=resource, before=ABSENT, after=data),))


def after(text: str) -> object:
    return json.loads(text)["plays"][0]["hosts"][0]["tasks"][0]["phases"][0]["items"][0]["after"]


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (RegistryData(RegistryType.DWORD, 256), {"type": "dword", "data": 256}),
        (RegistryData(RegistryType.QWORD, 2**64 - 1), {"type": "qword", "data": 2**64 - 1}),
        (RegistryData(RegistryType.STRING, "Grüße →"), {"type": "string", "data": "Grüße →"}),
        (RegistryData(RegistryType.STRING, "\ud800"), {"type": "string", "data": "\\ud800"}),
        (RegistryData(RegistryType.EXPANDSTRING, "%a%"), {"type": "expandstring", "data": "%a%"}),
        (RegistryData(RegistryType.BINARY, b"\x00\xff"), {"type": "binary", "data": "00ff"}),
        (RegistryData(RegistryType.NONE, b""), {"type": "none", "data": ""}),
        (RegistryData(RegistryType.MULTISTRING, ("a", "")), {"type": "multistring", "data": ["a", ""]}),
    ],
)
def test_states_are_typed(one_task: OneTask, data: RegistryData, written: object) -> None:
    """A value keeps its type and exact data; the text is UTF-8 whatever the host sent."""
    text = document(one_task(Status.WOULD_CHANGE, value(data)))
    assert after(text) == written
    text.encode("utf-8")
    assert '"before": {\n' in text


@pytest.mark.parametrize(
    "data",
    [
        RegistryData(RegistryType.DWORD, 31337),
        RegistryData(RegistryType.STRING, "a31337b"),
        RegistryData(RegistryType.BINARY, b"31337"),
        RegistryData(RegistryType.MULTISTRING, ("x", "31337")),
    ],
)
def test_secrets_are_masked_by_value(one_task: OneTask, data: RegistryData) -> None:
    """A secret is taken out of numbers, texts, bytes and lists, and the document stays valid."""
    text = document(one_task(Status.WOULD_CHANGE, value(data)), Masker([Secret("31337")]))
    assert "31337" not in text
    assert b"31337".hex() not in text
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(json.loads(text))


def test_dry_run_has_no_outcomes(plan_result: RunResult, apply_result: RunResult) -> None:
    """What a dry run carries out in memory is not told as something that was read back."""
    assert '"verified": true' in document(apply_result)
    dry = dataclasses.replace(apply_result, mode=plan_result.mode)
    assert '"verified"' not in document(dry)


@pytest.mark.parametrize(
    ("reading", "written"),
    [
        (Unreadable(reason="no", denied=True), {"state": "unreadable", "reason": "no", "denied": True}),
        (
            FileState(path="C:\\a", size=1, modified="m"),
            {"path": "C:\\a", "size": 1, "modified": "m", "read_only": False, "directory": False},
        ),
        (
            FileVersionState(path="a", version="5.5", size=1, modified="m"),
            {"path": "a", "version": "5.5", "size": 1, "modified": "m"},
        ),
        (
            ComputerState(name="A", os_version="5.0", powershell="2.0"),
            {"computer": "A", "os_version": "5.0", "powershell": "2.0", "administrator": True, "bits": 64},
        ),
        (
            TreeState(keys=(TreeKey(path="", values=(("a", RegistryData(RegistryType.DWORD, 1)),)), TreeKey(path="b"))),
            {"keys": 2, "values": 1},
        ),
        (None, None),
    ],
)
def test_every_reading_is_written(apply_result: RunResult, reading: Reading | None, written: object) -> None:
    """Whatever a connection reads back has its place in an outcome, and obeys the schema."""
    restart = Action(verb=Verb.RESTART, resource=Service("a"))
    phase = PhaseResult(
        plan=StepPlan(items=(restart,)), outcomes=(Outcome(item=restart, status=OutcomeStatus.DONE, after=reading),)
    )
    (play,) = apply_result.plays
    task = dataclasses.replace(play.hosts[0].tasks[0], phases=(phase,))
    host = dataclasses.replace(play.hosts[0], tasks=(task,))
    run = dataclasses.replace(apply_result, plays=(dataclasses.replace(play, hosts=(host,)),), mode=Mode.APPLY)
    found = json.loads(document(run))
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(found)
    assert found["plays"][0]["hosts"][0]["tasks"][0]["phases"][0]["outcomes"][0]["after"] == written
