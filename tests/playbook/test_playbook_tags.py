"""Selection by tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix.errors import InputError
from ndrfix.playbook import StepSchema, check_tags, load_playbook, selected


@pytest.mark.parametrize(
    ("tags", "only", "skip", "runs"),
    [
        ("", "", "", True),
        ("a", "", "", True),
        ("a", "a", "", True),
        ("a", "b", "", False),
        ("a b", "b", "", True),
        ("", "a", "", False),
        ("a", "tagged", "", True),
        ("", "tagged", "", False),
        ("", "untagged", "", True),
        ("a", "untagged", "", False),
        ("a", "all", "", True),
        ("always", "b", "", True),
        ("always", "b", "always", False),
        ("always a", "b", "a", False),
        ("always", "", "all", True),
        ("always", "", "all always", False),
        ("a", "", "all", False),
        ("never", "", "", False),
        ("never", "all", "", False),
        ("never", "tagged", "", False),
        ("never", "never", "", True),
        ("never a", "a", "", True),
        ("never always", "", "", True),
        ("a", "", "a", False),
        ("a", "a", "a", False),
        ("a", "", "b", True),
        ("a", "", "tagged", False),
        ("", "", "tagged", True),
        ("", "", "untagged", False),
        ("a", "", "untagged", True),
    ],
)
def test_selected(tags: str, only: str, skip: str, runs: bool) -> None:
    """Tags of play and task count alike; `always`, `never`, `all` and the rest mean what they do in Ansible."""
    assert selected(tags.split(), (), only.split(), skip.split()) is runs
    assert selected((), tags.split(), only.split(), skip.split()) is runs


def test_unknown_tags(tmp_path: Path) -> None:
    """A tag that nothing carries is an error that names the nearest; all such tags are reported together."""
    path = tmp_path / "play.yml"
    path.write_text("- hosts: a\n  tags: ims\n  tasks:\n    - check_queue:\n      tags: [queue]\n")
    book = load_playbook(path, {"check_queue": StepSchema(name="check_queue", argument_names=frozenset())})
    check_tags(book, ["queue", "ims", "all", "never"], ["always", "tagged", "untagged"])
    with pytest.raises(InputError) as raised:
        check_tags(book, ["queu"], ["imss", "queu"])
    assert [fault.what.partition(" has ")[2] for fault in (raised.value, *raised.value.others)] == [
        "the tag 'queu', did you mean 'queue'?",
        "the tag 'imss', did you mean 'ims'?",
    ]
    assert raised.value.next_step == "The tags of this playbook are: ims, queue."
