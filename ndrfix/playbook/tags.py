"""Which tasks `--tags` and `--skip-tags` select, by Ansible's rules."""

from __future__ import annotations

from collections.abc import Iterable

from ndrfix.errors import InputError, did_you_mean
from ndrfix.playbook.keywords import SELECTION_WORDS
from ndrfix.playbook.model import Playbook

_ALWAYS = "always"
_NEVER = "never"


def selected(play_tags: Iterable[str], task_tags: Iterable[str], only: Iterable[str], skip: Iterable[str]) -> bool:
    """Whether a task runs. Handlers are not asked: they run when notified.

    A task tagged `never` runs only when one of its tags is named; one tagged `always` runs unless it is skipped by
    name. The words `all`, `tagged` and `untagged` may stand among the tags on both sides.
    """
    tags = frozenset(play_tags) | frozenset(task_tags)
    return _wanted(tags, frozenset(only) or frozenset({"all"})) and not _skipped(tags, frozenset(skip))


def _wanted(tags: frozenset[str], only: frozenset[str]) -> bool:
    if _ALWAYS in tags or tags & only:
        return True
    if _NEVER in tags:
        return False
    return "all" in only or ("tagged" if tags else "untagged") in only


def _skipped(tags: frozenset[str], skip: frozenset[str]) -> bool:
    if "all" in skip:
        return _ALWAYS not in tags or _ALWAYS in skip
    return bool(tags & skip) or ("tagged" if tags else "untagged") in skip


def check_tags(playbook: Playbook, only: Iterable[str], skip: Iterable[str]) -> None:
    """Nothing, when every tag asked for stands somewhere in the playbook.

    Raises:
        InputError: a tag that nothing carries; all of them in one error with its `others`.
    """
    known = playbook.tags | SELECTION_WORDS | {_ALWAYS, _NEVER}
    unknown = [tag for tag in dict.fromkeys((*only, *skip)) if tag not in known]
    if not unknown:
        return
    has = ", ".join(sorted(playbook.tags)) or "none"
    faults = [
        InputError(
            f"no task of {playbook.path} has the tag {tag!r}{did_you_mean(tag, sorted(known))}",
            next_step=f"The tags of this playbook are: {has}.",
        )
        for tag in unknown
    ]
    faults[0].others = tuple(faults[1:])
    raise faults[0]
