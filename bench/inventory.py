"""A large inventory: 5,000 hosts in 300 groups with a file in `group_vars` each, listed by ndrfix and by Ansible.

Usage: python -m bench.inventory ANSIBLE_INVENTORY [ROUNDS], where the first is the program `ansible-inventory`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.child import BrokenRunError
from bench.peak import Took, weighed
from bench.table import table

_HOSTS, _SITES, _GROUPS = 5_000, 20, 280
_COMMON = r"""ansible_user: CORP\{0}
quarantine: 'D:\quarantine\{0}'
window: ['22:00', '23:00']
limits: {{queue: 100, user: 5}}
"""


def write(folder: Path) -> None:
    """Write the inventory: twenty sites, each with fourteen groups of some eighteen hosts."""
    lines = ["all:", "  vars: {ansible_connection: psrp, ansible_port: 5986}", "  children:"]
    names = ["all", *(f"site{site:02}" for site in range(_SITES))]
    for site in range(_SITES):
        lines += [f"    site{site:02}:", f"      vars: {{site: site{site:02}, tier: {site}}}", "      children:"]
        for group in range(site, _GROUPS, _SITES):
            names.append(f"group{group:03}")
            lines += [f"        group{group:03}:", f"          vars: {{ring: {group}}}", "          hosts:"]
            for host in range(group, _HOSTS, _GROUPS):
                lines += [f"            mail{host:04}.group{group:03}.example:"]
                lines += [
                    f"              ansible_host: 10.0.{host // 256}.{host % 256}",
                    f"              rack: {host % 42}",
                ]
    (folder / "hosts.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "group_vars").mkdir()
    for name in names:
        (folder / "group_vars" / f"{name}.yml").write_text(_COMMON.format(name), encoding="utf-8")


def _once(folder: Path, name: str, command: list[str]) -> Took:
    # What Ansible keeps between runs, and its settings, are those of nobody.
    variables = {"ANSIBLE_HOME": str(folder / "ansible"), "ANSIBLE_CONFIG": str(folder / "ansible.cfg")}
    return weighed(folder / name, command, variables=variables)


def _listed(folder: Path, name: str) -> dict[str, dict[str, object]]:
    found = json.loads((folder / f"{name}.out").read_text(encoding="utf-8"))["_meta"]["hostvars"]
    if len(found) != _HOSTS:
        raise BrokenRunError(f"{name} lists {len(found)} hosts, not {_HOSTS}")
    return dict(found)


def measured(folder: Path, ansible_inventory: Path | None, rounds: int = 5) -> str:
    """Measure, and say it.

    Raises:
        BrokenRunError: a program failed, or the two do not list the same.
    """
    place = folder / "inventory"
    place.mkdir()
    write(place)
    (place / "ansible.cfg").write_text("[defaults]\n", encoding="ascii")
    words = ["-i", "hosts.yml", "--list"]
    commands = {"ndrfix inventory --list": [sys.executable, "-m", "ndrfix", "inventory", *words]}
    if ansible_inventory is not None:
        commands["ansible-inventory --list"] = [str(ansible_inventory), *words]
    took: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            took[name].append(_once(place, name, command))
    answers = [_listed(place, name) for name in commands]
    if answers[0] != answers[-1]:
        raise BrokenRunError("the two do not give the same variables")
    return f"### Inventories\n\n{_HOSTS:,} hosts in {_SITES + _GROUPS} groups, medians of {rounds} rounds.\n\n" + table(
        ("what", "CPU s", "CPU ÷ ndrfix", "seconds", "memory MB", "memory ÷ ndrfix"), _rows(took)
    )


def _rows(took: dict[str, list[Took]]) -> Iterator[list[str]]:
    ours = next(iter(took.values()))
    for name, each in took.items():
        cpu, peak = _median(each, "cpu"), _median(each, "peak")
        yield [
            f"`{name}`",
            f"{cpu:.2f}",
            f"{cpu / _median(ours, 'cpu'):.1f}",
            f"{_median(each, 'wall'):.2f}",
            f"{peak / 1e6:.0f}",
            f"{peak / _median(ours, 'peak'):.1f}",
        ]


def _median(took: list[Took], field: str) -> float:
    return statistics.median(float(getattr(each, field)) for each in took)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ndrfix-bench-") as name:
        print(measured(Path(name), Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 5))
