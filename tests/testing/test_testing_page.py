"""The page on testing: its example runs, its tables name what is there."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfix import testing
from ndrfix.testing import faults
from ndrfix.testing.winrm import EndpointSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
_FILE = re.compile(r"`(?P<name>\w+\.\w+)`[^`]*:\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def _rows(head: str) -> list[str]:
    """The first cells of the table with that head."""
    start = PAGE.index(f"| {head} |")
    rows = PAGE[start:].split("\n\n", 1)[0].splitlines()[2:]
    return [row.split(" | ")[0].strip("| ") for row in rows]


def _words(cells: list[str]) -> set[str]:
    return {re.split(r"\W", word)[0] for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def test_example_of_the_page_runs(tmp_path: Path) -> None:
    """The four files of the example, written down as they stand there, are tests that pass."""
    files = {match["name"]: match["text"] for match in _FILE.finditer(PAGE)}
    assert set(files) == {"hosts.yml", "book.yml", "conftest.py", "test_book.py"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    found = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=found, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_table_of_settings() -> None:
    """Every keyword of the endpoint is in the table, and no other."""
    taken = set(inspect.signature(testing.WinRMEndpoint).parameters) - {"simulation"}
    assert _words(_rows("setting | default | meaning")) == taken == set(EndpointSettings.__annotations__)


def test_table_of_a_host() -> None:
    """Every name in the table of a served host is one."""
    text = inspect.getsource(testing.HostListener)
    names = _words(_rows("name | what it is")) - {"with"}
    assert names
    for name in names:
        assert re.search(rf"\b(def|self\.){name}\b|self\.{name}\b|, self\.{name}\b", text) or f"def {name}" in text


def test_table_of_effects() -> None:
    """Every effect is in the table, and no other; and every one is public."""
    effects = {name for name, value in vars(faults).items() if dataclasses.is_dataclass(value)} - {"Rule"}
    assert _words(_rows("effect | what happens")) == effects
    assert effects <= set(testing.__all__)


@pytest.mark.parametrize("name", testing.__all__)
def test_public_names_are_there(name: str) -> None:
    """Every public name can be imported and says what it is."""
    assert getattr(testing, name).__doc__ or name == "Effect"
