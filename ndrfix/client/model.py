"""Who is worked for: the client, as `client.yml` beside the inventory describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.client.window import ChangeWindow, Zone


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
    """A client. `vault_id` is the label of the passwords that are the client's (empty: not told); `window` the hours
    in which changes are allowed (None: any); `zone` the clock by which the client lives; `file` where all this stands.
    """

    name: str
    file: Path
    contact: str = ""
    vault_id: str = ""
    branding: Branding = field(default_factory=Branding)
    zone: Zone = field(default_factory=Zone)
    window: ChangeWindow | None = None
