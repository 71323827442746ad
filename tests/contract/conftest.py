"""The fixtures of the contract suite: the same tests over every way to reach a host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256

import pytest

from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.winrm import WinRM
from ndrfix.resources import RegistryKey
from ndrfix.secrets import Secret
from tests.contract.hosts import ContractHost, Overlaid, Remote, Served, Simulated

_SERVED = {
    "basic": ("basic", False, ""),
    "ntlm": ("ntlm", False, ""),
    "https": ("negotiate", True, ""),
    "via": ("ntlm", False, "jump01"),
}
_NO_LAB = pytest.mark.skipif(not os.environ.get("NDRFIX_LAB"), reason="NDRFIX_LAB names no lab host")


@pytest.fixture(params=["simulated", "overlay", *_SERVED, pytest.param("winrm", marks=[pytest.mark.lab, _NO_LAB])])
def host(request: pytest.FixtureRequest) -> Iterator[ContractHost]:
    """A host to run the contract on."""
    if request.param == "simulated":
        yield Simulated()
    elif request.param == "overlay":
        yield Overlaid()
    elif request.param in _SERVED:
        auth, https, via = _SERVED[request.param]
        with Served(auth, https=https, via=via) as served:
            yield served
    else:
        lab = request.getfixturevalue("lab_host")
        endpoint = Endpoint(
            host=lab.host,
            port=lab.port,
            protocol="http",
            user=lab.user,
            password=Secret(lab.password),
            auth="basic",
            message_encryption="never",
        )
        connection = WinRM(endpoint)
        yield Remote(connection, lab.drive_c)
        connection.close()


@pytest.fixture
def scratch(request: pytest.FixtureRequest) -> RegistryKey:
    """A registry key of the test's own; it does not exist yet."""
    own = sha256(f"{os.getpid()} {request.node.nodeid}".encode()).hexdigest()[:12]
    return RegistryKey.parse(f"HKLM\\SOFTWARE\\NdrfixContract\\{own}")
