"""A WinRM endpoint on this computer's loopback addresses, with simulated hosts behind it.

    with WinRMEndpoint(Simulation.load(Path("hosts.yml"))) as endpoint:
        connection = endpoint.host("ex01").connect()

What ndrfix sends over pypsrp is answered from the simulated hosts; no script is ever run. Needs the extra `demo`.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("psrpcore") is None:
    raise ImportError("ndrfix.testing needs psrpcore, which is not installed: run pip install 'ndrfix[demo]'")

from ndrfix.testing.accounts import Account
from ndrfix.testing.conversation import Scheme
from ndrfix.testing.counts import Counts, RequestKind
from ndrfix.testing.faults import (
    Delay,
    Drip,
    Drop,
    Effect,
    Garbage,
    HtmlError,
    KillShells,
    Refuse,
    Rule,
    SoapFault,
    Truncate,
    Unauthorized,
)
from ndrfix.testing.listener import HostListener
from ndrfix.testing.winrm import WinRMEndpoint

__all__ = [
    "Account",
    "Counts",
    "Delay",
    "Drip",
    "Drop",
    "Effect",
    "Garbage",
    "HostListener",
    "HtmlError",
    "KillShells",
    "Refuse",
    "RequestKind",
    "Rule",
    "Scheme",
    "SoapFault",
    "Truncate",
    "Unauthorized",
    "WinRMEndpoint",
]
