r"""Registry values as people write them: what is right is not found fault with, and what means something else is.

Other programs got each of them wrong: a number in quotes, 0xFFFFFFFF, a name of digits, `(default)`, a `/` in a key.
"""

from __future__ import annotations

import pytest

from tests.lint.conftest import Lint

_IMC = r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters"
_CIPHERS = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Ciphers"
_CLIENT = r"HKLM\SOFTWARE\Client"


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (_CLIENT, "name: Limit, type: dword, data: 0xFFFFFFFF", ""),
        (_CLIENT, "name: Limit, type: dword, data: 4294967295", ""),
        (_CLIENT, "name: Limit, type: dword, data: -1", "registry-value[range]"),
        (_CLIENT, "name: Limit, type: dword, data: '-1'", "registry-value[range]"),
        (_CLIENT, "name: Limit, type: dword, data: 0x100000000", "registry-value[range]"),
        (_CLIENT, "name: Limit, type: qword, data: 0x100000000", ""),
        (_CLIENT, "name: Limit, type: dword, data: '16'", ""),
        (_CLIENT, "name: Limit, type: dword, data: 16.5", "wrong-argument[value]"),
        (_CLIENT, "name: Limit, type: dword, data: 010", "yaml[number]"),
        (_CLIENT, "name: 2500, type: dword, data: 1", ""),
        (_CLIENT, "name: Mark, type: binary, data: 'hex:00,01'", ""),
        (_CLIENT, "name: Mark, type: binary, data: [0, 255]", ""),
        (_CLIENT, "name: Mark, type: binary, data: 0", "wrong-argument[value]"),  # one byte, or none?
        (_CLIENT, "name: Mark, type: binary, data: [256]", "wrong-argument[value]"),
        (_CLIENT, "name: Home, type: expandstring, data: '%USERPROFILE%'", ""),
        (_CLIENT, "name: (default), data: x", ""),
        (_CLIENT, "name: '', data: x", ""),
        (_CLIENT, "name: Names, type: multistring, data: [a, b]", ""),
        (_CLIENT, "name: Names, type: multistring, data: []", ""),
        (_CLIENT, "name: Old, state: absent", ""),
        (rf"{_CIPHERS}\DES 56/56", "name: Enabled, type: dword, data: 0", ""),
        (_CIPHERS.replace("SYSTEM\\", "SYSTEM/"), "name: Enabled, type: dword, data: 0", "registry-path[slash]"),
        (rf"{_CLIENT[:5]}SOFTWARE\Wow6432Node\Client", "name: A, data: b", "registry-path[wow6432node]"),
        (_IMC, "name: suppressndroptions, type: dword, data: '0x10'", ""),
        (_IMC, "name: SuppressNDROptions, type: dword, data: 256", ""),
        (_IMC, "name: SuppressNDROptions, type: dword, data: do_not_generate", ""),
        (_IMC, "name: SuppressNDROptions, type: dword, data: '10'", "registry-value[base]"),
        (_IMC, "name: SuppressNDROptions, type: dword, data: 10", "registry-value[base]"),
        (_IMC, "name: SuppressNDROptions, type: dword, data: 0x10a", "registry-value[combination]"),
        (_IMC, "name: SuppressNDROptions, type: qword, data: 1", "registry-value[type]"),
        (_IMC, "name: SuppressNDROption, type: dword, data: 1", "registry-value[undocumented]"),
        (_IMC, "name: SuppressNDROptions, state: absent", ""),
    ],
)
def test_a_value(lint: Lint, path: str, value: str, rule: str) -> None:
    """Written by a task that is right in everything else, checked by one."""
    changing = f"""\
- name: Set a value
  hosts: exchange
  tasks:
    - name: The key is saved
      backup_registry: {{path: '{path}'}}
    - name: The value is set
      set_registry: {{path: '{path}', {value}}}
      notify: Restart
  handlers:
    - name: Restart
      restart_service: {{name: MSExchangeIMC}}
"""
    assert {each.rule for each in lint(changing).findings} == ({rule} if rule else set())
