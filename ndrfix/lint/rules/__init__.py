"""The rules of the linter, in the order of their page."""

from __future__ import annotations

from ndrfix.lint.model import Rule
from ndrfix.lint.rules import (
    ini,
    inventories,
    names,
    paths,
    queue,
    reading,
    registered,
    registry,
    results,
    secrets,
    services,
    structure,
    templates,
    waivers,
)

RULES: tuple[Rule, ...] = (
    *reading.RULES,
    *names.RULES,
    *structure.RULES,
    *templates.RULES,
    *registered.RULES,
    *paths.RULES,
    *registry.RULES,
    *services.RULES,
    *queue.RULES,
    *secrets.RULES,
    *inventories.RULES,
    *ini.RULES,
    *results.RULES,
    *waivers.RULES,
)
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
