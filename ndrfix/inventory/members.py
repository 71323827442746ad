"""Names of hosts and groups: which are allowed, ranges and ports in them."""

from __future__ import annotations

import ipaddress
import re

from ndrfix.inventory.draft import Draft, HostDraft
from ndrfix.inventory.model import Variable
from ndrfix.inventory.ranges import expand
from ndrfix.place import Place

_NOT_IN_NAMES = re.compile(r"[\s,/\\*?:\x00-\x1f\x7f\[\]]")
_FIRST_OF_PATTERN = "!&~@"
_BRACKETED_PORT = re.compile(r"\[(?P<name>[^\[\]]+)\]:(?P<port>[0-9]{1,9})")
_PORT = re.compile(r"(?P<name>(?:[^:\[\]]|\[[^\[\]]*\])+):(?P<port>[0-9]{1,9})")


def add_host(pattern: str, place: Place, draft: Draft) -> tuple[str, ...]:
    """Add the hosts that a name or range stands for, with a port behind it or without; return their names.

    A name that is wrong is a fault and adds none.
    """
    if "=" in pattern:  # a variable without its section, and what stands behind the sign may be a password
        shown = pattern.partition("=")[0].strip()
        sign = " " if " " in shown else "="
        text = f"the host name '{shown}=…' holds {sign!r}, which a name cannot"
        draft.fault(text, place, _hint(pattern))
        return ()
    address, port = _without_port(pattern)
    try:
        names = (address,) if is_address(address) else expand(address)
    except ValueError as error:
        draft.fault(str(error), place, "Write [01:03], [a:c] or, with a step, [1:9:2]; the lower end comes first.")
        return ()
    if problem := name_problem(names[0]):
        draft.fault(f"the host name {pattern!r} {problem}", place, _hint(pattern))
        return ()
    for name in names:
        _add(name, port, place, draft)
    return names


def is_address(name: str) -> bool:
    """Tell whether a name is an IPv4 or IPv6 address."""
    if ":" not in name and not name[:1].isdigit():
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def name_problem(name: str) -> str:
    """Say what is wrong with a host's or group's name; an empty text when it is fine."""
    if not name:
        return "is empty"
    found = _NOT_IN_NAMES.search(name)
    if name[0] in _FIRST_OF_PATTERN:
        return f"begins with {name[0]!r}, which has a meaning in host patterns"
    return f"holds {found.group()!r}, which a name cannot" if found and not is_address(name) else ""


def _without_port(pattern: str) -> tuple[str, int | None]:
    found = _BRACKETED_PORT.fullmatch(pattern)
    if not found or not is_address(found["name"]):
        found = _PORT.fullmatch(pattern)
    return (found["name"], int(found["port"])) if found else (pattern, None)


def _add(name: str, port: int | None, place: Place, draft: Draft) -> None:
    known = draft.hosts.get(name)
    if known is None:
        host = draft.hosts[name] = HostDraft(name, place, port)
        if port is not None:
            host.layers.append({"ansible_port": Variable(value=port, place=place)})
    elif port not in (None, known.port):
        draft.fault(
            f"the port {port} of {name} would not count, since {known.place} names the host first",
            place,
            "Set the variable ansible_port of the host.",
        )


def _hint(pattern: str) -> str:
    if "=" in pattern:
        return (
            "In YAML the variables of a host stand below it, each as 'name: value'; in INI behind it, as name=value, "
            "or under [GROUP:vars]."
        )
    return "In YAML write each host as a key of its own, with a colon behind it; in INI on a line of its own."
