"""A lab host looked at without ndrfix and PowerShell: programs of Windows run in it, processes, its drive C:."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
IMS = SERVICES + r"\MSExchangeIMC"
PARAMETERS = IMS + r"\Parameters"
_SEEN = (SERVICES, r"HKLM\SOFTWARE\Microsoft\Exchange", r"HKLM\SOFTWARE\Microsoft\Updates")
_WINE = ("/usr/lib/wine/wine64", "wine64", "wine")
_KEPT = "C:\\ndrfix-kept.reg"
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a host is like: the registry around Exchange as reg.exe exports it, Exchange's files, the IMS's process."""

    registry: tuple[str, ...]
    files: Mapping[str, str]
    process: int


@dataclass(slots=True)
class Witness:
    """A lab host, seen and prepared from outside; `info` is what the lab tells about it."""

    info: Mapping[str, Any]

    def run(self, program: str, *arguments: str) -> str:
        """What a program of the host prints."""
        wine = next(found for found in map(shutil.which, _WINE) if found)
        environment = os.environ | {
            "WINEPREFIX": str(self._prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "DISPLAY": "",
        }
        # A file, not a pipe: what Wine leaves running would keep a pipe open.
        printed = self._prefix / "ndrfix-printed.txt"
        with printed.open("wb") as output:
            subprocess.run(
                [wine, program, *arguments],
                env=environment,
                cwd=self.drive_c,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=60,
            )
        return printed.read_text(encoding="utf-8", errors="replace")

    def look(self) -> Look:
        """What the host is like now."""
        return Look(
            registry=tuple(line for key in _SEEN for line in self.exported(key)),
            files=self._files(),
            process=self.process(),
        )

    def exported(self, key: str) -> list[str]:
        """The lines of reg.exe's export of a registry key and all below; none when there is no such key."""
        file = self.drive_c / "ndrfix-dump.reg"
        file.unlink(missing_ok=True)
        self.run("reg.exe", "export", key, f"C:\\{file.name}", "/y")
        return file.read_text(encoding="utf-16").splitlines() if file.exists() else []

    def queried(self, name: str) -> str:
        """What `reg.exe query` says about one of the Parameters: `TYPE DATA`, empty when there is none."""
        said = self.run("reg.exe", "query", PARAMETERS, "/v", name).splitlines()
        return next((" ".join(line.split()[1:]) for line in said if line.strip().startswith(name)), "")

    def set(self, name: str, kind: str, data: str, key: str = PARAMETERS) -> None:
        """Set a registry value, by default one of the Parameters, as somebody else would."""
        self.run("reg.exe", "add", key, "/v", name, "/t", kind, "/d", data, "/f")

    def regedit(self, content: bytes) -> None:
        """Import a .reg file with regedit, as a person would."""
        file = self.drive_c / "ndrfix-import.reg"
        file.write_bytes(content)
        self.run("regedit.exe", "/S", f"C:\\{file.name}")
        file.unlink()

    def process(self, program: str = "msexcimc.exe") -> int:
        """The id of the process that runs a service's program, 0 when none does."""
        mine = f"WINEPREFIX={self._prefix}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                named = program.encode() in (process / "cmdline").read_bytes()
                if named and mine in (process / "environ").read_bytes().split(b"\0"):
                    return int(process.name)
            except OSError:  # ended in the meantime
                continue
        return 0

    def status(self, service: str = "MSExchangeIMC") -> str:
        """What the service control manager says: RUNNING, STOPPED, STOP_PENDING and so on."""
        return self.run("sc.exe", "query", service).partition("STATE")[2].split("\n")[0].split()[-1]

    def bring(self, service: str, status: str) -> None:
        """Start or stop a service and wait until it is so."""
        end = time.monotonic() + _PATIENCE
        while (now := self.status(service)) != status:
            assert time.monotonic() < end, f"{service} stays {now}"
            if not now.endswith("_PENDING"):
                self.run("sc.exe", "start" if status == "RUNNING" else "stop", service)

    def script(self, text: str) -> list[str]:
        """Run PowerShell text on the host over a session of its own; gives what it puts out."""
        from pypsrp.powershell import PowerShell, RunspacePool
        from pypsrp.wsman import WSMan

        info = self.info
        account = {"username": info["user"], "password": info["password"], "no_proxy": True}
        way: dict[str, Any] = {"ssl": False, "auth": "basic", "encryption": "never"}
        with WSMan(info["host"], port=info["port"], **way, **account) as wsman, RunspacePool(wsman) as pool:
            shell = PowerShell(pool)
            shell.add_script(f"$ErrorActionPreference = 'Stop'\n{text}")
            output = shell.invoke()
            assert not shell.streams.error, [str(error) for error in shell.streams.error]
            return [str(one) for one in output]

    def faults(self, *rules: Mapping[str, object]) -> None:
        """Inject faults into the host's endpoint, in place of those before."""
        body = json.dumps([dict(rule) for rule in rules]).encode()
        request = urllib.request.Request(f"{self.info['control']}/faults", data=body, method="PUT")
        with urllib.request.urlopen(request, timeout=10) as reply:
            reply.read()

    def struck(self) -> bool:
        """Whether each of the faults that are in force came up."""
        with urllib.request.urlopen(f"{self.info['control']}/faults", timeout=10) as reply:
            return all(rule["seen"] >= rule["nth"] for rule in json.loads(reply.read()))

    def commands(self) -> int:
        """How many pipelines the host has been sent."""
        with urllib.request.urlopen(f"{self.info['control']}/stats", timeout=10) as reply:
            return int(json.loads(reply.read())["counts"].get("Command", 0))

    @property
    def drive_c(self) -> Path:
        """The host's drive C: on this machine."""
        return Path(self.info["drive_c"])

    def mend(self) -> None:
        """Let the Internet Mail Service be automatic and well-behaved again, whatever other tests made of it."""
        self.run("sc.exe", "config", "MSExchangeIMC", "start=", "auto")
        self.set("Mode", "REG_SZ", "ok", key=IMS + r"\Lab")
        for delay in ("StartDelayMs", "StopDelayMs"):
            self.set(delay, "REG_DWORD", "200", key=IMS + r"\Lab")

    def keep(self) -> None:
        """Remember the Internet Mail Service's part of the registry for `restore`."""
        self.run("reg.exe", "export", IMS, _KEPT, "/y")

    def restore(self) -> None:
        """No faults, the registry as it was kept, and the Internet Mail Service running."""
        self.faults()
        self.run("reg.exe", "delete", PARAMETERS, "/f")
        self.run("reg.exe", "import", _KEPT)
        self.bring("MSExchangeIMC", "RUNNING")

    @property
    def _prefix(self) -> Path:
        return self.drive_c.parent

    def _files(self) -> dict[str, str]:
        """Time and content of every file of Exchange, and its folders."""
        folder = self.drive_c / "exchsrvr"
        return {
            str(path.relative_to(folder)): f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            if path.is_file()
            else "folder"
            for path in folder.rglob("*")
        }
