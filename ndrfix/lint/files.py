"""Which files are looked at: those that are named, and in folders all that may be ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.errors import InputError
from ndrfix.lint.document import may_be_ours
from ndrfix.place import Place

_NEVER = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "runs"})

Matching = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files to look at in order, each with how it is called; `named` are those that were given themselves."""

    files: tuple[tuple[Path, str], ...]
    named: frozenset[Path]


def find(paths: Sequence[Path], *, exclude: Sequence[str] = (), here: Path) -> Found:
    """The files; each is called by its way from `here` if it lies below, with forward slashes.

    `exclude` are patterns as in `.gitignore`, counted from `here`; they do not hold for files that are named.

    Raises:
        InputError: a path does not exist.
    """
    excluded = _matching(exclude)
    found: dict[Path, str] = {}
    named = []
    for path in paths:
        if path.is_file():
            named.append(path)
            found.setdefault(path, _shown(path, here))
        elif path.is_dir():
            for each in _walk(path, ()):
                shown = _shown(each, here)
                if not excluded(shown):
                    found.setdefault(each, shown)
        else:
            raise InputError(f"there is no file or folder {path}", place=Place(file=str(path)))
    return Found(files=tuple(found.items()), named=frozenset(named))


def _matching(patterns: Sequence[str]) -> Matching:
    """Whether a file's name fits one of the patterns."""
    if not patterns:
        return lambda _name: False
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


def _shown(path: Path, here: Path) -> str:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links are not to be followed: the name as given counts
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else path.as_posix()


def _walk(folder: Path, ignored: Sequence[tuple[Path, Matching]]) -> Iterator[Path]:
    """Every file below a folder that may be ours, sorted; links to folders are not followed."""
    own = folder / ".gitignore"
    if own.is_file():
        ignored = (*ignored, (folder, _matching(own.read_text("utf-8", "replace").splitlines())))
    for each in sorted(folder.iterdir()):
        if each.name in _NEVER or _is_ignored(each, ignored):
            continue
        if each.is_dir():
            if not each.is_symlink() and not each.name.startswith("."):
                yield from _walk(each, ignored)
        elif may_be_ours(each) and not each.name.startswith("."):
            yield each


def _is_ignored(path: Path, ignored: Sequence[tuple[Path, Matching]]) -> bool:
    end = "/" if path.is_dir() else ""
    return any(matching(path.relative_to(folder).as_posix() + end) for folder, matching in ignored)
