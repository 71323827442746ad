"""What stops the way from a management host to a target is recognised, worded and advised on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.connections.management import OTHERS, ROWS, Passage, Trouble, row_for
from ndrfix.connections.protocol import Target, TargetLine
from ndrfix.errors import UnreachableError
from ndrfix.secrets import Secret

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("management_cases.yml").read_text("utf-8"))
NOBODY = Target(name="ex01", machine="MAIL1", via="jump01", via_computer="JUMP01")
SOMEBODY = Target(name="ex01", machine="MAIL1", via="jump01", user="ACME\\jo", password=Secret("geheim"))


def _trouble(case: dict[str, Any]) -> Trouble:
    return Trouble(
        target=SOMEBODY if case.get("user") else NOBODY,
        stage=case["stage"],
        code=case["code"],
        message=case.get("message", ""),
        smb1=case.get("smb1", True),
        pipes=case.get("pipes", True),
    )


@pytest.mark.parametrize("case", CASES, ids=[f"{case['stage']}-{case['code']}-{case['says'][:20]}" for case in CASES])
def test_trouble_is_worded_and_advised_on(case: dict[str, Any]) -> None:
    """The sentence and the next step are those of the case, with nothing left to fill in."""
    row = row_for(_trouble(case))
    assert row is not None
    what, step = row.say(_trouble(case))
    assert case["says"] in what
    assert case["advises"] in step
    assert not {"{", "}"} & set(what + step)
    assert not what.endswith(".")
    assert step.endswith(".")


def test_every_row_is_tried() -> None:
    """No row is without a case, so none can be hidden by one above it."""
    tried = {id(row_for(_trouble(case))) for case in CASES}
    assert [row for row in ROWS if id(row) not in tried] == []


def test_what_has_no_row_keeps_the_words_of_windows() -> None:
    """An unknown number is told with Windows' own text, and how to look it up."""
    line = TargetLine(stage="logon", code=4711, message="Strange.\r\n", smb1=True, pipes=True)
    with pytest.raises(UnreachableError) as caught:
        Passage(SOMEBODY).open(line)
    assert caught.value.what == r"jump01 does not get through to \\MAIL1: Strange (Windows error 4711)"
    assert caught.value.next_step == OTHERS.say(Trouble(target=SOMEBODY, stage="logon", code=4711))[1]


def test_without_a_number_none_is_told() -> None:
    """What PowerShell itself refuses (a restricted session) has no Windows error."""
    what, _ = OTHERS.say(Trouble(target=SOMEBODY, stage="logon", code=0, message="no types here"))
    assert what == r"jump01 does not get through to \\MAIL1: no types here"


def test_no_password_is_in_any_sentence() -> None:
    """Whatever went wrong."""
    for case in CASES:
        row = row_for(_trouble({**case, "user": True})) or OTHERS
        assert "geheim" not in "".join(row.say(_trouble({**case, "user": True})))
