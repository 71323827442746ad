r"""The second hop: from a management host to the computer that a session is about, and what stops it on the way.

Error numbers are those of Windows (winerror.h). A target answers as Windows does over SMB: by its name, to its own
account, and to nobody who comes without a password, since a WinRM session cannot hand its log-on on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ndrfix.connections import far_side
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.far_side import RequestedTarget
from ndrfix.connections.keys import service_value
from ndrfix.connections.protocol import SlowLine
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.errors import FarSideError, UnreachableError
from ndrfix.resources import (
    COMPUTER,
    Action,
    ComputerState,
    File,
    FileVersion,
    Hive,
    Located,
    Move,
    Quarantine,
    RegistryData,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    RemoteItem,
    Resource,
    Service,
    ServiceState,
    ServiceStatus,
    Unreadable,
)
from ndrfix.testing.accounts import Account
from ndrfix.testing.mail import MailTeller

DENIED, NOT_FOUND, LOST, NO_SMB1, REFUSED = 5, 53, 64, 384, 1326
_WORDS = {
    DENIED: "Access is denied.",
    NOT_FOUND: "The network path was not found.",
    LOST: "The specified network name is no longer available.",
    NO_SMB1: "The share requires the obsolete SMB1 protocol.",
    REFUSED: "The user name or password is incorrect.",
}
_SMB1_START = service_value(Service("mrxsmb10"), "Start")
_PIPES = RegistryValue(RegistryKey.parse(r"HKLM\SYSTEM\CurrentControlSet\Control"), "SCMApiConnectionParam")
_PIPES_BIT, _DISABLED = 0x8000_0000, 4
_REMOTE_REGISTRY = Service("RemoteRegistry")
# What waiting for an answer by TCP takes, in seconds, before service control of an old server is asked for by pipes.
_TCP_WAIT = 21.0
# Two hives of another computer can be opened; two more are kept below the first.
_KEPT = {Hive.HKCR: r"SOFTWARE\Classes", Hive.HKCC: r"SYSTEM\CurrentControlSet\Hardware Profiles\Current"}
_NO_USER = Unreadable(reason="HKCU is that of the log-on, which is none on another computer: name the user below HKU")
_GONE = Unreadable(reason=_WORDS[LOST])
_FORBIDDEN = Unreadable(reason=_WORDS[DENIED], denied=True)


class BlockedError(Exception):
    """The way to a target ends: at which stage of `protocol.TargetLine`, by which Windows error (0: none)."""

    def __init__(self, stage: str, code: int, message: str = "") -> None:
        super().__init__(message or _WORDS[code])
        self.stage, self.code = stage, code


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A computer of the network with the account that may log on there."""

    host: SimulatedHost
    account: Account


class Network:
    """The computers that a management host reaches, without case: by the computer's name, or the host's name in the
    simulation. Of two with the same name the first answers.
    """

    def __init__(self, neighbours: Iterable[Neighbour]) -> None:
        self._known: dict[str, Neighbour] = {}
        everybody = list(neighbours)
        for neighbour in everybody:
            self._known.setdefault(computer_of(neighbour.host).name.casefold(), neighbour)
        for neighbour in everybody:
            self._known.setdefault(neighbour.host.name.casefold(), neighbour)

    def find(self, machine: str) -> Neighbour | None:
        """The computer of that name, None when there is none."""
        return self._known.get(machine.casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a management host is like; as `protocol.TargetLine` tells it."""

    smb1: bool
    pipes: bool

    @classmethod
    def of(cls, host: SimulatedHost) -> Facts:
        """Those of a host, from its registry; older than Vista it has both."""
        if _major(host) < 6:
            return cls(smb1=True, pipes=True)
        return cls(
            smb1=_number(host.read(_SMB1_START), _DISABLED) < _DISABLED,
            pipes=bool(_number(host.read(_PIPES), 0) & _PIPES_BIT),
        )


class Target:
    r"""A computer behind a management host, as a session sees it that was let in.

    Raises (when made):
        BlockedError: the way does not lead there.
    """

    def __init__(self, through: SimulatedHost, network: Network, asked: RequestedTarget, password: str | None) -> None:
        here = computer_of(through)
        if asked.through and asked.through.casefold() != here.name.casefold():
            raise BlockedError("host", 0, here.name)
        if not asked.machine:
            raise BlockedError("logon", 0, "no computer is named")
        facts = Facts.of(through)
        self._host = _reached(network, asked, password, facts)
        self._mail = MailTeller(self._host)
        self._powershell = here.powershell
        self._slow = not facts.pipes and _old(self._host)
        self._waited = False

    def read(self, resources: Sequence[Resource]) -> Iterator[str]:
        """The lines that answer a read. A link that is lost now makes everything unreadable; the session stays."""
        seen = [_as_seen(resource) for resource in resources]
        wanted = [each for each in seen if each is not None]
        found, lost = self._found(wanted)
        self._waited = self._waited or any(isinstance(each, Service) for each in wanted)
        for index, there in enumerate(seen):
            reading = _NO_USER if there is None else found[there]
            denied = isinstance(reading, Unreadable) and reading.denied
            code = DENIED if denied else (LOST if lost and there else 0)
            if there is not None:
                yield from self._mail.lines(index, there, reading)
            yield far_side.state_line(index, reading, code)
        if self._slow and self._waited:
            yield far_side.slow_line(SlowLine(seconds=_TCP_WAIT))

    def carry_out(self, item: RemoteItem, tell: Callable[[Progress], None], *, first: bool) -> Outcome:
        """Carry out one item; a link that is lost now is a failure of the item, whether it arrived or not."""
        there = _item_seen(item)
        if there is None:
            return _failed(item, _NO_USER, f"cannot be read: {_NO_USER.reason}")
        try:
            return self._host.carry_out(there, tell, first=first)
        except UnreachableError:
            return _failed(item, _GONE, _GONE.reason)

    def _found(self, wanted: list[Resource]) -> tuple[dict[Resource, Reading], bool]:
        """The readings, and whether the link was lost."""
        found: dict[Resource, Reading]
        try:
            found = self._host.read_all(wanted)
        except UnreachableError:
            return dict.fromkeys(wanted, _GONE), True
        except FarSideError:
            return dict.fromkeys(wanted, _FORBIDDEN), False
        computer = found.get(COMPUTER)
        if isinstance(computer, ComputerState):
            found[COMPUTER] = replace(computer, powershell=self._powershell)
        return found, False


def _reached(network: Network, asked: RequestedTarget, password: str | None, facts: Facts) -> SimulatedHost:
    stage = "registry" if password is None else "logon"
    neighbour = network.find(asked.machine)
    if neighbour is None:
        raise BlockedError(stage, NOT_FOUND)
    host = neighbour.host
    try:
        host.open()
    except UnreachableError as error:
        # A simulated host that refuses the login says what to check; one that cannot be reached has nothing to say.
        raise BlockedError(stage, REFUSED if error.next_step else NOT_FOUND) from error
    if not facts.smb1 and _old(host):
        raise BlockedError(stage, NO_SMB1)
    if password is None:
        raise BlockedError(stage, DENIED)
    if not neighbour.account.admits(asked.user, password, computer_of(host).name):
        raise BlockedError(stage, REFUSED)
    service = host.read(_REMOTE_REGISTRY)
    if isinstance(service, ServiceState) and service.status is not ServiceStatus.RUNNING:
        raise BlockedError("registry", NOT_FOUND)
    return host


def _failed(item: RemoteItem, after: Unreadable, message: str) -> Outcome:
    return Outcome(item=item, status=OutcomeStatus.FAILED, before=None, after=after, message=message)


# --- what a computer is like ----------------------------------------------------------------------------------------


def computer_of(host: SimulatedHost) -> ComputerState:
    """The computer that a simulated host is."""
    found = host.read(COMPUTER)
    if not isinstance(found, ComputerState):
        raise TypeError(f"{host.name} does not say what computer it is")
    return found


def _major(host: SimulatedHost) -> int:
    digits = computer_of(host).os_version.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _old(host: SimulatedHost) -> bool:
    """Whether it speaks SMB1 alone, and answers service control by named pipes alone: everything before Vista."""
    return _major(host) < 6


def _number(reading: Reading, otherwise: int) -> int:
    return reading.data if isinstance(reading, RegistryData) and isinstance(reading.data, int) else otherwise


# --- resources of another computer ----------------------------------------------------------------------------------


def _key(key: RegistryKey) -> RegistryKey | None:
    if key.hive is Hive.HKCU:
        return None
    kept = _KEPT.get(key.hive)
    return RegistryKey(Hive.HKLM, f"{kept}\\{key.path}".rstrip("\\")) if kept else key


def _value(value: RegistryValue) -> RegistryValue | None:
    key = _key(value.key)
    return RegistryValue(key, value.name) if key else None


def _path(path: str | Located) -> str | Located | None:
    if isinstance(path, str) or isinstance(path.base, Service):
        return path
    base = _value(path.base)
    return Located(base, path.tail) if base else None


def _as_seen(resource: Resource) -> Resource | None:
    """The resource under the name that it has from outside; None when it cannot be reached from there."""
    match resource:
        case RegistryKey():
            return _key(resource)
        case RegistryValue():
            return _value(resource)
        case RegistryTree(key=key, depth=depth):
            above = _key(key)
            return RegistryTree(above, depth) if above else None
        case File(path=path):
            there = _path(path)
            return File(there) if there is not None else None
        case FileVersion(path=path):
            there = _path(path)
            return FileVersion(there) if there is not None else None
        case _:
            return resource


def _item_seen(item: RemoteItem) -> RemoteItem | None:
    """The item for the resource as it is seen from outside, likewise."""
    if isinstance(item, Action | Move) or isinstance(item.resource, Service | Quarantine):
        return item  # what names the folders of a queue is the same from outside
    there = _value(item.resource) if isinstance(item.resource, RegistryValue) else _key(item.resource)
    return replace(item, resource=there) if there else None
