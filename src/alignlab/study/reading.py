"""Reads `study.yaml`."""

from __future__ import annotations

from pathlib import Path

import yaml

from alignlab.study.spec import StudySpec

__all__ = ["read_study"]


def read_study(path: str | Path) -> StudySpec:
    """Read a study's statement."""
    return StudySpec.model_validate(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
