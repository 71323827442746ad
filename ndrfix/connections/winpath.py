"""Paths as Windows takes them: variables, dots, and the program in a service's command line."""

from __future__ import annotations

import ntpath
import re

from ndrfix.connections.rules import RefusedError

# The folders of Windows NT 4.0 and 2000, where Exchange 5.5 runs.
ENVIRONMENT = {
    "SYSTEMDRIVE": "C:",
    "SYSTEMROOT": "C:\\WINNT",
    "WINDIR": "C:\\WINNT",
    "PROGRAMFILES": "C:\\Program Files",
    "COMMONPROGRAMFILES": "C:\\Program Files\\Common Files",
    "TEMP": "C:\\WINNT\\Temp",
}

_PROGRAM = re.compile(r"(.+?\.(?:exe|com|bat|cmd|sys|dll))(?=\s|$)", re.IGNORECASE)


def expand(text: str) -> str:
    """The text with `%NAME%` replaced for known variables; unknown ones stay as they stand."""
    return re.sub(r"%([^%]+)%", lambda match: ENVIRONMENT.get(match[1].upper(), match[0]), text)


def normal(path: str) -> str:
    """The path with backslashes only, `.` and `..` taken out, nothing at its end but the root's own backslash."""
    return ntpath.normpath(path.strip())


def is_full(path: str) -> bool:
    """Whether the path begins with a drive and its root, or with a server and a share."""
    return bool(re.match(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/]", path))


def joined(base: str, tail: str) -> str:
    """A path with what follows it, which begins with its own separator; a backslash is not doubled."""
    return base.rstrip("\\") + tail if tail else base


def full(path: str) -> str:
    """The path in its normal form.

    Raises:
        RefusedError: it begins with neither a drive nor a server.
    """
    if not is_full(path):
        raise RefusedError(f"{path!r} is not a full path")
    return normal(path)


def program(image_path: str) -> str:
    """The program in a service's `ImagePath`: no quotes, no arguments, variables expanded, driver spellings in full."""
    text = expand(image_path.strip())
    if text.startswith('"'):
        text = text[1:].partition('"')[0]
    else:
        match = _PROGRAM.match(text)
        text = match[1] if match else text.partition(" ")[0]
    lowered = text.lower()
    if lowered.startswith("\\??\\"):
        text = text[4:]
    elif lowered.startswith("\\systemroot\\"):
        text = ENVIRONMENT["SYSTEMROOT"] + text[len("\\systemroot") :]
    elif lowered.startswith("system32\\"):
        text = f"{ENVIRONMENT['SYSTEMROOT']}\\{text}"
    return text
