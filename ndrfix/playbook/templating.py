"""Templates in a playbook's values: when a text is one, what it needs, and what it gives.

A text that is exactly one `{{ expression }}` keeps the value's type; anything else with Jinja gives text; a text
without Jinja is itself. No result is ever read as a literal: `"{{ '1' }}"` stays text. Line ends inside a template
become line feeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ndrfix.errors import TemplateError
from ndrfix.place import Place
from ndrfix.playbook.model import Expression
from ndrfix.playbook.spot import narrow
from ndrfix.source import List, Map, Node, Scalar, UnsafeText

if TYPE_CHECKING:
    from ndrfix.playbook.jinja import Names, Program

_OPENINGS = ("{{", "{%", "{#")
_LITERAL = "If the braces are meant literally, mark the value with !unsafe."

# What a template of somebody else's making can raise while it is compiled or run: Jinja's own errors and those of the
# Python operations that it performs. RuntimeError covers the recursion limit, SyntaxError Python's own compiler.
FOREIGN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class UndefinedNameError(TemplateError):
    """A variable, or an environment variable, that does not exist: the one fault for which `default` may stand in."""

    def __init__(self, what: str, *, name: str, place: Place | None, next_step: str = "") -> None:
        super().__init__(what, place=place, next_step=next_step)
        self.name = name


def is_template(value: object) -> bool:
    """Whether a value holds Jinja; `!unsafe` text never does."""
    return (
        isinstance(value, str) and not isinstance(value, UnsafeText) and any(opening in value for opening in _OPENINGS)
    )


def braced(expression: Expression) -> str:
    """A condition as the template that gives its value."""
    return f"{{{{ {expression.text} }}}}"


def program(text: str, place: Place | None) -> Program:
    """The compiled template.

    Raises:
        TemplateError: it is no valid Jinja, or names a filter or test that does not exist.
    """
    import jinja2

    from ndrfix.playbook.jinja import compiled

    try:
        return compiled(text)
    except jinja2.TemplateAssertionError as error:  # good syntax, but a filter or test that does not exist
        raise TemplateError(f"not valid Jinja: {error.message}", place=place) from error
    except jinja2.TemplateError as error:
        raise TemplateError(f"not valid Jinja: {error.message}", place=place, next_step=_LITERAL) from error
    except FOREIGN as error:
        raise TemplateError(f"not valid Jinja: {_reason(error)}", place=place, next_step=_LITERAL) from error


def evaluate(text: str, names: Names, place: Place | None) -> Any:
    """The value of a template.

    Raises:
        TemplateError: it cannot be evaluated.
        NotKnownYetError: it needs what only a real run brings.
    """
    import jinja2

    from ndrfix.playbook.jinja import name_offset

    made = program(text, place)
    try:
        return made.run(names)
    except UndefinedNameError as error:
        if place is not None and error.place is place:
            error.place = narrow(place, text, error.name, name_offset(text, error.name))
        raise
    except TemplateError:
        raise
    except jinja2.TemplateError as error:
        raise TemplateError(f"the expression cannot be evaluated: {error.message}", place=place) from error
    except FOREIGN as error:
        raise TemplateError(f"the expression cannot be evaluated: {_reason(error)}", place=place) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError | MemoryError):
        return "it is nested too deeply or too large"
    return f"{error}" or type(error).__name__


def expression_fault(expression: Expression) -> TemplateError | None:
    """What is wrong with a condition before it is evaluated, None if nothing is."""
    if is_template(expression.text):
        return TemplateError(
            "a condition is written without braces", place=expression.place, next_step="Remove the {{ and }}."
        )
    try:
        made = program(braced(expression), expression.place)
    except TemplateError as error:
        error.next_step = ""
        return error
    return None if made.single else TemplateError("a condition must be one expression", place=expression.place)


def template_faults(node: Node) -> Iterator[TemplateError]:
    """Every template in a value, however deep, that is not valid."""
    if isinstance(node, Map):
        for entry in node.entries:
            yield from template_faults(entry.value)
    elif isinstance(node, List):
        for item in node.items:
            yield from template_faults(item)
    elif is_template(node.value):
        try:
            program(node.value, node.place)
        except TemplateError as error:
            yield error


def is_single(scalar: Scalar) -> bool:
    """Whether a leaf is exactly one `{{ expression }}`.

    Raises:
        TemplateError: it is no valid Jinja.
    """
    return is_template(scalar.value) and program(scalar.value, scalar.place).single
