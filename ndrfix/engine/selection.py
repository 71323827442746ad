"""What a command line narrows a run to, and what it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ndrfix.encrypted import Decrypt
from ndrfix.inventory import Variable
from ndrfix.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the command line narrows a run to, and what it adds. `user`, `password` and `timeout` (seconds for a
    connection) stand in where a host has none; `decrypt` opens encrypted values.
    """

    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    extra: Mapping[str, Variable]
    environment: Mapping[str, str]
    user: str | None = None
    password: Secret | None = None
    timeout: int | None = None
    decrypt: Decrypt | None = None
