"""Hosts that cannot be reached, are the wrong ones, or break in the middle: what is said, and what is left behind."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import pytest

from tests.lab.desk import Desk, Ended, reach
from tests.lab.witness import IMS, PARAMETERS, SERVICES, Witness

pytestmark = pytest.mark.lab
SET = {"path": r"HKLM\SOFTWARE\ndrfix bad hosts", "name": "v", "type": "dword", "data": 1}
# The pipelines of `apply reverse-ndr --yes` on a host that needs the change: one read of the plan, one of the apply,
# then the change, a look at the service, then the restart.
CHANGE, HANDLER = 3, 5


def _one_message(ended: Ended, *texts: str, status: str = "unreachable") -> None:
    """One host with one message that holds the texts, and the next step below it."""
    assert ended.out.count(f"{status}: [ex01]") == 1, ended.out
    message, _, rest = ended.out.partition(f"{status}: [ex01]")[2].partition("\n\n")
    assert rest
    for text in texts:
        assert text in message, ended.out
    assert "Next: " in message, ended.out
    assert not ended.err


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


WAYS: Mapping[str, tuple[str, dict[str, object], tuple[str, ...]]] = {
    "wrong password": ("basic", {"ansible_password": "wrong-word-77"}, ("cannot log on to ex01", "Administrator")),
    "wrong password, NTLM": ("ntlm", {"ansible_password": "wrong-word-77"}, ("cannot log on to ex01", "Administrator")),
    "no such name": ("basic", {"ansible_host": "no-such-host.invalid"}, ("no-such-host.invalid", "cannot be resolved")),
    "https to a plain port": (
        "ntlm",
        {"ansible_psrp_protocol": "https", "ansible_psrp_connection_timeout": 2, "ansible_psrp_read_timeout": 2},
        ("does not answer", "ansible_psrp_protocol"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_host_that_cannot_be_reached_says_why(desk: Desk, ex55: Witness, way: str) -> None:
    """One message for the host, with its address and what to do; exit code 4, and nothing is applied."""
    auth, changes, texts = WAYS[way]
    desk.inventory({"ex01": reach(ex55.info, auth, **changes)})
    first = ex55.look()
    ended = desk.apply("reverse-ndr", code=4)
    _one_message(ended, *texts)
    assert "Nothing to apply." in ended.out
    assert ex55.look() == first
    assert not desk.runs()


def test_a_closed_port_is_said(desk: Desk, ex55: Witness, closed: int) -> None:
    """The port is named."""
    desk.inventory({"ex01": reach(ex55.info, ansible_port=closed)})
    _one_message(desk("plan", "reverse-ndr", code=4), f"refuses connections on port {closed}")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ansible_psrp_ca_cert": None}, "is not trusted"),
        ({"ansible_host": "127.1"}, "is for another name"),
        ({"ansible_psrp_protocol": "http", "ansible_psrp_ca_cert": None}, "ansible_psrp_protocol"),
    ],
)
def test_what_is_wrong_with_tls_is_said(desk: Desk, extls: Witness, changes: dict[str, object], text: str) -> None:
    """A certificate without a trusted authority, one for another name, and plain HTTP to a TLS port."""
    desk.inventory({"ex01": reach(extls.info, "ntlm", **changes)})
    _one_message(desk("plan", "reverse-ndr", code=4), text)


@pytest.mark.parametrize(
    ("auth", "fault", "text"),
    [
        ("basic", {"kind": "html500"}, "web page instead of WinRM"),
        ("basic", {"kind": "html500", "action": "Command"}, "web page instead of WinRM"),
        ("ntlm", {"kind": "401", "action": "Command"}, "the encrypted session with ex01"),
        ("basic", {"kind": "401", "action": "Command", "times": 9}, "cannot log on to ex01"),
    ],
)
def test_a_wrong_answer_in_the_middle_is_said(
    desk: Desk, ex55: Witness, auth: str, fault: dict[str, object], text: str
) -> None:
    """A web page in place of an answer, and a log-on that is not valid any more."""
    desk.inventory({"ex01": reach(ex55.info, auth)})
    ex55.faults(fault)
    _one_message(desk("plan", "reverse-ndr", code=4), text)


def test_the_wrong_server_is_refused(desk: Desk, ex55: Witness) -> None:
    """Another computer than the one named answers: it fails before anything is changed."""
    desk.inventory({"ex01": reach(ex55.info, ndrfix_computer_name="EX99")})
    first = ex55.look()
    ended = desk.apply("reverse-ndr", code=2)
    _one_message(ended, "EX55 answers, EX99 is expected", status="failed")
    assert ex55.look() == first


def test_a_service_that_does_not_exist_is_refused(ex01: Desk, ex55: Witness) -> None:
    """Restart and setting of an unknown service fail their check, and ask for the short name."""
    first = ex55.look()
    for task in (
        {"name": "Restart", "restart_service": {"name": "NoSuchService"}},
        {"name": "Stop", "set_service": {"name": "NoSuchService", "state": "stopped"}},
    ):
        ended = ex01.apply(ex01.playbook("book.yml", task), code=2)
        _one_message(ended, "there is no service with the short name NoSuchService", status="failed")
    assert ex55.look() == first


def test_a_key_that_cannot_be_opened_stops_its_host(ex01: Desk, ex55: Witness) -> None:
    """A part of a key's name that is longer than Windows takes: the host's own reason is shown."""
    long = {**SET, "path": "HKLM\\SOFTWARE\\" + "x" * 256}
    book = ex01.playbook("book.yml", {"name": "Long", "set_registry": long}, {"name": "After it", "set_registry": SET})
    ended = ex01.apply(book, "-vv", code=2)
    _one_message(ended, "cannot read HKLM", "255 characters", status="failed")
    assert "not evaluated: [ex01]  'Long' failed before it" in ended.out
    assert not ex55.exported(str(SET["path"]))


@pytest.mark.parametrize(
    ("kind", "written", "text"),
    [("kill", False, "PowerShell on ex01"), ("drop-reply", True, "the connection to ex01")],
)
def test_a_write_without_an_answer_is_not_guessed_at(
    ex01: Desk, ex55: Witness, kind: str, written: bool, text: str
) -> None:
    """PowerShell dies before the write, or the answer is lost after it: both say that it is not known.

    The next plan shows what is there and the restart that is owed; the next apply finishes the work.
    """
    first = ex55.look()
    ex55.faults({"kind": kind, "action": "Command", "nth": CHANGE})
    lost = ex01.apply("reverse-ndr", code=4).result
    assert text in lost
    assert f"not known whether it was carried out: {PARAMETERS}\\SuppressNDROptions" in lost
    assert "nothing was changed" not in lost
    assert "Take it back: ndrfix undo" in lost
    assert ex55.queried("SuppressNDROptions") == ("REG_DWORD 0x100" if written else "")
    assert ex55.process() == first.process

    (run,) = ex01.runs()
    finished = ex01.apply("reverse-ndr")
    plan = finished.out.partition("\nAPPLY · ndrfix")[0]
    assert ("already dword 0x00000100" in plan) is written
    assert f"owed since run {run.name}" in plan
    assert "1 restart on 1 host" in finished.result
    done = ex55.look()
    assert ex55.queried("SuppressNDROptions") == "REG_DWORD 0x100"
    assert done.process not in (0, first.process)
    assert "owed since" not in ex01("plan", "reverse-ndr").out


def test_what_was_lost_can_be_taken_back(ex01: Desk, ex55: Witness) -> None:
    """Undo of a run that lost its last answer looks whether the write happened, and puts it back."""
    first = ex55.look()
    ex55.faults({"kind": "drop-reply", "action": "Command", "nth": CHANGE})
    ex01.apply("reverse-ndr", code=4)
    assert ex55.queried("SuppressNDROptions")
    ex01("undo", ex01.runs()[0].name, "--yes")
    assert ex55.look().registry == first.registry


def test_a_lost_restart_is_owed(ex01: Desk, ex55: Witness) -> None:
    """PowerShell dies before the restart: the change stands, the restart is not known, the next apply restarts."""
    first = ex55.look()
    ex55.faults({"kind": "kill", "action": "Command", "nth": HANDLER})
    lost = ex01.apply("reverse-ndr", code=4).result
    assert "read back, verified" in lost
    assert "not known whether it was carried out: the restart of MSExchangeIMC" in lost
    assert ex55.process() == first.process
    assert "1 restart on 1 host" in ex01.apply("reverse-ndr").result
    assert ex55.process() not in (0, first.process)


def test_a_service_that_does_not_start_again_is_said_to_be_stopped(ex01: Desk, ex55: Witness) -> None:
    """The restart fails between stop and start: the message says so, and the next apply starts the service."""
    ex55.set("Mode", "REG_SZ", "fails-to-start", key=IMS + r"\Lab")
    broken = ex01.apply("reverse-ndr", code=2).result
    assert "MSExchangeIMC IS STOPPED" in broken
    assert "Next: " in broken
    assert ex55.status() == "STOPPED"
    ex55.set("Mode", "REG_SZ", "ok", key=IMS + r"\Lab")
    finished = ex01.apply("reverse-ndr")
    assert f"owed since run {ex01.runs()[0].name}" in finished.out
    assert ex55.status() == "RUNNING"


def test_a_service_that_never_stops_is_given_up_at_the_limit(desk: Desk, exold: Witness) -> None:
    """The time limit of the task holds; the message names the state and the limit."""
    service = "MSExchangeMTA"
    exold.set("Mode", "REG_SZ", "never-stops", key=rf"{SERVICES}\{service}\Lab")
    exold.bring(service, "STOPPED")
    exold.bring(service, "RUNNING")
    desk.inventory({"ex01": reach(exold.info)})
    task = {"name": "Restart", "restart_service": {"name": service, "timeout": 2}}
    ended = desk.apply(desk.playbook("book.yml", task), code=2)
    assert f"{service} is still STOP_PENDING" in ended.result
    assert "limit 2 s" in ended.result
    assert "Next: Look at the service on the host" in ended.result
    assert exold.status(service) == "STOP_PENDING"


def test_a_host_that_is_down_does_not_keep_the_others(desk: Desk, ex55: Witness, extls: Witness, closed: int) -> None:
    """Three hosts at once, one of them down: exit code 4, and the two others are done."""
    desk.inventory(
        {
            "ex01": reach(ex55.info, "ntlm"),
            "ex02": reach(ex55.info, ansible_port=closed, ndrfix_computer_name="EX02"),
            "ex03": reach(extls.info),
        }
    )
    before = ex55.process(), extls.process()
    ended = desk.apply("reverse-ndr", "--forks", "3", code=4)
    assert "2 changes on 2 hosts, read back and verified · 2 restarts on 2 hosts" in ended.result
    assert "3 hosts: 2 changed (4 tasks), 0 failed, 1 unreachable." in ended.result
    for host, process in zip((ex55, extls), before, strict=True):
        assert host.queried("SuppressNDROptions") == "REG_DWORD 0x100"
        assert host.process() not in (0, process)
    (run,) = desk.runs()
    assert sorted(folder.name for folder in (run / "backup").iterdir()) == ["ex01", "ex03"]
