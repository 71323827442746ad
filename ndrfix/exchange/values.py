"""The documented registry values of the Internet Mail Service and of Exchange Setup, and how a state is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ndrfix.exchange import suppression
from ndrfix.resources import (
    Absent,
    Hive,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    State,
)

PARAMETERS = RegistryKey(Hive.HKLM, r"SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters")
EXTENSION = RegistryKey(Hive.HKLM, PARAMETERS.path + r"\Extension")
SETUP = RegistryKey(Hive.HKLM, r"SOFTWARE\Microsoft\Exchange\Setup")

_DWORD = RegistryType.DWORD
_STRING = RegistryType.STRING
_MULTI = RegistryType.MULTISTRING
_SHOWN_BYTES = 32
_SHOWN_ENTRIES = 12
_SHOWN_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedValue:
    """A value that an article describes: its type, meaning, and the article.

    `label` puts a number in words (empty text: nothing to add); `number` turns a name into a number, raising
    `ValueError` for one it does not know; `allowed` tells whether the article knows a number.
    """

    key: RegistryKey
    name: str
    type: RegistryType
    meaning: str
    source: str
    label: Callable[[int], str] | None = None
    number: Callable[[str], int] | None = None
    allowed: Callable[[int], bool] | None = None

    @property
    def resource(self) -> RegistryValue:
        """The value as a resource."""
        return RegistryValue(self.key, self.name)


_RELAY_BITS = ((1, "deny list"), (2, "allow list"), (4, "local IP list"), (8, "authenticated"))  # Q193922


def _relay_label(number: int) -> str:
    known = [text for bit, text in _RELAY_BITS if number & bit]
    unknown = number & ~0xF
    if unknown:
        known.append(f"undocumented bits 0x{unknown:X}")
    return " + ".join(known) or "no restriction"


def _parameter(name: str, kind: RegistryType, meaning: str, source: str) -> DocumentedValue:
    return DocumentedValue(key=PARAMETERS, name=name, type=kind, meaning=meaning, source=source)


SUPPRESS_NDR_OPTIONS = DocumentedValue(
    key=PARAMETERS,
    name=suppression.VALUE_NAME,
    type=_DWORD,
    meaning="which non-delivery reports are suppressed; needs hotfix 837794 and a restart of the service",
    source="KB 837794",
    label=suppression.label,
    number=suppression.mode_number,
    allowed=suppression.is_documented,
)
RELAY_FLAGS = DocumentedValue(
    key=PARAMETERS,
    name="RelayFlags",
    type=_DWORD,
    meaning="who may relay: sum of 1 deny list, 2 allow list, 4 local IP list, 8 authenticated",
    source="Q193922",
    label=_relay_label,
    allowed=lambda number: number & ~0xF == 0,
)

DOCUMENTED: tuple[DocumentedValue, ...] = (
    SUPPRESS_NDR_OPTIONS,
    RELAY_FLAGS,
    _parameter("RootDir", _STRING, "folder of the queues (Imcdata)", "Q197792, Q244048"),
    _parameter("AlwaysSuppressDR", _DWORD, "1: no delivery receipts to the Internet (SP3 and later)", "Q216162"),
    _parameter("AlwaysAllowForwarding", _DWORD, "1: automatic forwards pass though auto-replies are off", "Q192982"),
    _parameter("RelayDenyList", _MULTI, "lines `net[;mask]` that may not relay", "Q193922"),
    _parameter("RelayAllowList", _MULTI, "lines `net[;mask]` that may relay", "Q193922"),
    _parameter("RelayLocalIPList", _MULTI, "own addresses on which relaying is allowed", "Q193922"),
    _parameter("TurfTable", _MULTI, "blocked senders, `user@domain` or `@domain`", "Q155683, Q193437"),
    _parameter("TurfDir", _STRING, "folder for their mail; it must exist, or the mail is lost", "Q155683, Q197289"),
    _parameter("InboundSizeLimit", _DWORD, "bytes (SP3 and later)", "Q231303"),
    _parameter("OutboundSizeLimit", _DWORD, "bytes (SP3 and later)", "Q231303"),
    _parameter("MaxRecipients", _DWORD, "batch size for outbound recipients", "Q196818"),
    _parameter("RerouteViaStore", _DWORD, "1: relayed mail goes through the store", "Q238471"),
    _parameter("ResolveP2", _DWORD, "resolution of header addresses", "Q166515"),
    _parameter("AddressRewrite", _DWORD, "rewriting of header addresses", "Q166515"),
    _parameter("AcceptMalformed821Adrs", _DWORD, "tolerate malformed addresses", "Q166616"),
    _parameter("AdvertiseSMTPExtensions", _DWORD, "0: no ESMTP", "Q194131"),
    _parameter("DisableAuth", _DWORD, "not 0: no AUTH", "Q235627"),
    _parameter("DisableETRN", _DWORD, "not 0: no ETRN", "Q258292"),
    _parameter("AlwaysUseETRN", _DWORD, "dequeue with ETRN", "Q175494"),
    _parameter("AlwaysUseTURN", _DWORD, "dequeue with TURN", "Q257979"),
    _parameter("DisableReverseResolve", _DWORD, "1: no reverse DNS", "Q258745"),
    _parameter("DisableResolverSearchList", _DWORD, "not 0: no search list; the name is case-sensitive", "Q150969"),
    _parameter("DisableLoopbackConnections", _DWORD, "1: no connection to itself", "Q146126"),
    _parameter("EnableTTL", _DWORD, "honour the lifetime of DNS answers (5.5.2654.52 and later)", "Q285023"),
    _parameter("SiteDomain", _STRING, "domain in the originator of reports", "Q156063"),
    _parameter("OverrideProxyOut", _STRING, "outbound address type", "Q183801"),
    _parameter("SiteDN", _STRING, "must match the directory, else event 4086", "Q298565"),
    _parameter("DiskSpaceLowWaterMark", _DWORD, "bytes; default 0x00A00000", "Q189587"),
    _parameter("RouteCalculationInterval", _DWORD, "minutes; default 15, 0: only at start", "Q156063"),
    _parameter("InOutThreads", _DWORD, "threads", "Q169845, Q184542"),
    _parameter("ThreadsPerProcessor", _DWORD, "threads", "Q169845, Q184542"),
    _parameter("SMTPWorkerThreads", _DWORD, "threads", "Q169845, Q184542"),
    _parameter("ResolverThreads", _DWORD, "threads", "Q169845, Q184542"),
    _parameter("DestinationDomainThreshold", _DWORD, "size of a cache", "Q169845, Q184542"),
    _parameter("UseRTFText", _DWORD, "text rendering", "Q150141"),
    _parameter("SendPlainTextAsIs", _DWORD, "text rendering", "Q222508"),
    _parameter("OnlySystemMessagesUseCDs", _DWORD, "routing of system messages", "Q223385"),
    _parameter("DisplayErrsOnConsole", _DWORD, "console mode", "Q181950"),
    _parameter("ConsoleStatFrequency", _DWORD, "console mode", "Q181950"),
    DocumentedValue(
        key=EXTENSION,
        name="NonRoutingExtensionDll",
        type=_STRING,
        meaning="library of the Imsext add-on",
        source="Q258206",
    ),
    *(
        DocumentedValue(key=EXTENSION, name=name, type=_STRING, meaning=meaning, source="Q258206, Q262097, Q262122")
        for name, meaning in (
            ("InboundPrepend", "file put before incoming messages"),
            ("InboundAppend", "file put after incoming messages"),
            ("OutboundPrepend", "file put before outgoing messages"),
            ("OutboundAppend", "file put after outgoing messages"),
            ("InboundJournal", "mailbox that gets a copy of incoming messages"),
            ("OutboundJournal", "mailbox that gets a copy of outgoing messages"),
            ("InboundJournalNDR", "what becomes of a copy of incoming messages that cannot be delivered"),
            ("OutboundJournalNDR", "what becomes of a copy of outgoing messages that cannot be delivered"),
        )
    ),
    DocumentedValue(
        key=SETUP, name="Services", type=_STRING, meaning="root folder of Exchange", source="Q149205, Q230251"
    ),
    DocumentedValue(
        key=SETUP,
        name="NewestBuild",
        type=_DWORD,
        meaning="highest build set up; can be wrong where only the administration tools are installed",
        source="Q158956, Q159788",
    ),
    DocumentedValue(key=SETUP, name="Build", type=_DWORD, meaning="build first set up", source="Q158956"),
)

_BY_RESOURCE = {value.resource: value for value in DOCUMENTED}


def documented(resource: RegistryValue) -> DocumentedValue | None:
    """What is known about a registry value, whatever the letter case of its name and key."""
    return _BY_RESOURCE.get(resource)


def describe(resource: RegistryValue, state: State) -> str:
    r"""The state of a registry value for people: type, content and meaning, as `dword 0x00000100 (256) no_smtp_…`.

    Long contents are cut; control characters are shown as `\xNN`, so the text is always one line.
    """
    if isinstance(state, Absent):
        return "absent"
    if not isinstance(state, RegistryData):
        return str(state)
    known = documented(resource)
    text = f"{state.type} {_content(state)}".rstrip()
    if known is None:
        return text
    if state.type is not known.type:
        return f"{text} (documented as {known.type}, {known.source})"
    meaning = known.label(state.data) if known.label and isinstance(state.data, int) else ""
    return f"{text} {meaning}".rstrip()


def _content(state: RegistryData) -> str:
    data = state.data
    if isinstance(data, int):
        width = 16 if state.type is RegistryType.QWORD else 8
        return f"0x{data:0{width}X} ({data})"
    if isinstance(data, bytes):
        more = f" … ({len(data)} bytes)" if len(data) > _SHOWN_BYTES else ""
        return (data[:_SHOWN_BYTES].hex(" ") or "(no bytes)") + more
    if isinstance(data, tuple):
        more = f", … ({len(data)} entries)" if len(data) > _SHOWN_ENTRIES else ""
        return "[" + ", ".join(_quoted(entry) for entry in data[:_SHOWN_ENTRIES]) + more + "]"
    return _quoted(data)


def _quoted(text: str) -> str:
    shown = "".join(char if char.isprintable() else _escape(char) for char in text[:_SHOWN_CHARACTERS])
    more = f"… ({len(text)} characters)" if len(text) > _SHOWN_CHARACTERS else ""
    return f'"{shown}"{more}'


def _escape(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
