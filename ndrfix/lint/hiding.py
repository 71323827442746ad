"""What a file holds that no finding may show: values under names of secrets, and those of tasks under `no_log`."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfix.playbook.keywords import PLAY_KEYWORDS, TASK_KEYWORDS
from ndrfix.playbook.templating import is_template
from ndrfix.secret_names import is_account_name, is_secret_name
from ndrfix.secrets import Secret
from ndrfix.source import List, Map, Node, Scalar

# Under no_log these are shown: what a task is about, not what it does with it.
_SHOWN = frozenset({*PLAY_KEYWORDS, *TASK_KEYWORDS} - {"loop", "vars"}) | {
    *("path", "key", "name", "entry", "value", "type", "datatype", "state")
}


def secrets_of(node: Node | None) -> Iterator[tuple[Secret, int]]:
    """Every text of a document that is written out where a secret is expected, with the line that it begins on."""
    yield from _found(node, "", secret=False, hidden=False)


def _found(node: Node | None, key: str, *, secret: bool, hidden: bool) -> Iterator[tuple[Secret, int]]:
    """`key` is the nearest one above, `secret` tells that one above is a secret's name, `hidden` of a `no_log`."""
    if isinstance(node, Map):
        hidden = hidden or _is_yes(node.get("no_log"))
        for entry in node.entries:
            named = is_secret_name(entry.key.text) or (secret and not is_account_name(entry.key.text))
            yield from _found(entry.value, entry.key.text, secret=named, hidden=hidden)
    elif isinstance(node, List):
        for item in node.items:
            yield from _found(item, key, secret=secret, hidden=hidden)
    elif isinstance(node, Scalar) and (secret or (hidden and key not in _SHOWN)):
        if isinstance(node.value, str) and not is_template(node.value):
            yield Secret(node.value), node.place.line
        elif isinstance(node.value, int | float) and not isinstance(node.value, bool):
            yield Secret(node.text), node.place.line


def _is_yes(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value not in (None, False, "no", "false", "off")
