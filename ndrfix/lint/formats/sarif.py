"""SARIF 2.1.0, for code scanning services; valid by the first release of the schema and by its errata."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Mapping

from ndrfix import __version__
from ndrfix.lint.formats.printing import Printing, posix, uri
from ndrfix.lint.model import Finding, Rule, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_DRIVE = re.compile(r"[A-Za-z]:/")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def write(printing: Printing) -> str:
    """The log: one run, a descriptor for each rule that was asked for, a result for each finding."""
    index = {rule.id: number for number, rule in enumerate(printing.rules)}
    driver = {
        "name": "ndrfix lint",
        "semanticVersion": __version__,
        "rules": [_descriptor(rule) for rule in printing.rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder in which the linter was called."}}},
        "results": [_result(finding, index) for finding in printing.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _descriptor(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.slug.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why.strip()},
        "help": {"text": rule.fix.strip(), "markdown": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [*rule.tags, f"profile-{rule.profile.word}"]},
    }


def _location(file: str) -> dict[str, str]:
    """Where a file is: from the folder of the call, or as a whole address when it is not below that."""
    name = posix(file)
    if name.startswith("/") or _DRIVE.match(name):
        return {"uri": f"file:///{urllib.parse.quote(name.lstrip('/'), safe='/:')}"}
    return {"uri": uri(file), "uriBaseId": "SRCROOT"}


def _result(finding: Finding, index: Mapping[str, int]) -> dict[str, object]:
    text = finding.message + (f". {finding.help}" if finding.help else "")
    place = {
        "artifactLocation": _location(finding.place.file),
        "region": {"startLine": finding.place.line, "startColumn": finding.place.column},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
