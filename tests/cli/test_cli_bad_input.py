"""Wrong input: one clear message with place and next step, no traceback, nothing changed on any host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Folder

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("bad_input.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_wrong_input(case: dict[str, Any], folder: Folder) -> None:
    """The exit code and the message are those of the case."""
    for name, text in case.get("files", {}).items():
        folder.write(name, text)
    ended = folder(case["args"])
    assert ended.code == case["exit"], ended
    assert ended.err.startswith("error: "), ended
    assert [part for part in case["error"] if part not in ended.err] == [], ended.err
    assert "Traceback" not in ended.err
    assert all(folder.hosts.host(name).writes == () for name in folder.hosts.names)
