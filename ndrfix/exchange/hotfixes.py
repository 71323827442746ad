r"""Hotfixes of Exchange 5.5 that concern the Internet Mail Service, and how an installed one can be recognised.

Installers record `HKLM\SOFTWARE\Microsoft\Updates\<product>\<SPn>\<number>` (Q257946; real keys of 2004 to 2006 hold
the bare number, some with a letter: `Exchange Server 5.5\SP5\842436a`). Microsoft warns that the key may be missing
after a slipstreamed installation (MS06-003), so the version of `msexcimc.exe` is the second witness: fixes are
cumulative per component, a higher version of a file contains all earlier fixes of it (Q246889, Q289258).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ndrfix.exchange.builds import Version
from ndrfix.resources import Hive, RegistryKey

UPDATES = RegistryKey(Hive.HKLM, r"SOFTWARE\Microsoft\Updates")
UPDATES_DEPTH = 3

_SPELLING = re.compile(r"(?:KB|Q)?(\d{6,7})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotfix:
    """A fix by its article number.

    `present_from`: the lowest `msexcimc.exe` taken to hold it; `absent_up_to`: the highest taken not to hold it; both
    None when the fix does not ship that file. `inferred` tells that these versions are reasoned, not documented.
    """

    id: str
    title: str
    source: str
    present_from: Version | None = None
    absent_up_to: Version | None = None
    inferred: bool = True


SUPPRESS_NDR = Hotfix(
    id="837794",
    title="adds SuppressNDROptions to the Internet Mail Service",
    # The file table of KB 837794 is lost. 5.5.2657.72 (MS03-046) was in use in December 2003, before an article with an
    # early-2004 number; cdo.dll was at 2657.79 in November 2003 and at 2658.7 in May 2004, and 5.5.2658.3 is the IMS
    # version seen in mail that lies between.
    present_from=Version(5, 5, 2658, 3),
    absent_up_to=Version(5, 5, 2657, 72),
    source="KB 837794; versions inferred from dated mail headers and from MS06-003",
)

HOTFIXES: tuple[Hotfix, ...] = (
    SUPPRESS_NDR,
    Hotfix(
        id="326322",
        title="MS02-037, buffer overrun in the EHLO response",
        present_from=Version(5, 5, 2656, 59),
        absent_up_to=Version(5, 5, 2656, 58),  # the article has the file table: anything lower is without the fix
        inferred=False,
        source="Q326322",
    ),
    Hotfix(
        id="829436",
        title="MS03-046, exhausted memory and remote code through an SMTP verb",
        present_from=Version(5, 5, 2657, 72),
        absent_up_to=Version(5, 5, 2656, 59),
        source="KB 829436; version inferred from mail headers",
    ),
    Hotfix(id="842436", title="MS04-026, Outlook Web Access; does not ship msexcimc.exe", source="MS04-026"),
    Hotfix(id="895179", title="MS05-029, Outlook Web Access; does not ship msexcimc.exe", source="MS05-029"),
    Hotfix(id="894689", title="MS06-003, TNEF decoding; does not ship msexcimc.exe", source="MS06-003"),
)


def hotfix_id(text: str) -> str:
    """The bare article number of `837794`, `KB837794`, `Q837794`, `KB 837794`.

    Raises:
        ValueError: it is none of these.
    """
    match = _SPELLING.fullmatch(text.strip().replace(" ", ""))
    if match is None:
        raise ValueError(f"{text!r} is not the number of a hotfix such as 837794 or KB837794")
    return match[1]


def known_hotfix(number: str) -> Hotfix | None:
    """What is known about the hotfix with this bare number."""
    return next((hotfix for hotfix in HOTFIXES if hotfix.id == number), None)


def names_hotfix(key_name: str, number: str) -> bool:
    """True when the name of an Updates key means this hotfix: bare, `Q…` or `KB…`, with or without a letter behind."""
    return re.fullmatch(rf"(?:KB|Q)?{re.escape(number)}[A-Z]?", key_name, re.IGNORECASE | re.ASCII) is not None
