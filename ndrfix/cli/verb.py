"""A command of the command line, as Click has it: settings stand in for flags that are not given, and its help page
may meet a closed pipe or a full disk.
"""

from __future__ import annotations

from typing import Any

import click

from ndrfix.cli.terminal import written_out

_HELP = frozenset(("-h", "--help"))


class Verb(click.Command):
    """A Click command that knows the settings, and reports an output that cannot be written as our own error.

    Click would end the process with its own code, behind our back, as soon as a help page has no reader.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As Click does it; prints the help page when that is asked for, which needs no settings.

        Raises:
            InputError: a setting that is not known, or a value that does not fit.
            OutputError: the page cannot be written.
        """
        if parent is not None and not _HELP.intersection(args):
            from ndrfix.cli.configured import defaults

            extra.setdefault("default_map", defaults())
        with written_out():
            return super().make_context(info_name, args, parent, **extra)
