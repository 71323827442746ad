"""The settings of this process: `ndrfix.cfg` and the environment, as they are here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ndrfix.cli.terminal import COLOUR, say_aside
from ndrfix.config import Configuration, Plain, configuration


def here(warn: Callable[[str], None] = lambda _text: None) -> Configuration:
    """The settings that hold in the current folder.

    Raises:
        InputError: a setting that is not known, or a value that does not fit.
    """
    return configuration(os.environ, folder=Path(), home=Path.home(), warn=warn)


def defaults() -> dict[str, Plain]:
    """What stands in for flags that are not given, by Click's names; colours are from here on as the settings say.

    Raises:
        InputError: see `here`.
    """
    found = here(lambda text: say_aside(f"warning: {text}"))
    COLOUR.never, COLOUR.always = bool(found["nocolor"]), bool(found["force_color"])
    return found.parameters()


def environment() -> Mapping[str, str]:
    """The environment, with what `ndrfix.cfg` says of vault passwords as the variables that would say it.

    Raises:
        InputError: see `here`.
    """
    return os.environ | here().variables()
