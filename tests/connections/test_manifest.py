"""The manifest of a quarantine: what it says is what was written, wherever a crash cut it off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections import manifest
from ndrfix.connections.manifest import Manifest, ManifestError
from ndrfix.resources import PendingMove, QuarantineStatus, QueueFile, ServiceStatus

_BEGAN = "2004-05-03T12:00:00Z"
_HEAD = manifest.header("run-1", _BEGAN) + manifest.opened(ServiceStatus.RUNNING)
_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
_files = st.builds(QueueFile, _names, st.integers(-1, 2**40), st.integers(0, 2**60))
_moves = st.builds(
    PendingMove, st.sampled_from(["out", ""]), st.sampled_from(["out", "bad", "replaced"]), st.booleans(), _files
)


@given(st.lists(_moves, max_size=6, unique_by=lambda move: move.file.name.casefold()), _names)
def test_a_manifest_is_read_as_it_was_written(moves: list[PendingMove], run: str) -> None:
    """Names with anything in them, both directions, in ASCII."""
    text = manifest.header(run, _BEGAN) + manifest.opened(ServiceStatus.STOPPED) + "".join(map(manifest.record, moves))
    found = Manifest.parse(text)
    assert text.isascii()
    assert (found.run, found.began) == (run, _BEGAN)
    assert (found.status, found.promised) == (QuarantineStatus.OPEN, ServiceStatus.STOPPED)
    assert list(found.records.values()) == moves
    assert Manifest.parse(text + manifest.closed()).status is QuarantineStatus.CLOSED


@given(st.lists(_moves, min_size=1, max_size=4), st.data())
def test_a_manifest_that_is_cut_off_says_what_its_whole_lines_say(
    moves: list[PendingMove], data: st.DataObject
) -> None:
    """What is written after a cut stands on a line of its own."""
    text = _HEAD + "".join(map(manifest.record, moves))
    cut = text[: data.draw(st.integers(len(_HEAD), len(text)))]
    whole = cut[: cut.rindex("\r\n") + 2]
    assert Manifest.parse(cut) == Manifest.parse(whole)
    later = manifest.appended(cut.encode(), manifest.closed()).decode()
    assert later.startswith(cut)
    assert Manifest.parse(later).status is QuarantineStatus.CLOSED


def test_only_the_last_record_since_the_last_opening_counts() -> None:
    """Names of files differ without case."""
    file, other = QueueFile("A", 1, 1), QueueFile("a", 2, 2)
    text = _HEAD + manifest.record(PendingMove("out", "out", False, QueueFile("old", 1, 1))) + manifest.closed()
    text += manifest.opened(ServiceStatus.STOPPED)
    text += "".join(
        manifest.record(PendingMove("out", "out", back, each)) for back, each in ((False, file), (True, other))
    )
    found = Manifest.parse(text)
    assert (found.status, found.promised) == (QuarantineStatus.OPEN, ServiceStatus.STOPPED)
    assert list(found.records.values()) == [PendingMove("out", "out", True, other)]


def test_a_promise_is_changed_in_an_open_manifest() -> None:
    """What is on record stays on record, as it would not when it were opened again."""
    move = PendingMove("out", "out", False, QueueFile("A", 1, 1))
    text = _HEAD + manifest.record(move) + manifest.copied(move) + manifest.promised(ServiceStatus.STOPPED)
    found = Manifest.parse(text)
    assert (found.status, found.promised) == (QuarantineStatus.OPEN, ServiceStatus.STOPPED)
    assert (list(found.records.values()), len(found.copied)) == ([move], 1)
    assert Manifest.parse(text + "promise|paused\r\n") == replace(found, garbled=1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not one of ndrfix"),
        ("hello\r\nopen|running\r\n", "not one of ndrfix"),
        (_HEAD[:20], "not one of ndrfix"),
        (_HEAD.replace("|1|", "|2|", 1), "newer"),
        (manifest.header("run-1", _BEGAN), "does not say"),
        (manifest.header("run-1", _BEGAN) + "open|paused\r\n", "does not say"),
        (manifest.header("run-1", _BEGAN) + manifest.closed(), "does not say"),
    ],
)
def test_what_is_no_manifest_says_why(text: str, reason: str) -> None:
    """Another text, none at all, one of a later version, one that was never opened."""
    with pytest.raises(ManifestError, match=reason):
        Manifest.parse(text)


def test_a_line_that_says_nothing_is_counted_and_loses_no_other() -> None:
    """In the middle it is one that a crash cut off, or damage; the lines around it count."""
    one, two = (PendingMove("out", "out", False, QueueFile(name, 1, 1)) for name in "AB")
    sound = _HEAD + manifest.record(one) + manifest.record(two)
    for line in (
        "mo",
        "move|out|out|A*1",
        "move|out|out|A*x*1",
        "move|out|out|\\zz*1*1",
        "opxn|running",
        "",
        "copied|x|y",
    ):
        found = Manifest.parse(_HEAD + manifest.record(one) + line + "\r\n" + manifest.record(two))
        assert (found.garbled, found.records, found.status) == (1, Manifest.parse(sound).records, QuarantineStatus.OPEN)
    assert Manifest.parse(sound + manifest.copied(one) + manifest.done(one) + manifest.done(one)).garbled == 0
    assert Manifest.parse(sound + "move|out|ou").garbled == 0


def test_a_file_on_record_after_the_end_opens_a_run() -> None:
    """The line that opened it again says nothing any more: what it moves must not be taken for done."""
    move = PendingMove("out", "out", True, QueueFile("A", 1, 1))
    found = Manifest.parse(_HEAD + manifest.closed() + "opxn|running\r\n" + manifest.record(move))
    assert (found.status, found.promised, found.garbled) == (QuarantineStatus.OPEN, ServiceStatus.RUNNING, 1)
    assert list(found.records.values()) == [move]
