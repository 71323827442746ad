"""A folder to lint in, and one call that says what was found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ndrfix.lint.linting import Linted, asked_for, lint_files
from ndrfix.lint.model import Profile

Lint = Callable[..., Linted]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lint:
    """Lint a text as a file of that name, in the folder the test is in."""
    monkeypatch.chdir(tmp_path)

    def call(text: str, name: str = "playbook.yml", *, profile: Profile = Profile.PRODUCTION) -> Linted:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return lint_files([(path, name)], asked_for(profile), named=[path])

    return call
