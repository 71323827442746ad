"""Annotations of GitHub Actions (workflow commands): shown beside the lines of a pull request."""

from __future__ import annotations

from ndrfix.lint.formats.printing import Printing, posix
from ndrfix.lint.model import Finding, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def write(printing: Printing) -> str:
    """A workflow command for each finding."""
    return "".join(_command(finding) for finding in printing.findings)


def _command(finding: Finding) -> str:
    message = finding.message + (f"\n{finding.help}" if finding.help else "")
    place = finding.place
    where = f"file={_property(posix(place.file))},line={place.line},col={place.column}"
    return f"::{_COMMANDS[finding.severity]} {where},title={_property(finding.rule)}::{_data(message)}\n"


def _data(text: str) -> str:
    """A text as a command's message; the percent sign first, since the others become one."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A text as a command's property, where colon and comma separate."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
