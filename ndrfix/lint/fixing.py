"""Safe fixes: edits that change no meaning, made in the text itself, so that everything else stays byte for byte."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.errors import OutputError
from ndrfix.lint.model import Edit, Finding

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A file before and after; `fixed` are the findings that are gone with it."""

    path: Path
    before: bytes
    after: bytes
    fixed: tuple[Finding, ...]

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = (_lines(text.decode("utf-8-sig")) for text in (self.before, self.after))
        name = self.path.as_posix().lstrip("/")
        lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines as `patch` counts them, with their ends."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def fixes(findings: Iterable[Finding]) -> tuple[Fixed, ...]:
    """What the safe fixes of the findings make of their files. Of two edits that overlap the first one is made."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.edits:
            by_file.setdefault(finding.place.file, []).append(finding)
    return tuple(_fixed(Path(file), found) for file, found in by_file.items())


def _fixed(path: Path, findings: Sequence[Finding]) -> Fixed:
    before = path.read_bytes()
    start = _BOM if before.startswith(_BOM) else b""
    text = before[len(start) :].decode("utf-8")
    taken: list[Edit] = []
    fixed = []
    for finding in findings:
        if not any(_overlap(edit, other) for edit in finding.edits for other in taken):
            taken += finding.edits
            fixed.append(finding)
    for edit in sorted(taken, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return Fixed(path=path, before=before, after=start + text.encode("utf-8"), fixed=tuple(fixed))


def _overlap(one: Edit, other: Edit) -> bool:
    return one.start < other.end and other.start < one.end


def write(fixed: Fixed) -> None:
    """Put the file in place of the old one, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    path = fixed.path.resolve()  # a link stays one
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(fixed.after)
        Path(name).chmod(path.stat().st_mode & 0o7777)
        Path(name).replace(path)
    except OSError as error:
        raise OutputError(f"{fixed.path} cannot be written: {error.strerror or error}") from error
