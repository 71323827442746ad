"""What becomes of the test run when lab tests are skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SKIPPED = "tests/lab/test_winrm_session.py::test_the_computer_is_read"


@pytest.mark.parametrize(("required", "code"), [("1", 1), ("", 0)])
def test_a_skipped_lab_test_fails_the_run_where_the_lab_is_required(required: str, code: int) -> None:
    """Without the lab a lab test is skipped; with NDRFIX_LAB_REQUIRED that fails the run and names test and reason."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("NDRFIX_", "PYTEST_", "COV_"))
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SKIPPED],
        cwd=TESTS.parent,
        env=environment | {"NDRFIX_LAB_REQUIRED": required},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "1 skipped" in ended.stdout
    named = f"{SKIPPED}: NDRFIX_LAB is not set: no host with a real PowerShell"
    assert (named in ended.stdout) is bool(required)
