"""What ndrfix keeps for this user on this computer, apart from any client's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ndrfix.cli.terminal import say_aside
from ndrfix.vault.safe import Safe

KEY = "journal.key"


def state_folder(environment: Mapping[str, str], home: Path) -> Path:
    """The folder, which need not exist: below `XDG_STATE_HOME`, on Windows `LOCALAPPDATA`, else `~/.local/state`."""
    for variable in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        if (base := environment.get(variable)) and Path(base).is_absolute():
            return Path(base) / "ndrfix"
    return home / ".local" / "state" / "ndrfix"


def safe() -> Safe:
    """Where journals seal what is not to be read in them."""
    path = state_folder(os.environ, Path.home()) / KEY
    return Safe(path, lambda text: say_aside(f"warning: {text}"))
