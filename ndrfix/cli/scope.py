"""Whom this process works for: from the moment that it is known, no file of another client is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ndrfix.cli.terminal import say_aside
from ndrfix.client import FILE, Client, Home, home_of
from ndrfix.config import CONFIG
from ndrfix.fence import FENCE
from ndrfix.shipped import is_shipped
from ndrfix.source import absent

_SHOWN = 12
_ELSEWHERE = (
    f"Run the command in another folder, or name the settings that are meant in {CONFIG}: the null device for none."
)


def enter(inventories: Sequence[str], *, settings: Path | None = None, own_runs: bool = True) -> Home:
    """The folder that the inventories belong to. Files of other clients are kept from now on; so is `settings`, the
    `ndrfix.cfg` that stands in for flags.

    Raises:
        InputError: an inventory is not there; the inventories, or they and the settings, are of different clients.
    """
    for source in inventories:
        # That it is not there comes first: whose files come along is the lesser question then.
        if source and "," not in source and not Path(source).exists():
            raise absent(Path(source), source)
    home = home_of(inventories, own_runs=own_runs)
    FENCE.client = home.name
    if settings:
        home.admit(settings, f"the settings file {settings}", _ELSEWHERE)

    def admit(path: Path) -> None:
        # A `client.yml` may always be read: it tells who the other client is.
        if path.name != FILE and not home.admits(path) and not is_shipped(path):
            home.admit(path)

    FENCE.admit = admit
    return home


def enter_files(files: Sequence[Path]) -> Home:
    """The one folder that files belong to which are no inventory; see `enter`.

    Raises:
        InputError: they are of different clients.
    """
    return enter([str(file) for file in files], own_runs=False)


def tell(*clients: Client | None) -> None:
    """Say on standard error whose hosts or files these are, where standard output has a form of its own."""
    named = [f"{each.name} ({each.file})" for each in clients if each]
    if named:
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        say_aside(f"client{'s' if named[1:] else ''} {', '.join(named[:_SHOWN])}{more}")
