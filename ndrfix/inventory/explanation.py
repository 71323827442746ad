"""Where each variable of a host comes from: the value that counts, and what it hides, each with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ndrfix.inventory.listing import shown_value
from ndrfix.inventory.model import Host, Layer, Variable

EXTRA = "--extra-vars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value that something gives to a variable; `origin` says what, see `Layer`."""

    variable: Variable
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A variable of a host: what counts, and what that hides, the strongest first."""

    name: str
    counts: Given
    hides: tuple[Given, ...] = ()


def explain(host: Host, *, extra: Mapping[str, Variable] | None = None) -> tuple[Explanation, ...]:
    """Return where each variable of a host comes from, sorted by name; `extra` are those of `--extra-vars`."""
    given: dict[str, list[Given]] = {}
    for layer in (*host.layers, Layer(origin=EXTRA, variables=extra or {})):
        for name, variable in layer.variables.items():
            given.setdefault(name, []).append(Given(variable=variable, origin=layer.origin))
    return tuple(
        Explanation(name=name, counts=each[-1], hides=tuple(reversed(each[:-1])))
        for name, each in sorted(given.items())
    )


def explained(explanations: tuple[Explanation, ...]) -> str:
    """Return the explanations as lines of text, secrets masked."""
    return "\n".join(line for each in explanations for line in _lines(each))


def _lines(explanation: Explanation) -> Iterator[str]:
    name, counts = explanation.name, explanation.counts
    yield f"{name} = {_value(counts, name)}"
    yield f"    {counts.origin}, {counts.variable.place}"
    for each in explanation.hides:
        yield f"    hides {_value(each, name)} of {each.origin}, {each.variable.place}"


def _value(given: Given, name: str) -> str:
    return json.dumps(shown_value(given.variable.value, name), ensure_ascii=False, default=str)
