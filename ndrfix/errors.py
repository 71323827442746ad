"""The exception tree of ndrfix.

    NdrfixError
    ├── InputError            wrong inventory, playbook or variable; exit code 1; names a place where there is one
    │   ├── InventoryError
    │   ├── PlaybookError
    │   ├── TemplateError     a Jinja expression that cannot be evaluated
    │   └── SealedError       something encrypted that does not open; stops the hosts that need it, no others
    │       └── ForeignError  it is another client's; stops the run
    ├── OutputError           a report or file that cannot be written; exit code 1
    ├── UsageError            wrong use of the command line; exit code 5
    └── HostError             something about one host
        ├── UnreachableError  no session could be had, or it was lost; exit code 4
        └── FarSideError      the session works, but the host refused or failed a request; exit code 2

Every error says what is wrong (`what`), where (`place`, or `host`), and what to do next (`next_step`). Foreign
exceptions never pass a module boundary: the connection modules map them by table.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache

from ndrfix.place import Place


class ExitCode(IntEnum):
    """What the process tells its caller; codes as Ansible uses them, except 3, 5 and 10."""

    FINE = 0
    WRONG_INPUT = 1
    FAILED = 2
    NOT_BEGUN = 3
    UNREACHABLE = 4
    WRONG_USAGE = 5
    CHANGES = 10
    INTERRUPTED = 99
    BUG = 250


class NdrfixError(Exception):
    """An error that is the user's to read: `what` is one sentence without a full stop, `next_step` what to do now.

    `exit_code` is what the process ends with when the error ends it.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, what: str, *, place: Place | None = None, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" if self.place else self.what


class InputError(NdrfixError):
    """Something that the user wrote cannot be used. `others` holds further faults found in the same pass.

    `hidden` tells that the values in the lines at `place` are not to be shown (`no_log`). `rule` is the name that the
    linter has for this kind of fault, empty where it has none of its own. One that is `of_host` stops the hosts that it
    is met at; any other stops the run.
    """

    exit_code = ExitCode.WRONG_INPUT
    of_host = False

    def __init__(
        self,
        what: str,
        *,
        place: Place | None = None,
        next_step: str = "",
        others: tuple[InputError, ...] = (),
        rule: str = "",
    ) -> None:
        super().__init__(what, place=place, next_step=next_step)
        self.others = others
        self.rule = rule
        self.hidden = False


class InventoryError(InputError):
    """The inventory, its variables or a host pattern."""


class PlaybookError(InputError):
    """The playbook, a variables file of it, or an argument of a step."""


class TemplateError(InputError):
    """A Jinja expression: syntax, an undefined variable, or a value of the wrong kind."""


class SealedError(InputError):
    """A value or file that is encrypted and cannot be opened. Only hosts that need it are concerned."""

    of_host = True

    def of(self, whose: str) -> SealedError:
        """The same, with the name of what or who needs it before it."""
        return type(self)(f"{whose}: {self.what}", place=self.place, next_step=self.next_step)


class ForeignError(SealedError):
    """A value or file that was encrypted for another client. Clients are mixed up: nothing is done."""

    of_host = False


class OutputError(NdrfixError):
    """What is to be printed or written cannot be. `gone` tells that its reader went away, which is no fault."""

    exit_code = ExitCode.WRONG_INPUT

    def __init__(self, what: str, *, next_step: str = "", gone: bool = False) -> None:
        super().__init__(what, next_step=next_step)
        self.gone = gone


class UsageError(NdrfixError):
    """Flags that do not go together."""

    exit_code = ExitCode.WRONG_USAGE


class HostError(NdrfixError):
    """Something about one host; `host` is its inventory name (empty until the engine knows it)."""

    def __init__(self, what: str, *, host: str = "", next_step: str = "") -> None:
        super().__init__(what, next_step=next_step)
        self.host = host


class UnreachableError(HostError):
    """There is no working session with the host. `sent` tells that a request that changes something may have
    arrived.
    """

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, what: str, *, host: str = "", next_step: str = "", sent: bool = False) -> None:
        super().__init__(what, host=host, next_step=next_step)
        self.sent = sent


class FarSideError(HostError):
    """The session works, but the request as a whole was refused or failed on the far side."""


MANY_NAMES = 200
"""Of more known names than these the nearest is one in which a single letter is another, missing, too many or swapped
with its neighbour: to compare a name with each would take long, and among so many something is always alike.
"""

_LONGEST_NAME = 64


def nearest(name: str, known: Iterable[str], *, alike: float = 0.6) -> str | None:
    """The known name closest to a mistyped one, or None when nothing is close; 1 is `alike` for equal."""
    return _nearest(name, tuple(known), alike)


@lru_cache(maxsize=64)
def _nearest(name: str, known: tuple[str, ...], alike: float) -> str | None:
    # Kept, since a hundred hosts lack the same variable among the same names.
    if len(known) > MANY_NAMES:
        spellings = _spellings(known)
        return next((spellings[each] for each in _shortened(name) if each in spellings), None)
    by_fold = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=alike)
    return by_fold[matches[0]] if matches else None


@lru_cache(maxsize=2)
def _spellings(known: tuple[str, ...]) -> Mapping[str, str]:
    """Each name by its spellings with a letter left out or none."""
    return {spelling: name for name in reversed(known) for spelling in _shortened(name)}


def _shortened(name: str) -> Iterator[str]:
    """A name in small letters, then each time without one of them; only itself when it is too long for a name."""
    folded = name.casefold()
    yield folded
    if len(folded) <= _LONGEST_NAME:
        yield from (folded[:at] + folded[at + 1 :] for at in range(len(folded)))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` for the nearest known name, else an empty text."""
    match = nearest(name, known)
    return f", did you mean {match!r}?" if match else ""
