"""The text of `docs/steps.md`, made from the steps' docstrings and argument models."""

from __future__ import annotations

from pathlib import Path

from pydantic.fields import FieldInfo

from ndrfix.steps import STEPS
from ndrfix.steps.base import AnyStep

_HEAD = """# Steps

What a playbook's tasks can do. This page is made from the steps themselves (`python -m ndrfix.steps.pages`); do not
edit it by hand. Every step takes the task keywords `name`, `when`, `register`, `notify`, `loop`, `tags`, `vars`,
`ignore_errors` and `no_log` beside its own arguments.
"""


def steps_page() -> str:
    """The whole page as Markdown, with one final newline."""
    index = "\n".join(f"* [`{step.name}`](#{step.name}): {_lower_first(step.summary)}" for step in STEPS)
    return "\n".join([_HEAD, index, "", *(step_section(step) for step in STEPS)]).rstrip() + "\n"


def step_section(step: AnyStep) -> str:
    """One step's section: its page with the table of its arguments before the example."""
    before, heading, after = step.page.strip().partition("### Example")
    return f"## {step.name}\n\n{before}{_arguments(step)}\n{heading}{after}\n"


def write(path: Path) -> None:
    """Write the page to a file."""
    path.write_text(steps_page(), encoding="utf-8", newline="\n")


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _arguments(step: AnyStep) -> str:
    lines = ["### Arguments", "", "| argument | also | needed | default | meaning |", "|---|---|---|---|---|"]
    spellings = step.args.spellings()
    for name, argument in step.args.model_fields.items():
        also = ", ".join(f"`{other}`" for other in spellings[name])
        needed = "yes" if argument.is_required() else "no"
        lines.append(f"| `{name}` | {also} | {needed} | {_default(argument)} | {_description(argument)} |")
    return "\n".join([*lines, ""])


def _default(argument: FieldInfo) -> str:
    default = argument.default
    if argument.is_required() or default is None or default == "":
        return ""
    if isinstance(default, tuple):
        return f"`[{', '.join(str(each) for each in default)}]`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _description(argument: FieldInfo) -> str:
    return (argument.description or "").replace("|", "\\|")


if __name__ == "__main__":
    write(Path("docs/steps.md"))
