"""The agent's text keeps to the oldest PowerShell."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest


@pytest.mark.lab
def test_the_agent_parses_and_needs_nothing_newer_than_2(lab_folder: Path) -> None:
    """PowerShell's own parser finds no error, and nothing that came after version 2.0."""
    with as_file(files("ndrfix.connections").joinpath("agent.ps1")) as path:
        command = [sys.executable, str(lab_folder / "winhost.py"), "parse", "--target", "2.0", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    (result,) = json.loads(done.stdout)
    assert (result["errors"], result["too_new"], done.returncode) == ([], [], 0)
