"""States as people read them have one spelling."""

from __future__ import annotations

from ndrfix.report.diff import state_text
from ndrfix.report.text import Pen
from ndrfix.resources import ServiceState, ServiceStatus, StartType


def test_a_service_on_its_way_is_written_as_windows_writes_it() -> None:
    """Wherever a status stands: in a diff, in a check, in what is said of a failure."""
    words = [status.word for status in ServiceStatus]
    assert words == [
        "stopped",
        "START_PENDING",
        "STOP_PENDING",
        "running",
        "CONTINUE_PENDING",
        "PAUSE_PENDING",
        "paused",
    ]
    for status in ServiceStatus:
        state = ServiceState(status=status, start=StartType.AUTOMATIC)
        assert state_text(status, Pen()) == status.word
        assert state_text(state, Pen()).split(",")[0] == status.word
