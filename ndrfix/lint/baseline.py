"""Findings that are known already: only what is new fails."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ndrfix.errors import InputError, OutputError
from ndrfix.lint.formats.printing import fingerprint, posix
from ndrfix.lint.model import Finding
from ndrfix.place import Place
from ndrfix.source import read_text

_SCHEMA = "ndrfix.lint-baseline/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How often each finding was there; one is known by rule, file, message and the text of its line.

    `homeless` are those of files that are gone, without the file: a file may have been renamed.
    """

    counts: Counter[str]
    homeless: Counter[str]

    def split(self, findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """The findings that are new, and those that were known."""
        lines = _Lines()
        left, homeless = Counter(self.counts), Counter(self.homeless)
        new: list[Finding] = []
        known: list[Finding] = []
        for finding in findings:
            here, anywhere = lines.marks(finding)
            counter, mark = (left, here) if left[here] else (homeless, anywhere)
            (known if counter[mark] else new).append(finding)
            counter[mark] -= 1
        return tuple(new), tuple(known)


@dataclass(slots=True)
class _Lines:
    """The lines of the files that findings are in, each read once."""

    files: dict[str, list[str]] = field(default_factory=dict)

    def marks(self, finding: Finding) -> tuple[str, str]:
        """What a finding is known by in its file, and in any."""
        line = self._line(finding.place)
        return fingerprint(finding, line, 0), fingerprint(finding, line, 0, anywhere=True)

    def _line(self, place: Place) -> str:
        if place.file not in self.files:
            try:
                self.files[place.file] = read_text(Path(place.file)).splitlines()
            except InputError:
                self.files[place.file] = []
        lines = self.files[place.file]
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
    known = _counted(document)
    if known is None:
        raise InputError(
            "no baseline of ndrfix lint",
            place=Place(file=str(path)),
            next_step="Write one with --write-baseline.",
        )
    return known


def _counted(document: Any) -> Baseline | None:
    """The baseline of a document as it is written here, None for any other document."""
    counts: Counter[str] = Counter()
    homeless: Counter[str] = Counter()
    try:
        if document["schema"] != _SCHEMA:
            return None
        for each in document["findings"]:
            counts[str(each["mark"])] += int(each["count"])
            if not Path(each["file"]).exists():
                homeless[str(each["anywhere"])] += int(each["count"])
    except (KeyError, TypeError, ValueError):
        return None
    return Baseline(counts=counts, homeless=homeless)


def write_baseline(path: Path, findings: Sequence[Finding], mask: Callable[[str], str]) -> None:
    """Write the findings to a file, sorted, with what people need to recognise each, without what `mask` takes out.

    Raises:
        OutputError: it cannot be written.
    """
    lines = _Lines()
    marked = [(*lines.marks(finding), finding) for finding in findings]
    counts = Counter(here for here, _, _ in marked)
    named = {here: (anywhere, finding) for here, anywhere, finding in marked}
    rows = [
        {
            "mark": mark,
            "anywhere": anywhere,
            "count": counts[mark],
            "rule": each.rule,
            "file": posix(each.place.file),
            "message": mask(each.message),
        }
        for mark, (anywhere, each) in sorted(named.items(), key=lambda pair: pair[1][1].order)
    ]
    text = json.dumps({"schema": _SCHEMA, "findings": rows}, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
