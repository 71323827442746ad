"""What time it is, asked in one place."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndrfix.client import Client
    from ndrfix.engine.result import RunContext


def now() -> datetime:
    """The time, with the offset of this computer's zone."""
    return datetime.now().astimezone()


def utc_now() -> str:
    """The time as `YYYY-MM-DDTHH:MM:SSZ`."""
    return now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_context(title: str, shown: str, inventories: tuple[str, ...], client: Client | None) -> RunContext:
    """A context with a fresh run id."""
    from ndrfix.engine.result import Letterhead, RunContext

    began = now().astimezone(UTC)
    return RunContext(
        run_id=f"{began:%Y%m%d-%H%M}-{title}-{secrets.token_hex(2)}",
        started=began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        playbook=shown,
        inventory=inventories,
        client=client.name if client else "",
        letterhead=Letterhead(
            contact=client.contact,
            logo=str(client.branding.logo or ""),
            colour=client.branding.colour,
            footer=client.branding.footer,
        )
        if client
        else Letterhead(),
    )
