"""A deferral policy: per case, decide or ask a person. Plain numbers, saved as JSON.

Of a case it says what asking is expected to gain, E[person earns | x] - E[model earns | x] less the
cost of asking, and asks where that exceeds the threshold that people's time allows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from alignlab.errors import InputError, listed, require_choice
from alignlab.files import write_whole
from alignlab.plain import to_json
from alignlab.predictors import Predictor, as_predictor
from alignlab.random import row_streams
from alignlab.uncertainty.deferral.budget import Threshold, chances, top
from alignlab.uncertainty.deferral.cases import CaseReader

__all__ = ["DeferralDecisions", "DeferralPolicy", "Rule", "learned_gain", "linear"]

Floats = NDArray[np.float64]
Rule = Literal["post-hoc", "one-vs-all", "mozannar-sontag", "model alone", "people at random"]

FORMAT = "alignlab deferral policy 1"


@dataclass(frozen=True, eq=False)
class DeferralDecisions:
    """What to do with each case; every array has one entry a case.

    Attributes
    ----------
    ask
        Whether a person should decide.
    score
        What cases are ordered by.
    expected_gain
        What a person's decision is expected to gain over the model's, less what asking costs.
    decision
        The model's decision, as a class label: it stands where `ask` is False.
    evaluations
        Rows that the model was asked for.
    """

    ask: NDArray[np.bool_]
    score: Floats
    expected_gain: Floats
    decision: NDArray[Any]
    evaluations: int

    def __len__(self) -> int:
        return len(self.ask)

    @property
    def queue(self) -> NDArray[np.intp]:
        """The positions of the cases to ask about, the most worthwhile first."""
        asked = np.flatnonzero(self.ask)
        return asked[np.argsort(-self.score[asked], kind="stable")]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a case."""
        return pd.DataFrame(
            {
                "ask": self.ask,
                "score": self.score,
                "expected gain": self.expected_gain,
                "model's decision": self.decision,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "ask": self.ask.tolist(),
            "score": self.score.tolist(),
            "expected_gain": self.expected_gain.tolist(),
            "decision": self.decision.tolist(),
            "evaluations": self.evaluations,
        }


@dataclass(frozen=True, eq=False)
class DeferralPolicy:
    """When to ask a person about a case; `fit_deferral` makes one.

    Called with rows, it asks the model about them and says for each whether a person should decide.

    Attributes
    ----------
    rule
        What it goes by.
    threshold
        Above which score a case goes to a person.
    floor
        With a capacity, cases of this score or less stay with the model all the same.
    budget
        The share of cases that it was fitted for.
    person
        Intercept and slopes of what the person earns; empty for a rule that reads nothing.
    model
        The same of what the model earns; empty where the rule believes the model.
    average_gain
        What asking gains on average over all cases.
    utilities
        Of a decision (row) when a class (column) is true.
    asking_cost
        In the utilities' unit.
    classes
        The model's.
    reader
        How a case becomes numbers.
    seed
        Of the order among equal scores.
    predictor
        The model. It is not saved with the policy.
    """

    rule: Rule
    threshold: Threshold
    floor: float
    budget: float
    person: Floats
    model: Floats
    average_gain: float
    utilities: Floats
    asking_cost: float
    classes: tuple[str, ...]
    reader: CaseReader
    seed: int
    predictor: Predictor | None = field(default=None, repr=False)

    def __call__(
        self,
        X: Any,
        *,
        probabilities: ArrayLike | None = None,
        capacity: int | None = None,
        cases: Sequence[int] | NDArray[Any] | None = None,
    ) -> DeferralDecisions:
        """Say for each case whether a person should decide it.

        Parameters
        ----------
        X
            n rows, as the policy was fitted on.
        probabilities
            The model's probabilities for them, shape (n, n_classes), where they are known; the
            model is then not asked again.
        capacity
            At most so many of these cases, those with the highest scores; `None` goes by the
            threshold, which keeps the budget over many cases.
        cases
            Whole numbers from 0 that name the cases, so that equal scores are ordered alike in
            whatever batch they come; `None` takes their positions.

        Raises
        ------
        InputError
            If there is no model to ask, or something does not fit.
        """
        predictor = self._asked()
        before = predictor.rows_evaluated
        said = self._probabilities(predictor, X, probabilities)
        decisions = predictor.decide(said)
        n = len(said)
        score, gain = np.zeros(n), np.full(n, self.average_gain)
        if len(self.person):
            design = self.reader.design(X, said, decisions)
            person = linear(self.person, design)
            model = linear(self.model, design) if len(self.model) else None
            gain = learned_gain(self.rule, person, model, said, decisions, self.utilities)
            gain = score = gain - self.asking_cost
        if cases is not None:
            _require_names(np.asarray(cases), n)
        order = row_streams(self.seed, n if cases is None else cases, "deferral").uniform(1)[:, 0]
        if capacity is None:
            ask = order < chances(score, self.threshold)
        else:
            ask = top(score, capacity, order, floor=self.floor)
        labels = np.array(predictor.classes, dtype=object)
        kept = labels[decisions].tolist()
        return DeferralDecisions(
            ask=ask,
            score=score,
            expected_gain=gain,
            decision=np.array(kept) if kept else np.zeros(0),
            evaluations=predictor.rows_evaluated - before,
        )

    def __str__(self) -> str:
        """Return what the policy does, in words."""
        if self.rule == "model alone":
            return "ask about no case"
        if self.rule == "people at random":
            return f"ask about {self.budget:.0%} of all cases, whichever they are"
        return (
            f"ask where a person is expected to gain more than {self.threshold.above:.3g} "
            f"({self.rule}; at most {self.budget:.0%} of cases)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as plain values; the infinite threshold of never asking is "inf"."""
        return {
            "format": FORMAT,
            "rule": self.rule,
            "above": _written(self.threshold.above),
            "at": self.threshold.at,
            "floor": _written(self.floor),
            "budget": self.budget,
            "person": self.person.tolist(),
            "model": self.model.tolist(),
            "average_gain": self.average_gain,
            "utilities": self.utilities.tolist(),
            "asking_cost": self.asking_cost,
            "classes": list(self.classes),
            "seed": self.seed,
            "reader": self.reader.to_dict(),
            "fingerprint": "" if self.predictor is None else self.predictor.fingerprint,
        }

    def save(self, path: str | Path) -> None:
        """Write the policy as JSON; nothing in it runs when it is opened.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        write_whole(Path(path), to_json(self.to_dict()))

    @classmethod
    def from_dict(
        cls,
        stated: Any,
        model: Any,
        *,
        representation: Callable[[Any], Any] | None = None,
        source: str = "The policy",
    ) -> DeferralPolicy:
        """Return the policy that `to_dict` wrote, for the model that it was fitted with.

        Models from files are told apart by their fingerprints, others by their classes only: to a
        model trained anew and given in memory the policy does not apply, and nothing says so.

        Raises
        ------
        InputError
            If it is no policy, or was made for another model.
        """
        if not isinstance(stated, dict) or stated.get("format") != FORMAT:
            raise InputError(f"{source} is no {FORMAT}. Give a file that policy.save wrote.")
        try:
            names, made_for = tuple(map(str, stated["classes"])), str(stated["fingerprint"])
            read = _read(stated, representation)
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise InputError(f"{source} is damaged ({reason}). Fit the policy anew.") from error
        known = getattr(model, "classes_", None)
        unnamed = known is None and not isinstance(model, Predictor)
        predictor = as_predictor(model, classes=names if unnamed else None)
        if predictor.class_names != names:
            raise InputError(
                f"{source} was made for the classes {listed(names)}, and the model has "
                f"{listed(predictor.class_names)}. Give the model that it was fitted with."
            )
        if made_for and predictor.fingerprint and made_for != predictor.fingerprint:
            raise InputError(
                f"{source} was made for another file of a model ({made_for[:12]}, and this is "
                f"{predictor.fingerprint[:12]}). Give that one, or fit a policy for this one."
            )
        return cls(classes=names, predictor=predictor, **read)

    @classmethod
    def load(
        cls, path: str | Path, model: Any, *, representation: Callable[[Any], Any] | None = None
    ) -> DeferralPolicy:
        """Open a policy that `save` wrote, for the model that it was fitted with.

        Raises
        ------
        InputError
            If the file is no policy, or was made for another model.
        """
        try:
            stated = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not JSON"
            raise InputError(
                f"Cannot open {path}: {reason}. Give a file that policy.save wrote."
            ) from error
        return cls.from_dict(stated, model, representation=representation, source=str(path))

    def _asked(self) -> Predictor:
        if self.predictor is None:
            raise InputError("The policy has no model to ask. Open it with its model.")
        return self.predictor

    def _probabilities(self, predictor: Predictor, X: Any, given: ArrayLike | None) -> Floats:
        if given is None:
            return predictor(X)
        said = np.asarray(given, dtype=np.float64)
        n = int(X.shape[0]) if hasattr(X, "shape") else len(X)
        if said.shape != (n, len(self.classes)):
            raise InputError(
                f"probabilities have the shape {said.shape}, and {(n, len(self.classes))} is "
                "needed: one a class for each row."
            )
        fine = np.isfinite(said).all(axis=1) & (said >= 0).all(axis=1)
        fine &= np.abs(said.sum(axis=1) - 1) < 1e-6
        if not fine.all():
            raise InputError(
                f"Row {int(np.argmin(fine))} of probabilities does not hold probabilities that "
                "sum to 1. Logits go through a softmax first."
            )
        return said


def linear(coefficients: Floats, design: Floats) -> Floats:
    """Return intercept plus slopes times columns, shape (n,)."""
    return np.asarray(coefficients[0] + design @ coefficients[1:])


def learned_gain(
    rule: Rule,
    person: Floats,
    model: Floats | None,
    probabilities: Floats,
    decisions: NDArray[np.intp],
    utilities: Floats,
) -> Floats:
    """Return what the person is expected to earn above the model, in the utilities' unit, (n,).

    Parameters
    ----------
    rule
        Which link the linear predictors go through.
    person, model
        Linear predictors of what each earns, (n,); where the model's is `None`, it is believed.
    probabilities, decisions
        The model's.
    utilities
        Of a decision (row) when a class (column) is true.
    """
    lowest, size = float(utilities.min()), float(np.ptp(utilities))
    # exp(g) estimates what the person earns, and nothing keeps it below 1 but this.
    theirs = np.exp(np.minimum(person, 0)) if rule == "mozannar-sontag" else expit(person)
    if model is not None:
        return np.asarray((theirs - expit(model)) * size)
    return np.asarray(theirs * size - ((probabilities * utilities[decisions]).sum(axis=1) - lowest))


def _require_names(cases: NDArray[Any], n: int) -> None:
    if len(cases) != n:
        raise InputError(f"cases names {len(cases)} cases, and there are {n} rows.")
    if n and (cases.dtype.kind not in "iu" or cases.min() < 0):
        raise InputError("cases names cases by whole numbers from 0. Number them, one a row.")


def _read(stated: dict[str, Any], representation: Callable[[Any], Any] | None) -> dict[str, Any]:
    """Return the fields that a policy was written with, or raise where they are none."""
    rule = require_choice(stated["rule"], get_args(Rule), what="rule")
    reader = CaseReader.from_dict(stated["reader"], representation)
    numbers = {
        name: np.array(stated[name], dtype=np.float64) for name in ("person", "model", "utilities")
    }
    names = ("above", "at", "floor", "budget", "average_gain", "asking_cost")
    plain = {name: float(stated[name]) for name in names}
    square = (len(stated["classes"]),) * 2
    for name, each in numbers.items():
        shapes = [square] if name == "utilities" else [(0,), (1 + len(reader.shift),)]
        if each.shape not in shapes or not np.isfinite(each).all():
            raise ValueError(f"{name} has other numbers than it should")
    if np.isnan(list(plain.values())).any():
        raise ValueError("a number is not one")
    threshold = Threshold(plain.pop("above"), plain.pop("at"))
    seed = int(stated["seed"])
    return {
        "rule": rule,
        "threshold": threshold,
        "reader": reader,
        "seed": seed,
        **numbers,
        **plain,
    }


def _written(number: float) -> float | str:
    return number if np.isfinite(number) else ("inf" if number > 0 else "-inf")
