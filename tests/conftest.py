"""Fixtures for tests that need a real PowerShell: a Windows-like host whose folder NDRFIX_LAB names.

Such a test is marked `lab` and takes `lab_connect`; without NDRFIX_LAB it is skipped, which fails the run where
NDRFIX_LAB_REQUIRED is set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from ndrfix.connections.endpoint import Endpoint
from ndrfix.connections.winrm import WinRM
from ndrfix.secrets import Secret
from tests.lab_required import LabRequired

LabInfo = dict[str, Any]
TOLD = pytest.StashKey[list[str]]()

# No test is timed: a busy machine is no fault. CI draws the same examples each time; elsewhere new ones are tried.
settings.register_profile("ndrfix", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ndrfix")


def pytest_configure(config: pytest.Config) -> None:
    """Let no lab test be skipped where the lab is required, and no settings of whoever runs the tests count."""
    os.environ["NDRFIX_CONFIG"] = os.devnull
    if os.environ.get("NDRFIX_LAB_REQUIRED"):
        config.pluginmanager.register(LabRequired())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over, for the summary, what the tests of a worker told; a worker that crashed sent nothing."""
    told = getattr(node, "workeroutput", {}).get("told", [])
    node.config.stash.setdefault(TOLD, []).extend(told)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what the tests of a worker told to the process whose summary is seen."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["told"] = session.config.stash.get(TOLD, [])


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept for a user, as the key of journals, is kept for the tests only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once for each reason how many tests were skipped for it, and what tests tell."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} skipped: {reason}")
    for line in terminalreporter.config.stash.get(TOLD, []):
        terminalreporter.line(line)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Put a line into the summary, also where output is captured."""
    return request.config.stash.setdefault(TOLD, []).append


@pytest.fixture(scope="session")
def lab_folder() -> Path:
    """The folder of the lab host's programs."""
    folder = os.environ.get("NDRFIX_LAB")
    if not folder:
        pytest.skip("NDRFIX_LAB is not set: no host with a real PowerShell")
    return Path(folder)


@pytest.fixture(scope="session")
def lab_up(lab_folder: Path) -> Iterator[Callable[..., LabInfo]]:
    """Start a host with the options given, once for each set of options; all end with the test session."""
    running: dict[tuple[str, ...], tuple[subprocess.Popen[str], LabInfo]] = {}

    def up(*options: str) -> LabInfo:
        if options not in running:
            command = [sys.executable, str(lab_folder / "winhost.py"), "up", "--until-stdin-closes", *options]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the lab host did not start: {' '.join(command)}"
            running[options] = (process, json.loads(line))
        return running[options][1]

    yield up
    for process, _ in running.values():
        process.communicate(timeout=60)


@pytest.fixture(scope="session")
def lab(lab_up: Callable[..., LabInfo]) -> LabInfo:
    """An Exchange 5.5 SP4 host over plain HTTP that knows basic and NTLM."""
    return lab_up("--warm", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabHost:
    """Where the lab host listens and how to log on to it; `drive_c` is its drive C: on this machine."""

    host: str
    port: int
    user: str
    password: str
    drive_c: Path


@pytest.fixture(scope="session")
def lab_host(lab_up: Callable[..., LabInfo]) -> LabHost:
    """The lab host's address and account, for tests that build their own connection."""
    info = lab_up("--warm", "2")
    return LabHost(
        host=info["host"],
        port=info["port"],
        user=info["user"],
        password=info["password"],
        drive_c=Path(info["drive_c"]),
    )


def _endpoint(info: LabInfo, **changes: Any) -> Endpoint:
    basis = Endpoint(
        host=info["host"],
        name="ex01",
        port=info["port"],
        protocol="https" if info.get("ca") else "http",
        ca_cert=info.get("ca"),
        auth="ntlm",
        user=info["user"],
        password=Secret(info["password"]),
        call_timeout=30.0,
    )
    return replace(basis, **changes)


@pytest.fixture
def lab_connect(lab: LabInfo) -> Iterator[Callable[..., WinRM]]:
    """Make connections to the lab host (or to another, as `info`); keywords replace settings of the endpoint."""
    made: list[WinRM] = []

    def connect(*, info: LabInfo = lab, **changes: Any) -> WinRM:
        made.append(WinRM(_endpoint(info, **changes)))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def _control(info: LabInfo, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(info["control"] + path, data=data, method="GET" if data is None else "PUT")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.loads(reply.read())


@pytest.fixture
def lab_faults(lab: LabInfo) -> Iterator[Callable[..., None]]:
    """Inject faults into the lab host's endpoint: `lab_faults({"kind": "drop", "action": "Receive"})`."""

    def inject(*rules: dict[str, object]) -> None:
        _control(lab, "/faults", list(rules))

    yield inject
    inject()


@pytest.fixture
def lab_counts(lab: LabInfo) -> Callable[[], dict[str, int]]:
    """The requests that the lab host has had, by action; `shells` are those that are open."""

    def counts() -> dict[str, int]:
        stats = _control(lab, "/stats")
        return {**stats["counts"], "shells": len(stats["shells"])}

    return counts


@pytest.fixture
def lab_script(lab: LabInfo) -> Iterator[Callable[[str], list[str]]]:
    """Run PowerShell text on the lab host, to arrange what a test needs and to look behind the agent's back."""
    from pypsrp.powershell import PowerShell, RunspacePool
    from pypsrp.wsman import WSMan

    arguments: dict[str, Any] = {"username": lab["user"], "password": lab["password"], "no_proxy": True}
    wsman = WSMan(lab["host"], port=lab["port"], ssl=False, auth="basic", encryption="never", **arguments)
    pool = RunspacePool(wsman)

    def run(text: str) -> list[str]:
        pool.open()
        shell = PowerShell(pool)
        shell.add_script("$ErrorActionPreference = 'Stop'; " + text)
        output = shell.invoke()
        assert not shell.streams.error, [str(error) for error in shell.streams.error]
        return [str(one) for one in output]

    yield run
    pool.close()
    wsman.close()
