"""Versions and builds of Exchange 5.5, and the service pack that each of them shows.

The server and the Internet Mail Service (IMS) have different build numbers inside one service pack: server builds from
Q158530 and Q158336, IMS builds from Q257618 (SP4: the `X-Mailer` line of an SP4 server in Q320636), dates from Q191014.

The service pack must not be read off store.exe, admin.exe or emsmta.exe: the last hotfixes *before* SP4 already carry
2653 numbers (Q248838, Q251137). `msexcimc.exe` is clean: the last one before SP4 is 5.5.2652.78 (Q246889), and all
later ones require SP4. That rule is inferred from the numbers; the numbers are documented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DOTTED = re.compile(r"\d{1,5}(\.\d{1,5}){3}", re.ASCII)
_BRANCH_REVISION = 1000


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A file version: four numbers, compared as numbers."""

    major: int
    minor: int
    build: int
    revision: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """The version that a text such as `5.5.2657.72` means; blanks around it do not matter.

        Raises:
            ValueError: it is not four numbers with dots between them.
        """
        if not _DOTTED.fullmatch(text.strip()):
            raise ValueError(f"{text!r} is not a version of four numbers such as 5.5.2653.0")
        major, minor, build, revision = (int(part) for part in text.strip().split("."))
        return cls(major, minor, build, revision)

    @property
    def is_branch(self) -> bool:
        """True for a four-digit last number, which counts on a branch of its own.

        "Greater is newer" fails there: MS04-026 shipped cdo.dll 5.5.2658.1080 in May 2004, MS05-029 the newer
        5.5.2658.34 in April 2005.
        """
        return self.revision >= _BRANCH_REVISION

    @property
    def is_exchange55(self) -> bool:
        """True when the first two numbers are those of Exchange 5.5."""
        return (self.major, self.minor) == (5, 5)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.build}.{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePack:
    """One level of Exchange 5.5: `number` 0 is the release to manufacturing.

    `build` is the third number of the server and, at the latest, of the IMS; `ims` the version of `msexcimc.exe` as
    shipped; `released` an ISO date or month.
    """

    number: int
    build: int
    ims: Version
    released: str
    source: str

    @property
    def title(self) -> str:
        """The name for people: `Service Pack 4`, or `no service pack` for the first release."""
        return f"Service Pack {self.number}" if self.number else "no service pack"

    @property
    def starts_at(self) -> Version:
        """The lowest version of `msexcimc.exe` that shows this level."""
        return Version(5, 5, self.build, 0)


SERVICE_PACKS: tuple[ServicePack, ...] = (
    ServicePack(number=0, build=1960, ims=Version(5, 5, 1960, 3), released="1997-11", source="Q176812"),
    ServicePack(number=1, build=2232, ims=Version(5, 5, 2232, 9), released="1998-08-05", source="Q257618"),
    ServicePack(number=2, build=2448, ims=Version(5, 5, 2448, 0), released="1998-12-23", source="Q257618"),
    ServicePack(number=3, build=2650, ims=Version(5, 5, 2650, 21), released="1999-09-13", source="Q257618"),
    ServicePack(number=4, build=2653, ims=Version(5, 5, 2653, 19), released="2000-11-07", source="Q320636"),
)
HIGHEST_SERVICE_PACK = SERVICE_PACKS[-1].number

PRODUCTS = {50: "Exchange 5.0", 55: "Exchange 5.5", 60: "Exchange 2000", 65: "Exchange 2003"}
"""What `Services Version` below the Setup key says (as the Nessus plug-in smb_hotfixes.nasl reads it)."""


def service_pack(number: int) -> ServicePack:
    """The level with this number.

    Raises:
        ValueError: Exchange 5.5 has no such service pack.
    """
    if not 0 <= number <= HIGHEST_SERVICE_PACK:
        raise ValueError(f"Exchange 5.5 has no Service Pack {number}: 0 (none) to {HIGHEST_SERVICE_PACK} exist")
    return SERVICE_PACKS[number]


def service_pack_of_build(build: int) -> ServicePack | None:
    """The level that a build number shows (the third of a version, or the Setup value `NewestBuild`).

    None for one older than Exchange 5.5.
    """
    reached = [level for level in SERVICE_PACKS if build >= level.build]
    return reached[-1] if reached else None
