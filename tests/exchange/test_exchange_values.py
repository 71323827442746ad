"""Documented registry values, the modes of SuppressNDROptions, services, and how states are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.exchange import suppression
from ndrfix.exchange.services import SERVICES, SHORT_NAMES, by_display_name
from ndrfix.exchange.values import DOCUMENTED, PARAMETERS, SUPPRESS_NDR_OPTIONS, describe, documented
from ndrfix.resources import (
    ABSENT,
    PRESENT,
    Hive,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    State,
)

SUPPRESS = SUPPRESS_NDR_OPTIONS.resource
RELAY = RegistryValue(PARAMETERS, "RelayFlags")
OTHER = RegistryValue(RegistryKey(Hive.HKLM, "S"), "N")
STRING = RegistryType.STRING


def _dword(number: int) -> RegistryData:
    return RegistryData(RegistryType.DWORD, number)


@pytest.mark.parametrize(
    ("number", "label"),
    [
        (0, "off"),
        (1, "do_not_deliver"),
        (0x10, "do_not_generate"),
        (0x100, "no_smtp_return_address"),
        (10, "undocumented, probably typed in the wrong base: decimal 10 instead of hexadecimal 10"),
        (100, "undocumented, probably typed in the wrong base: decimal 100 instead of hexadecimal 100"),
        (0x11, "undocumented combination of do_not_deliver + do_not_generate"),
        (0x101, "undocumented combination of do_not_deliver + no_smtp_return_address"),
        (0x110, "undocumented combination of do_not_generate + no_smtp_return_address"),
        (0x111, "undocumented combination of do_not_deliver + do_not_generate + no_smtp_return_address"),
        (2, "undocumented"),
        (0xFFFFFFFF, "undocumented"),
    ],
)
def test_a_number_of_the_suppression_is_named(number: int, label: str) -> None:
    """The three documented numbers have names; everything else says that it is undocumented and what it may be."""
    assert suppression.label(number) == label
    assert suppression.is_documented(number) == ("undocumented" not in label)


def test_a_mode_is_its_number_and_back() -> None:
    """Every mode's name leads to its number, and the number to the name."""
    for mode in suppression.MODES:
        assert suppression.mode_number(mode.name) == mode.number
        assert suppression.label(mode.number) == mode.name
        assert mode.meaning


@pytest.mark.parametrize(
    ("name", "hint"), [("do_not_delivr", "did you mean 'do_not_deliver'"), ("xyz", "no_smtp_return_address\\)$")]
)
def test_an_unknown_mode_names_the_known_ones(name: str, hint: str) -> None:
    """The error has the nearest mode, if any, and all that exist."""
    with pytest.raises(ValueError, match=hint) as caught:
        suppression.mode_number(name)
    assert all(mode.name in str(caught.value) for mode in suppression.MODES)


@pytest.mark.parametrize(
    ("resource", "state", "text"),
    [
        (SUPPRESS, _dword(256), "dword 0x00000100 (256) no_smtp_return_address"),
        (SUPPRESS, ABSENT, "absent"),
        (SUPPRESS, RegistryData(STRING, "1"), 'string "1" (documented as dword, KB 837794)'),
        (RELAY, _dword(0), "dword 0x00000000 (0) no restriction"),
        (RELAY, _dword(10), "dword 0x0000000A (10) allow list + authenticated"),
        (RELAY, _dword(0x11), "dword 0x00000011 (17) deny list + undocumented bits 0x10"),
        (OTHER, _dword(0xFFFFFFFF), "dword 0xFFFFFFFF (4294967295)"),
        (OTHER, RegistryData(RegistryType.QWORD, 1), "qword 0x0000000000000001 (1)"),
        (OTHER, RegistryData(RegistryType.BINARY, b"\x00\xff"), "binary 00 ff"),
        (OTHER, RegistryData(RegistryType.NONE, b""), "none (no bytes)"),
        (OTHER, RegistryData(RegistryType.BINARY, bytes(33)), "binary " + "00 " * 32 + "… (33 bytes)"),
        (OTHER, RegistryData(RegistryType.EXPANDSTRING, "%A%\\b"), 'expandstring "%A%\\b"'),
        (OTHER, RegistryData(STRING, "a\r\n\x1b[0mä\u2028"), 'string "a\\x0d\\x0a\\x1b[0mä\\u2028"'),
        (OTHER, RegistryData(STRING, "x" * 401), 'string "' + "x" * 400 + '"… (401 characters)'),
        (OTHER, RegistryData(RegistryType.MULTISTRING, ("a", "b")), 'multistring ["a", "b"]'),
        (OTHER, RegistryData(RegistryType.MULTISTRING, ()), "multistring []"),
        (OTHER, PRESENT, "present"),
    ],
)
def test_a_state_is_shown_with_type_content_and_meaning(resource: RegistryValue, state: State, text: str) -> None:
    """People see the type, the content in the usual notations, and what it means."""
    assert describe(resource, state) == text


@given(st.text())
def test_a_shown_text_is_one_line_of_printable_characters(text: str) -> None:
    """Nothing in a registry text can break a line or a terminal."""
    assert describe(OTHER, RegistryData(STRING, text)).isprintable()


@given(st.lists(st.text(min_size=1), min_size=13, max_size=20))
def test_a_long_list_is_cut_and_says_its_length(entries: list[str]) -> None:
    """Of a long list twelve entries are shown."""
    assert describe(OTHER, RegistryData(RegistryType.MULTISTRING, tuple(entries))).endswith(
        f"… ({len(entries)} entries)]"
    )


def test_documented_values_are_found_without_letter_case() -> None:
    """A value is recognised as Windows compares names, and no value stands twice in the table."""
    assert documented(RegistryValue(RegistryKey(Hive.HKLM, PARAMETERS.path.lower()), "SUPPRESSndrOptions")) is (
        SUPPRESS_NDR_OPTIONS
    )
    assert documented(OTHER) is None
    assert len({value.resource for value in DOCUMENTED}) == len(DOCUMENTED)
    assert all(value.source and value.meaning for value in DOCUMENTED)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Microsoft Exchange Internet Mail Service", "MSExchangeIMC"),
        ("microsoft exchange internet  mail connector", "MSExchangeIMC"),
        ("Microsoft Exchange Information Store", "MSExchangeIS"),
    ],
)
def test_a_display_name_leads_to_the_short_name(text: str, name: str) -> None:
    """The names that people see are known, whatever their letter case and blanks."""
    service = by_display_name(text)
    assert service is not None
    assert service.name == name


def test_short_names_are_no_display_names() -> None:
    """A short name is never mistaken for a display name."""
    assert all(by_display_name(name) is None for name in SHORT_NAMES)
    assert {need for service in SERVICES for need in service.depends_on if need.startswith("MSEx")} <= set(SHORT_NAMES)
