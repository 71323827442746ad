"""The ground of the campaigns, and the count of their cases in the summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.campaign.ground import Ground, Route, grounds
from tests.campaign.spots import Sequences, sequences


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """Hosts in a process of their own."""
    with grounds() as ground:
        yield ground


@pytest.fixture(scope="session")
def clean(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Mapping[Route, Sequences]:
    """The requests of runs that nothing disturbs."""
    return sequences(ground, tmp_path_factory.mktemp("clean"))


@pytest.fixture(autouse=True)
def _quick_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the watchdogs bark early, so that no test has to wait for them."""
    monkeypatch.setattr("ndrfix.connections.wires._GRACE", 1.0)
    monkeypatch.setattr("ndrfix.connections.psrp._CLOSE_TIMEOUT", 4.0)
