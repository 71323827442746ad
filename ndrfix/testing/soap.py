"""The envelopes of WS-Management: what a request asks for, and the text of answers and faults.

Actions, fault codes and elements are those of MS-WSMV (Web Services Management Protocol Extensions for Windows Vista).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ndrfix.testing.counts import RequestKind

_SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
_ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
_WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
POWERSHELL = "{http://schemas.microsoft.com/powershell}"

_TRANSFER_URI = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_SHELL_URI = RSP.strip("{}")
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_DONE = f"{_SHELL_URI}/CommandState/Done"
_DEFAULT_TIMEOUT = 60.0

_ACTIONS = {
    f"{_TRANSFER_URI}/Create": RequestKind.CREATE,
    f"{_TRANSFER_URI}/Delete": RequestKind.DELETE,
    f"{_SHELL_URI}/Receive": RequestKind.RECEIVE,
    f"{_SHELL_URI}/Command": RequestKind.COMMAND,
    f"{_SHELL_URI}/Send": RequestKind.SEND,
    f"{_SHELL_URI}/Signal": RequestKind.SIGNAL,
}
_ENVELOPE = (
    '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    ' xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header><a:Action>{action}</a:Action>'
    "<a:MessageID>uuid:{message}</a:MessageID>"
    "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
    "<a:RelatesTo>{relates}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_SECONDS = re.compile(r"PT(\d+(?:\.\d+)?)S")


class Refusal(Enum):
    """The faults of a host, as code, subcode and reason."""

    TIMED_OUT = (2150858793, "w:TimedOut", "The operation did not come to an end within its OperationTimeout.")
    NO_SHELL = (2150858843, "w:InvalidSelectors", "There is no shell with the ShellId of the request.")
    NO_RESOURCE = (2150858811, "w:InvalidResourceURI", "The resource of the request is not a PowerShell shell.")
    NO_ACTION = (2150858817, "a:ActionNotSupported", "The action of the request is not supported.")
    MALFORMED = (2150858891, "w:SchemaValidationError", "The body of the request lacks what its action needs.")
    ABORTED = (995, "w:InternalError", "The operation was aborted: its shell was ended.")


class SoapFaultError(Exception):
    """The request is answered by a fault."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.subcode, self.reason = code, subcode, reason


def refuse(refusal: Refusal) -> SoapFaultError:
    """The error that makes a host's fault the answer."""
    return SoapFaultError(*refusal.value)


class MalformedError(Exception):
    """A body that is no envelope of SOAP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A request. `timeout` is how long it may be held back, in seconds; `body` the element below the SOAP body."""

    kind: RequestKind
    action: str
    message: str
    resource: str
    shell: str
    to: str
    timeout: float
    body: ElementTree.Element | None

    def find(self, *path: str) -> ElementTree.Element:
        """An element of the body.

        Raises:
            SoapFaultError: it is missing.
        """
        found = self.body
        if found is not None and found.tag != path[0]:
            found = None
        for tag in path[1:]:
            found = found.find(tag) if found is not None else None
        if found is None:
            raise refuse(Refusal.MALFORMED)
        return found


def parse(xml: bytes) -> Envelope:
    """The request that a body holds.

    Raises:
        MalformedError: it holds none.
    """
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - the client is a test on this computer
    except ElementTree.ParseError as error:
        raise MalformedError(str(error)) from error
    header, body = root.find(f"{_SOAP}Header"), root.find(f"{_SOAP}Body")
    if header is None or body is None:
        raise MalformedError("an envelope without header and body")
    action = header.findtext(f"{_ADDRESSING}Action", "")
    seconds = _SECONDS.fullmatch(header.findtext(f"{_WSMAN}OperationTimeout", ""))
    return Envelope(
        kind=_ACTIONS.get(action, RequestKind.OTHER),
        action=action,
        message=header.findtext(f"{_ADDRESSING}MessageID", ""),
        resource=header.findtext(f"{_WSMAN}ResourceURI", ""),
        shell=header.findtext(f"{_WSMAN}SelectorSet/{_WSMAN}Selector[@Name='ShellId']", "").upper(),
        to=header.findtext(f"{_ADDRESSING}To", ""),
        timeout=float(seconds[1]) if seconds else _DEFAULT_TIMEOUT,
        body=next(iter(body), None),
    )


def _answer(action: str, relates: str, body: str) -> bytes:
    message = str(uuid.uuid4()).upper()
    return _ENVELOPE.format(action=action, message=message, relates=escape(relates), body=body).encode()


def answer(request: Envelope, body: str = "") -> bytes:
    """The answer to a request, with XML for its body."""
    return _answer(f"{escape(request.action)}Response", request.message, body)


def fault(relates: str, error: SoapFaultError, machine: str) -> bytes:
    """The answer that refuses a request."""
    reason = escape(error.reason)
    body = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>'
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'
        f' Code="{error.code}" Machine="{escape(machine)}"><f:Message>{reason}</f:Message></f:WSManFault>'
        "</s:Detail></s:Fault>"
    )
    return _answer(_FAULT_ACTION, relates, body)


def created(request: Envelope, shell: str, owner: str) -> bytes:
    """The answer to Create."""
    resource = escape(request.resource)
    return answer(
        request,
        f"<x:ResourceCreated><a:Address>{escape(request.to)}</a:Address><a:ReferenceParameters>"
        f'<w:ResourceURI>{resource}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector>'
        "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId><rsp:ResourceUri>{resource}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(owner)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
        "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
        "<rsp:State>Connected</rsp:State></rsp:Shell>",
    )


def received(request: Envelope, command: str, content: str, *, done: bool) -> bytes:
    """The answer to Receive: output in base64 and, with `done`, that there is no more."""
    target = f' CommandId="{command}"' if command else ""
    stream = f'<rsp:Stream Name="stdout"{target}>{content}</rsp:Stream>' if content else ""
    state = f'<rsp:CommandState{target} State="{_DONE}"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>'
    return answer(request, f"<rsp:ReceiveResponse>{stream}{state if done else ''}</rsp:ReceiveResponse>")
