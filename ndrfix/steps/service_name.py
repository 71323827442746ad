"""The arguments that name a service: its short name, literally."""

from __future__ import annotations

from pydantic import Field, field_validator

from ndrfix.errors import did_you_mean
from ndrfix.exchange.services import SHORT_NAMES, by_display_name
from ndrfix.resources import Service, ServiceState
from ndrfix.steps.base import Args, Check

LONGEST_WAIT = 86_400.0


class ServiceArgs(Args):
    """The arguments of a step about one service."""

    name: str = Field(min_length=1, description="The short name of the service, such as `MSExchangeIMC`; no pattern.")
    timeout: float = Field(
        600.0,
        gt=0,
        le=LONGEST_WAIT,
        description="Seconds to wait for the service; a large queue starts slowly (Q184542).",
    )

    @field_validator("name")
    @classmethod
    def _is_short_name(cls, value: str) -> str:
        if known := by_display_name(value):
            raise ValueError(f"{value!r} is a display name, the service is called {known.name}")
        if any(char in value for char in "*?\\/"):
            raise ValueError(f"{value!r} is not the short name of one service: no patterns and no slashes")
        return value

    @property
    def service(self) -> Service:
        """The service as a resource."""
        return Service(self.name)


def missing_service(name: str) -> Check:
    """The failed check for a service that does not exist."""
    known = name.casefold() in (each.casefold() for each in SHORT_NAMES)
    hint = "" if known else did_you_mean(name, SHORT_NAMES)
    return Check(
        ok=False,
        text=f"there is no service with the short name {name}{hint}",
        next_step="Correct the name (short names only), or take this host out of the play.",
    )


def held_by_dependents(service: Service, state: ServiceState) -> Check | None:
    """The failed check when running services depend on one that is to be stopped; None when there are none."""
    if not state.dependents:
        return None
    return Check(
        ok=False,
        text=f"{service.name} cannot be stopped: running services depend on it: {', '.join(state.dependents)}",
        next_step="Stop these first, each with a set_service task, and start them afterwards.",
    )
