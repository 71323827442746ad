"""Code Climate's issues, as GitLab reads them for its code quality report."""

from __future__ import annotations

import json
from collections import Counter

from ndrfix.lint.formats.printing import Printing, fingerprint, posix
from ndrfix.lint.model import Finding, Severity

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def write(printing: Printing) -> str:
    """A list of issues; an empty list when there are none. Fingerprints are unique and outlive a move of the lines."""
    seen: Counter[str] = Counter()
    issues = []
    for finding in printing.findings:
        known = fingerprint(finding, "", 0)
        issues.append(_issue(finding, fingerprint(finding, "", seen[known])))
        seen[known] += 1
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(finding: Finding, known_by: str) -> dict[str, object]:
    position = {"line": finding.place.line, "column": finding.place.column}
    return {
        "type": "issue",
        "check_name": finding.rule,
        "categories": ["Bug Risk"] if finding.severity is Severity.ERROR else ["Style"],
        "description": finding.message,
        "content": {"body": finding.help},
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": known_by,
        "location": {"path": posix(finding.place.file), "positions": {"begin": position, "end": position}},
    }
