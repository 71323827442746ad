"""A fault in a template is told at the very character, however YAML writes the value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.playbook.written import positions
from tests.lint.conftest import Lint

_CASES = yaml.safe_load((Path(__file__).parent / "template_places.yml").read_text(encoding="utf-8"))
_MARK = "⟦"
_HEAD = "- name: Look\n  hosts: exchange\n  vars:\n    pack: 4\n  tasks:\n    - name: Tell\n"


def _marked(case: dict[str, Any]) -> str:
    """The playbook, with the mark."""
    value = str(case.get("value", "a text")).replace("\n", "\n        ")
    text = f"{_HEAD}      manual:\n        instruction: {value}\n"
    if "when" in case:
        text += f"      when: {case['when']}\n".replace("\n", "\n      ").rstrip() + "\n"
    return text.replace("\n", case.get("ends", "\n"))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["name"])
def test_a_fault_in_a_template_is_told_at_its_character(lint: Lint, case: dict[str, Any]) -> None:
    """Line and column of the one finding, in every style of YAML."""
    text = _marked(case)
    before = text[: text.index(_MARK)]
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    (found,) = lint(text.replace(_MARK, "")).findings
    assert (found.rule, found.place.line, found.place.column) == (case.get("rule", "jinja[syntax]"), line, column)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\ \n{}%#:ab"), min_size=1)
_STYLES = st.sampled_from(["'", '"', "|", ">", None])


@given(text=_TEXTS, style=_STYLES, width=st.sampled_from([20, 200]), wide=st.booleans())
def test_each_character_is_found_where_it_is_written(text: str, style: str, width: int, wide: bool) -> None:
    """Whatever PyYAML writes, every character has a place in it, in order, where it or its escape stands."""
    source = "a: " + yaml.dump(text, default_style=style, width=width, allow_unicode=wide)
    if yaml.safe_load(source) != {"a": text}:
        return  # a block that PyYAML itself writes wrongly below a key
    found = positions(source, 3, text)
    assert found is not None
    assert list(found) == sorted(found)
    for char, at in zip(text, found, strict=False):
        assert char.isspace() or source[at] in (char, "\\")


def test_a_waiver_of_the_task_holds_for_all_its_lines(lint: Lint) -> None:
    """Also for the lines of its last value, and for none of the next task."""
    tail = "      manual:\n        instruction: |\n          a\n          {{ pack + }}\n"
    text = f"{_HEAD}{tail}    - name: Tell again\n{tail}"
    waived = lint(text.replace("name: Tell\n", "name: Tell  # noqa: jinja[syntax] (meant so)\n"))
    assert [each.place.line for each in waived.waived] == [10]
    assert [each.place.line for each in waived.findings] == [15]
