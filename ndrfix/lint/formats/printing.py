"""What an output is made of, and how files are called in it."""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from ndrfix.lint.linting import Linted
from ndrfix.lint.model import Finding, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """A result with the rules that were asked for and the time of the pass (UTC). `mask` takes secrets out of a text;
    `colour` is for people alone.
    """

    linted: Linted
    rules: Sequence[Rule]
    when: datetime
    mask: Callable[[str], str] = str
    colour: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in order."""
        return self.linted.findings


def posix(file: str) -> str:
    """A file's name with forward slashes, whatever system it was given on."""
    return file.replace("\\", "/") if "\\" in file and "/" not in file else PurePath(file).as_posix()


def uri(file: str) -> str:
    """A relative reference to a file: UTF-8, percent-encoded, a colon too, since a first part with one is a scheme."""
    return urllib.parse.quote(posix(file), safe="/")


def fingerprint(finding: Finding, line: str, before: int, *, anywhere: bool = False) -> str:
    """What a finding is known by in later runs: not by its line number, which changes with every line above it.

    `before` counts the findings above it that say the same of an equal line; `anywhere` leaves the file out.
    """
    file = "" if anywhere else posix(finding.place.file)
    parts = (finding.rule, file, finding.message, line.strip(), str(before))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
