"""An explanation of one decision as a value: everything that a page or a site needs to show it.

The numbers come from other files of this room; `words` makes the sentences, `page` the HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from alignlab.files import write_whole
from alignlab.plain import plain
from alignlab.transparency.cards.deletion import Truth
from alignlab.transparency.cards.page import cards_html
from alignlab.transparency.cards.similar import Similar
from alignlab.transparency.cards.words import Section, sections, ways
from alignlab.transparency.recourse import Counterfactuals

__all__ = ["CARD_VERSION", "ExplanationCard", "Reason"]

CARD_VERSION = 1
"""Of what `ExplanationCard.to_dict` returns; it rises when a field changes its meaning or goes."""


@dataclass(frozen=True)
class Reason:
    """What one feature counted.

    Attributes
    ----------
    feature
        Its name.
    given
        What the case holds in it, as text.
    value
        Its Shapley value for the answer explained: above 0 it counted for it, below 0 against.
    error
        The standard error, of sampling coalitions and of having a sample of other cases.
    low, high
        The interval, corrected for the number of features.
    sure
        Whether the interval leaves out 0.
    protected
        Whether the feature was named as one that people must not be judged by.
    """

    feature: str
    given: str
    value: float
    error: float
    low: float
    high: float
    sure: bool
    protected: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class ExplanationCard:
    """One decision, explained.

    Attributes
    ----------
    model, data
        What they are called.
    row
        The case's position in the data; `None` where it is none of its rows.
    cells
        What the case holds in the columns that the model reads.
    task
        "classification" or "regression".
    outcome
        What is decided about, such as the target's column; may be empty.
    decision
        The class decided, or the value as text.
    answer
        What is explained: the probability of that class, its log-odds, 1 for a decision without
        probabilities, or the value.
    scale
        "probability", "log odds", "decision" or "value".
    base
        The mean answer over the background.
    probabilities
        The probability of every class, the highest first; empty where the model gives none.
    calibrated
        Whether somebody vouches that such probabilities come true as often as they say; `None`
        where nobody said.
    happened
        What did happen in this case, where that is known.
    reasons
        What each feature counted, the largest first.
    changes
        What would have changed the answer; `None` where it was not asked for.
    held
        The columns that were never to be changed.
    similar
        How similar cases went; `None` where there are none.
    truth
        How true the explanation is to the model; `None` where it was not measured.
    labels
        What columns and classes are called instead of by their names.
    classes
        The names of all classes, in the model's order; empty in regression.
    level
        Of all intervals.
    settings
        The game, the method, the background and the seed.
    notes
        What else to know.
    evaluations
        Rows that the model was asked for.
    """

    model: str
    data: str
    row: int | None
    cells: Mapping[str, Any]
    task: str
    outcome: str
    decision: str
    answer: float
    scale: str
    base: float
    probabilities: Mapping[str, float]
    calibrated: bool | None
    happened: str | None
    reasons: tuple[Reason, ...]
    changes: Counterfactuals | None
    held: tuple[str, ...]
    similar: Similar | None
    truth: Truth | None
    classes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    level: float = 0.95
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    evaluations: int = 0

    @property
    def sections(self) -> tuple[Section, ...]:
        """The questions, each with its sentences."""
        return sections(self)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The card in plain words."""
        return tuple(line for each in self.sections for line in each.sentences)

    @property
    def main_reasons(self) -> tuple[Reason, ...]:
        """The features that counted most, at most three, each surely apart from 0."""
        return tuple(each for each in self.reasons if each.sure)[:3]

    def __str__(self) -> str:
        """Return the questions and their sentences as text."""
        parts = [
            "\n".join([each.question, *(f"  {line}" for line in each.sentences)])
            for each in self.sections
        ]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        """Return the case and the decision; `sentences` has the words."""
        where = "" if self.row is None else f" row {self.row}"
        return f"<ExplanationCard{where}: {self.decision}>"

    def to_dict(self) -> dict[str, Any]:
        """Return everything that shows the card, as plain values."""
        changes = None
        if self.changes is not None:
            changes = {**self.changes.to_dict(), "held": list(self.held), "shown": ways(self)}
        content = {
            "card": CARD_VERSION,
            "model": self.model,
            "data": self.data,
            "row": self.row,
            "task": self.task,
            "outcome": self.outcome,
            "decision": self.decision,
            "answer": self.answer,
            "scale": self.scale,
            "base": self.base,
            "classes": list(self.classes),
            "probabilities": dict(self.probabilities),
            "calibrated": self.calibrated,
            "happened": self.happened,
            "reasons": [each.to_dict() for each in self.reasons],
            "changes": changes,
            "similar": None if self.similar is None else self.similar.to_dict(),
            "truth": None if self.truth is None else self.truth.to_dict(),
            "cells": dict(self.cells),
            "labels": dict(self.labels),
            "level": self.level,
            "sections": [each.to_dict() for each in self.sections],
            "settings": dict(self.settings),
            "notes": list(self.notes),
            "evaluations": self.evaluations,
        }
        found: dict[str, Any] = plain(content)
        return found

    def to_html(self) -> str:
        """Return the card as one page that asks nobody for anything and needs no script."""
        return cards_html([self.to_dict()])

    def save(self, path: str | Path) -> Path:
        """Write the page, whole or not at all.

        Raises
        ------
        OutputError
            If nothing can be written there.
        """
        path = Path(path)
        write_whole(path, self.to_html())
        return path

    def _repr_html_(self) -> str:
        parts = [
            f"<h4>{escape(each.question)}</h4>"
            + "".join(f"<p>{escape(line)}</p>" for line in each.sentences)
            for each in self.sections
        ]
        return "".join(parts)
