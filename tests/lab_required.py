"""Makes a skipped lab test a failure where the lab must be there: no test is left out unnoticed."""

from __future__ import annotations

import pytest

# What Wine is not, as the contract says it: such a test is told by other hosts, and no failure here.
_NOT_IN_WINE = (
    "the lab's services cannot be brought to ",
    "Wine neither lists dependent services nor starts needed ones",
    "on this host nothing is denied",
    "nothing on this machine holds files as Windows does",
)


class LabRequired:
    """A plugin: a test marked `lab` that is skipped fails the run, and is named with its reason at the end."""

    def __init__(self) -> None:
        self.skipped: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember lab tests that are skipped; an expected failure is none."""
        if report.skipped and "lab" in report.keywords and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
            text = str(reason).removeprefix("Skipped: ")
            if not text.startswith(_NOT_IN_WINE):
                self.skipped.append((report.nodeid, text))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn success into failure."""
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what was skipped, and why."""
        if self.skipped:
            terminalreporter.section("lab tests that must not be skipped (NDRFIX_LAB_REQUIRED)", red=True)
            for test, reason in self.skipped:
                terminalreporter.line(f"{test}: {reason}")
