"""`ndrfix explain`: the page of a rule of the linter."""

from __future__ import annotations

import click

from ndrfix.cli.terminal import say
from ndrfix.cli.verb import Verb


@click.command(name="explain", cls=Verb)
@click.argument("rule", required=False)
def command(rule: str | None) -> int:
    """Show the page of RULE: what it finds, why, examples, how to mend it. Without RULE all rules are listed."""
    from ndrfix.lint.rules import BY_ID, RULES
    from ndrfix.lint.settings import known_rule

    if rule is None:
        width = max(len(each.id) for each in RULES)
        for each in RULES:
            say(f"{each.id:{width}}  {each.severity.word:7}  {each.profile.word:10}  {each.summary}")
        return 0
    known_rule(rule)
    chosen = [BY_ID[rule]] if rule in BY_ID else [each for each in RULES if each.id.partition("[")[0] == rule]
    say("\n".join(f"# {each.id}\n\n{each.page}" for each in chosen).rstrip("\n"))
    return 0
