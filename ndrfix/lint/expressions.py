"""The names that templates and conditions use, and whether each may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ndrfix.place import Place
from ndrfix.playbook.templating import FOREIGN, braced, is_template, name_place
from ndrfix.source import List, Map, Node, Scalar

if TYPE_CHECKING:
    from jinja2 import nodes

_GUARDS = frozenset({"default", "d"})
_GUARD_TESTS = frozenset({"defined", "undefined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A name in an expression, which is the text of `leaf` or part of it. `guarded` tells that the expression allows
    for its absence, `asked` that it asks whether the name is there (`is defined`).
    """

    name: str
    leaf: Scalar
    bare: bool
    guarded: bool
    asked: bool = False

    @property
    def place(self) -> Place:
        """Where the name stands."""
        return name_place(self.leaf.place, str(self.leaf.value), self.name, condition=self.bare)


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


def trees_in(node: Node, *, condition: bool = False) -> Iterator[tuple[Scalar, nodes.Template]]:
    """Every template of a node and every condition under `when`, with what Jinja makes of it; faulty ones have none."""
    if isinstance(node, Map):
        for entry in node.entries:
            yield from trees_in(entry.value, condition=entry.key.value == "when")
    elif isinstance(node, List):
        for item in node.items:
            yield from trees_in(item, condition=condition)
    elif isinstance(node.value, str) and (condition or is_template(node.value)):
        text = str(node.value)
        tree = _tree(braced(text) if condition and not is_template(text) else text)
        if tree is not None:
            yield node, tree


def literals(template: str) -> Iterator[str]:
    """The texts that stand in a template and may be all or part of its value: outside the braces, as the result of an
    expression on one of its ways, and as the argument of `default`.
    """
    from jinja2 import nodes

    tree = _tree(template)
    for output in tree.find_all(nodes.Output) if tree is not None else ():
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                yield node.data
            else:
                yield from _given(node)


def _given(node: nodes.Node) -> Iterator[str]:
    from jinja2 import nodes

    if isinstance(node, nodes.Const) and not isinstance(node.value, bool) and node.value is not None:
        yield str(node.value)
    elif isinstance(node, nodes.Filter | nodes.Or | nodes.CondExpr | nodes.Concat):
        # Of a filter what it is given, and the first argument of those that take it instead; of a choice not its test.
        left_out = ("test",) if not isinstance(node, nodes.Filter) or node.name in _GUARDS else ("args",)
        for each in node.iter_child_nodes(exclude=left_out):
            yield from _given(each)


def expression(text: str) -> nodes.Expr | None:
    """The expression that a condition is, None for a faulty one."""
    from jinja2 import nodes

    tree = _tree(braced(text))
    output = tree.body[0] if tree is not None and tree.body else None
    return output.nodes[0] if isinstance(output, nodes.Output) and output.nodes else None


@lru_cache(maxsize=20_000)
def _tree(template: str) -> nodes.Template | None:
    from jinja2.exceptions import TemplateError as JinjaError

    from ndrfix.playbook.jinja import ENVIRONMENT

    try:
        return ENVIRONMENT.parse(template)
    except (JinjaError, *FOREIGN):
        return None


def _in_scalar(node: Scalar, *, condition: bool) -> Iterator[Use]:
    if not isinstance(node.value, str) or not (condition or is_template(node.value)):
        return
    from jinja2.exceptions import TemplateError as JinjaError

    text = str(node.value)
    bare = condition and not is_template(text)
    try:
        uses = _uses(braced(text) if bare else text)
    except (JinjaError, *FOREIGN):
        return
    for name, guarded, asked in uses:
        yield Use(name=name, leaf=node, bare=bare, guarded=guarded, asked=asked)


@lru_cache(maxsize=20_000)
def _uses(template: str) -> tuple[tuple[str, bool, bool], ...]:
    """The names that a template needs from outside, and whether each is guarded, and asked for."""
    from ndrfix.playbook.jinja import ENVIRONMENT, compiled

    free = compiled(template).free
    guarded, asked = _guarded(ENVIRONMENT.parse(template)) if free else (frozenset[str](), frozenset[str]())
    return tuple((name, name in guarded, name in asked) for name in sorted(free))


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
