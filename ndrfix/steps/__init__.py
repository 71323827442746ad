"""The steps that playbooks are made of. There is no free shell step: what cannot be read cannot be planned."""

from __future__ import annotations

from ndrfix.steps import (
    backup_registry,
    check_hotfix,
    check_queue,
    check_registry,
    check_service_pack,
    clear_queue,
    manual,
    purge_quarantine,
    restart_service,
    restore_queue,
    set_registry,
    set_service,
)
from ndrfix.steps.base import AnyStep

STEPS: tuple[AnyStep, ...] = (
    check_service_pack.STEP,
    check_hotfix.STEP,
    check_registry.STEP,
    check_queue.STEP,
    set_registry.STEP,
    backup_registry.STEP,
    set_service.STEP,
    restart_service.STEP,
    clear_queue.STEP,
    restore_queue.STEP,
    purge_quarantine.STEP,
    manual.STEP,
)


def step_named(name: str) -> AnyStep | None:
    """The step with this name, None when there is none; names are compared exactly."""
    return next((step for step in STEPS if step.name == name), None)
