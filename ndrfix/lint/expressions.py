"""The names that templates and conditions use, and whether each may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndrfix.place import Place
from ndrfix.playbook import Expression
from ndrfix.playbook.spot import narrow
from ndrfix.playbook.templating import FOREIGN, braced, is_template
from ndrfix.source import List, Map, Node, Scalar

if TYPE_CHECKING:
    from jinja2 import nodes

_GUARDS = frozenset({"default", "d"})
_GUARD_TESTS = frozenset({"defined", "undefined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A name in an expression; `place` is the name itself. `guarded` tells that the expression allows for its absence,
    `asked` that it asks whether the name is there (`is defined`).
    """

    name: str
    place: Place
    guarded: bool
    asked: bool = False


def names_in(node: Node) -> frozenset[str]:
    """Every name that the templates and conditions in a node use."""
    return frozenset(use.name for use in uses_in(node))


def uses_in(node: Node, *, condition: bool = False) -> Iterator[Use]:
    """Every use of a name in the templates of a node and the conditions under `when`; faulty templates have none."""
    if isinstance(node, Map):
        for entry in node.entries:
            yield from uses_in(entry.value, condition=entry.key.value == "when")
    elif isinstance(node, List):
        for item in node.items:
            yield from uses_in(item, condition=condition)
    else:
        yield from _in_scalar(node, condition=condition)


def _in_scalar(node: Scalar, *, condition: bool) -> Iterator[Use]:
    if not isinstance(node.value, str) or not (condition or is_template(node.value)):
        return
    from jinja2.exceptions import TemplateError as JinjaError

    from ndrfix.playbook.jinja import ENVIRONMENT, compiled, name_offset

    text = str(node.value)
    template = braced(Expression(text=text, place=node.place)) if condition and not is_template(text) else text
    try:
        free = compiled(template).free
        tree = ENVIRONMENT.parse(template)
    except (JinjaError, *FOREIGN):
        return
    guarded, asked = _guarded(tree)
    for name in sorted(free):
        place = narrow(node.place, text, name, name_offset(text, name))
        yield Use(name=name, place=place, guarded=name in guarded, asked=name in asked)


def _guarded(tree: nodes.Template) -> tuple[frozenset[str], frozenset[str]]:
    """The names that stand before `default`, and those of which the expression asks whether they are defined."""
    from jinja2 import nodes

    guarded: set[str] = set()
    asked: set[str] = set()
    for each in tree.find_all(nodes.Filter):
        if each.name in _GUARDS and each.node is not None:
            guarded |= {found.name for found in _names(each.node)}
    for test in tree.find_all(nodes.Test):
        if test.name in _GUARD_TESTS:
            asked |= {found.name for found in _names(test.node)}
    return frozenset(guarded | asked), frozenset(asked)


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)
