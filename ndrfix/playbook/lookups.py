"""`lookup`, `query` and `q` in expressions: environment variables and files, under short names or Ansible's full ones.

There are no other lookups: a plan must depend on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jinja2 import pass_context
from jinja2.exceptions import FilterArgumentError

from ndrfix.errors import InputError, did_you_mean
from ndrfix.playbook.expressions import Missing, settled
from ndrfix.playbook.templating import UndefinedNameError

if TYPE_CHECKING:
    from ndrfix.playbook.jinja import ScopedContext

_COLLECTIONS = ("ansible.builtin.", "ansible.legacy.")
_OPTIONS = {"env": frozenset({"default"}), "file": frozenset()}
_FORMS = {"env": "('env', NAME) takes names, and default='…'", "file": "('file', PATH) takes paths"}


@pass_context
def lookup(context: ScopedContext, kind: Any, *terms: Any, wantlist: bool = False, **options: Any) -> Any:
    """What is looked up; the values for several terms as one text with commas, or with `wantlist` all as a list.

    Raises:
        FilterArgumentError: a lookup that is not there, or that is called in another way than it is meant.
    """
    found = list(_each(context, kind, terms, options))
    if wantlist:
        return found
    return found[0] if len(found) == 1 else ",".join(map(str, found))


@pass_context
def query(context: ScopedContext, kind: Any, *terms: Any, **options: Any) -> Any:
    """What is looked up, always as a list."""
    return list(_each(context, kind, terms, options))


def _each(context: ScopedContext, kind: Any, terms: Iterable[Any], options: Mapping[str, Any]) -> Iterable[Any]:
    name = _name(context, kind)
    wanted = settled(list(terms))
    if not wanted or not all(isinstance(term, str) for term in wanted) or options.keys() - _OPTIONS[name]:
        raise FilterArgumentError(f"lookup{_FORMS[name]}")
    read = _variable if name == "env" else _file
    return (read(context, term, options) for term in wanted)


def _name(context: ScopedContext, kind: Any) -> str:
    """The short name of the lookup that is asked for."""
    text = kind if isinstance(kind, str) else ""
    collection = next((each for each in _COLLECTIONS if text.startswith(each)), "")
    name = text.removeprefix(collection)
    if name in _FORMS:
        return name
    shown = f"lookup({text!r}, …)" if text and not context.tainted else "this lookup"
    hint = "" if context.tainted else did_you_mean(name, _FORMS)
    raise FilterArgumentError(
        f"{shown} is not there{hint}: a playbook runs no programs and asks no services on the way, so that its plan "
        "depends on nothing else; there are lookup('env', NAME) and lookup('file', PATH)"
    )


def _variable(context: ScopedContext, name: str, options: Mapping[str, Any]) -> Any:
    try:
        return context.open(context.names.environment(name))
    except UndefinedNameError as error:
        if "default" in options:
            return options["default"]
        if context.tainted:  # the name itself may be made of the secret
            error = UndefinedNameError("an environment variable is not set", name="", place=error.place)
        return Missing(name=name, reason=error)


def _file(context: ScopedContext, name: str, _: Mapping[str, Any]) -> Any:
    try:
        return context.open(context.names.file(name))
    except InputError as error:
        if context.tainted:  # the name itself may be made of the secret
            raise type(error)("a file cannot be read", place=error.place) from None
        raise
