"""Rules about templates and conditions."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfix.errors import did_you_mean
from ndrfix.lint.expressions import Use, uses_in
from ndrfix.lint.model import Remark, Rule, Severity
from ndrfix.lint.playbooks import PlaybookView, PlayView
from ndrfix.lint.rules.reading import CHECKED
from ndrfix.playbook.keywords import RESERVED_NAMES
from ndrfix.playbook.templating import FOREIGN
from ndrfix.source import Map

_GLOBALS = frozenset({"range", "dict", "namespace"})


def _names_of(variables: Map) -> set[str]:
    return {str(entry.key.value) for entry in variables.entries}


def _undefined(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        known = _known(view, play)
        for task in play.written:
            here = known | _names_of(task.vars) | ({"item"} if task.loop is not None else set())
            uses = list(uses_in(task.node))
            asked = {use.name for use in uses if use.asked}
            for use in uses:
                if use.name not in here and use.name not in asked and not use.guarded:
                    yield from _not_defined(view, use, here)
        for use in uses_in(play.play.vars):
            if use.name not in known and not use.guarded:
                yield from _not_defined(view, use, known)


def _known(view: PlaybookView, play: PlayView) -> set[str]:
    """Every name that may have a value somewhere in the play; an `item` outside a loop is another rule's."""
    names = {*RESERVED_NAMES, *_GLOBALS, *(view.variables or ()), *_names_of(play.play.vars)}
    for each in play.play.vars_files:
        names |= _names_of(each.variables)
    return names | {each.task.register for each in play.all if each.task.register}


def _not_defined(view: PlaybookView, use: Use, known: set[str]) -> Iterator[Remark]:
    """Without an inventory a name may come from there: then only what looks misspelt is told."""
    meant = did_you_mean(use.name, sorted(known - RESERVED_NAMES))
    if view.variables is None and not meant:
        return
    where = "the task, the play, its vars_files" + (", the inventory" if view.variables is not None else "")
    advice = f"Searched: {where}." + ("" if view.variables is not None else " Give the inventory with -i to be sure.")
    yield Remark(message=f"the variable {use.name!r} is not defined{meant}", place=use.place, help=advice)


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
        for task in play.written:
            for condition in task.when:
                if kind := _never_boolean(condition.text):
                    yield Remark(
                        message=f"a condition that gives {kind}, never true or false",
                        place=condition.place,
                        help="Compare it (name == 'value', name | length > 0), or use | bool for a yes/no word.",
                    )


def _never_boolean(text: str) -> str:
    """What kind of value an expression always gives, empty when it may be true or false."""
    from jinja2 import nodes
    from jinja2.exceptions import TemplateError as JinjaError

    from ndrfix.playbook.jinja import ENVIRONMENT

    try:
        tree = ENVIRONMENT.parse(f"{{{{ {text} }}}}")
    except (JinjaError, *FOREIGN):
        return ""
    output = tree.body[0] if tree.body else None
    node = output.nodes[0] if isinstance(output, nodes.Output) and output.nodes else None
    if isinstance(node, nodes.Const) and not isinstance(node.value, bool):
        return "text" if isinstance(node.value, str) else "a number"
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
