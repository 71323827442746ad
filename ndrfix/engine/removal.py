"""The removal of a quarantine, as a journal tells it: how many messages it deleted, also where it broke off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ndrfix.engine.records import quarantine_of
from ndrfix.resources import Quarantine

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A quarantine from which the run `by` removed messages for good: of `messages` that lay there `left` lie there yet
    (None: not known). `mail` of them were no reports (None: not known).
    """

    quarantine: Quarantine
    by: str
    messages: int
    left: int | None = 0
    mail: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it came to its end."""
        return self.left == 0


def is_removal(item: Entry) -> bool:
    """Whether an item of a journal removes a quarantine."""
    return bool(item["resource"]["kind"] == "quarantine" and item.get("after") == {"state": "absent"})


def removal_of(item: Entry, outcome: Entry | None, run: str, mail: int | None) -> Removal | None:
    """What came of an item that removes a quarantine, by its outcome (None: not known); None where it removed nothing.
    `mail` of the messages were no reports.
    """
    messages = int(item.get("before", {}).get("messages", 0))
    left = _left(outcome) if outcome else None
    quarantine = quarantine_of(item["resource"])
    found = Removal(quarantine=quarantine, by=run, messages=messages, left=left, mail=mail)
    failed = outcome is not None and outcome["status"] != "done"
    return None if failed and left == messages else found


def _left(outcome: Entry) -> int | None:
    """How many messages lay there after it."""
    after = outcome.get("after", {})
    if outcome["status"] == "done" or after.get("state") == "absent":
        return 0
    left = after.get("messages")
    return None if left is None else int(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was removed of the messages in a quarantine: `sure` of `messages` certainly, `by` these runs. `mail` of all
    were no reports; `unsure`: of a removal it is not known how far it came.
    """

    by: tuple[str, ...] = ()
    messages: int = 0
    sure: int = 0
    unsure: bool = False
    mail: int = 0


def removed_from(quarantine: Quarantine, removals: Iterable[Removal], mail: int) -> Removed:
    """What these removals, oldest first, come to for a quarantine; `mail` of users was taken into what lies there now,
    or lay there last.
    """
    found = [each for each in removals if each.quarantine == quarantine]
    fillings = _fillings(found)
    lay = [max(each.messages for each in filling) for filling in fillings]
    sure = [sum(each.messages - each.left for each in filling if each.left is not None) for filling in fillings]
    known = [[each.mail for each in filling if each.mail is not None] for filling in fillings]
    of_users = [max(told) if told else mail for told in known]
    return Removed(
        by=tuple(dict.fromkeys(each.by for each in found)),
        messages=sum(lay),
        sure=sum(map(min, sure, lay)),
        unsure=any(each.left is None for each in found),
        mail=sum(map(min, of_users, lay)),
    )


def _fillings(removals: Iterable[Removal]) -> list[list[Removal]]:
    """Removals of one quarantine, those together that deleted the same messages: after a whole one come others."""
    fillings: list[list[Removal]] = []
    whole = True
    for each in removals:
        if whole:
            fillings.append([])
        fillings[-1].append(each)
        whole = each.whole
    return fillings
