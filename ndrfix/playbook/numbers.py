"""Numbers that YAML 1.1 takes for something else than people mean: `010` is 8 to it, `1:30` is 90, `1_000` is 1000."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ndrfix.errors import PlaybookError
from ndrfix.secret_names import is_secret_name
from ndrfix.source import List, Map, Node, Scalar

_OCTAL = re.compile(r"[-+]?0[0-7_]+")


def number_faults(node: Node, *, shown: bool = True) -> Iterator[PlaybookError]:
    """Every number in a value, however deep, that is written ambiguously. Without `shown` no message says its value;
    nor does one about a value under a name that looks like a secret.
    """
    if isinstance(node, Map):
        for entry in node.entries:
            yield from number_faults(entry.value, shown=shown and not is_secret_name(entry.key.text))
    elif isinstance(node, List):
        for item in node.items:
            yield from number_faults(item, shown=shown)
    elif reading := _other_reading(node):
        meant = f"For YAML it is {_spellings(node.value)}: write that" if shown else "Write it in another way"
        yield PlaybookError(
            f"a number {reading}",
            place=node.place,
            next_step=f"{meant}, or put it in quotes if it is text.",
            rule="yaml[number]",
        )


def _other_reading(node: Scalar) -> str:
    """How YAML reads the number where people may mean another; empty when there is no doubt."""
    if node.quoted or isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return ""
    if ":" in node.text:
        return "with colons, which YAML 1.1 counts in sixties"
    if _OCTAL.fullmatch(node.text):
        return "with a leading zero, which YAML 1.1 reads as octal"
    return "with underscores, which YAML 1.1 leaves out" if "_" in node.text else ""


def _spellings(value: float) -> str:
    return f"{value} (0x{value:X})" if isinstance(value, int) and value > 9 else f"{value}"
