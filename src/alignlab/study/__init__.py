"""From a research question to runs, statistics and a paper.

Each name is imported from its home when first used: to make a study needs no statistics, and to
run one no typesetter. The statistics themselves are in `alignlab.study.statistics`, and what others
wrote is read by `alignlab.study.literature`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.study.analysis import StudyAnalysis, analyze
    from alignlab.study.creating import create_study
    from alignlab.study.folder import StudyFolder, open_study
    from alignlab.study.paper.building import build_paper
    from alignlab.study.plans.plan import StudyPlan
    from alignlab.study.plans.planning import plan_study
    from alignlab.study.plans.registration import deviations, register_study
    from alignlab.study.publishing.publishing import Published, publish_study
    from alignlab.study.publishing.verifying import Verified, verify_archive
    from alignlab.study.reading import read_study
    from alignlab.study.runs.running import RunSummary, run_study
    from alignlab.study.runs.seeds import Seed
    from alignlab.study.spec import StudySpec
    from alignlab.study.status import StudyStatus, status_of

__all__ = [
    "Published",
    "RunSummary",
    "Seed",
    "StudyAnalysis",
    "StudyFolder",
    "StudyPlan",
    "StudySpec",
    "StudyStatus",
    "Verified",
    "analyze",
    "build_paper",
    "create_study",
    "deviations",
    "open_study",
    "plan_study",
    "publish_study",
    "read_study",
    "register_study",
    "run_study",
    "status_of",
    "verify_archive",
]

_HOMES = {
    "Published": "publishing.publishing",
    "RunSummary": "runs.running",
    "Seed": "runs.seeds",
    "StudyAnalysis": "analysis",
    "StudyFolder": "folder",
    "StudyPlan": "plans.plan",
    "StudySpec": "spec",
    "StudyStatus": "status",
    "Verified": "publishing.verifying",
    "analyze": "analysis",
    "build_paper": "paper.building",
    "create_study": "creating",
    "deviations": "plans.registration",
    "open_study": "folder",
    "plan_study": "plans.planning",
    "publish_study": "publishing.publishing",
    "read_study": "reading",
    "register_study": "plans.registration",
    "run_study": "runs.running",
    "status_of": "status",
    "verify_archive": "publishing.verifying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
