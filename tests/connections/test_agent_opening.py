"""The agent as it is sent."""

from __future__ import annotations

from importlib.resources import files

from ndrfix.connections.agent import agent_text, opening, queue_text


def _source(name: str = "agent.ps1") -> str:
    return files("ndrfix.connections").joinpath(name).read_text(encoding="ascii")


def test_lines_are_sent_without_indentation_and_comments() -> None:
    """Every line of code is sent, in order, and nothing else."""
    lines = [line.strip() for line in _source().splitlines()]
    assert agent_text().splitlines() == [line for line in lines if line and not line.startswith("#")]
    assert len(agent_text()) < 0.85 * len(_source())


def test_only_csharp_spans_lines() -> None:
    """A text over several lines loses its indentation, and lines that begin like a comment: C# does without both."""
    quote, begun = "", []
    for line in _source().splitlines():
        if quote:
            assert not line.strip().startswith("#"), line
        elif line.strip().startswith("#"):
            continue
        before, quote = quote, _open_at_end(line, quote)
        if quote and not before:
            begun.append(line)
    assert begun == ["$global:NdrfixNativeText = '"]


def _open_at_end(line: str, quote: str) -> str:
    """The quote of a text that is open at the end of the line, empty when none is."""
    for char in line:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return quote


def test_an_opening_script_is_one_script() -> None:
    """Parameters first, the agent, then the calls in order."""
    head, *_, connect, call = opening("Read-Ndrfix", "Request", connect="Connect-Ndrfix").splitlines()
    assert head == "param($Rows, $Target)"
    assert connect == "Connect-Ndrfix -Target $Target"
    assert call == "Read-Ndrfix -Request $Rows"
    assert "Connect-Ndrfix -Target" not in opening("Read-Ndrfix", "Request").splitlines()[-2]


def test_the_part_for_the_queue_carries_its_csharp_as_one_text() -> None:
    """Every line of code of both files, in order; the quotes of C# are doubled."""
    script, quoted = queue_text().split("$global:NdrfixQueueText = '\n")
    assert quoted.endswith("}'")
    for text, name, comment in ((script, "queue.ps1", "#"), (quoted[:-1].replace("''", "'"), "queue.cs", "//")):
        lines = [line.strip() for line in _source(name).splitlines()]
        assert text.splitlines() == [line for line in lines if line and not line.startswith(comment)]
    assert "'" not in quoted[:-1].replace("''", "")


def test_a_later_call_brings_the_part_for_the_queue_alone() -> None:
    """A session that has the agent is sent what it lacks, and a first call for the queue both."""
    later = opening("Read-Ndrfix", "Request", agent=False, queue=True)
    assert later == f"param($Rows, $Target)\n{queue_text()}\nRead-Ndrfix -Request $Rows"
    first = opening("Invoke-Ndrfix", "Item", queue=True)
    assert first == f"param($Rows, $Target)\n{agent_text()}\n{queue_text()}\nInvoke-Ndrfix -Item $Rows"
