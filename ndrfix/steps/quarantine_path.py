r"""The folder of quarantines as an argument names it.

Windows takes many spellings for one folder (`out.`, `OUT~1`, `out::$DATA`, `\\?\C:\…`). Only plain ones are accepted,
so that two paths can be compared by their pieces.
"""

from __future__ import annotations

import ntpath
import re
from typing import Annotated

from pydantic import AfterValidator

_NO_NAME = re.compile(r'[<>:"|?*\x00-\x1f]')
_SHORT = re.compile(r"~\d")


def _plain(value: str) -> str:
    drive, rest = ntpath.splitdrive(value)
    if not re.fullmatch("[A-Za-z]:", drive) or not rest.startswith(("\\", "/")):
        raise ValueError(
            f"{value!r} is not the full path of a folder on a drive of the host (as D:\\ndrfix-quarantine)"
        )
    for piece in re.split(r"[\\/]", rest):
        if why := oddity(piece):
            raise ValueError(f"{value!r} is not a plain path: {piece!r} {why}")
    path = ntpath.normpath(value)
    if not ntpath.splitdrive(path)[1].strip("\\"):
        raise ValueError(f"{value!r} is not the full path of a folder on the host, but a whole drive")
    return path


def oddity(piece: str) -> str:
    """Why a piece of a path may stand for another than it says; empty for a plain one."""
    if found := _NO_NAME.search(piece):
        return f"holds {found[0]!r}, which no name of a folder does"
    if piece not in (".", "..") and piece.endswith((".", " ")):
        return "ends in a dot or a blank, which Windows leaves out: write it without"
    if _SHORT.search(piece):
        return "looks like a short name (8.3): write the long one"
    return ""


QuarantinePath = Annotated[str, AfterValidator(_plain)]
"""A full path in its normal form; any other spelling is an error."""
