"""Where ndrfix differs from Ansible on purpose: the manual's table says it all, and each row is true of both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.errors import InputError
from ndrfix.inventory import load_inventory, select
from tests.peer.conftest import Peer
from tests.peer.test_peer_inventory import DIFFERENT, variables

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "differences.yml").read_text(encoding="utf-8"))
PAGE = Path(__file__).parents[2] / "docs" / "inventory.md"
PLACE = 1


def rows() -> list[str]:
    """The first column of the manual's table."""
    section = PAGE.read_text(encoding="utf-8").partition("## Deliberate differences")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [line.split(" | ")[0].removeprefix("| ") for line in lines[1:]]


def test_the_table_and_the_cases_are_the_same() -> None:
    """Each row has a case, each case and each difference that other tests allow has a row."""
    assert {case["row"] for case in CASES} | set(DIFFERENT.values()) == set(rows())


def write(case: Mapping[str, Any], folder: Path) -> list[str]:
    """Write the files; return the sources."""
    for name, text in case["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    sources = case.get("sources") or [next(iter(case["files"]))]
    return [source if "," in source else str(folder / source) for source in sources]


def ours(case: Mapping[str, Any], sources: list[str]) -> Any:
    """What ndrfix says, in the form of the peer's answer; an error as `line: message`."""
    try:
        inventory = load_inventory(sources)
        answer: dict[str, Any] = {
            "hosts": [host.name for host in inventory.hosts],
            "variables": variables(inventory),
        }
        if "pattern" in case:
            answer["chosen"] = [host.name for host in select(inventory, case["pattern"])]
    except InputError as error:
        return f"{error.place.line if error.place else PLACE}: {error.what}"
    return answer


def holds(wanted: Any, answer: Any) -> bool:
    """Whether an answer is as wanted: of mappings only the keys wanted count, of an error its beginning."""
    if isinstance(wanted, str) and isinstance(answer, str):
        return answer.startswith(wanted)
    if isinstance(wanted, dict):
        return bool(wanted) == bool(answer) and all(holds(each, answer.get(key)) for key, each in wanted.items())
    return bool(wanted == answer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['row']} {len(str(case))}")
def test_our_side(case: dict[str, Any], tmp_path: Path) -> None:
    """Ndrfix does what the row says."""
    answer = ours(case, write(case, tmp_path))
    assert holds(case["ndrfix"], answer), answer


@pytest.mark.peer
def test_their_side(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ansible still does what the row says."""
    questions = []
    for case in CASES:
        sources = write(case, tmp_path_factory.mktemp("case"))
        patterns = [case["pattern"]] if "pattern" in case else []
        questions.append({"sources": sources, "playbook_dir": None, "patterns": patterns})
    for case, answer in zip(CASES, peer.ask(questions), strict=True):
        answer["chosen"] = answer["patterns"].get(case.get("pattern"))
        assert holds(case["ansible"], answer), (case["row"], answer)
