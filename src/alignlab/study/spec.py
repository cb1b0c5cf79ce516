"""What a study asks, varies, measures and plans, as its `study.yaml` says it.

    question ──► factors × levels × replicates ──► one run each ──► measures ──► hypotheses

A configuration is one level of every factor. Every configuration is run `seeds` times; replicate k
of one configuration and replicate k of another are a pair, and a hypothesis is about the
differences within pairs. A task is one combination of the factors named by `tasks`, such as a data
set: differences are first averaged within tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Analysis",
    "Author",
    "Hypothesis",
    "Level",
    "Measure",
    "PaperSpec",
    "Resources",
    "StudySpec",
]

Level = str | bool | int | float
"""A level of a factor, as YAML writes it."""


class _Stated(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=True,
        validate_by_alias=True,
    )


class Author(_Stated):
    """Who wrote the study."""

    name: str = Field(min_length=1)
    affiliation: str = ""
    email: str = ""
    orcid: str = ""


class Measure(_Stated):
    """A number that every run returns.

    Attributes
    ----------
    label, unit
        How it is called in tables and figures, and what it is counted in.
    better
        Which direction people want.
    primary
        Whether hypotheses about it are the study's main ones, corrected as one family.
    low, high
        The ends of what it can be, where it has ends.
    failed
        What a run that failed counts as; without it a failed run's pair is missing, and said so.
    """

    label: str = ""
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    primary: bool = False
    low: float | None = None
    high: float | None = None
    failed: float | None = None


class Hypothesis(_Stated):
    """What is expected of one measure between two levels of one factor.

    Attributes
    ----------
    says
        The hypothesis as a sentence.
    measure
        The measure's name.
    factor, of, against
        The difference is the measure at level `of` less the measure at level `against`.
    direction
        "greater": the difference is above 0; "less": below 0; "different": not 0; "equivalent":
        within ± `smallest_effect`.
    smallest_effect
        The smallest difference that would matter, in the measure's unit.
    spread
        The standard deviation of the difference between a pair's two runs, as far as is known
        before the study; the power rests on it.
    where
        Levels of other factors that it is confined to.
    """

    says: str = Field(min_length=1)
    measure: str
    factor: str
    of: Level
    against: Level
    direction: Literal["greater", "less", "different", "equivalent"] = "different"
    smallest_effect: float = Field(gt=0)
    spread: float | None = Field(default=None, gt=0)
    where: Mapping[str, Level] = Field(default_factory=dict)


class Analysis(_Stated):
    """How the runs will be analysed, said before the first one.

    Attributes
    ----------
    level, power
        Of the intervals, and wanted of the tests.
    correction
        Of the p-values and intervals of the family of hypotheses about primary measures.
    tasks
        The factors whose combinations are tasks, the outermost first; a data set is one.
    generalise
        To new "seeds" on these tasks, or to new "tasks" like these: what is drawn anew, in thought.
    """

    level: float = Field(default=0.95, gt=0.5, lt=1)
    power: float = Field(default=0.8, gt=0, lt=1)
    correction: Literal["holm", "none"] = "holm"
    tasks: tuple[str, ...] = ()
    generalise: Literal["seeds", "tasks"] = "seeds"


class Resources(_Stated):
    """What one run takes, as far as is known before the study."""

    seconds_per_run: float | None = Field(default=None, gt=0)
    memory: str = ""
    hardware: str = ""


class PaperSpec(_Stated):
    """How the paper is set."""

    columns: Literal[1, 2] = 2
    anonymous: bool = False
    style: Literal["ieee", "apa", "chicago-author-date"] = "ieee"
    keywords: tuple[str, ...] = ()


class StudySpec(_Stated):
    """A study, stated; see the attributes' own classes.

    Attributes
    ----------
    study
        Its name: letters, digits and dashes; every seed follows from it.
    title, question, authors
        Of the paper.
    run
        `module:function`, called as `function(config, seed)` and returning a number for each
        measure. A module is looked for in the study's folder first.
    factors
        Name to levels, in the order in which tables show them.
    seeds
        Replicates of each configuration.
    measures, hypotheses
        By name.
    code, data
        Files and folders that the runs rest on beside the module of `run`: their contents are part
        of what a result is filed under. Paths are relative to `study.yaml`.
    """

    study: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=1)
    question: str = Field(min_length=1)
    authors: tuple[Author, ...] = ()
    run: str
    factors: Mapping[str, tuple[Level, ...]]
    seeds: int = Field(ge=1)
    measures: Mapping[str, Measure]
    hypotheses: Mapping[str, Hypothesis] = Field(default_factory=dict)
    analysis: Analysis = Analysis()
    resources: Resources = Resources()
    code: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    paper: PaperSpec = PaperSpec()

    def configurations(self) -> tuple[dict[str, Level], ...]:
        """Return every combination of levels, the last factor varying fastest."""
        return tuple(
            dict(zip(self.factors, levels, strict=True))
            for levels in product(*self.factors.values())
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as plain values under the file's own keys."""
        return self.model_dump(mode="json", by_alias=True)
