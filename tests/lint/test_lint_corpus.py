"""Each faulty file of the corpus has exactly the findings that it is said to have, at exactly these places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.lint.rules import RULES
from tests.lint.conftest import Lint

CORPUS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("corpus.yml").read_text(encoding="utf-8"))
CASES = CORPUS["cases"]


def called(clean: str) -> str:
    """The file that a clean one is, playbooks and inventories without their ending."""
    return clean if "." in clean else f"{clean}.yml"


@pytest.mark.parametrize("name", CORPUS["clean"])
def test_the_clean_files_are_clean(name: str, lint: Lint) -> None:
    """What the cases start from has no finding."""
    assert lint(CORPUS["clean"][name], called(name)).findings == ()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_faulty_file_has_exactly_these_findings(case: dict[str, Any], lint: Lint) -> None:
    """No finding too many, none too few, each at its place."""
    text = CORPUS["clean"][case["of"]]
    for old, new in case["swap"].items():
        assert old in text
        text = text.replace(old, new, 1)
    found = lint(text, case.get("as", called(case["of"]))).findings
    assert sorted(f"{each.rule} {each.place.line}:{each.place.column}" for each in found) == sorted(case["expect"])


def test_every_rule_has_a_case() -> None:
    """No rule is without a faulty file; no two cases have a name or a text in common."""
    assert {rule.id for rule in RULES} == {finding.split()[0] for case in CASES for finding in case["expect"]}
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert len({f"{case['of']} {case['swap']}" for case in CASES}) == len(CASES)
