"""For people: each finding with its line, a caret and what to do."""

from __future__ import annotations

from collections import Counter

from ndrfix.excerpt import Excerpts
from ndrfix.lint.formats.printing import Printing
from ndrfix.lint.model import Finding, Severity

_COLOURS = {Severity.ERROR: 31, Severity.WARNING: 33, Severity.NOTE: 36}


def write(printing: Printing) -> str:
    """The findings as blocks, and one closing line."""
    excerpts = Excerpts(printing.mask)
    blocks = ["\n".join(_block(finding, excerpts, printing.colour)) + "\n" for finding in printing.findings]
    if printing.linted.encrypted:
        blocks.append("".join(f"{file}: encrypted as a whole, not looked into\n" for file in printing.linted.encrypted))
    return "\n".join((*blocks, closing(printing) + "\n"))


def _block(finding: Finding, excerpts: Excerpts, colour: bool) -> list[str]:
    named = f"{finding.severity.word}[{finding.rule}]"
    if colour:
        named = f"\x1b[{_COLOURS[finding.severity]}m{named}\x1b[0m"
    lines = [f"{finding.place}: {named} {finding.message}"]
    lines += excerpts.at(finding.place, hidden=finding.hidden)
    if finding.help:
        lines.append(f"  = help: {finding.help}")
    if finding.edits:
        lines.append("  = fix: --fix does it")
    return lines


def closing(printing: Printing) -> str:
    """One line: how many findings of which severity in how many files, and how many files were not looked into."""
    files = len(printing.linted.files)
    where = f"{files} {'file' if files == 1 else 'files'}"
    aside = "".join(
        f", {len(what)} {word}"
        for what, word in (
            (printing.linted.waived, "waived"),
            (printing.linted.encrypted, "encrypted"),
            (printing.linted.passed, "of another kind"),
        )
        if what
    )
    if not printing.findings:
        return f"{where}: nothing found{aside}"
    counts = Counter(finding.severity for finding in printing.findings)
    words = [
        f"{counts[each]} {each.word}{'' if counts[each] == 1 else 's'}"
        for each in sorted(Severity, reverse=True)
        if counts[each]
    ]
    return f"{where}: {', '.join(words)}{aside}"
