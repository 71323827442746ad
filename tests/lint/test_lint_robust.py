"""Whatever is in a file, the linter ends with findings and never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfix.lint.linting import asked_for, lint_files
from ndrfix.lint.model import Profile
from ndrfix.shipped import shipped_playbooks
from tests.lint.conftest import Lint

_RULES = asked_for(Profile.PRODUCTION)
_KEYS = ["hosts", "tasks", "vars", "name", "when", "loop", "notify", "handlers", "register", "path", "data", "type"]
_STEPS = ["set_registry", "clear_queue", "set_service", "manual"]
_ODD = ["all", "children", "ansible_password", "{{ item }}", "{{ x | default(", "HKLM\\A", "<<", ""]
_WORDS = st.sampled_from([*_KEYS, *_STEPS, *_ODD])
_LEAVES = st.one_of(_WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates())
_TREES = st.recursive(
    _LEAVES,
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(_WORDS, below, max_size=5)),
    max_leaves=25,
)


def findings(path: Path, text: str) -> int:
    path.write_text(text, encoding="utf-8", newline="")
    return len(lint_files([(path, str(path))], _RULES, named=[path]).findings)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TREES)
def test_any_yaml(tmp_path: Path, tree: object) -> None:
    """Any tree of any values, read as a playbook and as an inventory."""
    for wrapped in (tree, [{"hosts": "all", "tasks": [tree]}], {"all": {"hosts": {"a": tree}}}):
        findings(tmp_path / "any.yml", yaml.safe_dump(wrapped, allow_unicode=True))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_to_a_shipped_playbook(tmp_path: Path, data: st.DataObject) -> None:
    """Lines lost, doubled, moved or replaced."""
    path = data.draw(st.sampled_from(sorted(shipped_playbooks().values())))
    lines = path.read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["cut", "double", "indent", "text", "key"])):
            case "cut":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "indent":
                lines[at] = "  " + lines[at]
            case "text":
                lines[at] = lines[at][: len(lines[at]) // 2] + data.draw(st.text(max_size=6))
            case "key":
                lines[at] = lines[at].replace(":", ": {{", 1)
        lines = lines or [""]
    findings(tmp_path / "damaged.yml", "\n".join(lines))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("- hosts: a\n  tasks:\n" + "    - manual: {instruction: x}\n" * 10_000, "name[missing]"),
        ("a: " + "[" * 5_000, "yaml[syntax]"),
        ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)), "yaml[alias]"),
        ("- hosts: a\n  vars:\n    x: " + "'" + "y" * 1_000_000 + "'\n  tasks: []\n", "wrong-shape[value]"),
    ],
    ids=["10,000 tasks", "deep", "alias bomb", "1 MB"],
)  # fmt: skip
def test_large_and_hostile_files_end_in_a_clear_message(lint: Lint, text: str, rule: str) -> None:
    """Nothing grows without bound."""
    assert rule in {each.rule for each in lint(text).findings}
