"""A quarantine whose manifest cannot be read, or not all of it: what lies there, and what a person is to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import PARTS, PARTS_FOLDER
from ndrfix.resources import (
    ABSENT,
    BAD,
    MANIFEST,
    OUT,
    PART,
    QUEUE_DATA,
    REPLACED,
    File,
    FileState,
    Folder,
    FolderState,
    Located,
    Quarantine,
    QuarantineState,
    Resource,
    kept_file,
    kept_folder,
)
from ndrfix.steps.base import Check, Observed, Risk

_NOTHING = (
    "Look into it, and into every folder below it: where no other file lies there, no message is missing from the "
    "queue, and it can be removed."
)
_BACK = (
    "Put the messages back by hand: stop the service, move them from `out` of that folder to `out` of the queue, and "
    "delete the queue's queue.dat (Q148727)."
)
_ASIDE = "Keep what lies in `bad` elsewhere: the service stops with it."
_STRAY = "Find out what lies in the folder itself: it may be messages."
_COPIES = "A copy is of use where neither `out` holds a file of its name; it may be cut off."
_DENIED = "See that the account may read it all, and look again."
_LAST = (
    "Look into every folder below it, too; keep it until nothing of use lies there. Then see that the service is as "
    "it should be."
)
_ITSELF = "in the folder itself"
_OWN = (MANIFEST, QUEUE_DATA)
_MANY = 5


def looked_into(quarantine: Quarantine) -> tuple[Resource, ...]:
    """What is looked at to tell what lies in a quarantine."""
    return (*_places(quarantine).values(), kept_folder(quarantine, REPLACED), *_files(quarantine))


def _places(quarantine: Quarantine) -> dict[str, Folder]:
    """Where files of the queue may lie, by the words for it."""
    inside = {f"in `{name}`": kept_folder(quarantine, name) for name in (OUT, BAD, PART)}
    back = Located(PARTS_FOLDER.base, f"{PARTS_FOLDER.tail}\\{quarantine.run}")
    itself = {_ITSELF: kept_folder(quarantine)}
    return {**inside, f"in `{PARTS}\\{quarantine.run}` of the queue": Folder(back), **itself}


def _files(quarantine: Quarantine) -> tuple[File, ...]:
    return tuple(kept_file(quarantine, name) for name in _OWN)


def stranger(quarantine: Quarantine, observed: Observed) -> bool:
    """Whether a folder among the quarantines is certainly none: nothing in it is as ndrfix makes it."""
    marks = (each for each in looked_into(quarantine) if each != kept_folder(quarantine))
    return all(observed.reading(mark) == ABSENT for mark in marks)


def torn(quarantine: Quarantine, path: str, reason: str, observed: Observed) -> Check:
    """The failed check for a quarantine in the folder `path` of which the manifest cannot be read: with what lies in
    it, as far as it is looked into.
    """
    states = {where: observed.reading(folder) for where, folder in _places(quarantine).items()}
    own = [
        isinstance(state := observed.reading(each), FileState) and not state.directory for each in _files(quarantine)
    ]
    count = {where: state.files for where, state in states.items() if isinstance(state, FolderState)}
    files = {where: number - sum(own) * (where == _ITSELF) for where, number in count.items()}
    places = tuple(where for where, number in files.items() if number > 0)
    unread = [where for where, state in states.items() if state != ABSENT and not isinstance(state, FolderState)]
    lies = [f"{counted(files[where], 'file')} {where}" for where in places]
    lies += [f"what cannot be read {where}" for where in unread]
    lies += ["a queue.dat"] if own[1] else []
    told = f"found: {', '.join(lies)}" if lies else "no message was found there"
    text = f"it is not known whether anything is half done in {path}\\{quarantine.run}: {reason}; {told}"
    return Check(ok=False, text=text, next_step=_DENIED if unread else _by_hand(places))


def passed_over(path: str, names: Sequence[str]) -> tuple[Check, ...]:
    """What is said of the folders in `path` that are no quarantines; nothing when there are none."""
    if not names:
        return ()
    shown = ", ".join(names[:_MANY]) + (f" and {len(names) - _MANY:,} more" if len(names) > _MANY else "")
    why = f"no {MANIFEST}, no `{OUT}`, `{BAD}` or `{PART}`"
    return (Check(ok=True, text=f"passed over in {path}, as not from ndrfix ({why}): {shown}"),)


def partly_torn(runs: Iterable[tuple[str, QuarantineState]]) -> tuple[Check, ...]:
    """What is said of runs of which lines of the manifest say nothing. No message is lost by that: a file is where it
    is seen to lie.
    """
    return tuple(Check(ok=True, text=f"{run}: {lines_lost(state)}") for run, state in runs if state.garbled)


def lines_lost(state: QuarantineState) -> str:
    """That lines of a manifest say nothing, in words; empty for a sound one."""
    if not state.garbled:
        return ""
    says = "says" if state.garbled == 1 else "say"
    lines = f"{counted(state.garbled, 'line')} of its manifest {says} nothing (cut off by a crash, or damaged)"
    return f"{lines}: what lies in `out` there is put back all the same; look whether a copy lies in `part`"


def may_be_last(quarantine: Quarantine, state: QuarantineState) -> tuple[Folder, ...]:
    """Where copies lie that may be all that is left of messages: only where lines of the manifest say nothing."""
    return (kept_folder(quarantine, PART),) if state.garbled else ()


def last_copies(quarantine: Quarantine, state: QuarantineState, observed: Observed) -> str:
    """What is said of copies that may be all that is left of messages; empty when there are none."""
    for folder in may_be_last(quarantine, state):
        found = observed.reading(folder)
        if isinstance(found, FolderState) and found.files:
            one = found.files == 1
            copies, of = ("1 copy lies", "a message") if one else (f"{found.files:,} copies lie", "messages")
            return f"{copies} in `{PART}`, and may be all that is left of {of}"
        if not isinstance(found, FolderState) and found != ABSENT:
            return f"what lies in `{PART}` cannot be read, and may be all that is left of messages"
    return ""


def copies_told(runs: Iterable[tuple[Quarantine, QuarantineState]], observed: Observed) -> tuple[Risk, ...]:
    """What must not be overlooked of copies in these quarantines."""
    told = ((quarantine, last_copies(quarantine, state, observed)) for quarantine, state in runs)
    advice = "look there, and put back by hand what is nowhere else"
    return tuple(Risk(text=f"{quarantine.run}: {text}: {advice}", grave=True) for quarantine, text in told if text)


def _by_hand(places: tuple[str, ...]) -> str:
    """What is to be done about files in these places."""
    if not places:
        return _NOTHING
    advice = {f"in `{OUT}`": _BACK, f"in `{BAD}`": _ASIDE, _ITSELF: _STRAY}
    return " ".join(dict.fromkeys((*(advice.get(where, _COPIES) for where in places), _LAST)))
