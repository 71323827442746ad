"""What can go wrong between any two things that a simulated host does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ndrfix.connections.rules import RefusedError
from ndrfix.connections.simulation import Fault, FaultAt, FaultKind, Sent

T = TypeVar("T")


class RestartedError(Exception):
    """The computer is restarted: whatever it was doing is over."""


class HeldError(Exception):
    """Another program holds the file open."""


class Operations:
    """Counts the operations of a host and lets the faults among them happen. `lost`: the link broke in the item."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.count = 0
        self.lost = False
        self._faults = {fault.nth: fault for fault in faults if fault.at is FaultAt.OPERATION}
        self._others: dict[int, Callable[[], object]] = {}

    def add(self, fault: Fault) -> None:
        """Let another fault happen."""
        self._faults[fault.nth] = fault

    def meanwhile(self, nth: int, act: Callable[[], object]) -> None:
        """Let somebody else act just before the nth operation."""
        self._others[nth] = act

    def do(self, act: Callable[[], T], *, partly: Callable[[], object] | None = None) -> T:
        """Carry one operation out, or let the fault happen that is due. `partly` is what a restart in the middle of it
        leaves, when that is something of its own.

        Raises:
            RestartedError: the computer is restarted, before or after it.
            RefusedError: access is denied.
            HeldError: the file is held open.
        """
        self.count += 1
        if self.count in self._others:
            self._others.pop(self.count)()
        fault = self._faults.get(self.count)
        if fault is None:
            return act()
        if fault.sent is not Sent.AFTER:
            if fault.sent is Sent.DURING and partly:
                partly()
            self._strike(fault.kind)
        done = act()
        if fault.sent is Sent.AFTER:
            self._strike(fault.kind)
        return done

    def _strike(self, kind: FaultKind) -> None:
        if kind is FaultKind.LOST:
            self.lost = True
        elif kind is FaultKind.RESTARTED:
            raise RestartedError
        elif kind is FaultKind.HELD:
            raise HeldError
        else:
            raise RefusedError("access is denied", "Use an account with the right to write there.")
