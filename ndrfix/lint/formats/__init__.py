"""The outputs of the linter, by the names of `--format`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ndrfix.lint.formats.printing import Printing

FORMATS = ("text", "json", "sarif", "github", "codeclimate", "junit", "pep8")


def written(format_name: str, printing: Printing) -> str:
    """The whole output in a format, with one final newline; empty where a format has nothing to say.

    Raises:
        KeyError: there is no such format.
    """
    if format_name not in FORMATS:
        raise KeyError(format_name)
    write: Callable[[Printing], str] = import_module(f"ndrfix.lint.formats.{format_name}").write
    return write(printing)


__all__ = ["FORMATS", "Printing", "written"]
