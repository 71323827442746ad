"""Each faulty file of the corpus has exactly the findings that it is said to have, at exactly these places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lint.conftest import Lint

CORPUS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("corpus.yml").read_text(encoding="utf-8"))
CASES = CORPUS["cases"]


@pytest.mark.parametrize("name", CORPUS["clean"])
def test_the_clean_files_are_clean(name: str, lint: Lint) -> None:
    """What the cases start from has no finding."""
    assert lint(CORPUS["clean"][name], f"{name}.yml").findings == ()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_faulty_file_has_exactly_these_findings(case: dict[str, Any], lint: Lint) -> None:
    """No finding too many, none too few, each at its place."""
    text = CORPUS["clean"][case["of"]]
    for old, new in case["swap"].items():
        assert old in text
        text = text.replace(old, new, 1)
    found = lint(text, case.get("as", f"{case['of']}.yml")).findings
    assert sorted(f"{each.rule} {each.place.line}:{each.place.column}" for each in found) == sorted(case["expect"])


def test_the_corpus_is_large_enough() -> None:
    """At least sixty files, of every group of rules."""
    assert len(CASES) >= 60
