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

Matching = Callable[[str], bool | None]
Ignored = tuple[Path, Matching]
"""Patterns and the folder from which they are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files to look at in order, each with how it is called; `named` are those that were given themselves."""

    files: tuple[tuple[Path, str], ...]
    named: frozenset[Path]


def find(paths: Sequence[Path], *, exclude: Sequence[str] = (), here: Path) -> Found:
    """The files; each is called by its way from `here` if it lies below, with forward slashes.

    `exclude` are patterns as in `.gitignore`, counted from `here`; they do not hold for files that are named.

    Raises:
        InputError: a path does not exist, or cannot be read.
    """
    excluded = ((here, _matching(exclude)),)
    try:
        found = {each: _shown(each, here) for path in paths for each in _found(path, excluded)}
        return Found(files=tuple(found.items()), named=frozenset(path for path in paths if path.is_file()))
    except OSError as error:
        what = f"it cannot be read: {error.strerror or error}"
        advice = "Check the rights, or leave it out with --exclude."
        raise InputError(what, place=Place(file=str(error.filename or here)), next_step=advice) from error


def _found(path: Path, excluded: Sequence[Ignored]) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _walk(path, _above(_absolute(path)), excluded)
    elif path.exists():
        raise InputError(f"{path} is neither a file nor a folder", place=Place(file=str(path)))
    else:
        raise InputError(f"there is no file or folder {path}", place=Place(file=str(path)))


def _matching(patterns: Sequence[str]) -> Matching:
    """Whether a file's name fits the patterns: True, False where the last one that fits begins with `!`, else None."""
    if not patterns:
        return lambda _name: None
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns)
    return lambda name: spec.check_file(name).include


def _shown(path: Path, here: Path) -> str:
    absolute = _absolute(path)
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else path.as_posix()


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links are not to be followed: the name as given counts


def _walk(folder: Path, ignored: Sequence[Ignored], excluded: Sequence[Ignored]) -> Iterator[Path]:
    """Every file below a folder that may be ours, sorted; links to folders are not followed."""
    ignored = (*ignored, *_own(folder))
    for each in sorted(folder.iterdir()):
        hidden = each.name in _NEVER or each.name.startswith(".")
        if hidden or _is_ignored(each, ignored) or _is_ignored(each, excluded):
            continue
        if each.is_dir():
            if not each.is_symlink():
                yield from _walk(each, ignored, excluded)
        elif may_be_ours(each) and (each.is_file() or not each.exists()):
            yield each  # a link that leads nowhere cannot be read, and is told; reading a pipe would wait for ever


def _own(folder: Path) -> tuple[Ignored, ...]:
    """What the `.gitignore` of a folder says."""
    path = folder / ".gitignore"
    if not path.is_file():
        return ()
    return ((_absolute(folder), _matching(path.read_text("utf-8", "replace").splitlines())),)


def _above(folder: Path) -> tuple[Ignored, ...]:
    """What holds for a folder from those above it in its repository; nothing if it is ignored itself, and was named."""
    above: list[Ignored] = []
    for each in folder.parents if not (folder / ".git").exists() else ():
        above[:0] = _own(each)
        if (each / ".git").exists():
            return () if _is_ignored(folder, above) else tuple(above)
    return ()


def _is_ignored(path: Path, ignored: Sequence[Ignored]) -> bool:
    """Whether the innermost patterns that say something of a file or folder leave it out."""
    if not ignored:
        return False
    absolute, end = _absolute(path), "/" if path.is_dir() else ""
    said = (
        matching(absolute.relative_to(folder).as_posix() + end)
        for folder, matching in reversed(ignored)
        if absolute.is_relative_to(folder)
    )
    return next((each for each in said if each is not None), False)
