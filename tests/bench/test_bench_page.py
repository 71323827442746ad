"""The page of the benchmarks: a part is generated, the rest is not touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.table import replaced, table

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_only_what_is_between_the_markers_is_replaced() -> None:
    """Writing twice is the same as writing once."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split("<!-- measured: begin -->")[0], page.split("<!-- measured: end -->")[1]
    once = replaced(page, "new\n")
    assert once == f"{before}<!-- measured: begin -->\n\nnew\n\n<!-- measured: end -->{after}"
    assert replaced(once, "new") == once


@pytest.mark.parametrize("page", ["", "<!-- measured: end --> <!-- measured: begin -->"])
def test_a_page_without_markers_is_refused(page: str) -> None:
    """Nothing is written then."""
    with pytest.raises(ValueError, match="the page must have"):
        replaced(page, "new")


def test_a_table() -> None:
    """Text to the left, numbers to the right."""
    assert table(("what", "ms"), [["start", "7"]]) == "| what | ms |\n| --- | ---: |\n| start | 7 |\n"
