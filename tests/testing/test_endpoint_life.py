"""The life of an endpoint: addresses, start and end, the process, the missing extra."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.simulated import Simulation
from ndrfix.connections.winrm import WinRM
from ndrfix.errors import InputError
from ndrfix.inventory import load_inventory
from ndrfix.resources import COMPUTER, ComputerState
from ndrfix.secrets import Secret
from ndrfix.testing import Account, HostListener, Scheme, WinRMEndpoint
from ndrfix.testing.endpoint import main
from tests.testing.conftest import HOSTS


def computer(connection: WinRM) -> str:
    """The name of the computer at the other end, of a session that is opened and closed for it."""
    state = connection.read([COMPUTER])[COMPUTER]
    connection.close()
    assert isinstance(state, ComputerState)
    return state.name


def test_hosts_of_one_address_have_ports(simulation: Simulation) -> None:
    """Each host has a port of its own, and is found by its name in any case."""
    with WinRMEndpoint(simulation) as endpoint:
        assert [listener.name for listener in endpoint] == ["ex01", "ex02"]
        assert {listener.address for listener in endpoint} == {"127.0.0.1"}
        assert len({listener.port for listener in endpoint}) == 2
        assert computer(endpoint.host("EX02").connect()) == "MAIL2"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux listens on all of 127.0.0.0/8")
def test_hundred_hosts_have_addresses() -> None:
    """A hundred hosts on addresses of their own, all asked at a time, each answer for themselves."""
    names = [f"ex{number:03}" for number in range(100)]
    text = "".join(f"{name}: {{computer: {{name: {name.upper()}, os_version: 5.0.2195}}}}\n" for name in names)
    with WinRMEndpoint(Simulation.parse(text), addresses="127.83.0.0/16") as endpoint:
        assert len({listener.address for listener in endpoint}) == 100
        with ThreadPoolExecutor(16) as threads:
            found = list(threads.map(lambda name: computer(endpoint.host(name).connect("basic")), names))
        assert found == [name.upper() for name in names]
        assert all(listener.counts.shells == 0 for listener in endpoint)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"addresses": "192.0.2.1"}, "no loopback address"),
        ({"addresses": "127.0.0.8/32", "port": 5985}, "port 5985 on one address"),
        ({"addresses": "127.0.0.0/31", "accounts": {"ex09": Account()}}, "ex09"),
        ({"schemes": []}, "nobody could log on"),
    ],
)
def test_settings_that_make_no_sense(simulation: Simulation, settings: dict[str, object], words: str) -> None:
    """Settings that cannot be served are refused before anything listens."""
    with pytest.raises(ValueError, match=words):
        WinRMEndpoint(simulation, **settings)  # type: ignore[arg-type] # what no type checker would let pass


def test_too_small_a_network() -> None:
    """A network with fewer addresses than hosts is refused."""
    hosts = Simulation.parse("".join(f"h{n}: {{computer: {{name: H, os_version: '5.0'}}}}\n" for n in range(3)))
    with pytest.raises(ValueError, match="2 addresses for 3 hosts"):
        WinRMEndpoint(hosts, addresses="127.0.0.0/30")


def test_endpoint_ends_with_its_block(simulation: Simulation) -> None:
    """After the block nobody listens, no thread is left, and a second end does no harm; a second start is refused."""
    with WinRMEndpoint(simulation) as endpoint:
        listener = endpoint.host("ex01")
        connection = listener.connect()
        connection.read([COMPUTER])
        with pytest.raises(RuntimeError, match="started already"):
            endpoint.start()
    endpoint.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((listener.address, listener.port), timeout=5)
    assert not [thread for thread in threading.enumerate() if thread.name == "ndrfix-endpoint"]
    connection.close()


def test_port_that_is_taken(simulation: Simulation) -> None:
    """An address that somebody else listens on is an error of the start, and nothing is left of it."""
    one = Simulation.parse("ex01: {computer: {name: A, os_version: '5.0'}}")
    with WinRMEndpoint(one) as first:
        second = WinRMEndpoint(one, port=first.host("ex01").port)
        with pytest.raises(OSError, match="in use"):
            second.start()
        second.close()
        assert computer(first.host("ex01").connect()) == "A"


def test_unknown_host_is_named(simulation: Simulation) -> None:
    """A host that is not there is an error with the nearest name; before the start none is there."""
    endpoint = WinRMEndpoint(simulation)
    with pytest.raises(InputError, match="not started"):
        endpoint.host("ex01")
    with endpoint, pytest.raises(InputError, match="did you mean 'ex01'"):
        endpoint.host("ex011")


def test_inventory_is_understood(simulation: Simulation, tmp_path: Path) -> None:
    """The inventory of an endpoint leads ndrfix to its hosts."""
    with WinRMEndpoint(simulation, https=True) as endpoint:
        path = tmp_path / "inventory.yml"
        path.write_text(endpoint.inventory())
        assert load_inventory([str(path)])
        document = yaml.safe_load(path.read_text())
        assert document["all"]["hosts"]["ex02"] == endpoint.host("ex02").variables()


@pytest.mark.parametrize("user", ["a:b", "a\nb"])
def test_accounts_that_cannot_be_kept(user: str) -> None:
    """An account that pyspnego's file could not hold is refused."""
    with pytest.raises(ValueError, match="colon"):
        Account(user)


def test_accounts_do_not_show_their_password(listener: HostListener) -> None:
    """The password is in no text about the endpoint."""
    assert listener.account.password.reveal() not in repr(listener.account) + repr(listener.settings())


# --- the process ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("https", [False, True])
def test_process_serves_until_its_input_ends(tmp_path: Path, https: bool) -> None:
    """The process says where its hosts are, serves them, and ends well with its standard input."""
    hosts, inventory = tmp_path / "hosts.yml", tmp_path / "inventory.yml"
    hosts.write_text(HOSTS)
    command = [sys.executable, "-m", "ndrfix.testing.endpoint", str(hosts), "--inventory", str(inventory)]
    command += ["--https"] if https else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        reach = Endpoint(
            host=said["hosts"]["ex02"]["address"],
            port=said["hosts"]["ex02"]["port"],
            protocol="https" if https else "http",
            ca_cert=said["ca_cert"],
            auth="ntlm",
            user=said["user"],
            password=Secret(said["password"]),
        )
        assert computer(WinRM(reach)) == "MAIL2"
        process.stdin.write("counts\ncount\n")
        process.stdin.flush()
        counts = json.loads(process.stdout.readline())
        assert counts["ex01"] == {"requests": {}, "up": 0, "down": 0, "shells": 0, "connections": 0}
        assert counts["ex02"]["requests"]["command"] == 1
        assert min(counts["ex02"]["up"], counts["ex02"]["down"]) > 1000
        assert json.loads(process.stdout.readline()) == {"error": "unknown command 'count', known is counts"}
        assert inventory.stat().st_mode & 0o077 == 0
        assert yaml.safe_load(inventory.read_text())["all"]["hosts"]["ex01"]["ansible_password"] == said["password"]
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["missing.yml"], "missing.yml"), (["hosts.yml", "--addresses", "192.0.2.1"], "no loopback address")],
)
def test_process_says_what_is_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    """What cannot be served is one line on standard error, and exit code 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts.yml").write_text(HOSTS)
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.count("\n") == 1


def test_missing_extra_is_named() -> None:
    """Without psrpcore, the import says in one sentence what to install."""
    code = (
        "import sys\n"
        "sys.modules['psrpcore'] = None\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'psrpcore' else find(name, *rest)\n"
        "try:\n    import ndrfix.testing\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = "ndrfix.testing needs psrpcore, which is not installed: run pip install 'ndrfix[demo]'\n"
    assert done.stdout == words


def test_every_scheme_is_a_choice() -> None:
    """Both ways to log on have the names by which inventories know them."""
    assert [scheme.value for scheme in Scheme] == ["basic", "negotiate"]
