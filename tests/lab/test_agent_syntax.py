"""The agent's text keeps to the oldest PowerShell."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from ndrfix.connections.agent import queue_text

pytestmark = pytest.mark.lab


def test_the_agent_parses_and_needs_nothing_newer_than_2(lab_folder: Path) -> None:
    """PowerShell's own parser finds no error, and nothing that came after version 2.0."""
    here = files("ndrfix.connections")
    with as_file(here.joinpath("agent.ps1")) as agent, as_file(here.joinpath("queue.ps1")) as queue:
        command = [sys.executable, str(lab_folder / "winhost.py"), "parse", "--target", "2.0", str(agent), str(queue)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    results = json.loads(done.stdout)
    assert [(result["errors"], result["too_new"]) for result in results] == [([], [])] * 2
    assert done.returncode == 0


def test_the_csharp_compiles_as_version_2(lab_script: Callable[[str], list[str]]) -> None:
    """Without a warning, by a compiler that is told to know C# 2.0 alone."""
    options = "-CompilerOptions '/langversion:ISO-2', '/warnaserror+'"
    assert lab_script(f"{queue_text()}\nAdd-Type -TypeDefinition $NdrfixQueueText {options}\n'compiled'") == [
        "compiled"
    ]
