"""What a study's runs say: the planned analysis, with its tables and figures."""

from __future__ import annotations

from alignlab.study.analysis.analyzing import StudyAnalysis, analyze
from alignlab.study.analysis.hypotheses import Answer
from alignlab.study.analysis.measured import Part

__all__ = ["Answer", "Part", "StudyAnalysis", "analyze"]
