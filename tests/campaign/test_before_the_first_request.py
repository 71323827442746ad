"""What stands in the way before a first request is answered: one run over hosts each with its own trouble."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.cli.job import PlaybookJob
from ndrfix.cli.request import Request
from ndrfix.connections.simulated import Simulation
from ndrfix.engine.result import RunResult, Status
from ndrfix.testing import Scheme, WinRMEndpoint
from tests.campaign import laws
from tests.campaign.field import by_host, sockets

# Seconds; a connection is given up after 1, an answer after 3.
BOUND = 20.0
LIMITS = {
    "ansible_psrp_connection_timeout": 1,
    "ansible_psrp_operation_timeout": 1,
    "ansible_psrp_read_timeout": 3,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """How a host is reached, against a good one, and words of the message and of the next step."""

    changes: Mapping[str, Any]
    says: str
    advises: str
    https: bool = False
    port: str = ""


TLS = {"ansible_psrp_protocol": "https", "ansible_psrp_auth": "ntlm", "ansible_psrp_message_encryption": "auto"}
PLAIN = {"ansible_psrp_protocol": "http", "ansible_psrp_ca_cert": None}
TROUBLES: Mapping[str, Trouble] = {
    "refused": Trouble({}, "refuses connections on port", "winrm quickconfig", port="closed"),
    "full": Trouble({}, "does not answer: no connection within 1 s", "firewalls", port="full"),
    "silent": Trouble({}, "does not answer within 3 s", "overloaded", port="silent"),
    "silenttls": Trouble(TLS, "does not answer the TLS handshake within 1 s", "5985", port="silent"),
    "untrusted": Trouble({"ansible_psrp_ca_cert": None}, "is not trusted", "ansible_psrp_ca_cert", https=True),
    "misnamed": Trouble({"ansible_host": "localhost"}, "is for another name", "ansible_host", https=True),
    "tlstoplain": Trouble(TLS, "does not answer the TLS handshake within 1 s", "ansible_psrp_protocol"),
    "plaintotls": Trouble(PLAIN, "closed the connection without an answer", "ansible_psrp_protocol", https=True),
    "nofile": Trouble({**TLS, "ansible_psrp_ca_cert": "nowhere.pem"}, "nowhere.pem does not exist", "path"),
    "badntlm": Trouble({"ansible_password": "guess-77"}, "the server refused user Administrator", "locked"),
    "badbasic": Trouble(
        {
            "ansible_password": "guess-77",
            "ansible_psrp_auth": "basic",
            "ansible_psrp_message_encryption": "never",
        },
        "the server refused user Administrator",
        "locked",
    ),
    "nopassword": Trouble({"ansible_password": ""}, "no password to log on by ntlm with", "ansible_password"),
    "unresolved": Trouble({"ansible_host": "ex01.nowhere.invalid"}, "cannot be resolved", "ansible_host"),
    "elsewhere": Trouble({"ansible_psrp_path": "owa"}, "there is no WinRM under /owa", "ansible_psrp_path"),
    "noscheme": Trouble({}, "offers Basic", "ansible_psrp_auth", port="basic only"),
}


@pytest.fixture
def served() -> Iterator[Mapping[str, dict[str, Any]]]:
    """What reaches a host by HTTP, by HTTPS, and by HTTP where nothing but basic is offered, and ports of trouble."""
    simulation = Simulation.parse("ex01: {computer: {name: MAIL1}}")
    with ExitStack() as stack:
        plain = stack.enter_context(WinRMEndpoint(simulation)).host("ex01")
        tls = stack.enter_context(WinRMEndpoint(simulation, https=True)).host("ex01")
        basic = stack.enter_context(WinRMEndpoint(simulation, schemes=[Scheme.BASIC])).host("ex01")
        closed, full, silent = (stack.enter_context(socket.socket()) for _ in range(3))
        for each in (closed, full, silent):
            each.bind(("127.0.0.1", 0))
        silent.listen(10)
        full.listen(0)
        # One connection fits; with a second one the system answers no more.
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        good = plain.variables("ntlm")
        ports = {"closed": closed, "full": full, "silent": silent}
        yield {
            "": good,
            "tls": tls.variables("ntlm"),
            "basic only": {**good, "ansible_port": basic.port},
            **{name: {**good, "ansible_port": each.getsockname()[1]} for name, each in ports.items()},
        }


@pytest.fixture(autouse=True)
def _unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no name server be asked for what does not exist."""
    resolve = socket.getaddrinfo

    def asked(host: str, *rest: Any, **more: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", asked)


def _job(folder: Path, served: Mapping[str, dict[str, Any]]) -> PlaybookJob:
    hosts = {
        name: {**served["tls" if trouble.https else trouble.port], **LIMITS, **trouble.changes}
        for name, trouble in TROUBLES.items()
    }
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return PlaybookJob(Request(playbook="reverse-ndr", inventories=(str(inventory),), forks=len(hosts)))


def _complaints(result: RunResult) -> Iterator[str]:
    for name, end in by_host(result).items():
        trouble = TROUBLES[name]
        told = next((task for task in end.tasks if task.status in laws.BAD), None)
        if laws.ended(end) is not Status.UNREACHABLE or told is None:
            yield f"{name} ended {laws.ended(end)}"
            continue
        yield from (f"{name} {each}" for each in laws.said(end))
        if name not in told.message or trouble.says not in told.message:
            yield f"{name} says {told.message!r}"
        if trouble.advises not in told.next_step:
            yield f"{name} advises {told.next_step!r}"


def test_each_trouble_is_told_by_its_cause(served: Mapping[str, dict[str, Any]], tmp_path: Path) -> None:
    """Class, sentence and next step, in time; an apply then goes to none of the hosts, and no socket is left."""
    job, opened, began = _job(tmp_path, served), sockets(), time.monotonic()
    plan, shown = job.plan()
    complaints = list(_complaints(shown))
    result = job.apply(plan)
    if time.monotonic() - began > BOUND:
        complaints.append(f"it took {time.monotonic() - began:.0f} s")
    complaints += [f"after the apply: {each}" for each in _complaints(result)]
    if sockets() > opened:
        complaints.append(f"{sockets() - opened} sockets are left")
    assert not complaints, "\n".join(complaints)
