"""Law 1, over random playbooks: a dry run writes nothing and predicts what apply does; a second apply is empty."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfix.engine.result import RunResult, Status
from ndrfix.resources import Action, Change
from tests.engine.stage import Stage, of

KEYS = [r"HKLM\SOFTWARE\Acme", r"HKLM\SOFTWARE\Acme\Sub", r"HKEY_LOCAL_MACHINE\SOFTWARE\New\Deep", "HKLM:\\SYSTEM\\Z"]
NAMES = ["A", "a b", "(default)", "5", "Mode", "Ünïcode"]
SERVICES = ["Svc1", "Svc2", "Svc3"]
DATA: dict[str, st.SearchStrategy[Any]] = {
    "dword": st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1).map(hex)),
    "qword": st.integers(0, 2**64 - 1),
    "string": st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="{}"), max_size=8
    ),
    "expandstring": st.sampled_from(["%SystemRoot%\\x", "plain", ""]),
    "multistring": st.lists(st.text("abc é", min_size=1, max_size=3), max_size=3),
    "binary": st.binary(max_size=6).map(lambda data: "hex:" + ",".join(f"{byte:02x}" for byte in data)),
}


@st.composite
def registry_task(draw: st.DrawFn, key: str, name: str) -> dict[str, Any]:
    """A task that sets or removes one value."""
    if draw(st.integers(0, 3)) == 0:
        return {"set_registry": {"path": key, "name": name, "state": "absent"}}
    kind = draw(st.sampled_from(sorted(DATA)))
    return {"set_registry": {"path": key, "name": name, "type": kind, "data": draw(DATA[kind])}}


@st.composite
def service_task(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A task that sets state, start mode or both; a service to be started is not disabled in the same breath."""
    state = draw(st.sampled_from([None, "started", "stopped"]))
    modes = [None, "auto", "manual"] if state == "started" else [None, "auto", "manual", "disabled"]
    mode = draw(st.sampled_from(modes))
    args = {"name": name, "state": state, "start_mode": mode}
    return {
        "set_service": {key: value for key, value in args.items() if value is not None}
        | ({"state": "stopped"} if not (state or mode) else {})
    }


@st.composite
def playbooks(draw: st.DrawFn) -> str:
    """A play in which every value and every service is the target of one task at most."""
    targets = draw(
        st.lists(
            st.sampled_from([(key, name) for key in KEYS for name in NAMES]),
            unique_by=lambda t: (t[0], t[1].casefold()),
            max_size=5,
        )
    )
    tasks = [draw(registry_task(*target)) for target in targets]
    services = draw(st.lists(st.sampled_from(SERVICES), unique=True, max_size=2))
    tasks += [draw(service_task(name)) for name in services]
    tasks = draw(st.permutations(tasks))
    for task in tasks:
        if draw(st.booleans()):
            task["notify"] = "restart"
    handlers = [{"name": "restart", "restart_service": {"name": "Other"}}]
    tasks.append({"backup_registry": {"path": KEYS[0]}})
    return "- name: play\n" + _indented({"hosts": "all", "tasks": tasks, "handlers": handlers})


def _indented(play: dict[str, Any]) -> str:
    return "".join(f"  {name}: {json.dumps(value)}\n" for name, value in play.items())


@st.composite
def hosts(draw: st.DrawFn) -> str:
    """A host with some of the values and all of the services, in random settled states."""
    values = {
        name: draw(st.one_of(st.integers(0, 300), st.text("xyz", max_size=3)))
        for name in draw(st.sets(st.sampled_from(["A", "Mode", "5"])))
    }
    services = {
        name: {
            "display_name": f"{name} service",
            "status": draw(st.sampled_from(["running", "stopped", "paused"])),
            "start": draw(st.sampled_from(["automatic", "manual"])),
            "image": rf"C:\{name}.exe",
        }
        for name in SERVICES
    }
    services["Other"] = {
        "display_name": "Other service",
        "status": "running",
        "start": "automatic",
        "image": r"C:\o.exe",
    }
    host = {"computer": {"name": "MAIL1"}, "registry": {KEYS[0]: values}, "services": services}
    return json.dumps({"ex01": host})


def planned(result: RunResult) -> list[Change | Action]:
    """What a plan says will be done, in order."""
    tasks = of(result).tasks
    items = [item for task in tasks for phase in task.phases for item in phase.plan.items]
    return [item for item in items if isinstance(item, Change | Action)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(host=hosts(), book=playbooks())
def test_a_dry_run_predicts_exactly_what_apply_does(host: str, book: str) -> None:
    """What a plan shows is what the host's log of writes holds after the apply, and a second apply writes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), hosts=host)
        stand = stage.run(book)
        plan = stand.plan()
        assert stage.host().writes == ()
        shown = planned(stage.run(book).shown())
        result = stand.apply(plan)
        assert {task.status for task in of(result).tasks} <= {Status.OK, Status.CHANGED}
        assert list(stage.host().writes) == shown
        assert [item for item in planned(stage.run(book).shown()) if isinstance(item, Change)] == []
        before = len(stage.host().writes)
        stage.run(book).apply()
        assert len(stage.host().writes) == before
