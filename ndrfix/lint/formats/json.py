"""The findings as one JSON document, schema `ndrfix.lint/1`."""

from __future__ import annotations

import json

from ndrfix import __version__
from ndrfix.lint.formats.printing import Printing, posix
from ndrfix.lint.model import Finding


def write(printing: Printing) -> str:
    """The document, indented."""
    document = {
        "schema": "ndrfix.lint/1",
        "version": __version__,
        "files": [{"file": posix(file), "kind": sort.value} for file, sort in printing.linted.files],
        "encrypted": [posix(file) for file in printing.linted.encrypted],
        "passed": [posix(file) for file in printing.linted.passed],
        "findings": [_finding(finding) for finding in printing.findings],
        "waived": [_finding(finding) for finding in printing.linted.waived],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "help": finding.help,
        "file": posix(finding.place.file),
        "line": finding.place.line,
        "column": finding.place.column,
        "fixable": bool(finding.edits),
    }
