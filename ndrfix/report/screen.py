"""A run as people read it on a terminal, in the order and layout that Ansible's users know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ndrfix import __version__
from ndrfix.engine.result import Mode, PlayResult, RunResult, Status, TaskResult
from ndrfix.report.block import Block
from ndrfix.report.exit import exit_code
from ndrfix.report.recap import recap_lines
from ndrfix.report.text import Colour, Pen, amount
from ndrfix.report.total import last_lines, total_lines
from ndrfix.report.way_back import NO_COMMANDS, Commands
from ndrfix.resources import ComputerState

_LIMITS = (400, 2_000, 100_000)
_HOSTS_SHOWN = 12
_WIDEST_HEADING = 60
_FAR_AWAY = 10_000
_NARROWEST = 40

# What stops hosts, or what a person has to do, is mostly the same text on many hosts: it is said once for all of them.
_SHARED = (Status.MANUAL, Status.NOT_EVALUATED)

Entry = tuple[str, TaskResult]


def render(
    result: RunResult,
    *,
    width: int,
    colour: bool,
    verbosity: int,
    masker: Callable[[str], str] = str,
    commands: Commands = NO_COMMANDS,
) -> str:
    """The whole report of a run, every line ended by a line feed; with and without `colour` the text is the same.

    `width` (columns) is how far banners reach; other lines are not broken, except long lists of hosts. From `verbosity`
    1 on the witnesses of checks are shown, and long texts are cut later. `masker` takes secrets out of all that is
    shown. `commands` are those that an apply ends with.
    """
    pen = Pen(masker=masker, colour=colour, limit=_LIMITS[min(max(verbosity, 0), len(_LIMITS) - 1)])
    return "".join(f"{line}\n" for line in _lines(result, width, verbosity, pen, commands))


def _lines(result: RunResult, width: int, verbosity: int, pen: Pen, commands: Commands) -> Iterator[str]:
    letterhead = result.context.letterhead
    yield header(result, pen, hosts_shown=_FAR_AWAY if verbosity else _HOSTS_SHOWN)
    if letterhead.contact:
        yield f"Contact of {pen.line(result.context.client)}: {pen.line(letterhead.contact)}"
    for play in result.plays:
        yield from _play(play, result.mode, width, verbosity, pen)
    yield from _banner("PLAY RECAP", width, pen)
    yield from recap_lines(result, pen)
    yield ""
    yield from total_lines(result, pen)
    *before, last = last_lines(result, pen, commands)
    yield from before
    if letterhead.footer:
        yield pen.line(letterhead.footer)
    yield pen.paint(last, Colour.RED if exit_code(result, detailed=False) else Colour.GREEN)


def header(result: RunResult, pen: Pen, hosts_shown: int = _HOSTS_SHOWN) -> str:
    """The first line: whether anything can be changed, by what, and on which computers."""
    plan = result.mode is Mode.PLAN
    promise = ("DRY RUN", "nothing will be changed") if plan else ("APPLY",)
    computers: dict[str, ComputerState | None] = {}
    for play in result.plays:
        for host in play.hosts:
            computers[host.host] = computers.get(host.host) or host.computer
    names = [f"{pen.line(host)} = {pen.line(found.name) if found else '?'}" for host, found in computers.items()]
    if len(names) > hosts_shown:
        names[hosts_shown:] = [f"{len(names) - hosts_shown} more"]
    hosts = amount(len(computers), "host") + (f" ({', '.join(names)})" if names else "")
    client = (f"client {pen.line(result.context.client)}",) if result.context.client else ()
    about = (f"ndrfix {__version__}", *client, f"playbook {pen.line(result.context.playbook)}", hosts)
    return " · ".join((pen.paint(promise[0], Colour.BOLD), *promise[1:], *about))


def _banner(text: str, width: int, pen: Pen) -> Iterator[str]:
    """An empty line, then the text with asterisks up to the width, at least three."""
    yield ""
    yield pen.paint(f"{text} {'*' * max(3, width - len(text) - 1)}", Colour.BOLD)


def _play(play: PlayResult, mode: Mode, width: int, verbosity: int, pen: Pen) -> Iterator[str]:
    yield from _banner(f"PLAY [{pen.line(play.name)}]", width, pen)
    if not play.hosts:
        yield "no host to run on"
    if play.left_out:
        names = ", ".join(pen.line(name) for name in play.left_out)
        yield f"left out as asked: {amount(len(play.left_out), 'task')} ({names})"
    longest = max((len(pen.line(host.host)) for host in play.hosts), default=0)
    column = len("failed: []") + longest + 4
    for entries in _by_task(play):
        first = entries[0][1]
        kind = "RUNNING HANDLER" if first.handler else "TASK"
        yield from _banner(f"{kind} [{pen.line(first.name)}]", width, pen)
        block = Block(pen=pen, mode=mode, column=column, width=max(width, _NARROWEST), witnesses=verbosity > 0)
        yield from _task(entries, block)


def _by_task(play: PlayResult) -> list[list[Entry]]:
    """The results of each task with their hosts, tasks in playbook order, hosts in inventory order."""
    found: dict[int, list[Entry]] = {}
    for host in play.hosts:
        for task in host.tasks:
            found.setdefault(task.index, []).append((host.host, task))
    return [found[index] for index in sorted(found)]


def _task(entries: list[Entry], block: Block) -> Iterator[str]:
    """One task on all hosts; those on which it was not come to are last."""
    headings = [len(block.heading([host], task)) + 2 for host, task in entries if task.label]
    drawn = replace(block, column=max(block.column, min(_WIDEST_HEADING, max(headings, default=0))))
    shared: dict[TaskResult, dict[str, None]] = {}
    for host, task in entries:
        if task.status in _SHARED:
            shared.setdefault(replace(task, seconds=0), {})[host] = None
        else:
            yield from drawn.lines([host], task)
    for task, hosts in shared.items():
        yield from drawn.lines(list(hosts), task)
