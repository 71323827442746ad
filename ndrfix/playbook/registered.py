"""What a task leaves behind under its `register` name, for the conditions and arguments of later tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

from ndrfix.errors import did_you_mean


class NotKnownYetError(Exception):
    """An expression needs what only a real run brings; the task that holds it is not evaluated. `name` says what."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not known while a plan is made, and an apply does what the plan holds")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The result of a task on one host, as expressions see it: by attribute, or by key as in a mapping.

    Everything but `outcome` is what a dry run can predict, so that a dry run takes the same way as a real one. `before`
    maps each resource, as text, to its state as text. `results` holds one entry per item of a loop. `after` is None in
    a dry run, otherwise what `outcome` gives.
    """

    name: str
    changed: bool = False
    failed: bool = False
    skipped: bool = False
    verdict: str | None = None
    checks: tuple[object, ...] = ()
    before: Mapping[str, object] = field(default_factory=dict)
    results: tuple[Registered, ...] = ()
    after: Mapping[str, object] | None = None

    @property
    def outcome(self) -> Mapping[str, object]:
        """What a real run found out.

        Raises:
            NotKnownYetError: this is a dry run.
        """
        if self.after is None:
            raise NotKnownYetError(f"{self.name}.outcome")
        return self.after

    def keys(self) -> tuple[str, ...]:
        """The names that can be asked for."""
        hidden = {"name", "after"}
        return (*(each.name for each in fields(self) if each.name not in hidden), "outcome")

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __getitem__(self, key: str) -> object:
        if key not in self.keys():
            raise KeyError(f"{self.name} has no {key!r}{did_you_mean(str(key), self.keys())}")
        value: object = getattr(self, key)
        return value
