"""Many hosts at a time: order, bugs of one host, Ctrl-C once and twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

import pytest
from pytest_mock import MockerFixture

from ndrfix.engine.fleet import Fleet


@dataclass(frozen=True)
class Named:
    """A host, before and after."""

    name: str

    @property
    def host(self) -> str:
        return self.name


HOSTS = [Named(f"ex{number:02}") for number in range(20)]


def crashed(host: Named, message: str) -> Named:
    return Named(f"{host.name}: {message}")


def test_ends_come_in_the_order_given() -> None:
    """However the threads finish, the result has the hosts' order; no more than `forks` work at a time."""
    at_work: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def work(host: Named) -> Named:
        with lock:
            at_work.append(1)
            most.append(len(at_work))
        with lock:
            at_work.pop()
        return host

    assert Fleet(forks=3).run(HOSTS, work, crashed) == tuple(HOSTS)
    assert max(most) <= 3
    assert Fleet(forks=3).run([], work, crashed) == ()


def test_a_bug_ends_its_host_only() -> None:
    """What a host's work raises becomes that host's end, and its traceback is kept."""

    def work(host: Named) -> Named:
        if host.name == "ex07":
            raise LookupError("oops")
        return host

    fleet = Fleet(forks=4)
    ends = fleet.run(HOSTS, work, crashed)
    assert [end.name for end in ends if ":" in end.name] == ["ex07: LookupError: oops"]
    assert fleet.bugs[0].startswith("ex07:\nTraceback")


def test_first_ctrl_c_waits_for_the_hosts_at_work(mocker: MockerFixture) -> None:
    """One Ctrl-C tells the hosts to stop after their task; their ends are kept."""
    presses = iter([KeyboardInterrupt()])

    def pressed_once(futures: Sequence[Future[Named]], timeout: float) -> object:
        for press in presses:
            raise press
        return wait(futures, timeout)

    mocker.patch("ndrfix.engine.fleet.wait", side_effect=pressed_once)
    fleet = Fleet(forks=2)
    assert fleet.run(HOSTS, lambda host: host, crashed) == tuple(HOSTS)
    assert fleet.interrupt()


def test_second_ctrl_c_does_not_wait(mocker: MockerFixture) -> None:
    """A second Ctrl-C ends the waiting although a host is still at work; hosts not begun are dropped."""
    released, begun = threading.Event(), threading.Event()
    worked: list[str] = []

    def work(host: Named) -> Named:
        begun.set()
        released.wait(30)
        worked.append(host.name)
        return host

    def interrupted(*_: object, **__: object) -> None:
        begun.wait(30)
        raise KeyboardInterrupt

    mocker.patch("ndrfix.engine.fleet.wait", side_effect=interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            Fleet(forks=1).run(HOSTS, work, crashed)
        assert worked == []
    finally:
        released.set()
        for thread in threading.enumerate():
            if thread.name.startswith("ndrfix-host"):
                thread.join(30)
    assert worked == ["ex00"]
