"""The endpoint as a process of its own: `python -m ndrfix.testing.endpoint hosts.yml`.

Prints one line of JSON as soon as every host can be reached, and ends when its standard input ends:

    {"user": …, "password": …, "ca_cert": null, "hosts": {"ex01": {"address": "127.0.0.1", "port": 40001}, …}}

A line `counts` on standard input is answered by a line with what each host was asked until then:

    {"ex01": {"requests": {"logon": 3, "create": 1, …}, "up": 15000, "down": 9000, "shells": 0, "connections": 0}, …}
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ndrfix.connections.simulated import Simulation
from ndrfix.errors import NdrfixError
from ndrfix.secrets import Secret
from ndrfix.testing.accounts import Account
from ndrfix.testing.conversation import Scheme
from ndrfix.testing.winrm import WinRMEndpoint


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ndrfix.testing.endpoint",
        description="Serve simulated hosts over WinRM on loopback addresses, until standard input ends.",
    )
    parser.add_argument("hosts", type=Path, help="the YAML file that describes the hosts")
    parser.add_argument("--https", action="store_true", help="speak TLS; ca_cert in the output is the file to trust")
    parser.add_argument(
        "--scheme", action="append", choices=[scheme.value for scheme in Scheme], help="a way to log on (default: both)"
    )
    parser.add_argument(
        "--addresses", default="127.0.0.1", help="a loopback address, or a network such as 127.7.0.0/16"
    )
    parser.add_argument("--port", type=int, default=0, help="the port of all hosts, when each has its own address")
    parser.add_argument("--user", default="Administrator", help="who may log on")
    parser.add_argument("--password", help="with which password (default: made up, see the output)")
    parser.add_argument("--inventory", type=Path, help="also write an inventory for ndrfix there, with the password")
    return parser


def _endpoint(chosen: argparse.Namespace) -> WinRMEndpoint:
    password = {} if chosen.password is None else {"password": Secret(chosen.password)}
    return WinRMEndpoint(
        Simulation.load(chosen.hosts),
        schemes=[Scheme(name) for name in chosen.scheme or Scheme],
        https=chosen.https,
        account=Account(chosen.user, **password),
        addresses=chosen.addresses,
        port=chosen.port,
    )


def _described(endpoint: WinRMEndpoint) -> str:
    first = next(iter(endpoint))
    hosts = {listener.name: {"address": listener.address, "port": listener.port} for listener in endpoint}
    ca_cert = str(first.ca_cert) if first.ca_cert else None
    account = {"user": first.account.user, "password": first.account.password.reveal()}
    return json.dumps({**account, "ca_cert": ca_cert, "hosts": hosts})


def _answered(command: str, endpoint: WinRMEndpoint) -> str:
    if command != "counts":
        return json.dumps({"error": f"unknown command {command!r}, known is counts"})
    counts = {listener.name: listener.counts for listener in endpoint}
    return json.dumps(
        {
            name: {
                "requests": dict(one.requests),
                "up": one.up,
                "down": one.down,
                "shells": one.shells,
                "connections": one.connections,
            }
            for name, one in counts.items()
        }
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when standard input ended, 1 when the hosts cannot be served (standard error says why)."""
    chosen = _parser().parse_args(arguments)
    try:
        with _endpoint(chosen) as endpoint:
            if chosen.inventory is not None:
                chosen.inventory.touch(mode=0o600)
                chosen.inventory.write_text(endpoint.inventory(), encoding="utf-8")
            sys.stdout.write(_described(endpoint) + "\n")
            sys.stdout.flush()
            for line in sys.stdin:
                sys.stdout.write(_answered(line.strip(), endpoint) + "\n")
                sys.stdout.flush()
    except (NdrfixError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
