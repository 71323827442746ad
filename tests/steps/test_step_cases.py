"""Every case below `cases/`: arguments and observed states in, checks, items and note out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from ndrfix.connections.base import Reading
from ndrfix.exchange.values import SETUP, describe
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Action,
    Artifact,
    Change,
    FileVersion,
    FileVersionState,
    Item,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryType,
    RegistryValue,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    StartType,
    State,
    TreeKey,
    TreeState,
    Unreadable,
)
from ndrfix.steps import step_named
from ndrfix.steps.base import AnyStep, NotReadableError, Observed, StepPlan
from ndrfix.steps.registry_data import registry_data

CASES = Path(__file__).parent / "cases"


def _cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yml")):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")


def _unreadable(raw: object) -> Unreadable | None:
    if isinstance(raw, dict) and "unreadable" in raw:
        return Unreadable(reason=raw["unreadable"], denied=raw.get("denied", False))
    return None


def _data(raw: dict[str, Any]) -> RegistryData:
    ((kind, data),) = raw.items()
    return registry_data(RegistryType(kind), data)


def _service(raw: str) -> State:
    """`running`, `stopped disabled`, `running needed by A, B`."""
    words, _, needed = raw.partition(" needed by ")
    status, _, start = words.partition(" ")
    dependents = tuple(name.strip() for name in needed.split(",") if name.strip())
    return ServiceState(
        status=ServiceStatus(status),
        start=StartType(start or "automatic"),
        display_name="A service",
        image_path="C:\\a.exe",
        dependents=dependents,
    )


def _tree(raw: dict[str, Any]) -> TreeState:
    return TreeState(
        keys=tuple(
            TreeKey(path=path, values=tuple((name, _data(data)) for name, data in (values or {}).items()))
            for path, values in raw.items()
        )
    )


def _reading(resource: Resource, observed: dict[str, Any]) -> Reading:
    """What the case says about a resource; what it does not mention is absent."""
    raw: Any = None
    if isinstance(resource, FileVersion):
        raw = observed.get("ims")
        made: State = FileVersionState(path="C:\\imc.exe", version=str(raw), size=5, modified="2004-01-01T00:00:00Z")
    elif isinstance(resource, Service):
        raw = observed.get("services", {}).get(resource.name)
        made = _service(raw) if isinstance(raw, str) and raw != "absent" else ABSENT
    elif isinstance(resource, RegistryValue):
        where = observed.get("setup", {}) if resource.key == SETUP else observed.get("values", {})
        raw = where.get(resource.name or "(default)")
        made = _data(raw) if isinstance(raw, dict) and "unreadable" not in raw else ABSENT
    elif isinstance(resource, RegistryTree):
        raw = observed.get("tree")
        made = _tree(raw) if isinstance(raw, dict) and "unreadable" not in raw else ABSENT
    else:
        assert isinstance(resource, RegistryKey)
        raw = observed.get("key")
        made = PRESENT
    return ABSENT if raw in (None, "absent") else _unreadable(raw) or made


def _shown(item: Item) -> str:
    if isinstance(item, Artifact):
        return f"artifact {item.path}"
    if isinstance(item, Action):
        return f"{item.verb} {item.resource} within {item.timeout:g} s"
    assert isinstance(item, Change)
    return f"{item.resource}: {_state(item, item.before)} → {_state(item, item.after)}"


def _state(change: Change, state: State) -> str:
    if isinstance(state, ServiceState):
        return f"{state.status} {state.start}"
    return describe(change.resource, state) if isinstance(change.resource, RegistryValue) else str(state)


def _plan(step: AnyStep, args: Any, observed: dict[str, Any]) -> StepPlan:
    (phase,) = step.phases
    return phase.plan(args, Observed({each: _reading(each, observed) for each in phase.probe(args)}))


def _outcome(plan: StepPlan) -> dict[str, Any]:
    return {
        "checks": [
            {"ok": check.ok, "text": check.text} | ({"verdict": str(check.verdict)} if check.verdict else {})
            for check in plan.checks
        ],
        "items": [_shown(item) for item in plan.items],
        "note": plan.note,
        "instruction": plan.instruction,
    }


@pytest.mark.parametrize(("step_name", "case"), list(_cases()))
def test_a_step_does_what_its_case_says(step_name: str, case: dict[str, Any]) -> None:
    """A step finds and plans exactly what the case wants, or refuses the arguments with the text it names."""
    step = step_named(step_name)
    assert step is not None
    if "error" in case:
        with pytest.raises(ValidationError) as caught:
            step.args.model_validate(case["args"])
        assert case["error"] in "; ".join(error["msg"] for error in caught.value.errors())
        return
    args = step.args.model_validate(case["args"])
    if "unreadable" in case:
        with pytest.raises(NotReadableError, match=case["unreadable"]):
            _plan(step, args, case.get("observed", {}))
        return
    plan = _plan(step, args, case.get("observed", {}))
    wanted = {"checks": [], "items": [], "note": "", "instruction": ""} | case["wants"]
    next_steps = [check.pop("next", None) for check in (dict(each) for each in wanted["checks"])]
    wanted["checks"] = [{key: value for key, value in each.items() if key != "next"} for each in wanted["checks"]]
    assert _outcome(plan) == wanted
    for check, part in zip(plan.checks, next_steps, strict=True):
        assert part is None or part in check.next_step


@pytest.mark.parametrize(("step_name", "case"), [each for each in _cases() if "wants" in each.values[1]])
def test_a_failed_plan_holds_no_items(step_name: str, case: dict[str, Any]) -> None:
    """A plan with a failed check never has items, and each failed check of a host's state says what to do next."""
    step = step_named(step_name)
    assert step is not None
    plan = _plan(step, step.args.model_validate(case["args"]), case.get("observed", {}))
    assert not (plan.failed and plan.items)
    if step_name != "check_registry":
        assert all(check.ok or check.next_step for check in plan.checks)
