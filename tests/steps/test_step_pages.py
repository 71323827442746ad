"""The steps as a catalogue: their pages, arguments and the generated `docs/steps.md`."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from ndrfix.steps import STEPS, step_named
from ndrfix.steps.base import AnyStep
from ndrfix.steps.pages import steps_page, write

DOCS = Path(__file__).parents[2] / "docs" / "steps.md"
HEADINGS = ["Why", "What it looks at", "Example", "Undo"]
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def test_docs_are_current() -> None:
    """`docs/steps.md` is what the steps say now; `python -m ndrfix.steps.pages` writes it anew."""
    assert DOCS.read_text(encoding="utf-8") == steps_page()


def test_write_gives_the_page(tmp_path: Path) -> None:
    """The file written is the page, with line feeds only."""
    write(tmp_path / "steps.md")
    assert (tmp_path / "steps.md").read_bytes() == steps_page().encode()


@each_step
def test_a_page_has_the_fixed_headings(step: AnyStep) -> None:
    """Every page says why, what is looked at, gives an example, and how to undo; its first line is a full sentence."""
    assert re.findall(r"^### (.*)$", step.page, re.MULTILINE) == HEADINGS
    assert step.summary.endswith(".")


@each_step
def test_an_example_is_a_task_of_its_step(step: AnyStep) -> None:
    """The example of every page is a task with arguments that the step takes."""
    (block,) = re.findall(r"```yaml\n(.*?)```", step.page, re.DOTALL)
    (task,) = yaml.safe_load(block)
    assert task["name"]
    step.args.model_validate(task[step.name])


@each_step
def test_every_argument_is_described(step: AnyStep) -> None:
    """No argument is without a description that ends in a full stop."""
    for name, argument in step.args.model_fields.items():
        assert (argument.description or "").endswith("."), name


@each_step
def test_a_step_is_found_by_its_name_only(step: AnyStep) -> None:
    """Names are compared exactly, and a step's module is called like it."""
    assert step_named(step.name) is step
    assert step_named(step.name.upper()) is None
    assert import_module(f"ndrfix.steps.{step.name}").STEP is step


@each_step
def test_arguments_have_a_json_schema(step: AnyStep) -> None:
    """Every argument model can be given to an editor as a JSON Schema that forbids unknown names."""
    schema = step.args.model_json_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(step.args.model_fields)


def test_spellings_name_the_arguments_of_win_regedit() -> None:
    """The names that `ansible.windows.win_regedit` knows are listed with the argument that they stand for."""
    step = step_named("set_registry")
    assert step is not None
    spellings = step.args.spellings()
    assert spellings["path"] == ("key",)
    assert spellings["name"] == ("entry", "value")
    assert spellings["type"] == ("datatype",)
    assert {"path", "key", "entry", "value", "datatype", "data", "state"} <= set(step.args.argument_names())
