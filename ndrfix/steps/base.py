"""What a step is: a tuple of pure phases, each of which says what it needs to know and then what it would do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from ndrfix.connections.base import Reading
from ndrfix.exchange.backlog import Backlog
from ndrfix.resources import Item, RemoteItem, Resource, State, Unreadable
from ndrfix.secret_names import is_secret_name


class Args(BaseModel):
    """Base of every step's arguments: unknown names are errors, values are never changed after binding."""

    # What a run or a linting does not use is not built: that is a third of the time it takes to load the steps.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    naming: ClassVar[str] = ""
    """The argument that names what the others are the data of."""

    @classmethod
    def spellings(cls) -> dict[str, tuple[str, ...]]:
        """Every argument by its name, with the other names under which it is accepted too."""
        found: dict[str, tuple[str, ...]] = {}
        for name, argument in cls.model_fields.items():
            alias = argument.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
            found[name] = tuple(choice for choice in choices if isinstance(choice, str) and choice != name)
        return found

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """All names that the step accepts, for "did you mean"."""
        return tuple(name for own, others in cls.spellings().items() for name in (own, *others))

    @classmethod
    def about_secret(cls, values: Mapping[str, Any]) -> bool:
        """Whether arguments, under whatever spelling, name something as secrets are named: nothing of the task is shown
        then.
        """
        names = (values.get(each) for each in (cls.naming, *cls.spellings().get(cls.naming, ())))
        return any(isinstance(name, str) and is_secret_name(name) for name in names)


class Verdict(StrEnum):
    """What a check found. `indeterminate`: the witnesses do not settle it."""

    PRESENT = "present"
    PROBABLY_PRESENT = "probably_present"
    ABSENT = "absent"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One piece of evidence, raw: `source` is where it was read, `value` what stood there."""

    source: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something looked at. `ok` decides; `text` is one line for people; `next_step` what to do when not ok.

    `standstill`: mail stands still on the host, as `text` says; reports repeat it at their end.
    """

    ok: bool
    text: str
    verdict: Verdict | None = None
    witnesses: tuple[Witness, ...] = ()
    next_step: str = ""
    standstill: bool = False

    @classmethod
    def judged(
        cls,
        verdict: Verdict,
        text: str,
        *,
        accept: Collection[Verdict],
        witnesses: tuple[Witness, ...] = (),
        next_step: str = "",
    ) -> Check:
        """The check that is ok when its verdict is one of those accepted; `next_step` is kept only when it is not."""
        ok = verdict in accept
        return cls(ok=ok, text=text, verdict=verdict, witnesses=witnesses, next_step="" if ok else next_step)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Accept = Annotated[
    tuple[Verdict, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=Verdict | tuple[Verdict, ...]),
    Field(min_length=1),
]
"""The verdicts that a check lets pass; one may be written without a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What a person must know before it is done; a `grave` one is about what cannot be had back."""

    text: str
    grave: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """What a phase found and would do. A plan with a failed check must hold no items.

    `on_failure` holds what must be tried if an item fails; `note` says why nothing is to be done; `instruction` is for
    a person to carry out (step `manual`). `backlog` is what was found in the message queue, `risks` what a person must
    know before it is done. `carry` is for the next round of a repeated phase, and for `settle`.
    """

    checks: tuple[Check, ...] = ()
    items: tuple[Item, ...] = ()
    on_failure: tuple[RemoteItem, ...] = ()
    note: str = ""
    instruction: str = ""
    backlog: Backlog | None = None
    risks: tuple[Risk, ...] = ()
    carry: object = None

    @property
    def failed(self) -> bool:
        """True when a check is not ok."""
        return any(not check.ok for check in self.checks)


class NotReadableError(Exception):
    """A plan needs a state that could not be read; the engine turns it into a failed task."""

    def __init__(self, resource: Resource, unreadable: Unreadable) -> None:
        super().__init__(f"cannot read {resource}: {unreadable.reason}")
        self.resource = resource
        self.unreadable = unreadable


class Observed:
    """The readings that a phase asked for."""

    def __init__(self, readings: Mapping[Resource, Reading]) -> None:
        self._readings = readings

    def reading(self, resource: Resource) -> Reading:
        """The state, or why it could not be read. Asking for what was not probed is a `KeyError`: a bug of the step."""
        return self._readings[resource]

    def found(self, resource: Resource) -> Reading | None:
        """As `reading`; None for what was not asked for."""
        return self._readings.get(resource)

    def state(self, resource: Resource) -> State:
        """The state of the resource.

        Raises:
            NotReadableError: it could not be read.
        """
        reading = self._readings[resource]
        if isinstance(reading, Unreadable):
            raise NotReadableError(resource, reading)
        return reading


A = TypeVar("A", bound=Args)


class MovedOnError(Exception):
    """A host is not as it was when a plan was shown, and what would be done now is more than what was shown."""


def unchanged(shown: StepPlan, now: StepPlan) -> StepPlan:
    """What is done of a plan that was shown: all of it, when the plan made now is the same.

    Raises:
        MovedOnError: it is another one.
    """
    if shown != now:
        raise MovedOnError
    return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase(Generic[A]):
    """One round of look and plan; all functions are pure.

    `further` gives what else is to be looked at, by what was found at what `probe` gave; `plan` gets both.
    `settle` gets the plan that was shown and the one that fits now, and gives what is done; a message queue changes all
    the time, so its phases compare guards instead of all. `again` makes the phase repeated: it is planned and carried
    out until its plan holds no items; `again` plans every round but the first, with the plan of the round before it. A
    dry run makes the first round only. `early` plans the rounds with which it ends before it is through: they are
    over with the first plan that carries nothing on, whose checks say what is left (without any: it was through).
    """

    probe: Callable[[A], tuple[Resource, ...]]
    plan: Callable[[A, Observed], StepPlan]
    further: Callable[[A, Observed], tuple[Resource, ...]] | None = None
    settle: Callable[[StepPlan, StepPlan], StepPlan] = unchanged
    again: Callable[[A, Observed, StepPlan], StepPlan] | None = None
    early: Callable[[A, Observed, StepPlan], StepPlan] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InRun:
    """What a step may know of the run that it is part of: its id, the `host` by its name in the inventory, the name of
    the `client` (empty: not told), and folders of quarantines, not beside the queue, in which earlier runs worked.
    """

    run_id: str
    host: str = ""
    client: str = ""
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[A]):
    """A step as playbooks name it. `summary` is the first line of its module's docstring, `page` the whole of it.

    `idempotent` is False for a step whose plan is never empty (an action): the engine does not plan it again to prove
    it. `resume` gives the arguments with which the step makes up for an earlier run of it that broke off half way;
    `in_run` those with which it knows of the run that it is part of.
    """

    name: str
    args: type[A]
    phases: tuple[Phase[A], ...]
    page: str
    idempotent: bool = True
    resume: Callable[[A], A] | None = None
    in_run: Callable[[A, InRun], A] | None = None

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.page.strip().splitlines()[0]


AnyStep = Step[Any]
