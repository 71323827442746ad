"""A quarantine whose manifest cannot be read, or not all of it: what lies there, and what a person is to do."""

from __future__ import annotations

from collections.abc import Iterable

from ndrfix.exchange.backlog import counted
from ndrfix.exchange.layout import PARTS, PARTS_FOLDER
from ndrfix.resources import (
    ABSENT,
    BAD,
    OUT,
    PART,
    FileState,
    Folder,
    FolderState,
    Located,
    Quarantine,
    QuarantineState,
    Resource,
    kept_data,
    kept_folder,
)
from ndrfix.steps.base import Check, Observed

_LOOK = "`ndrfix resume` says what lies there, and what is to be done."
_NOTHING = "No message lies there, so none is missing from the queue: remove that folder."
_BACK = (
    "Put the messages back by hand: stop the service, move them from `out` of that folder to `out` of the queue, and "
    "delete the queue's queue.dat (Q148727)."
)
_ASIDE = "Keep what lies in `bad` elsewhere: the service stops with it."
_COPIES = "A copy is of use where neither `out` holds a file of its name; it may be cut off."
_DENIED = "See that the account may read it all, and look again."
_LAST = "Then remove that folder, and see that the service is as it should be."


def looked_into(quarantine: Quarantine) -> tuple[Resource, ...]:
    """What is looked at to tell what lies in a quarantine."""
    return (*_places(quarantine).values(), kept_data(quarantine))


def _places(quarantine: Quarantine) -> dict[str, Folder]:
    """Where files of the queue may lie, by the words for it."""
    inside = {f"in `{name}`": kept_folder(quarantine, name) for name in (OUT, BAD, PART)}
    back = Located(PARTS_FOLDER.base, f"{PARTS_FOLDER.tail}\\{quarantine.run}")
    return {**inside, f"in `{PARTS}\\{quarantine.run}` of the queue": Folder(back)}


def torn(quarantine: Quarantine, path: str, reason: str, observed: Observed) -> Check:
    """The failed check for a quarantine in the folder `path` of which the manifest cannot be read: with what lies in
    it, where that was looked at.
    """
    text = f"it is not known whether anything is half done in {path}\\{quarantine.run}: {reason}"
    states = {where: observed.found(folder) for where, folder in _places(quarantine).items()}
    if all(state is None for state in states.values()):
        return Check(ok=False, text=text, next_step=_LOOK)
    files = {where: state.files for where, state in states.items() if isinstance(state, FolderState) and state.files}
    unread = [where for where, state in states.items() if state != ABSENT and not isinstance(state, FolderState)]
    lies = [f"{counted(number, 'file')} {where}" for where, number in files.items()]
    lies += [f"what cannot be read {where}" for where in unread]
    if isinstance(observed.found(kept_data(quarantine)), FileState):
        lies.append("a queue.dat")
    told = f"; found: {', '.join(lies)}" if lies else "; nothing lies there but the manifest"
    return Check(ok=False, text=text + told, next_step=_DENIED if unread else _by_hand(tuple(files)))


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


def _by_hand(places: tuple[str, ...]) -> str:
    """What is to be done about files in these places."""
    if not places:
        return _NOTHING
    advice = {f"in `{OUT}`": _BACK, f"in `{BAD}`": _ASIDE}
    return " ".join(dict.fromkeys((*(advice.get(where, _COPIES) for where in places), _LAST)))
