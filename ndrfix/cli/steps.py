"""`ndrfix steps`: what playbooks can use."""

from __future__ import annotations

import click

from ndrfix.cli.terminal import say
from ndrfix.cli.verb import Verb
from ndrfix.errors import UsageError, did_you_mean


@click.command(name="steps", cls=Verb)
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the steps, or show the page of the step NAME with its arguments."""
    from ndrfix.steps import STEPS
    from ndrfix.steps.pages import step_section

    if name is None:
        width = max(len(step.name) for step in STEPS)
        say("\n".join(f"{step.name:<{width}}  {step.summary}" for step in STEPS))
        return 0
    step = next((step for step in STEPS if step.name == name), None)
    if step is None:
        raise UsageError(
            f"there is no step {name!r}{did_you_mean(name, [step.name for step in STEPS])}",
            next_step="`ndrfix steps` lists them.",
        )
    say(step_section(step).rstrip())
    return 0
