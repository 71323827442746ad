"""Rules about what is asked of a registered result, and of `ndrfix_host`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from ndrfix.errors import did_you_mean
from ndrfix.lint.expressions import trees_in
from ndrfix.lint.model import Remark, Rule
from ndrfix.lint.playbooks import PlaybookView, PlayView
from ndrfix.lint.rules.names import HANDLED
from ndrfix.playbook import Registered
from ndrfix.playbook.templating import compared_place, key_place
from ndrfix.source import Scalar
from ndrfix.steps.base import Verdict

if TYPE_CHECKING:
    from jinja2 import nodes

_HOST = {"ndrfix_host": ("computer_name", "os_version")}
_VERDICTS = tuple(each.value for each in Verdict)
_VERDICT = "verdict"
_COMPARED = ("eq", "ne", "in", "notin")


def _unknown_key(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        keys = _keys(play)
        for scalar, tree in _trees(play):
            for name, key in _asked(tree):
                if key not in (known := keys.get(name, (key,))):
                    yield Remark(
                        message=f"{name!r} has no {key!r}{did_you_mean(key, known)}",
                        place=key_place(scalar.place, str(scalar.value), name, key),
                        help=f"It has: {', '.join(known)}.",
                    )


def _unknown_verdict(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        results = _keys(play).keys() - _HOST.keys()
        for scalar, tree in _trees(play):
            for name, word in _verdicts(tree, results):
                if word not in _VERDICTS:
                    yield Remark(
                        message=f"{word!r} is no verdict{did_you_mean(word, _VERDICTS)}",
                        place=compared_place(scalar.place, str(scalar.value), name, _VERDICT, word),
                        help=f"A check finds: {', '.join(_VERDICTS)}.",
                    )


def _keys(play: PlayView) -> Mapping[str, tuple[str, ...]]:
    """What can be asked of each result of the play."""
    keys = Registered(name="").keys()
    return {task.register: keys for task in play.written if task.register} | _HOST


def _trees(play: PlayView) -> Iterator[tuple[Scalar, nodes.Template]]:
    for task in play.written:
        yield from trees_in(task.node)


def _asked(tree: nodes.Node) -> Iterator[tuple[str, str]]:
    """Every name of which something is asked, with what is (`pack.verdict`); not those that the template sets."""
    from jinja2 import nodes

    own = {each.name for each in tree.find_all(nodes.Name) if each.ctx != "load"}
    asked = [(each.node, each.attr) for each in tree.find_all(nodes.Getattr)]
    asked += [(each.node, each.arg.value) for each in tree.find_all(nodes.Getitem) if isinstance(each.arg, nodes.Const)]
    for node, key in asked:
        if isinstance(node, nodes.Name) and node.name not in own and isinstance(key, str):
            yield node.name, key


def _verdicts(tree: nodes.Template, results: Collection[str]) -> Iterator[tuple[str, str]]:
    """The results whose verdicts are compared, each with the text that it is compared with."""
    from jinja2 import nodes

    for compared in tree.find_all(nodes.Compare):
        sides = [compared.expr, *(operand.expr for operand in compared.ops)]
        asked = (name for name, key in _asked(nodes.Output(sides)) if name in results and key == _VERDICT)
        name = next(asked, None)
        if name is None or not all(operand.op in _COMPARED for operand in compared.ops):
            continue
        for side in sides:
            values = side.items if isinstance(side, nodes.List | nodes.Tuple) else [side]
            yield from ((name, str(each.value)) for each in values if isinstance(each, nodes.Const))


_ASKED = HANDLED.replace("pack is succeeded", "pack.verdict == 'present'")

RULES: tuple[Rule, ...] = (
    Rule(
        id="result-key[unknown]",
        tags=("syntax",),
        summary="Something is asked of a registered result, or of `ndrfix_host`, that it does not have.",
        why="The run ends at this task, on every host. What Ansible's modules return (`rc`, `stdout`) is not there.",
        bad=_ASKED.replace("pack.verdict", "pack.verdikt"),
        good=_ASKED,
        fix="Ask for one of the names that the finding lists; `docs/playbooks.md` says what each means.",
        check=_unknown_key,
    ),
    Rule(
        id="result-key[verdict]",
        tags=("syntax",),
        summary="A verdict is compared with a word that is none.",
        why="The condition never holds, or always: the task is done on no host, or on all of them.",
        bad=_ASKED.replace("'present'", "'installed'"),
        good=_ASKED,
        fix="Use `present`, `probably_present`, `absent` or `indeterminate`.",
        check=_unknown_verdict,
    ),
)
