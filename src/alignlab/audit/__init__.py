"""Checks over all pillars, run as one on one model, with limits and findings.

`alignlab.audit` is this room and also its main function: `alignlab.audit(model, data, ...)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from alignlab.audit.check import Check, all_checks, check
from alignlab.audit.compare import Comparison, compare
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import PILLARS, STATUSES, Finding, Limit, verdict, worst
from alignlab.audit.result import AuditResult
from alignlab.audit.run import audit, choose_checks, run_checks

__all__ = [
    "PILLARS",
    "STATUSES",
    "AuditContext",
    "AuditResult",
    "Check",
    "Comparison",
    "Finding",
    "Limit",
    "all_checks",
    "audit",
    "check",
    "choose_checks",
    "compare",
    "run_checks",
    "verdict",
    "worst",
]


class _CallableRoom(ModuleType):
    """Lets `alignlab.audit(...)` run an audit although `alignlab.audit` is a package."""

    def __call__(self, *args: Any, **options: Any) -> AuditResult:
        return audit(*args, **options)


sys.modules[__name__].__class__ = _CallableRoom
