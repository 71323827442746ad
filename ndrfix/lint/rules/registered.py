"""Rules about what is asked of a registered result, and of `ndrfix_host`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from ndrfix.errors import did_you_mean
from ndrfix.lint.expressions import trees_in
from ndrfix.lint.model import Remark, Rule
from ndrfix.lint.playbooks import PlaybookView, PlayView
from ndrfix.lint.rules.names import HANDLED
from ndrfix.place import Place
from ndrfix.playbook import Registered
from ndrfix.playbook.spot import inside
from ndrfix.source import Scalar
from ndrfix.steps.base import Verdict

if TYPE_CHECKING:
    from jinja2 import nodes

_HOST = {"ndrfix_host": ("computer_name", "os_version")}
_VERDICTS = tuple(each.value for each in Verdict)
_COMPARED = ("eq", "ne", "in", "notin")


def _unknown_key(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        keys = _keys(play)
        for scalar, tree in _trees(play):
            for name, key in _asked(tree):
                if key not in (known := keys.get(name, (key,))):
                    yield Remark(
                        message=f"{name!r} has no {key!r}{did_you_mean(key, known)}",
                        place=_place(scalar, key),
                        help=f"It has: {', '.join(known)}.",
                    )


def _unknown_verdict(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        results = _keys(play).keys() - _HOST.keys()
        for scalar, tree in _trees(play):
            for word in _verdicts(tree, results):
                if word not in _VERDICTS:
                    yield Remark(
                        message=f"{word!r} is no verdict{did_you_mean(word, _VERDICTS)}",
                        place=_place(scalar, word),
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
    for each in tree.find_all(nodes.Getattr):
        if isinstance(each.node, nodes.Name) and each.node.name not in own:
            yield each.node.name, each.attr


def _verdicts(tree: nodes.Template, results: Collection[str]) -> Iterator[str]:
    """The texts with which verdicts of results are compared."""
    from jinja2 import nodes

    for compared in tree.find_all(nodes.Compare):
        if not any(name in results and key == "verdict" for name, key in _asked(nodes.Output([compared.expr]))):
            continue
        for operand in compared.ops:
            values = operand.expr.items if isinstance(operand.expr, nodes.List | nodes.Tuple) else [operand.expr]
            if operand.op in _COMPARED:
                yield from (str(each.value) for each in values if isinstance(each, nodes.Const))


def _place(scalar: Scalar, word: str) -> Place:
    text = str(scalar.value)
    return inside(scalar.place, text, text.find(word))


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
