"""The cheapest client there can be: bare pypsrp that sends what ndrfix sends, takes the answers and knows nothing.

    python -m bench.bare hosts.json calls.json

`calls.json` is what `bench.recording` wrote: each call of one host's run. A host gets one pool, each call one pipeline
in it, ten hosts are worked on at a time. Nothing of ndrfix is imported.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from bench.calls import Call, read_calls
from bench.reach import Reach, read_hosts

_THREADS = 10
"""As many as `--forks` is by default."""


def _ask(pool: RunspacePool, call: Call) -> None:
    shell = PowerShell(pool)
    if call.script:
        shell.add_script(call.script, use_local_scope=True).add_parameter("Rows", list(call.rows))
    else:
        shell.add_cmdlet(call.command).add_parameter(call.parameter, list(call.rows))
    lines = sum(len(str(text).splitlines()) for text in shell.invoke())
    if shell.streams.error or lines != call.lines:
        raise SystemExit(f"{call.command}: {lines} lines instead of {call.lines}; {shell.streams.error}")


def _work(host: Reach, calls: list[Call]) -> None:
    wsman = WSMan(
        host.address,
        port=host.port,
        ssl=False,
        auth="ntlm",
        username=host.user,
        password=host.password,
        no_proxy=True,
        operation_timeout=20,
        read_timeout=30,
    )
    pool = RunspacePool(wsman)
    pool.open()
    for call in calls:
        _ask(pool, call)
    pool.close()
    wsman.close()


def main() -> None:
    """Work on all hosts."""
    hosts, calls = read_hosts(Path(sys.argv[1])), read_calls(Path(sys.argv[2]))
    with ThreadPoolExecutor(min(_THREADS, len(hosts))) as pool:
        for done in [pool.submit(_work, host, calls) for host in hosts]:
            done.result()


if __name__ == "__main__":
    main()
