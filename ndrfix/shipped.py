"""The files that come with ndrfix: playbooks by name, the example inventory, the demo."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_playbooks() -> dict[str, Path]:
    """The playbooks by name, without suffix: from the installed package, or beside it in a source tree."""
    folder = next((each for each in (_PACKAGE / "playbooks", _PACKAGE.parent / "playbooks") if each.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*.yml"))} if folder else {}


def find_playbook(name: str) -> Path:
    """The playbook file: a path, which need not exist, or that of one that comes with ndrfix (`reverse-ndr`)."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_playbooks()
    stem = name.removesuffix(".yml")
    return shipped.get(stem, path)


def is_shipped(path: Path) -> bool:
    """Whether a file came with ndrfix, wherever that is installed."""
    return any(folder in path.resolve().parents for folder in (_PACKAGE, _PACKAGE.parent / "playbooks"))


def demo_folder() -> Path:
    """The folder with the demo's inventory and simulated hosts."""
    return _PACKAGE / "demo"
