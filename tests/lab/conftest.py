"""Fixtures of the end-to-end tests: a consultant's desk, and the lab hosts as somebody else sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.desk import Desk, reach
from tests.lab.far_side_session import FarSide, Field
from tests.lab.witness import Witness

HostUp = Callable[..., dict[str, Any]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty desk."""
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def kept(lab_up: HostUp) -> Callable[..., Witness]:
    """The witness of a host with these options; what it was like at first is kept for `restore`."""
    known: dict[tuple[str, ...], Witness] = {}

    def witness(*options: str) -> Witness:
        if options not in known:
            known[options] = Witness(lab_up(*options))
            known[options].mend()
            known[options].keep()
        return known[options]

    return witness


@pytest.fixture
def ex55(kept: Callable[..., Witness]) -> Witness:
    """An Exchange 5.5 SP4 server over plain HTTP, as it was made: the host of `lab`."""
    witness = kept("--warm", "2")
    witness.restore()
    return witness


@pytest.fixture
def extls(kept: Callable[..., Witness]) -> Witness:
    """An Exchange 5.5 SP4 server over HTTPS, as it was made."""
    witness = kept("--https", "--name", "EXTLS")
    witness.restore()
    return witness


@pytest.fixture
def exold(kept: Callable[..., Witness], lab_folder: Path) -> Witness:
    """An Exchange 5.5 SP3 server, as it was made."""
    witness = kept("--name", "EXOLD", "--state", str(lab_folder / "states" / "exchange55-sp3.json"))
    witness.restore()
    return witness


@pytest.fixture
def ex01(desk: Desk, ex55: Witness) -> Desk:
    """A desk whose inventory has the one host ex01, the SP4 server."""
    desk.inventory({"ex01": reach(ex55.info)})
    return desk


@pytest.fixture
def far(lab: dict[str, Any]) -> Iterator[FarSide]:
    """A session with the agent of the lab host, seen line by line."""
    made = FarSide(lab)
    yield made
    made.close()


@pytest.fixture
def field(lab: dict[str, Any], far: FarSide, request: pytest.FixtureRequest) -> Field:
    """A queue without messages on the lab host, and a quarantine that is not there yet."""
    name = re.sub(r"[^\w.]", "-", request.node.name[-50:])
    made = Field(Path(lab["drive_c"]), f"queue {name}", far)
    made.out.mkdir(parents=True)
    return made
