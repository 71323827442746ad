"""What the linter is made of: rules with their pages, and findings with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from ndrfix.place import Place

_NAMED = 5


class Severity(IntEnum):
    """How bad a finding is, mildest first: `note` is taste, `warning` may hurt, `error` does not run or does harm."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The name in options and outputs."""
        return self.name.lower()


class Profile(IntEnum):
    """Which rules are asked for; each profile includes the one before."""

    BASIC = 1
    SAFETY = 2
    PRODUCTION = 3

    @property
    def word(self) -> str:
        """The name in options and outputs."""
        return self.name.lower()


class Sort(StrEnum):
    """What a file is."""

    PLAYBOOK = "playbook"
    INVENTORY = "inventory"
    VARIABLES = "variables"
    CLIENT = "client"
    RESULT = "result"
    SIMULATION = "simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of a text: what stands from `start` to `end` (offsets in characters) gives way to `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a rule has to say. `place` is the value itself; `help` says what to do, in a sentence or nothing.

    `hidden` tells that the line is not to be shown. `edits` would put it right without changing what anything means;
    empty when nothing safe does.
    """

    rule: str
    severity: Severity
    message: str
    place: Place
    help: str = ""
    hidden: bool = False
    edits: tuple[Edit, ...] = ()

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Findings are told by file, then from top to bottom."""
        return (self.place.file, self.place.line, self.place.column, self.rule, self.message)


def some(names: Sequence[str]) -> str:
    """The names of hosts as a message gives them: the first few, and how many more."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What the check of a rule gives: the rule's name and severity are added outside."""

    message: str
    place: Place
    help: str = ""
    hidden: bool = False
    edits: tuple[Edit, ...] = ()


Check = Callable[[Any], Iterator[Remark]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `summary` says in a sentence what is found, `why` what it does to a client, `fix` how to mend it; `bad`
    and `good` are whole files of the first of its `sorts`: the first has the finding, the second none at all.

    A rule is an error of the profile `basic` unless it says otherwise. `check` is given the file as that sort of file
    is read; without one the reading of the file itself finds it. `source` is the article or convention behind it. A
    test holds the examples to what they promise.
    """

    id: str
    severity: Severity = Severity.ERROR
    profile: Profile = Profile.BASIC
    tags: tuple[str, ...]
    summary: str
    why: str
    bad: str
    good: str
    fix: str
    source: str = ""
    sorts: tuple[Sort, ...] = (Sort.PLAYBOOK,)
    check: Check | None = None

    @property
    def slug(self) -> str:
        """The name as it can stand in an address: `registry-value[base]` is `registry-value-base`."""
        return self.id.replace("[", "-").replace("]", "")

    @property
    def page(self) -> str:
        """What people read about the rule, as Markdown without the heading."""
        about = f"{self.severity.word}, profile `{self.profile.word}`, tags: {', '.join(self.tags)}"
        source = f"\nSource: {self.source}.\n" if self.source else ""
        parts = [f"{self.summary}\n", f"*{about}*\n", f"{self.why.strip()}\n{source}"]
        ini = self.sorts[0] is Sort.INVENTORY and self.good.lstrip().startswith("[")
        kind = "json" if self.sorts[0] is Sort.RESULT else "ini" if ini else "yaml"
        for word, text in (("Bad", self.bad), ("Good", self.good)):
            parts.append(f"{word}:\n\n```{kind}\n{text.strip()}\n```\n")
        return "\n".join((*parts, f"{self.fix.strip()}\n"))
