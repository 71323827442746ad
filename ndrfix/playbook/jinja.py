"""The Jinja environment of playbooks: sandboxed, strict, without chance, and lazy about the variables it reads.

This module imports Jinja2; it is itself imported only where a template is really met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from jinja2 import nodes, pass_context
from jinja2.exceptions import FilterArgumentError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ndrfix.errors import InputError
from ndrfix.playbook import expressions
from ndrfix.playbook.expressions import Missing, describe, settled
from ndrfix.playbook.lookups import lookup, query
from ndrfix.playbook.registered import NotKnownYetError, Registered
from ndrfix.playbook.templating import FOREIGN
from ndrfix.secrets import Secret, sealed

_LARGEST_REPETITION = 1_000_000
_LARGEST_POWER = 4_096


class Names(Protocol):
    """Where an expression's names come from."""

    def has(self, name: str) -> bool:
        """Whether there is such a variable."""

    def value(self, name: str) -> Any:
        """The value of a variable; raises `TemplateError`, of which `UndefinedNameError`, or `NotKnownYetError`."""

    def environment(self, name: str) -> str | Secret:
        """The value of an environment variable, secret if its name says so; raises `UndefinedNameError`."""

    def file(self, name: str) -> str | Secret:
        """The text of a file, secret if it is encrypted; raises `TemplateError`."""


class ScopedContext(Context):
    """A template's view of a scope: names are resolved when the template asks for them.

    With `opened`, secrets are handed out in plain and `tainted` remembers that one was.
    """

    names: Names
    opened: bool
    tainted: bool = False

    def resolve_or_missing(self, key: str) -> Any:
        """The value of a name; what cannot be had becomes `Missing`, so that only its use fails."""
        if key in self.vars:
            return self.vars[key]
        if key in self.environment.globals and not self.names.has(key):
            return self.environment.globals[key]
        try:
            value = self.names.value(key)
        except (InputError, NotKnownYetError) as error:
            return Missing(name=key, reason=error)
        return self.open(value) if self.opened else value

    def open(self, value: Any) -> Any:
        """The value with every secret in it as it was before."""
        if isinstance(value, Secret):
            self.tainted = True
            return value.value()
        if isinstance(value, dict):
            return {key: self.open(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.open(each) for each in value)
        if isinstance(value, Registered):
            checks, before, results = (self.open(each) for each in (value.checks, value.before, value.results))
            return replace(value, checks=checks, before=before, results=results)
        return value


class _Environment(ImmutableSandboxedEnvironment):
    """Keeps arithmetic within bounds: a playbook must not be able to fill the memory."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The product or power, if it is not too large."""
        if operator == "**" and (abs(right) > _LARGEST_POWER or abs(left) > _LARGEST_REPETITION):
            raise OverflowError("the power is too large")
        if operator == "*":
            for many, times in ((left, right), (right, left)):
                if isinstance(many, str | list | tuple) and len(many) * times > _LARGEST_REPETITION:
                    raise OverflowError("the repetition is too long")
        return super().call_binop(context, operator, left, right)


@pass_context
def _shown(context: ScopedContext, value: Any) -> str:
    """A value inside a longer text. Only what has one obvious spelling is let in."""
    value = settled(value)
    if isinstance(value, Secret):
        context.tainted = True
        return value.reveal()
    if value is None:
        raise FilterArgumentError("the expression gives nothing (null), which cannot stand inside a text")
    if isinstance(value, list | tuple | Mapping | Registered):
        raise FilterArgumentError(f"{describe(value)} cannot stand inside a text: use | join(', ') or | tojson")
    return str(value)


def _environment() -> _Environment:
    made = _Environment(undefined=Missing, keep_trailing_newline=True, optimized=False, finalize=_shown)
    made.context_class = ScopedContext
    made.globals = {name: made.globals[name] for name in ("range", "dict", "namespace")}
    made.globals |= {"lookup": lookup, "query": query, "q": query}
    del made.filters["random"]  # a plan must come out the same twice
    made.filters |= {"default": expressions.default, "d": expressions.default, "bool": expressions.boolean_word}
    made.filters |= {"int": expressions.whole_number, "float": expressions.decimal_number}
    made.tests |= {"defined": expressions.defined, "undefined": lambda value: not expressions.defined(value)}
    for name, field in {"changed": "changed", "failed": "failed", "failure": "failed", "skipped": "skipped"}.items():
        made.tests[name] = expressions.result_test(field, True)
    made.tests |= {name: expressions.result_test("failed", False) for name in ("succeeded", "success", "successful")}
    return made


ENVIRONMENT = _environment()


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled template.

    `single` tells that it is exactly one expression, whose value is kept; `plain` that it only reads variables, so that
    a secret passes through it without mixing with anything; `free` are the names that it needs from outside.
    """

    root: Callable[[Context], Iterable[str]]
    single: bool
    plain: bool
    free: frozenset[str]

    def run(self, names: Names) -> Any:
        """The value, secret if it was made from a secret. What goes wrong with a secret is not described, since that
        would tell the value.
        """
        context = ScopedContext(ENVIRONMENT, {}, None, {})
        context.names = names
        context.opened = not self.plain
        try:
            text = "".join(self.root(context))
            value = settled(context.vars[_RESULT]) if self.single else text
        except (JinjaError, *FOREIGN):
            if not context.tainted:
                raise
            raise FilterArgumentError("it works on a secret, so what is wrong is not shown") from None
        return sealed(value) if context.tainted else value


_RESULT = "ndrfix_result"


@lru_cache(maxsize=2048)
def compiled(text: str) -> Program:
    """The program of a template's text; raises what Jinja raises."""
    tree = ENVIRONMENT.parse(text)
    free = frozenset(find_undeclared_variables(tree)) - ENVIRONMENT.globals.keys()
    parts = [part for output in tree.body if isinstance(output, nodes.Output) for part in output.nodes]
    only_output = all(isinstance(each, nodes.Output) for each in tree.body)
    expressions = [part for part in parts if not isinstance(part, nodes.TemplateData)]
    single = only_output and len(parts) == len(expressions) == 1 and text.startswith("{{") and text.endswith("}}")
    if single:
        tree = nodes.Template([nodes.Assign(nodes.Name(_RESULT, "store"), expressions[0], lineno=1)], lineno=1)
    template = ENVIRONMENT.from_string(tree)
    return Program(template.root_render_func, single, only_output and all(map(_reads_only, expressions)), free)


def _reads_only(node: nodes.Expr) -> bool:
    """Whether an expression hands on a value as it is: a name, a part of one, or a default for one."""
    if isinstance(node, nodes.Name | nodes.Const):
        return True
    if isinstance(node, nodes.Getattr):
        return _reads_only(node.node)
    if isinstance(node, nodes.Getitem):
        return _reads_only(node.node) and isinstance(node.arg, nodes.Const)
    if isinstance(node, nodes.Filter) and node.name in ("default", "d") and node.node is not None:
        extra = node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) > 1
        return not extra and _reads_only(node.node) and all(map(_reads_only, node.args))
    return False
