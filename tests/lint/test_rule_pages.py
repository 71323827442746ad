"""Every rule keeps what its page promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ndrfix
from ndrfix.lint.model import Profile, Rule, Sort
from ndrfix.lint.pages import rules_page
from ndrfix.lint.rules import BY_ID, RULES
from tests.lint.conftest import Lint

_NAMES = {
    Sort.PLAYBOOK: "playbook.yml",
    Sort.INVENTORY: "inventory.yml",
    Sort.CLIENT: "client.yml",
    Sort.RESULT: "r.json",
    Sort.SIMULATION: "hosts.yml",
}
_ID = re.compile(r"[a-z]+(-[a-z0-9]+)*\[[a-z0-9]+(-[a-z0-9]+)*\]")


def called(rule: Rule) -> str:
    """What its examples are called: an inventory may be INI."""
    return "hosts.ini" if rule.good.lstrip().startswith("[") else _NAMES[rule.sorts[0]]


def by_id(rule: Rule) -> str:
    return rule.id


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_the_bad_example_has_the_finding(rule: Rule, lint: Lint) -> None:
    """Linted by the rule's own profile, the bad example is found."""
    found = lint(rule.bad.lstrip("\n"), called(rule), profile=rule.profile)
    assert rule.id in {each.rule for each in found.findings}


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_the_good_example_has_no_finding_at_all(rule: Rule, lint: Lint) -> None:
    """What a page shows as good is good by every rule."""
    assert lint(rule.good.lstrip("\n"), called(rule)).findings == ()


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_a_rule_says_what_why_and_how_to_mend_it(rule: Rule) -> None:
    """Ids are kebab-case with a part in brackets; no page has a hole."""
    assert _ID.fullmatch(rule.id)
    assert rule.summary.endswith(".")
    assert all(text.strip() for text in (rule.why, rule.fix, rule.bad, rule.good))
    assert rule.tags


def test_ids_and_slugs_are_unique() -> None:
    """No two rules share a name, nor the address of a page."""
    assert len(BY_ID) == len(RULES) == len({rule.slug for rule in RULES})


def test_every_fault_that_reading_names_is_a_rule() -> None:
    """The names that are given where a fault is found are names of rules."""
    package = Path(ndrfix.__file__).parent
    named: set[str] = set()
    for path in (*package.glob("playbook/*.py"), package / "source.py", package / "engine" / "binding.py"):
        named |= set(re.findall(r'"([a-z-]+\[[a-z-]+\])"', path.read_text(encoding="utf-8")))
    assert len(named) > 10
    assert named <= set(BY_ID)


def test_profiles_include_the_one_before() -> None:
    """Each profile asks for more."""
    from ndrfix.lint.linting import asked_for

    basic, safety, production = (set(map(by_id, asked_for(profile))) for profile in Profile)
    assert basic < safety < production == set(BY_ID)


def test_the_page_of_the_rules_is_current() -> None:
    """`docs/rules.md` is what the rules say now."""
    page = Path(ndrfix.__file__).parents[1] / "docs" / "rules.md"
    assert page.read_text(encoding="utf-8") == rules_page(), "make docs"
