"""Runs ndrfix and writes down how much memory it took at most, and the CPU time.

    python -m bench.watched peak.json plan clear-queue -i inventory.yml

Exit code: ndrfix's.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from ndrfix.cli import main


def _peak() -> int:
    """The most memory that this process ever had resident, in KB; what `getrusage` says begins with the parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    path = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        path.write_text(json.dumps({"peak": _peak(), "cpu": time.process_time()}), encoding="utf-8")
