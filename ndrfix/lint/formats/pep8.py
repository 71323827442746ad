"""One line a finding, as editors and grep read it."""

from __future__ import annotations

from ndrfix.lint.formats.printing import Printing


def write(printing: Printing) -> str:
    """`file:line:column: rule message`, a line each."""
    return "".join(f"{each.place}: {each.rule} {' '.join(each.message.split())}\n" for each in printing.findings)
