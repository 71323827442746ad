"""Signs of life, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from ndrfix.connections.base import Progress
from ndrfix.report import Live, progress_line
from ndrfix.report.text import clock, duration
from ndrfix.resources import Action, Service, Verb
from ndrfix.secrets import Masker, Secret

ITEM = Action(verb=Verb.RESTART, resource=Service("MSExchangeIMC"))


def progress(elapsed: float, text: str = "stopping MSExchangeIMC: STOP_PENDING") -> Progress:
    return Progress(item=ITEM, text=text, elapsed=elapsed, limit=600)


class Watch:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_line_says_how_long_and_how_long_at_most() -> None:
    """The host, what it waits for, since when, and when that ends."""
    wanted = "ex02  stopping MSExchangeIMC: STOP_PENDING for 1:40, gives up at 10:00"
    assert progress_line("ex02", progress(100.9)) == wanted


@pytest.mark.parametrize(
    ("seconds", "watch", "words"),
    [
        (0, "0:00", "0.0 s"),
        (2.14, "0:02", "2.1 s"),
        (59.96, "0:59", "1 min 00 s"),
        (185, "3:05", "3 min 05 s"),
        (7384, "2:03:04", "2 h 03 min"),
    ],
)
def test_times(seconds: float, watch: str, words: str) -> None:
    """Times run on past a minute and an hour."""
    assert (clock(seconds), duration(seconds)) == (watch, words)


def test_lines_are_rare() -> None:
    """Nothing in the first two seconds, then a line for each host in ten seconds."""
    watch, stream = Watch(), io.StringIO()
    with Live(stream, terminal=False, now=watch) as live:
        for second in range(25):
            watch.seconds = 1000.0 + second
            live.show("ex01", progress(second))
            live.show("ex02", progress(second - 5))
            if second == 20:
                live.done("ex02")
    told = [(line.split()[0], line.split(" for ")[1].split(",")[0]) for line in stream.getvalue().splitlines()]
    assert told == [("ex01", "0:02"), ("ex02", "0:02"), ("ex01", "0:12"), ("ex02", "0:12"), ("ex01", "0:22")]


def test_lines_are_masked_and_harmless() -> None:
    """What a host sends as progress reaches the terminal without secrets and escape sequences."""
    stream = io.StringIO()
    with Live(stream, terminal=False, now=Watch(), masker=Masker([Secret("hunter2")])) as live:
        live.show("ex01", progress(5, "hunter2\x1b[2J\n"))
    assert stream.getvalue() == "ex01  ********\\x1b[2J\\n for 0:05, gives up at 10:00\n"


def test_bars_come_and_go() -> None:
    """On a terminal a waiting host has a bar with the same text; markup in it means nothing, and none is left."""
    stream = io.StringIO()
    live = Live(stream, terminal=True, now=Watch())
    with live:
        live.show("ex01", progress(100, "[red]stopping[/red]"))
        live.show("ex01", progress(700, "[red]stopping[/red]"))
        assert live._bars is not None
        assert [task.description for task in live._bars.tasks] == [
            "ex01  [red]stopping[/red] for 11:40, gives up at 10:00"
        ]
        assert live._bars.tasks[0].completed == 600
        live._bars.refresh()
        live.done("ex01")
        live.done("ex01")
        assert live._bars.tasks == []
    assert "[red]stopping" in stream.getvalue()


class Broken(io.StringIO):
    """A stream that fails as it is told to, from its second write on."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        if self.writes > 1:
            raise self.error
        return super().write(text)

    def flush(self) -> None:
        if self.writes > 1:
            raise self.error


FAILURES = [
    BrokenPipeError(32, "Broken pipe"),
    OSError(28, "No space left on device"),
    ValueError("I/O operation on closed file"),
    UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range"),
]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("error", FAILURES, ids=[type(error).__name__ for error in FAILURES])
def test_nothing_of_the_stream_reaches_the_engine(error: Exception, terminal: bool) -> None:
    """After the first failure the display is silent: nothing is raised, nothing is tried again."""
    stream, watch = Broken(error), Watch()
    with Live(stream, terminal=terminal, now=watch) as live:
        for second in range(40):
            watch.seconds = 1000.0 + second
            live.show("ex01", progress(second))
            if live._bars:
                live._bars.refresh()
        live.done("ex01")
    assert stream.writes == 2
    assert not stream.closed
