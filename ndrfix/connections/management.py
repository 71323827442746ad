r"""The way from a management host to `\\HOST`: what goes wrong there, by one table, and what a person can do about it.

Nothing here or on the far side changes a management host or a target to get through: it is said, and a person decides.
Error numbers are those of Windows (winerror.h, lmerr.h). The first row that fits counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ndrfix.connections.base import Reading
from ndrfix.connections.protocol import Target, TargetLine
from ndrfix.errors import UnreachableError
from ndrfix.resources import File, FileVersion, Resource, Service, Unreadable

SLOW = 10.0
"""From so many seconds on, one answer of service control counts as slow; the usual wait for TCP is 21 seconds."""

SCM_VALUE = r"HKLM\SYSTEM\CurrentControlSet\Control\SCMApiConnectionParam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What stopped the way: the stage (`host logon registry service file`), the Windows error, and what the management
    host is like (`smb1`: it has an SMB1 client; `pipes`: it asks for service control by named pipes alone).
    """

    target: Target
    stage: str
    code: int
    message: str = ""
    smb1: bool = True
    pipes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: at which stages, which errors (none: all), a test, what is said, and what to do."""

    stages: str
    codes: tuple[int, ...] = ()
    test: Callable[[Trouble], bool] = lambda _trouble: True
    what: str
    step: str

    def fits(self, trouble: Trouble) -> bool:
        """Whether this row is about that trouble."""
        codes = not self.codes or trouble.code in self.codes
        return trouble.stage in self.stages.split() and codes and self.test(trouble)

    def say(self, trouble: Trouble) -> tuple[str, str]:
        """What is said, and what to do."""
        target = trouble.target
        words = {
            "host": rf"\\{target.machine}",
            "name": target.name,
            "via": target.via,
            "computer": target.via_computer,
            "user": target.user or "the account of the session",
            "code": trouble.code,
            "message": " ".join(trouble.message.split()).rstrip(". "),
        }
        # Without a number (PowerShell refused, not Windows) there is none to look up.
        return self.what.format_map(words).replace(" (Windows error 0)", ""), self.step.format_map(words)


def _no_smb1(trouble: Trouble) -> bool:
    return not trouble.smb1


def _nobody(trouble: Trouble) -> bool:
    """A test: the session has to use its own identity."""
    return trouble.target.password is None


_REACH = "registry logon"
_SMB1_STEP = (
    "NT 4.0 and 2000 speak nothing newer. On {via}, add the Windows feature SMB1Protocol-Client and restart "
    "(docs/management-host.md says how and what it means); ndrfix only looks."
)
_RIGHTS_STEP = "Use an administrator of {host} as ansible_user of {name}."
_SCM_STEP = (
    "{via} asks for service control by TCP first: NT 4.0 and 2000 do not answer, and it carries no credentials. "
    f"On {{via}}, set the bit 0x80000000 in the DWORD {SCM_VALUE}; ndrfix only looks."
)
_FIND_STEP = (
    "Check ansible_host of {name}. On {via}, the name must resolve (DNS, WINS or LMHOSTS) and port 139, for 2000 also "
    "445, must be open to it; the Server service must run on {host}."
)

ROWS: tuple[Row, ...] = (
    Row(
        stages="host",
        what="the wrong management host: {message} answers for {via}, {computer} is expected (ndrfix_computer_name)",
        step="Check ansible_host and ndrfix_computer_name of {via}. Nothing was read or changed.",
    ),
    # --- SMB1: 58, 59, 64 and 0x80004005 are what an SMB1 server looks like to a client without it; 384 says so itself.
    Row(
        stages="logon registry file",
        codes=(58, 59, 64, 384, 0x4005),
        test=_no_smb1,
        what="{via} has no SMB1 client, so it cannot talk to {host} (Windows error {code})",
        step=_SMB1_STEP,
    ),
    Row(
        stages=_REACH,
        codes=(53, 67, 121, 1231),
        test=_no_smb1,
        what="{via} does not reach {host} (Windows error {code}), and has no SMB1 client, which NT 4.0 and 2000 need",
        step=f"{_FIND_STEP} For the SMB1 client see docs/management-host.md; ndrfix only looks.",
    ),
    Row(
        stages="logon registry file",
        codes=(58, 59, 64, 384, 0x4005),
        what="{host} breaks off the connection from {via} (Windows error {code})",
        step="Look whether the SMB1 client of {via} is running and whether it insists on signing that {host} cannot do "
        "(Get-SmbClientConfiguration).",
    ),
    # --- finding it
    Row(
        stages="logon",
        codes=(51, 52, 53, 67, 121, 1231, 1232),
        what="{via} does not find {host}: the name is unknown or the port closed (Windows error {code})",
        step=_FIND_STEP,
    ),
    Row(
        stages="registry",
        codes=(2, 51, 53, 67, 121, 1231, 1232),
        test=_nobody,
        what="{via} does not reach the registry of {host}: the name is unknown, the port closed, or the remote "
        "registry stopped (Windows error {code})",
        step=f"{_FIND_STEP} On Windows 2000 the service RemoteRegistry must run, too.",
    ),
    Row(
        stages="registry",
        codes=(2, 51, 53, 67, 121, 1231, 1232, 1702, 1722, 1753),
        what="{host} let {user} log on, but its remote registry does not answer (Windows error {code})",
        step="On Windows 2000, start the service RemoteRegistry; on NT 4.0, look whether the Server service runs.",
    ),
    # --- whose connection
    Row(
        stages="logon",
        codes=(1219,),
        what="the session on {via} already has a connection to {host} with other credentials (Windows error 1219)",
        step="ndrfix leaves it alone. See what it is with 'net use' on {via}, and end it there if it is not needed; or "
        "name {host} differently in ansible_host (address instead of name), which counts as another server.",
    ),
    Row(
        stages="logon",
        codes=(1222, 2138),
        what="{via} has no network client running (Windows error {code})",
        step="Start the Workstation service on {via}.",
    ),
    # --- logging on
    Row(
        stages="logon registry file service",
        codes=(5, 1312, 1326, 1355, 1747),
        test=_nobody,
        what="the session on {via} has nothing to log on to {host} with, or may not (Windows error {code})",
        step="Set ansible_user and ansible_password of {name}: they are for {host}. A WinRM session cannot hand its "
        "own log-on on (docs/credentials.md).",
    ),
    Row(
        stages=_REACH,
        codes=(1398,),
        what="the clocks of {via} and {host} differ too much to log on (Windows error 1398)",
        step="Set the clock of {host}; half an hour is the limit for NTLMv2, five minutes for Kerberos.",
    ),
    Row(
        stages=_REACH,
        codes=(86, 1326),
        what="{host} refused {user} (Windows error {code})",
        step=r"Check ansible_user of {name} (DOMAIN\user, for a local account COMPUTER\user) and ansible_password. "
        "When they are right: clocks more than half an hour apart and an NT 4.0 before SP4 refuse NTLMv2, too.",
    ),
    Row(
        stages=_REACH,
        codes=(1327, 1328, 1329, 1330, 1331, 1385, 1793, 1907, 1909, 1240),
        what="{host} does not let {user} log on: {message} (Windows error {code})",
        step="The password is right, the account is restricted: look at it on {host} or in its domain (disabled, "
        "locked, expired, hours, workstations, no password, log-on from the network).",
    ),
    Row(
        stages=_REACH,
        codes=(1311, 1355, 1788, 1789),
        what="{host} cannot ask the domain of {user} (Windows error {code})",
        step="Look whether a domain controller is up and trusted there, or use a local account of {host}.",
    ),
    # --- rights
    Row(
        stages="registry",
        codes=(5,),
        what="{user} may not use the registry of {host} from another computer (Windows error 5)",
        step=rf"{_RIGHTS_STEP} Who may is the list of rights of HKLM\SYSTEM\CurrentControlSet\Control"
        r"\SecurePipeServers\winreg there (Q143474).",
    ),
    Row(
        stages="service",
        codes=(5,),
        test=lambda trouble: not trouble.pipes,
        what="{host} denied service control to {user} (Windows error 5)",
        step=f"{_SCM_STEP} If it is set, {_RIGHTS_STEP[0].lower()}{_RIGHTS_STEP[1:]}",
    ),
    Row(
        stages="service",
        codes=(5,),
        what="{host} does not let {user} control services (Windows error 5)",
        step=_RIGHTS_STEP,
    ),
    Row(
        stages="service",
        codes=(1702, 1722, 1723, 1726, 1753),
        what="service control of {host} does not answer {via} (Windows error {code})",
        step="Look whether {host} still runs, and whether a firewall lets port 139 or 445 through.",
    ),
    # --- files
    Row(
        stages="file",
        codes=(67,),
        what="{host} has no administrative share of that drive (Windows error 67)",
        step="A person who may can share it again: AutoShareServer = 0 switches these shares off (Q245117), and only "
        "fixed drives have them.",
    ),
    Row(
        stages="file",
        codes=(51, 53, 121, 1231),
        what="the files of {host} are not reached from {via} (Windows error {code})",
        step=_FIND_STEP,
    ),
    Row(
        stages="file",
        codes=(5,),
        what="{user} may not read that on {host} (Windows error 5)",
        step=_RIGHTS_STEP,
    ),
)

OTHERS = Row(
    stages=_REACH,
    what="{via} does not get through to {host}: {message} (Windows error {code})",
    step="Look the number up on {via}: net helpmsg NUMBER. docs/management-host.md says what must be there.",
)


def row_for(trouble: Trouble) -> Row | None:
    """The row that a trouble means, None when there is none of its own."""
    return next((row for row in ROWS if row.fits(trouble)), None)


class Passage:
    """The way to one target: what is known of it during a session."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._smb1 = self._pipes = True
        self._warned = False

    def open(self, line: TargetLine) -> None:
        """Take over what the far side said about the way.

        Raises:
            UnreachableError: it is not open.
        """
        self._smb1, self._pipes = line.smb1, line.pipes
        if line.stage:
            trouble = self._trouble(line.stage, line.code, line.message)
            what, step = (row_for(trouble) or OTHERS).say(trouble)
            raise UnreachableError(what, host=self._target.name, next_step=step)

    def explained(self, resource: Resource, reading: Reading, code: int) -> Reading:
        """The reading; one that failed for a reason of the way (`code`, the Windows error) says so, and what to do."""
        if not isinstance(reading, Unreadable) or not code:
            return reading
        trouble = self._trouble(_stage(resource), code, reading.reason)
        row = row_for(trouble)
        if row is None:
            return reading
        what, step = row.say(trouble)
        return Unreadable(reason=f"{what}. {step}", denied=reading.denied)

    def slow(self, seconds: float) -> str:
        """The warning that service control took so long, once; empty when there is nothing to say."""
        if self._pipes or self._warned or seconds < SLOW:
            return ""
        self._warned = True
        where = rf"\\{self._target.machine}"
        return f"{self._target.name}: service control of {where} took {seconds:.0f} s for one answer. {self.late()}"

    def late(self) -> str:
        """What to do about a call that took too long, as far as the way is to blame; else empty."""
        return "" if self._pipes else _SCM_STEP.format(via=self._target.via)

    def _trouble(self, stage: str, code: int, message: str) -> Trouble:
        return Trouble(target=self._target, stage=stage, code=code, message=message, smb1=self._smb1, pipes=self._pipes)


def _stage(resource: Resource) -> str:
    if isinstance(resource, Service):
        return "service"
    return "file" if isinstance(resource, (File, FileVersion)) else "registry"
