"""`SuppressNDROptions` of KB 837794: its modes by name, and what any other number probably means.

The article names three alternatives, hexadecimal 1, 10 and 100, and tells to choose "Hexadecimal" before typing; a
missing value or 0 means off. It never says that they add up, so a combination is reported as undocumented.
"""

from __future__ import annotations

from dataclasses import dataclass

from ndrfix.errors import did_you_mean

VALUE_NAME = "SuppressNDROptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionMode:
    """One documented alternative: its name here, the number in the registry, and what it does."""

    name: str
    number: int
    meaning: str


MODES: tuple[SuppressionMode, ...] = (
    SuppressionMode(name="off", number=0, meaning="non-delivery reports are made and delivered, as without the value"),
    SuppressionMode(name="do_not_deliver", number=0x1, meaning="non-delivery reports are not delivered"),
    SuppressionMode(name="do_not_generate", number=0x10, meaning="non-delivery reports are not generated"),
    SuppressionMode(
        name="no_smtp_return_address",
        number=0x100,
        meaning="a non-delivery report is not delivered when its return address holds no SMTP address",
    ),
)
NAMES: dict[str, int] = {mode.name: mode.number for mode in MODES}

_ALL_BITS = 0x111
_WRONG_BASE = {10: 0x10, 100: 0x100}


def is_documented(number: int) -> bool:
    """True for 0 and the three numbers of KB 837794."""
    return number in NAMES.values()


def label(number: int) -> str:
    """What a number in the registry means, in few words."""
    for mode in MODES:
        if mode.number == number:
            return mode.name
    if number in _WRONG_BASE:
        return f"undocumented, probably typed in the wrong base: decimal {number} instead of hexadecimal {number}"
    if number & ~_ALL_BITS == 0:
        parts = " + ".join(mode.name for mode in MODES if mode.number & number)
        return f"undocumented combination of {parts}"
    return "undocumented"


def mode_number(name: str) -> int:
    """The number for the name of a mode.

    Raises:
        ValueError: there is no such mode; the text lists those that exist.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a mode of {VALUE_NAME} ({', '.join(NAMES)}){did_you_mean(name, NAMES)}")
    return NAMES[name]
