"""Findings that are known already: only what is new fails."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.errors import InputError, OutputError
from ndrfix.lint.formats.printing import fingerprint, posix
from ndrfix.lint.model import Finding
from ndrfix.place import Place
from ndrfix.source import read_text

_SCHEMA = "ndrfix.lint-baseline/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How often each finding was there; one is known by rule, file, message and the text of its line."""

    counts: Counter[str]

    def split(self, findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """The findings that are new, and those that were known."""
        left = Counter(self.counts)
        new: list[Finding] = []
        known: list[Finding] = []
        for finding in findings:
            mark = _mark(finding)
            if left[mark] > 0:
                left[mark] -= 1
                known.append(finding)
            else:
                new.append(finding)
        return tuple(new), tuple(known)


def _mark(finding: Finding) -> str:
    return fingerprint(finding, _line(finding.place), 0)


def _line(place: Place) -> str:
    try:
        lines = read_text(Path(place.file)).splitlines()
    except InputError:
        return ""
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        InputError: it cannot be read, or is no baseline.
    """
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"no baseline: {error.msg}", place=Place(file=str(path), line=error.lineno, column=error.colno)
        ) from error
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
        raise InputError(
            "no baseline of ndrfix lint",
            place=Place(file=str(path)),
            next_step="Write one with --write-baseline.",
        )
    counts = Counter({str(each["mark"]): int(each["count"]) for each in document["findings"]})
    return Baseline(counts=counts)


def write_baseline(path: Path, findings: Sequence[Finding]) -> None:
    """Write the findings to a file, sorted, with what people need to recognise each.

    Raises:
        OutputError: it cannot be written.
    """
    counts = Counter(_mark(finding) for finding in findings)
    named = {_mark(finding): finding for finding in findings}
    rows = [
        {
            "mark": mark,
            "count": counts[mark],
            "rule": each.rule,
            "file": posix(each.place.file),
            "message": each.message,
        }
        for mark, each in sorted(named.items(), key=lambda pair: pair[1].order)
    ]
    text = json.dumps({"schema": _SCHEMA, "findings": rows}, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
