"""The services of Exchange 5.5, by their short names (Q143380; the IMS also Q160572 and Q322829)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache

from ndrfix.resources import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeService:
    """A service: the short name that the service manager knows, the names that people see, and what it needs to run."""

    name: str
    display_names: tuple[str, ...]
    depends_on: tuple[str, ...]


SERVICES: tuple[ExchangeService, ...] = (
    ExchangeService(
        name="MSExchangeSA",
        display_names=("Microsoft Exchange System Attendant",),
        depends_on=("EventLog", "RpcLocator", "RpcSs", "NtLmSsp", "LanmanWorkstation", "LanmanServer"),
    ),
    ExchangeService(name="MSExchangeDS", display_names=("Microsoft Exchange Directory",), depends_on=("MSExchangeSA",)),
    ExchangeService(
        name="MSExchangeIS", display_names=("Microsoft Exchange Information Store",), depends_on=("MSExchangeDS",)
    ),
    ExchangeService(
        name="MSExchangeMTA",
        display_names=("Microsoft Exchange Message Transfer Agent",),
        depends_on=("MSExchangeDS",),
    ),
    ExchangeService(
        name="MSExchangeIMC",
        display_names=(
            "Microsoft Exchange Internet Mail Service",
            "Microsoft Exchange Internet Mail Connector",  # texts from Exchange 4.0
            "Internet Mail Service",
            "Internet Mail Connector",
        ),
        depends_on=("MSExchangeIS", "MSExchangeMTA", "Tcpip"),
    ),
)
_OTHER_SHORT_NAMES = (
    *("MSExchangeES", "MSExchangeMSMI", "MSExchangeDX", "MSExchangeFB", "MSExchangePCMTA", "MSExchangeCCMC"),
    *("MSExchangeKMS", "MSExchangeWEB"),
)  # that may come with Exchange 5.5: connectors, events, keys; nothing else is known of them
_CALLED = {
    **dict.fromkeys(("imc", "ims", "msexchangeims", "msexcimc", "msexcimc.exe"), "MSExchangeIMC"),
    **dict.fromkeys(("store", "store.exe"), "MSExchangeIS"),
    **dict.fromkeys(("mta", "emsmta.exe"), "MSExchangeMTA"),
    **dict.fromkeys(("dsamain.exe",), "MSExchangeDS"),
    **dict.fromkeys(("mad.exe",), "MSExchangeSA"),
}  # what people call the services, and their programs
_LIKE = 0.9
SHORT_NAMES = tuple(service.name for service in SERVICES)

IMC = Service("MSExchangeIMC")
INFORMATION_STORE = Service("MSExchangeIS")


def by_display_name(text: str) -> ExchangeService | None:
    """The Exchange service that people call by this display name, whatever its letter case."""
    wanted = " ".join(text.split()).casefold()
    return next((each for each in SERVICES if wanted in (name.casefold() for name in each.display_names)), None)


@lru_cache(maxsize=2048)
def meant_by(text: str) -> str | None:
    """The short name that a text which is none nearly is, or that of the service which people call so."""
    names = {name.casefold(): name for name in (*SHORT_NAMES, *_OTHER_SHORT_NAMES)}
    folded = text.casefold()
    if folded in names or folded in _CALLED:
        return _CALLED.get(folded)
    near = difflib.get_close_matches(folded, names, 1, _LIKE)
    return names[near[0]] if near else None
