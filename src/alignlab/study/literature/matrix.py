"""Papers by themes: which paper speaks of what, and of what few papers or none speak.

A gap is a theme, or two themes together, of which at most so many papers speak. For two themes it
is told how many there would be if one had nothing to do with the other, n_a n_b / n: few where
many were to be expected is a gap, few where both are rare is not much of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError, require_whole
from alignlab.study.literature.themes import Theme
from alignlab.study.literature.works import Work, family
from alignlab.tables import Table
from alignlab.wording import shortened

if TYPE_CHECKING:
    from alignlab.charts import Chart

__all__ = ["Gap", "Gaps", "ThemeMatrix", "theme_matrix"]

MOST_DRAWN = 60
"""Papers in the figure; the table has them all."""

SIDE = 22
"""Of a cell, in pixels."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A theme, or two together, of which few papers speak.

    Attributes
    ----------
    themes
        One name or two.
    papers
        Their keys.
    expected
        How many there would be if the two had nothing to do with each other; `None` of one theme.
    """

    themes: tuple[str, ...]
    papers: tuple[str, ...]
    expected: float | None = None

    def __str__(self) -> str:
        """Return it as a line.

        >>> print(Gap(("fairness", "robustness"), (), 3.25))
        fairness and robustness: no paper, where 3.2 would meet by chance
        """
        n = len(self.papers)
        number = f"{n or 'no'} {'paper' if n < 2 else 'papers'}"
        which = f" ({', '.join(self.papers)})" if self.papers else ""
        if self.expected is None:
            return f"{self.themes[0]}: {number}{which}"
        both = " and ".join(self.themes)
        return f"{both}: {number}{which}, where {self.expected:.1f} would meet by chance"


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of what few papers speak.

    Attributes
    ----------
    few
        So many papers, or fewer, are a gap.
    themes, pairs
        Themes, and pairs of themes that are no gap alone, the widest gap first.
    unplaced
        Keys of papers with no theme: a theme is missing, or a word.
    silent
        Words of a theme that stand in no paper.
    """

    few: int
    themes: tuple[Gap, ...]
    pairs: tuple[Gap, ...]
    unplaced: tuple[str, ...]
    silent: Mapping[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the gaps as plain values."""
        return {
            "few": self.few,
            "themes": [{"themes": each.themes, "papers": each.papers} for each in self.themes],
            "pairs": [
                {"themes": each.themes, "papers": each.papers, "expected": each.expected}
                for each in self.pairs
            ],
            "unplaced": list(self.unplaced),
            "silent": {name: list(words) for name, words in self.silent.items()},
        }


@dataclass(frozen=True)
class ThemeMatrix:
    """Which paper speaks of which theme.

    Attributes
    ----------
    papers, themes
        The rows and the columns.
    marks
        How a paper came to a theme ("words" or "by hand"), by paper and theme; only where it did.
    """

    papers: tuple[Work, ...]
    themes: tuple[Theme, ...]
    marks: Mapping[tuple[str, str], str]

    def papers_of(self, *themes: str) -> tuple[str, ...]:
        """Return the keys of the papers that speak of all these themes."""
        return tuple(
            each.key
            for each in self.papers
            if all((each.key, name) in self.marks for name in themes)
        )

    @property
    def table(self) -> Table:
        """A row a paper, a column a theme, and in each cell how it came to be there."""
        names = [each.name for each in self.themes]
        rows = tuple(
            (each.key, each.title, each.year, *(self.marks.get((each.key, n), "") for n in names))
            for each in self.papers
        )
        return Table("Papers and themes", ("key", "title", "year", *names), rows)

    def gaps(self, *, few: int = 0) -> Gaps:
        """Return of what few papers speak.

        Parameters
        ----------
        few
            So many papers, or fewer, are a gap.
        """
        require_whole(few, "few", 0)
        names = [each.name for each in self.themes]
        by = {name: self.papers_of(name) for name in names}
        alone = [Gap((name,), by[name]) for name in names if len(by[name]) <= few]
        wide = {each.themes[0] for each in alone}
        total = len(self.papers)
        pairs = [
            Gap((one, two), both, len(by[one]) * len(by[two]) / total)
            for one, two in combinations([name for name in names if name not in wide], 2)
            if len(both := self.papers_of(one, two)) <= few
        ]
        placed = {key for key, _ in self.marks}
        silent = {
            each.name: tuple(
                word
                for word in each.words
                if not any(Theme("", (word,)).mark(paper) for paper in self.papers)
            )
            for each in self.themes
        }
        return Gaps(
            few,
            tuple(sorted(alone, key=lambda gap: len(gap.papers))),
            tuple(sorted(pairs, key=lambda gap: len(gap.papers) - (gap.expected or 0))),
            tuple(each.key for each in self.papers if each.key not in placed),
            {name: words for name, words in silent.items() if words},
        )

    def chart(self) -> Chart:
        """Draw a dot where a paper speaks of a theme; hollow where it was placed by hand."""
        from alignlab.charts import Chart
        from alignlab.plain import plain
        from alignlab.theme import ACCENT, LABEL_LIMIT

        names = [each.name for each in self.themes]
        shown = self.papers[:MOST_DRAWN]
        labels = _labels(shown)
        rows = [
            {"paper": labels[each.key], "theme": name, "by": self.marks.get((each.key, name), "")}
            for each in shown
            for name in names
        ]
        more = len(self.papers) - len(shown)
        papers = "1 more paper is" if more == 1 else f"{more:,} more papers are"
        title = f"{papers} in the table" if more else None
        axis_y = {"grid": True, "tickBand": "extent", "labelLimit": LABEL_LIMIT}
        axis_x = {
            "orient": "top", "labelAngle": -45, "labelAlign": "left", "labelLimit": LABEL_LIMIT,
            "labelOverlap": False, "ticks": False, "domain": False, "labelFlush": False,
        }  # fmt: skip
        spec = {
            "data": {"values": rows},
            "transform": [{"filter": "datum.by !== ''"}],
            "mark": {"type": "point", "size": 90, "opacity": 1, "strokeWidth": 2, "color": ACCENT},
            "encoding": {
                "x": {
                    "field": "theme", "type": "nominal", "title": None, "axis": axis_x,
                    "scale": {"domain": names},
                },
                "y": {
                    "field": "paper", "type": "nominal", "title": title, "axis": axis_y,
                    "scale": {"domain": [labels[each.key] for each in shown]},
                },
                "fill": {
                    "field": "by", "type": "nominal",
                    "scale": {"domain": ["words", "by hand"], "range": [ACCENT, "transparent"]},
                    "legend": {"title": "placed by its", "symbolType": "circle",
                               "symbolStrokeColor": ACCENT, "symbolStrokeWidth": 2,
                               "labelExpr": "datum.value === 'words' ? 'words' : 'readers'",
                               "orient": "bottom"},
                },
                "tooltip": [{"field": "paper"}, {"field": "theme"}, {"field": "by"}],
            },
            "width": {"step": 2 * SIDE},
            "height": {"step": SIDE},
        }  # fmt: skip
        return Chart("Which paper speaks of what?", plain(spec), self.table)

    def to_dict(self) -> dict[str, Any]:
        """Return the table, and the number of papers of each theme."""
        numbers = {each.name: len(self.papers_of(each.name)) for each in self.themes}
        return {"papers": len(self.papers), "themes": numbers, "table": self.table.to_dict()}


def theme_matrix(papers: Sequence[Work], themes: Sequence[Theme]) -> ThemeMatrix:
    """Return which paper speaks of which theme.

    Use it on the papers that were taken in, to see what is covered and what is not.

    Parameters
    ----------
    papers
        The rows.
    themes
        The columns.

    Raises
    ------
    InputError
        If there is no paper or no theme.

    Examples
    --------
    >>> papers = [Work(key="a", title="Robust and fair"), Work(key="b", title="Fair groups")]
    >>> themes = [Theme("fairness", ("fair*",)), Theme("robustness", ("robust*",))]
    >>> found = theme_matrix(papers, themes)
    >>> found.papers_of("fairness"), found.papers_of("fairness", "robustness")
    (('a', 'b'), ('a',))
    """
    if not papers or not themes:
        raise InputError(f"A matrix needs {'papers' if themes else 'themes'}, and there are none.")
    marks = {
        (paper.key, theme.name): mark
        for paper in papers
        for theme in themes
        if (mark := theme.mark(paper))
    }
    return ThemeMatrix(tuple(papers), tuple(themes), marks)


def _labels(papers: Sequence[Work]) -> dict[str, str]:
    """Return what each paper is called in the figure: its key where two would be called alike."""
    told = {
        each.key: f"{shortened(family(each.authors[0]), 30) if each.authors else each.key}"
        f"{' et al.' if len(each.authors) > 2 else ''} {each.year or ''}".strip()
        for each in papers
    }
    names = list(told.values())
    return {key: name if names.count(name) == 1 else key for key, name in told.items()}
