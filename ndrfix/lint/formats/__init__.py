"""The outputs of the linter, by the names of `--format`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from ndrfix.lint.formats.printing import Printing
from ndrfix.lint.model import Finding

FORMATS = ("text", "json", "sarif", "github", "codeclimate", "junit", "pep8")


def written(format_name: str, printing: Printing) -> str:
    """The whole output in a format, with one final newline; empty where a format has nothing to say.

    Secrets are taken out of what findings say, before it is written: in what is written a password `error` would take
    the levels with it, and `2026` the date.

    Raises:
        KeyError: there is no such format.
    """
    if format_name not in FORMATS:
        raise KeyError(format_name)
    write: Callable[[Printing], str] = import_module(f"ndrfix.lint.formats.{format_name}").write
    findings, waived = (
        tuple(_masked(each, printing.mask) for each in found)
        for found in (printing.linted.findings, printing.linted.waived)
    )
    return write(replace(printing, linted=replace(printing.linted, findings=findings, waived=waived)))


def _masked(finding: Finding, mask: Callable[[str], str]) -> Finding:
    return replace(finding, message=mask(finding.message), help=mask(finding.help))


__all__ = ["FORMATS", "Printing", "written"]
