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
from ndrfix.playbook.spot import inside
from ndrfix.source import List, Map, Node, Scalar, UnsafeText

if TYPE_CHECKING:
    from ndrfix.playbook.jinja import Names, Program

_BEFORE = "{{ "
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


def braced(condition: str) -> str:
    """A condition as the template that gives its value."""
    return f"{_BEFORE}{condition} }}}}"


def program(text: str, place: Place | None, *, condition: bool = False) -> Program:
    """The compiled template; a `condition` is written without braces.

    Raises:
        TemplateError: it is no valid Jinja, or names a filter or test that does not exist; names the place of that.
    """
    import jinja2

    from ndrfix.playbook.jinja import compiled

    template = braced(text) if condition else text
    try:
        return compiled(template)
    except jinja2.TemplateError as error:
        from ndrfix.playbook.stumble import stumble

        spot = _inside(place, text, stumble(template, error), condition=condition) if place else None
        # An assertion is good syntax, but a filter or test that does not exist.
        advice = "" if condition or isinstance(error, jinja2.TemplateAssertionError) else _LITERAL
        said = (error.message or "").replace(
            "'end of print statement'", "end of the condition" if condition else "'}}'"
        )
        raise TemplateError(f"not valid Jinja: {said}", place=spot, next_step=advice) from error
    except FOREIGN as error:
        advice = "" if condition else _LITERAL
        raise TemplateError(f"not valid Jinja: {_reason(error)}", place=place, next_step=advice) from error


def _inside(place: Place, text: str, offset: int | None, *, condition: bool) -> Place:
    """The place of an offset of a template, which for a condition has braces that are not in the file."""
    if offset is None:
        return place
    return inside(place, text, max(0, offset - len(_BEFORE)) if condition else offset)


def name_place(place: Place, text: str, name: str, *, condition: bool = False) -> Place:
    """Where a template, or a condition, first uses a name as a variable."""
    from ndrfix.playbook.stumble import name_offsets

    offset = name_offsets(braced(text) if condition else text).get(name)
    return _inside(place, text, offset, condition=condition)


def key_place(place: Place, text: str, name: str, key: str) -> Place:
    """Where a template, or a condition, which has no braces, first asks a name for a key."""
    from ndrfix.playbook.stumble import key_offset

    bare = not is_template(text)
    return _inside(place, text, key_offset(braced(text) if bare else text, name, key), condition=bare)


def compared_place(place: Place, text: str, name: str, key: str, word: str) -> Place:
    """Where a text in quotes stands with which a template, or a condition, compares the key of a name."""
    from ndrfix.playbook.stumble import key_offset, literal_offset

    bare = not is_template(text)
    whole = braced(text) if bare else text
    return _inside(place, text, literal_offset(whole, word, key_offset(whole, name, key) or 0), condition=bare)


def evaluate(text: str, names: Names, place: Place | None, *, condition: bool = False) -> Any:
    """The value of a template, or of a condition.

    Raises:
        TemplateError: it cannot be evaluated.
        NotKnownYetError: it needs what only a real run brings.
    """
    import jinja2

    made = program(text, place, condition=condition)
    try:
        return made.run(names)
    except UndefinedNameError as error:
        if place is not None and error.place is place:
            error.place = name_place(place, text, error.name, condition=condition)
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
        made = program(expression.text, expression.place, condition=True)
    except TemplateError as error:
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
