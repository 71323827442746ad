"""A file ten times as long takes about ten times as long to lint and to print, whatever is in it."""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime

import pytest

from ndrfix.lint.formats import Printing, written
from tests.lint.conftest import Lint

CHANGES = """
    - {name: Save §, backup_registry: {path: 'HKLM\\SOFTWARE\\Client\\K§'}, register: saved_§}
    - name: Covered §
      set_registry: {path: 'HKLM\\SOFTWARE\\Client\\K§', name: x, data: y}
      when: saved_§ is succeeded
    - name: Decimal §
      set_registry:
        path: HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters
        name: SuppressNDROptions
        type: dword
        data: 100
"""
SERVICES = """
    - {name: Stopped and never started §, set_service: {name: S§, state: stopped}}
    - {name: Cleared too soon §, clear_queue: {}}
"""
TEMPLATES = """
    - {name: Faulty §, manual: {instruction: 'a {{ b + }}'}, when: c is succeeded and c§ is failed}
"""
NAMES = """
    - {name: Undefined §, manual: {instruction: '{{ undefined_§ }}'}, register: result_§, notify: None §}
"""
WAIVERS = """
    - name: Waived § # noqa: loop[no-item] (why)
      manual:
        instruction: |
          a # noqa
"""


@pytest.mark.parametrize(
    "tasks",
    [CHANGES, SERVICES, TEMPLATES, NAMES, WAIVERS],
    ids=["changes", "services", "templates", "names", "waivers"],
)
def test_time_grows_with_the_file(lint: Lint, tasks: str) -> None:
    """Eight times as many take less than twenty times as long; were each compared with each, it would be sixty."""

    def seconds(count: int) -> float:
        text = "- name: Many\n  hosts: exchange\n  tasks:\n" + "".join(tasks.replace("§", str(n)) for n in range(count))
        gc.collect()
        gc.disable()  # what it costs depends on all that other tests left behind
        try:
            began = time.process_time()
            found = lint(text)
            written("text", Printing(linted=found, rules=(), when=datetime.now(UTC)))
            took = time.process_time() - began
        finally:
            gc.enable()
        assert len(found.findings) >= count
        return took

    seconds(10)
    assert any(seconds(1_000) < 20 * seconds(125) for _ in range(3))  # what else the machine does can double a time
