"""Rules about templates and conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ndrfix.errors import MANY_NAMES, InputError, did_you_mean, nearest
from ndrfix.lint.expressions import Use, expression, uses_in
from ndrfix.lint.model import Remark, Rule, Severity, Sort
from ndrfix.lint.playbooks import PlaybookView, PlayView
from ndrfix.lint.rules.reading import CHECKED
from ndrfix.playbook.keywords import RESERVED_NAMES
from ndrfix.playbook.model import Task
from ndrfix.playbook.registered import NotKnownYetError
from ndrfix.playbook.scope import NOT_HERE, Scope
from ndrfix.source import Map

if TYPE_CHECKING:
    from jinja2 import nodes

_GLOBALS = frozenset({"range", "dict", "namespace"})
_LIKE = 0.85
_BUILT_IN = {
    "inventory_hostname": "text",
    "group_names": "a list",
    "groups": "a mapping",
    "ndrfix_host": "a mapping",
}
_WORDS = frozenset({"yes", "no", "on", "off"})  # in quotes they are names


def _names_of(variables: Map) -> set[str]:
    return {str(entry.key.value) for entry in variables.entries}


def _undefined(view: PlaybookView) -> Iterator[Remark]:
    registered = {task.register: task for play in view.plays for task in play.written if task.register}
    for play in view.plays:
        known = _known(view, play)
        earlier: set[str] = set()
        everywhere = sorted(known | {task.register for task in play.written if task.register})
        for task in play.written:
            here = _names_of(task.vars) | ({"item"} if task.loop is not None else set())
            uses = list(uses_in(task.node))
            here |= {use.name for use in uses if use.asked}
            for use in uses:
                if not (use.guarded or use.name in here or use.name in known or use.name in earlier):
                    many = len(everywhere) > MANY_NAMES
                    near = everywhere if many else sorted(known | earlier | here)
                    yield from _not_defined(view, use, near, registered)
            earlier |= {task.register} if task.register else set()
        earlier |= known
        for use in uses_in(play.play.vars):
            if use.name not in earlier and not use.guarded:
                yield from _not_defined(view, use, everywhere, registered)


def _known(view: PlaybookView, play: PlayView) -> set[str]:
    """Every name that has a value all over the play; an `item` outside a loop is another rule's."""
    names = {*RESERVED_NAMES, *_GLOBALS, *(view.variables or ()), *_names_of(play.play.vars)}
    for each in play.play.vars_files:
        names |= _names_of(each.variables)
    return names


def _not_defined(
    view: PlaybookView, use: Use, known: Sequence[str], registered: Mapping[str, Task]
) -> Iterator[Remark]:
    """Without an inventory a name may come from there: then only what cannot, or looks misspelt, is told."""
    if task := registered.get(use.name):
        text = f"the result {use.name!r} is not there yet, or no longer: it is registered in line {task.place.line}"
        yield Remark(message=text, place=use.place, help="A result holds from its task to the end of its play.")
        return
    if use.name in NOT_HERE:
        text = f"{use.name!r} has no value here"
        yield Remark(message=text, place=use.place, help=NOT_HERE[use.name])
        return
    if view.variables is None and not _is_like(use.name, known):
        return
    where = "the task, the play, its vars_files" + (", the inventory" if view.variables is not None else "")
    advice = f"Searched: {where}." + ("" if view.variables is not None else " Give the inventory with -i to be sure.")
    text = f"the variable {use.name!r} is not defined{did_you_mean(use.name, known)}"
    yield Remark(message=text, place=use.place, help=advice)


def _is_like(name: str, known: Sequence[str]) -> bool:
    """Whether a name is so close to a known one that it can hardly be another one; that of several things is one."""
    folded = name.casefold()
    several = {folded.removesuffix("s"), folded.removesuffix("es"), f"{folded}s", f"{folded}es"}
    few = [each for each in known if each.casefold() not in several] if len(known) <= MANY_NAMES else known
    found = nearest(name, few, alike=_LIKE)
    return found is not None and found.casefold() not in several


def _item_outside(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        for task in play.written:
            if task.loop is None:
                for use in uses_in(task.node):
                    if use.name == "item" and not use.guarded:
                        text = "'item' outside a loop"
                        yield Remark(message=text, place=use.place, help="Add 'loop' to the task, or name a variable.")


def _loop_without_item(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        for task in play.written:
            loop = task.node.get("loop")
            if loop is not None and "item" not in {use.name for use in uses_in(task.node)}:
                text = "a loop whose task never uses 'item': every round does the same"
                yield Remark(message=text, place=loop.place, help="Use {{ item }} in the arguments, or remove 'loop'.")


def _not_yes_or_no(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        scope = Scope().for_play(play.play)
        results = {task.register for task in play.written if task.register}
        for task in play.written:
            inner = scope.child(variables=task.vars)
            for condition in task.when:
                if kind := _never_boolean(condition.text) or _kind_of_name(condition.text, inner, results):
                    yield Remark(
                        message=f"a condition that gives {kind}, never true or false",
                        place=condition.place,
                        help="Compare it (name == 'value', name | length > 0), or use | bool for a yes/no word.",
                    )


def _kind_of_name(text: str, scope: Scope, results: Collection[str]) -> str:
    """What kind of value a condition gives that is a variable's name alone, where that is known; empty otherwise."""
    from jinja2 import nodes

    from ndrfix.playbook.expressions import describe

    node = expression(text)
    if not isinstance(node, nodes.Name):
        return ""
    if node.name in results:
        return f"the result {node.name!r}"
    if node.name in _BUILT_IN:
        return _BUILT_IN[node.name]
    try:
        value = scope.resolve(node.name)
    except (InputError, NotKnownYetError):
        return ""
    return "" if isinstance(value, bool) else describe(value)


def _never_boolean(text: str) -> str:
    """What kind of value an expression gives, on one of its ways at least; empty when it may be true or false."""
    from jinja2 import nodes

    node = expression(text)
    if isinstance(node, nodes.Name) and node.name in _WORDS:
        return f"the value of a variable called {node.name!r}"
    if isinstance(node, nodes.And | nodes.Or):
        return "text on one of its ways" if isinstance(node.right, nodes.Const) and _kind(node.right) else ""
    if isinstance(node, nodes.CondExpr):
        kind = _kind(node.expr1) or _kind(node.expr2)
        return f"{kind} on one of its ways" if kind else ""
    return _kind(node)


def _kind(node: nodes.Expr | None) -> str:
    from jinja2 import nodes

    from ndrfix.playbook.expressions import describe

    if isinstance(node, nodes.Const) and not isinstance(node.value, bool):
        return describe(node.value)
    if isinstance(node, nodes.Add | nodes.Sub | nodes.Mul | nodes.Div | nodes.Concat):
        return "text or a number"
    if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict):
        return "a list or mapping"
    if isinstance(node, nodes.Filter) and node.name in ("length", "count", "int", "float", "sum"):
        return "a number"
    if isinstance(node, nodes.Filter) and node.name in ("lower", "upper", "trim", "join", "string", "replace"):
        return "text"
    return ""


_PACK = CHECKED.replace("  tasks:", "  vars:\n    service_pack: 4\n  tasks:")
_LOOPED = """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: The services start with the server
      set_service:
        name: "{{ item }}"
        start_mode: auto
      loop: [MSExchangeIS, MSExchangeMTA]
"""

RULES: tuple[Rule, ...] = (
    Rule(
        id="jinja[syntax]",
        tags=("syntax",),
        summary="A template or condition that is no valid Jinja.",
        why="The run ends before the first host.",
        bad=CHECKED.replace("minimum: 4", 'minimum: "{{ pack + }}"'),
        good=CHECKED,
        fix="Correct the expression; braces that are meant literally are marked with `!unsafe`.",
        sorts=(Sort.PLAYBOOK, Sort.INVENTORY, Sort.VARIABLES),
    ),
    Rule(
        id="jinja[undefined]",
        tags=("syntax",),
        summary="A variable that nothing defines.",
        why="On the host where it is first needed the run ends. Without an inventory only those names are told that "
        "look like a misspelling of another one.",
        bad=_PACK.replace("minimum: 4", 'minimum: "{{ servce_pack }}"'),
        good=_PACK.replace("minimum: 4", 'minimum: "{{ service_pack }}"'),
        fix="Correct the name, define it in the inventory or under `vars`, or give it a `default`.",
        check=_undefined,
    ),
    Rule(
        id="jinja[not-boolean]",
        tags=("syntax",),
        summary="A condition that can never be true or false.",
        why="A condition must give a yes or no; anything else ends the run at this task.",
        bad=CHECKED.replace("        minimum: 4", "        minimum: 4\n      when: group_names | length"),
        good=CHECKED.replace("        minimum: 4", "        minimum: 4\n      when: group_names | length > 0"),
        fix="Compare the value, or turn a yes/no word into one with `| bool`.",
        check=_not_yes_or_no,
    ),
    Rule(
        id="loop[item-outside]",
        tags=("syntax",),
        summary="`item` in a task that has no loop.",
        why="There is no item: the run ends at this task.",
        bad=CHECKED.replace("minimum: 4", 'minimum: "{{ item }}"'),
        good=_LOOPED,
        fix="Add `loop`, or name the variable that is meant.",
        check=_item_outside,
    ),
    Rule(
        id="loop[no-item]",
        severity=Severity.WARNING,
        tags=("idiom",),
        summary="A loop whose task never uses `item`.",
        why="Every round does the same: most often a fixed name was left where `{{ item }}` was meant.",
        bad=_LOOPED.replace('"{{ item }}"', "MSExchangeIS"),
        good=_LOOPED,
        fix="Use `{{ item }}` in the arguments, or remove `loop`.",
        check=_loop_without_item,
    ),
)
