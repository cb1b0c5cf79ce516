"""How far the screeners agree, on which papers they differ, and what was excluded without a reason.

Agreement is measured on what each said alone, before anything was settled: Krippendorff's alpha
over all screeners [hayes2007answering], Cohen's kappa of each two [cohen1960coefficient]. "unsure"
is a decision like the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from alignlab.errors import InputError
from alignlab.oversight.agreement import Alpha, CohenKappa, cohen_kappa, krippendorff_alpha
from alignlab.study.literature.criteria import Criteria
from alignlab.study.literature.screening import Decision, Screening
from alignlab.tables import Table

__all__ = ["Disagreement", "ScreeningAgreement", "screening_agreement"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A paper of which screeners say different things, or one is unsure.

    Attributes
    ----------
    key, title
        The paper's.
    said
        What each says.
    agreed
        What they settled on; `None` where they have not yet.
    """

    key: str
    title: str
    said: Mapping[str, Decision]
    agreed: Decision | None


@dataclass(frozen=True)
class ScreeningAgreement:
    """How far the screeners agree.

    Attributes
    ----------
    alpha
        Krippendorff's alpha over all screeners.
    kappas
        Cohen's kappa of each two, by their names.
    disagreements
        In the library's order.
    without_reason
        Keys of excluded papers of which nobody says why.
    counts
        Papers in all, and by what came of them.
    reasons
        Excluded papers by reason.
    """

    alpha: Alpha
    kappas: Mapping[tuple[str, str], CohenKappa]
    disagreements: tuple[Disagreement, ...]
    without_reason: tuple[str, ...]
    counts: Mapping[str, int]
    reasons: Mapping[str, int]

    @property
    def open(self) -> tuple[Disagreement, ...]:
        """Those that are not settled."""
        return tuple(each for each in self.disagreements if each.agreed is None)

    @property
    def table(self) -> Table:
        """The disagreements: a row a paper, a column a screener, and what was agreed."""
        names = list(dict.fromkeys(name for each in self.disagreements for name in each.said))

        def told(given: Decision | None) -> str:
            if given is None:
                return ""
            return f"{given.decision}: {given.reason}" if given.reason else given.decision

        rows = tuple(
            (each.key, each.title, *(told(each.said.get(name)) for name in names),
             told(each.agreed))
            for each in self.disagreements
        )  # fmt: skip
        return Table("Where screeners differ", ("key", "title", *names, "agreed"), rows)

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "alpha": self.alpha.to_dict(),
            "kappas": [
                {"first": first, "second": second, **kappa.to_dict()}
                for (first, second), kappa in self.kappas.items()
            ],
            "disagreements": self.table.to_dict(),
            "open": [each.key for each in self.open],
            "without_reason": list(self.without_reason),
            "counts": dict(self.counts),
            "reasons": dict(self.reasons),
        }


def screening_agreement(
    screening: Screening, criteria: Criteria | None = None, *, level: float = 0.95
) -> ScreeningAgreement:
    """Return how far screeners agree, and what they have to talk about.

    Use it after a first dozen papers, to see whether the criteria are understood alike, and in the
    paper. It says whether people agree, not whether they are right.

    Parameters
    ----------
    screening
        What at least two screeners decided.
    criteria
        Those that reasons name.
    level
        Coverage of the intervals.

    Returns
    -------
    ScreeningAgreement

    Raises
    ------
    InputError
        If there are fewer than two screeners.

    References
    ----------
    [hayes2007answering], [cohen1960coefficient]

    Examples
    --------
    >>> from alignlab.study.literature.works import Work
    >>> papers = tuple(Work(key=f"p{n}", title=f"Paper {n}") for n in range(20))
    >>> ana = {f"p{n}": Decision("include" if n % 2 else "exclude", "topic") for n in range(20)}
    >>> bo = {**ana, "p0": Decision("include")}
    >>> found = screening_agreement(Screening(papers, {"ana": ana, "bo": bo}))
    >>> print(found.kappas["ana", "bo"].estimate, [each.key for each in found.open])
    0.900 [0.359, 0.989] ['p0']
    """
    if len(screening.said) < 2:
        raise InputError(
            f"{len(screening.said)} screened, and agreement needs two: alignlab study literature "
            "screen --screener NAME --screener NAME gives each a sheet."
        )
    columns = {
        name: np.array(
            [said[each.key].decision if each.key in said else None for each in screening.papers],
            dtype=object,
        )
        for name, said in screening.said.items()
    }
    matrix = (
        np.stack(list(columns.values()), axis=1) if screening.papers else np.empty((0, 2), object)
    )
    return ScreeningAgreement(
        alpha=krippendorff_alpha(matrix, level=level),
        kappas={
            (one, two): cohen_kappa(columns[one], columns[two], level=level)
            for one, two in combinations(columns, 2)
        },
        disagreements=_disagreements(screening),
        without_reason=screening.without_reason(),
        counts=screening.counts(),
        reasons=screening.reasons(criteria),
    )


def _disagreements(screening: Screening) -> tuple[Disagreement, ...]:
    found = []
    for paper in screening.papers:
        said = {name: by[paper.key] for name, by in screening.said.items() if paper.key in by}
        words = {each.decision for each in said.values()}
        if len(words) > 1 or "unsure" in words:
            agreed = screening.agreed.get(paper.key)
            found.append(Disagreement(paper.key, paper.title, said, agreed))
    return tuple(found)
