"""Every fault of the wire at every request of a plan and of an apply of `reverse-ndr`: by NTLM, by basic, and some of
them through a management host.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.campaign.faults import CAMPAIGNS
from tests.campaign.ground import Ground, Route
from tests.campaign.spots import Sequences
from tests.campaign.trial import Trial, cases


@pytest.mark.parametrize("about", CAMPAIGNS)
def test_a_fault_at_every_request(
    about: str,
    ground: Ground,
    clean: Mapping[Route, Sequences],
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    """Whatever strikes wherever: the host ends as it must, what is said is true, and the next run finishes the work."""
    found = cases(CAMPAIGNS[about], clean, all_words="NDRFIX_SOAK" in os.environ)
    hosts = {f"h{number:03}": case for number, case in enumerate(found, start=1)}
    complaints = Trial(ground, tmp_path, hosts, forks=100).run()
    tell(f"fault campaign ({about}): {len(hosts)} cases")
    assert not complaints, "\n".join(complaints)
