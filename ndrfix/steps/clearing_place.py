"""Where the messages go that a clearing takes: what is wrong with that place, and whether there is room."""

from __future__ import annotations

import ntpath

from ndrfix.exchange.layout import OUT_FOLDER, PARTS, QUARANTINE_FOLDER, ROOT_DIR, WORKED_ON
from ndrfix.resources import Folder, FolderState, Located, QueueState, Resource, fold
from ndrfix.steps.base import Check, Observed, Risk
from ndrfix.steps.clearing_args import ClearQueueArgs
from ndrfix.steps.quarantine_path import oddity

_WATERMARK = 10 * 1024 * 1024  # below this the service goes to flush mode (Q189587)
_RECORD = 128  # bytes in the manifest for a message; a name is eight characters
_ON_ROOM = "Make room there, or take another folder or volume (`quarantine:`, `other_volume: true`)."


def probed(args: ClearQueueArgs) -> tuple[Resource, ...]:
    """What tells on which volumes the queue and the quarantine are, and how much is free there."""
    return (OUT_FOLDER, *_places(args))


def _places(args: ClearQueueArgs) -> tuple[Folder, ...]:
    """The folder of quarantines and those above it of which one is there: a mount point may be any of them."""
    if args.quarantine is None:
        return (Folder(QUARANTINE_FOLDER), Folder(Located(ROOT_DIR, r"\..")))
    folders = (args.quarantine, ntpath.dirname(args.quarantine), ntpath.splitdrive(args.quarantine)[0] + "\\")
    return tuple(map(Folder, dict.fromkeys(folders)))


def place_problem(args: ClearQueueArgs, queue: QueueState, observed: Observed, count: int, size: int) -> Check | None:
    """What forbids to put so many messages, of `size` bytes in all, there."""
    wanted = args.quarantine or ntpath.normpath(queue.path + QUARANTINE_FOLDER.tail)
    if why := _worked_on(queue.path, wanted):
        return _misplaced(wanted, why)
    there = _there(args, observed)
    if not _is_elsewhere(queue.path, wanted, observed, there):
        return _crowded(wanted, there, count * _RECORD) if count else None
    if not args.other_volume:
        return _misplaced(
            wanted, f"is on another volume than {queue.path}", "Choose a folder there, or other_volume: true."
        )
    if there is None:
        return _misplaced(wanted, "is on a volume that does not exist")
    return _crowded(wanted, there, size + _WATERMARK)


def _worked_on(root: str, wanted: str) -> str:
    """Why a place is none: the service works on what lies there; empty for any other. A piece of the root that is not
    plain, as a short name (8.3), may be any folder.
    """
    above, below = (ntpath.normpath(path).rstrip("\\").split("\\") for path in (root, wanted))
    odd = {number for number, piece in enumerate(above) if number and oddity(piece)}
    same = (number in odd or fold(one) == fold(below[number]) for number, one in enumerate(above))
    if len(below) <= len(above) or not all(same):
        return ""
    inside = next((name for name in (*WORKED_ON, PARTS) if fold(name) == fold(below[len(above)])), "")
    lies = f"may lie (the root of the queue is {root})" if odd else "lies"
    why = "copies are made" if inside == PARTS else "the service takes every file for a message"
    return f"{lies} in `{inside}` of the queue, where {why}" if inside else ""


def place_risks(args: ClearQueueArgs, observed: Observed) -> list[Risk]:
    """What a person must know of the room on the volume."""
    out = observed.reading(OUT_FOLDER)
    if not isinstance(out, FolderState) or out.free is None or out.free >= _WATERMARK:
        return []
    text = (
        f"less than 10 MB are free on the volume of {out.path}: the service is in flush mode there (Q189587), and "
        "messages that are kept on that volume free nothing"
    )
    return [Risk(text=text)] if not args.other_volume else []


def _there(args: ClearQueueArgs, observed: Observed) -> FolderState | None:
    """The first of the places that is there."""
    states = (observed.reading(folder) for folder in _places(args))
    return next((state for state in states if isinstance(state, FolderState)), None)


def _is_elsewhere(root: str, wanted: str, observed: Observed, there: FolderState | None) -> bool:
    """Whether the quarantine is on another volume: a folder on the same drive can be, below a mount point."""
    out = observed.reading(OUT_FOLDER)
    if isinstance(out, FolderState) and there and out.volume and there.volume:
        return out.volume != there.volume
    drives = {ntpath.normcase(ntpath.splitdrive(path)[0]) for path in (root, wanted)}
    return len(drives) > 1


def _crowded(wanted: str, there: FolderState | None, needed: int) -> Check | None:
    if there is None or there.free is None or there.free >= needed:
        return None
    return _misplaced(wanted, f"has {there.free:,} bytes free, {needed:,} are needed", _ON_ROOM)


def _misplaced(wanted: str, why: str, next_step: str = "Choose another folder.") -> Check:
    return Check(ok=False, text=f"the quarantine {wanted} {why}", next_step=next_step)
