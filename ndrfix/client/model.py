"""Who is worked for: the client, as `client.yml` beside the inventory describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.client.window import ChangeWindow, Zone

UNLABELLED = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """What a report for the client looks like: a picture file, a colour as `#rrggbb`, a line at the foot. Each may be
    missing (None, empty).
    """

    logo: Path | None = None
    colour: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client. `formerly` are the names that it had before; `vault_ids` the labels of the client's vault passwords
    (none: not told); `window` the hours in which changes are allowed (None: any); `zone` the clock by which the client
    lives; `file` where all this stands.
    """

    name: str
    file: Path
    formerly: tuple[str, ...] = ()
    contact: str = ""
    vault_ids: tuple[str, ...] = ()
    branding: Branding = field(default_factory=Branding)
    zone: Zone = field(default_factory=Zone)
    window: ChangeWindow | None = None

    def foreign(self, label: str) -> str:
        """Why a vault password or an encrypted value with that label is not this client's; empty when it may be.

        The label `default` is that of passwords and values without one.
        """
        if not self.vault_ids or label in (*self.vault_ids, UNLABELLED):
            return ""
        return f"the vault id {label!r} is not of client {self.name}, whose is {' or '.join(self.vault_ids)}"
