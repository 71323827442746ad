"""The folders are the architecture: imports point one way, the public names are listed, start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ndrfix

PACKAGE = Path(ndrfix.__file__).parent
GROUND = {
    "place",
    "errors",
    "escapes",
    "encrypted",
    "excerpt",
    "fence",
    "nodes",
    "owner",
    "building",
    "resources",
    "secret_names",
    "secrets",
    "source",
    "shipped",
}
MAY_IMPORT: dict[str, set[str]] = {
    "connections": {"exchange"},
    "inventory": set(),
    "client": set(),
    "config": set(),
    "vault": set(),
    "playbook": set(),
    "exchange": set(),
    "steps": {"exchange", "connections"},
    "engine": {"inventory", "playbook", "exchange", "steps", "connections"},
    "lint": {"report", "client", "inventory", "playbook", "exchange", "steps", "connections", "engine"},
    "report": {"client", "inventory", "playbook", "exchange", "steps", "connections", "engine"},
    "testing": {"exchange", "connections"},
    "cli": {
        "inventory",
        "vault",
        "playbook",
        "exchange",
        "steps",
        "connections",
        "engine",
        "report",
        "lint",
        "testing",
        "client",
        "config",
    },
}
HEAVY = ("pypsrp", "psrpcore", "jinja2", "pydantic", "rich", "yaml", "requests", "cryptography")
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def layer(module: str) -> str:
    """The first name below the package: `engine` for `ndrfix.engine.plan`."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> set[str]:
    """The ndrfix modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {_module(node.module, alias.name) for alias in node.names}
    return {name for name in found if name.startswith("ndrfix")}


def _module(package: str, name: str) -> str:
    """The module that `from package import name` is about."""
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    submodule = package == "ndrfix" or (folder / f"{name}.py").is_file()
    return f"{package}.{name}" if submodule else package


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only from its own folder, from the ground, and from the layers below it."""
    inside = path.relative_to(PACKAGE).with_suffix("").parts
    own = inside[0]
    if own in {"__init__", "__main__"}:
        return
    allowed = GROUND | ({own} | MAY_IMPORT[own] if own in MAY_IMPORT else set())
    wrong = {name for name in imports(path) if layer(name) not in allowed | {"__version__"}}
    assert wrong == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    """A module longer than 400 lines is a missing noun."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_only_the_demo_takes_from_testing() -> None:
    """The command line serves hosts for the demo alone, in a module that is loaded when it does."""
    for path in (PACKAGE / "cli").glob("*.py"):
        assert path.name == "demo_wire.py" or not {name for name in imports(path) if layer(name) == "testing"}, path
        top = ast.parse(path.read_text(encoding="utf-8")).body
        assert not [node for node in top if isinstance(node, ast.ImportFrom) and "demo_wire" in f"{node.module}"], path


def test_steps_take_only_the_seam_from_connections() -> None:
    """Steps and engine know the connection's seam, not any connection."""
    for path in (*(PACKAGE / "steps").glob("*.py"), *(PACKAGE / "engine").glob("*.py")):
        names = {name for name in imports(path) if name.startswith("ndrfix.connections")}
        assert names <= {f"ndrfix.connections.{name}" for name in ("base", "keys", "rules", "winpath")}, path


def test_public_names_are_listed_and_loadable() -> None:
    """`__all__` is exactly what is public, and each name is there."""
    assert sorted(ndrfix.__all__) == ndrfix.__all__
    assert set(ndrfix.__all__) == {*ndrfix._HOMES, "__version__"}
    for name in ndrfix.__all__:
        assert getattr(ndrfix, name) is not None
    with pytest.raises(AttributeError):
        _ = ndrfix.Nothing


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Help pages load neither pypsrp nor Jinja2, pydantic, Rich or YAML."""
    code = (
        "import sys\nfrom ndrfix import cli\n"
        f"cli.run({arguments!r})\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_inventory_is_shown_without_connections(tmp_path: Path) -> None:
    """`ndrfix inventory` loads neither pypsrp nor Jinja2, pydantic or Rich."""
    (tmp_path / "inventory.yml").write_text("all: {hosts: {ex01: }}\n", encoding="utf-8")
    code = (
        "import sys\nfrom ndrfix import cli\n"
        "cli.run(['inventory', '-i', 'inventory.yml', '--list'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules and name != 'yaml'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_playbook_is_linted_without_what_a_run_needs(tmp_path: Path) -> None:
    """`ndrfix lint` of a playbook without templates loads no Jinja2, reports, inventories, clients or plans."""
    text = "- hosts: a\n  name: A\n  tasks:\n    - name: B\n      check_service_pack: {minimum: 4}\n"
    (tmp_path / "site.yml").write_text(text, encoding="utf-8")
    ours = ("ndrfix.report", "ndrfix.inventory", "ndrfix.client", "ndrfix.engine.plan", "ndrfix.lint.fixing")
    unwanted = {*HEAVY, "pathspec", *ours} - {"yaml", "pydantic"}
    code = "import sys\nfrom ndrfix import cli\n"
    code += f"assert cli.run(['lint', 'site.yml']) == 0\nprint([name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_mask_costs_no_start() -> None:
    """What every verb loads pulls in neither TLS nor mail nor HTTP."""
    code = "import sys\nimport ndrfix.secrets, ndrfix.cli\n"
    code += "print([name for name in ('ssl', 'email', 'http', 'urllib.request') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
