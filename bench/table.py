"""Tables of Markdown, and a page of which a part is generated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replaced(page: str, part: str) -> str:
    """The page with `part` between its markers, in place of what was there.

    Raises:
        ValueError: the page does not have each marker once, in order.
    """
    if page.count(_BEGIN) != 1 or page.count(_END) != 1 or page.index(_BEGIN) > page.index(_END):
        raise ValueError(f"the page must have {_BEGIN} and {_END}, in that order")
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}\n\n{part.strip()}\n\n{_END}{rest.partition(_END)[2]}"
