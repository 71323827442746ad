"""The text of `docs/rules.md`, made from the rules themselves."""

from __future__ import annotations

from pathlib import Path

from ndrfix.lint.model import Profile, Rule
from ndrfix.lint.rules import RULES

_HEAD = """# Rules of the linter

What `ndrfix lint` looks for. This page is made from the rules themselves (`python -m ndrfix.lint.pages`); do not edit
it by hand. How to call the linter, waive a finding or run it in CI: [linting.md](linting.md).
"""


def rules_page() -> str:
    """The whole page as Markdown, with one final newline."""
    rows = ["| rule | severity | profile | what is found |", "|---|---|---|---|"]
    rows += map(_row, RULES)
    counts = ", ".join(f"`{each.word}` {sum(rule.profile <= each for rule in RULES)}" for each in Profile)
    intro = f"{len(RULES)} rules; each profile includes the one before: {counts}.\n"
    return "\n".join([_HEAD, intro, *rows, "", *map(_section, RULES)]).rstrip() + "\n"


def _row(rule: Rule) -> str:
    summary = rule.summary.replace("|", "\\|")
    return f"| [`{rule.id}`](#{rule.slug}) | {rule.severity.word} | {rule.profile.word} | {summary} |"


def _section(rule: Rule) -> str:
    return f'<a id="{rule.slug}"></a>\n\n## `{rule.id}`\n\n{rule.page}'


def write(path: Path) -> None:
    """Write the page to a file."""
    path.write_text(rules_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path("docs/rules.md"))
