"""A command of the command line, as Click has it, whose help page may meet a closed pipe or a full disk."""

from __future__ import annotations

from typing import Any

import click

from ndrfix.cli.terminal import written_out


class Verb(click.Command):
    """A Click command that reports an output that cannot be written as our own error.

    Click would end the process with its own code, behind our back, as soon as a help page has no reader.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As Click does it; prints the help page when that is asked for.

        Raises:
            OutputError: the page cannot be written.
        """
        with written_out():
            return super().make_context(info_name, args, parent, **extra)
