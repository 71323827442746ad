"""Whom this process works for: from the moment that it is known, no file of another client is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ndrfix.client import FILE, Home, home_of
from ndrfix.config import CONFIG
from ndrfix.fence import FENCE
from ndrfix.shipped import is_shipped

_ELSEWHERE = (
    f"Run the command in another folder, or name the settings that are meant in {CONFIG}: the null device for none."
)


def enter(inventories: Sequence[str], *, settings: Path | None = None, own_runs: bool = True) -> Home:
    """The folder that the inventories belong to. Files of other clients are kept from now on; so is `settings`, the
    `ndrfix.cfg` that stands in for flags.

    Raises:
        InputError: the inventories, or they and the settings, are of different clients.
    """
    home = home_of(inventories, own_runs=own_runs)
    if settings:
        home.admit(settings, f"the settings file {settings}", _ELSEWHERE)

    def admit(path: Path) -> None:
        # A `client.yml` may always be read: it tells who the other client is.
        if path.name != FILE and not home.admits(path) and not is_shipped(path):
            home.admit(path)

    FENCE.admit = admit
    return home
