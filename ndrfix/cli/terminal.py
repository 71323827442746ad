"""What is printed: errors as one block each, colour only where it is wanted. An output that takes no more is an
error of its own kind, never a bug.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from ndrfix import __version__
from ndrfix.errors import HostError, InputError, NdrfixError, OutputError
from ndrfix.fence import FENCE
from ndrfix.secrets import Masker

MASKER = Masker()
"""Knows every secret that this process has resolved; everything printed or stored passes it."""

_BLOCKS = 20


@dataclass(slots=True)
class ColourWish:
    """Whether the settings want colours `never` or `always`; else the output decides."""

    never: bool = False
    always: bool = False


COLOUR = ColourWish()


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour a stream: NO_COLOR, ANSIBLE_NOCOLOR and the setting nocolor say no, ANSIBLE_FORCE_COLOR and the
    setting force_color yes, else a terminal decides.
    """
    never = COLOUR.never or os.environ.get("NO_COLOR") or os.environ.get("ANSIBLE_NOCOLOR")
    if never or os.environ.get("TERM") == "dumb":
        return False
    return COLOUR.always or bool(os.environ.get("ANSIBLE_FORCE_COLOR")) or stream.isatty()


def say(text: str) -> None:
    """Print to standard output, secrets masked.

    Raises:
        OutputError: it cannot be written; nothing more will be.
    """
    say_masked(MASKER(text) + "\n")


def say_masked(text: str) -> None:
    """Print a text to standard output that holds no secret, line ends included.

    Raises:
        OutputError: it cannot be written; nothing more will be.
    """
    with written_out():
        click.echo(text, nl=False, color=wants_colour(sys.stdout))


def say_aside(text: str) -> None:
    """Print to standard error, secrets masked; where that cannot be written nobody can be told."""
    with suppress(OSError, ValueError):
        click.echo(MASKER(text), err=True, color=wants_colour(sys.stderr))


def say_warning(fault: InputError, more: str = "") -> None:
    """Print to standard error what is wrong, but stops nothing, and what to do; `more` ends the sentence."""
    say_aside("\n".join((f"warning: {fault}{more}", *(f"  {line}" for line in fault.next_step.splitlines()))))


@contextmanager
def written_out() -> Iterator[None]:
    """Work that prints to standard output.

    Raises:
        OutputError: it cannot be written; nothing more will be.
    """
    try:
        yield
    except OSError as error:
        _let_go(sys.stdout)
        raise OutputError(
            f"standard output cannot be written: {error.strerror or error}", gone=isinstance(error, BrokenPipeError)
        ) from error


def _let_go(stream: TextIO) -> None:
    """Let what the stream still holds, and what comes, go nowhere: Python would try again at its end, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def show_error(error: NdrfixError) -> None:
    """Print an error block, one for each further fault that was found with it, and whom it concerns."""
    say_aside(error_block(error))
    others = error.others if isinstance(error, InputError) else ()
    for other in others[:_BLOCKS]:
        say_aside(error_block(other))
    if len(others) > _BLOCKS:
        say_aside(f"… and {len(others) - _BLOCKS} more errors; mend these first")
    if FENCE.client:
        say_aside(f"client {FENCE.client}")


def error_block(error: NdrfixError) -> str:
    """What is wrong, where, with the line of the file and a caret, and what to do next."""
    host = f"{error.host}: " if isinstance(error, HostError) and error.host and error.host not in error.what else ""
    from ndrfix.excerpt import Excerpts

    excerpts = Excerpts()
    lines = [f"error: {host}{excerpts.sentence(error.what, error.place)}"]
    if error.place:
        lines.append(f"  {error.place}")
        lines.extend(excerpts.at(error.place, hidden=isinstance(error, InputError) and error.hidden))
    lines.extend(f"  {line}" for line in excerpts.sentence(error.next_step, error.place).splitlines())
    return "\n".join(lines)


def show_bug(error: Exception) -> None:
    """Print what to report when ndrfix itself is at fault; the traceback only when NDRFIX_DEBUG is set."""
    where = traceback.extract_tb(error.__traceback__)
    last = f" at {Path(where[-1].filename).name}:{where[-1].lineno}" if where else ""
    say_aside(f"error: a bug in ndrfix {__version__}: {type(error).__name__}: {error}{last}")
    say_aside("  Please report it with the command line. NDRFIX_DEBUG=1 prints the details.")
    if os.environ.get("NDRFIX_DEBUG"):
        say_aside("".join(traceback.format_exception(error)))


def show_bug_texts(tracebacks: list[str]) -> None:
    """Say that ndrfix failed at some hosts; the tracebacks only when NDRFIX_DEBUG is set."""
    if not tracebacks:
        return
    hosts = ", ".join(text.split(":", 1)[0] for text in tracebacks)
    say_aside(f"error: a bug in ndrfix {__version__} at {hosts}")
    say_aside("  Please report it. NDRFIX_DEBUG=1 prints the details.")
    if os.environ.get("NDRFIX_DEBUG"):
        say_aside("\n".join(tracebacks))
