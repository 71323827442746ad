"""Reading single values out of a playbook's nodes; every fault is collected, so that one pass finds them all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ndrfix.errors import InputError, PlaybookError, did_you_mean
from ndrfix.place import Place
from ndrfix.playbook.keywords import RESERVED_NAMES, SELECTION_WORDS
from ndrfix.playbook.model import Expression
from ndrfix.playbook.numbers import number_faults
from ndrfix.playbook.templating import expression_fault, is_template, template_faults
from ndrfix.source import List, Map, Node, Scalar, kind

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words that Jinja reads as something else than a variable.
_JINJA_WORDS = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"}
)


class Faults:
    """The faults found so far in a playbook and its files."""

    def __init__(self) -> None:
        self._found: list[InputError] = []
        self.hidden = False

    def add(self, what: str, place: Place, next_step: str = "", *, rule: str = "wrong-shape[value]") -> None:
        """Keep a fault of the playbook; `rule` is what the linter calls it."""
        self.note(PlaybookError(what, place=place, next_step=next_step, rule=rule))

    def note(self, *faults: InputError) -> None:
        """Keep faults found elsewhere, with those that they bring along."""
        for fault in faults:
            for each in (fault, *fault.others):
                each.hidden = each.hidden or self.hidden
                self._found.append(each)
            fault.others = ()

    @contextmanager
    def hiding(self, hidden: bool) -> Iterator[None]:
        """With `hidden`, the faults found meanwhile stand under `no_log`: no value near them is to be shown."""
        before, self.hidden = self.hidden, hidden
        try:
            yield
        finally:
            self.hidden = before

    def in_order(self, file: str) -> tuple[InputError, ...]:
        """Every fault: those of the file itself first, from top to bottom."""
        return tuple(sorted(self._found, key=lambda fault: _order(fault.place, file)))


def _order(place: Place | None, file: str) -> tuple[bool, str, int, int]:
    return (place.file != file, place.file, place.line, place.column) if place else (False, "", 0, 0)


def texts(node: Node, what: str, faults: Faults) -> Iterator[Scalar]:
    """The leaves of a text or of a list of texts, each plain text."""
    for item in node.items if isinstance(node, List) else (node,):
        if plain_text(item, what, faults) and isinstance(item, Scalar):
            yield item


def plain_text(node: Node | None, what: str, faults: Faults) -> str:
    """The text of a leaf that is the same for every host; empty when there is none or it is faulty."""
    if node is None:
        return ""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        hint = "Put it in quotes." if isinstance(node, Scalar) and node.text else ""
        faults.add(f"{what} must be text, not {kind(node)}", node.place, hint)
        return ""
    if not node.value.strip():
        faults.add(f"{what} is empty", node.place)
        return ""
    if is_template(node.value):
        faults.add(f"{what} is the same for every host and cannot hold {{{{ … }}}}", node.place, "Write it out.")
        return ""
    return str(node.value)


def flag(owner: Map, key: str, faults: Faults, *, default: bool) -> bool:
    """A yes/no value under a key."""
    node = owner.get(key)
    if node is None:
        return default
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    faults.add(f"{key!r} must be true or false, not {kind(node)}", node.place)
    return default


def tags(owner: Map, faults: Faults) -> frozenset[str]:
    """The tags of a play or task: a text with commas, or a list of such."""
    node = owner.get("tags")
    found: set[str] = set()
    for each in texts(node, "a tag", faults) if node is not None else ():
        words = [word for part in each.value.split(",") if (word := part.strip())]
        for word in SELECTION_WORDS.intersection(words):
            text = f"{word!r} is no tag: it is a word for --tags"
            faults.add(text, each.place, "Choose another name.", rule="reserved-name[tag]")
        found.update(words)
    return frozenset(found)


def variables(owner: Map, faults: Faults) -> Map:
    """The variables under `vars`, their names and templates checked."""
    node = owner.get("vars")
    if node is None:
        return Map(owner.place, ())
    return checked_variables(node, "'vars'", faults)


def checked_variables(node: Node, what: str, faults: Faults) -> Map:
    """A mapping of variables; empty when the node is nothing or faulty."""
    if isinstance(node, Scalar) and node.value is None:
        return Map(node.place, ())
    if not isinstance(node, Map):
        faults.add(f"{what} must be a mapping of names to values, not {kind(node)}", node.place)
        return Map(node.place, ())
    for entry in node.entries:
        check_variable_name(entry.key, faults)
    values(node, faults)
    return node


def values(node: Node, faults: Faults) -> None:
    """Note every template in a value that is not valid, and every number that can be taken in two ways."""
    faults.note(*template_faults(node), *number_faults(node, shown=not faults.hidden))


def check_variable_name(key: Scalar, faults: Faults) -> None:
    """Note a fault when a leaf cannot be the name of a variable that the user sets."""
    if not isinstance(key.value, str) or not _NAME.fullmatch(key.value) or key.value in _JINJA_WORDS:
        faults.add(
            f"{key.text!r} cannot be the name of a variable",
            key.place,
            "Use letters, digits and underscores, a letter first; words like 'true' or 'in' are taken.",
            rule="reserved-name[variable]",
        )
    elif key.value in RESERVED_NAMES:
        text = f"the name {key.value!r} is taken by ndrfix itself"
        faults.add(text, key.place, "Choose another name.", rule="reserved-name[variable]")


def conditions(owner: Map, faults: Faults) -> tuple[Expression, ...]:
    """The conditions under `when`: an expression, true or false, or a list of which all must hold."""
    node = owner.get("when")
    if node is None:
        return ()
    found: list[Expression] = []
    for each in node.items if isinstance(node, List) else (node,):
        if isinstance(each, Scalar) and isinstance(each.value, bool):
            found.append(Expression(text="true" if each.value else "false", place=each.place))
        elif isinstance(each, Scalar) and isinstance(each.value, str) and each.value.strip():
            expression = Expression(text=str(each.value), place=each.place)
            if fault := expression_fault(expression):
                faults.note(fault)
            found.append(expression)
        else:
            faults.add(f"a condition must be an expression, true or false, not {kind(each)}", each.place)
    return tuple(found)


def unknown_key(key: Scalar, what: str, known: Iterable[str], faults: Faults) -> None:
    """Note that a key means nothing here."""
    rule = f"unknown-name[{what.rpartition(' ')[2]}]"
    faults.add(f"unknown {what} {key.text!r}{did_you_mean(key.text, known)}", key.place, rule=rule)
