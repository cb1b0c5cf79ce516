"""Fitted estimators as draws from a posterior: bootstrap members, bagging, the trees of a forest.

A model fitted to rows that are drawn with replacement is a draw of what the fit could have been on
other data [breiman1996bagging]. The members' spread is the variance of ONE such model; that of
their mean, the ensemble's own prediction, is smaller and comes from `forest_variance`.

A member may not know every class, since its rows may have held none of it: its probability of the
class is then 0, and its columns are matched by label and not by position. Nothing is fitted here,
except by a function that the caller hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.parallel import map_tasks
from alignlab.predictors import Predictor, Task, as_predictor, class_positions
from alignlab.random import as_generator
from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

__all__ = [
    "BootstrapMembers",
    "as_forest",
    "bootstrap_members",
    "bootstrap_predictive",
    "forest_spread",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BootstrapMembers:
    """Models that were fitted to rows drawn with replacement.

    Attributes
    ----------
    models
        What `fit` returned, one a member.
    counts
        How often each member saw each row, shape (members, n).
    """

    models: tuple[Any, ...]
    counts: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self.models)


def bootstrap_members(
    fit: Callable[[Any, Any], Any],
    X: Any,
    y: Any,
    *,
    members: int = 50,
    seed: int = 0,
    n_jobs: int | None = None,
) -> BootstrapMembers:
    """Fit a model to each of several redraws of the rows, by a function of your own.

    Use it where the fit is cheap. It is the only place of this room that fits anything.

    Parameters
    ----------
    fit
        Called with rows and outcomes, returns a fitted model, a new one each time, such as
        `lambda X, y: clone(model).fit(X, y)`.
    X, y
        n rows, a data frame or an array, and their outcomes.
    members
        How many.
    seed
        A whole number; each member has numbers of its own.
    n_jobs
        Workers, as in joblib.

    Returns
    -------
    BootstrapMembers

    Raises
    ------
    InputError
        If `fit` returns the same object twice, or the lengths differ.

    References
    ----------
    [breiman1996bagging]

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> x = np.arange(6.0)[:, None]
    >>> drawn = bootstrap_members(lambda X, y: LinearRegression().fit(X, y), x, 2 * x[:, 0],
    ...                           members=3)
    >>> len(drawn), drawn.counts.sum(axis=1).tolist()
    (3, [6, 6, 6])
    """
    if isinstance(members, bool) or not isinstance(members, int) or members < 2:
        raise InputError(f"members={members!r} is not a whole number from 2. Give members=50.")
    n = int(X.shape[0]) if hasattr(X, "shape") else len(X)
    if n == 0 or len(y) != n:
        raise InputError(f"There are {n} rows in X and {len(y)} in y. Give as many of both.")
    drawn = [
        as_generator(seed, "bootstrap", str(member)).integers(0, n, n) for member in range(members)
    ]
    models = map_tasks(lambda rows: fit(_taken(X, rows), _taken(y, rows)), drawn, n_jobs=n_jobs)
    if len({id(model) for model in models}) < members:
        raise InputError(
            "fit returned the same model twice, so that the last fit is in all of them. Return a "
            "new one each time, such as sklearn.base.clone(model).fit(X, y)."
        )
    counts = np.stack([np.bincount(rows, minlength=n) for rows in drawn])
    return BootstrapMembers(tuple(models), counts.astype(np.int32))


def bootstrap_predictive(
    members: Any,
    X: Any,
    *,
    classes: Sequence[Hashable] | None = None,
    task: Task | None = None,
    features: Sequence[str] | None = None,
    noise_variance: ArrayLike | None = None,
) -> PosteriorPredictive:
    """Return what fitted members say of rows, as draws from a posterior.

    Parameters
    ----------
    members
        Models fitted to redraws of the data: a fitted `BaggingClassifier` or `BaggingRegressor`,
        whose members see the columns that each was fitted on; `BootstrapMembers`; or any sequence
        of at least two models as alignlab takes them.
    X
        n rows.
    classes
        All labels in the order of the result's columns, where the members do not say them.
    task, features
        As for a model.
    noise_variance
        Regression: the variance of an outcome around a member's mean, one number or shape (n,).

    Returns
    -------
    PosteriorPredictive
        One pass a member.

    Raises
    ------
    InputError
        If the members are stages of one model (boosting), one model twice, or fewer than two.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> x = np.arange(6.0)[:, None]
    >>> drawn = bootstrap_members(lambda X, y: LinearRegression().fit(X, y), x, 2 * x[:, 0],
    ...                           members=3)
    >>> bootstrap_predictive(drawn, np.array([[10.0]])).mean.round(6)
    array([20.])
    """
    if _is_a(members, "BaseBagging"):
        return _bagging(members, X, noise_variance)
    if _is_a(members, "BaseForest"):
        raise InputError("A forest's trees are asked by forest_spread.")
    if hasattr(members, "estimators_") and not isinstance(members, Sequence):
        raise InputError(
            f"The members of a {type(members).__name__} are not fits of one model to redraws of "
            "the data (boosting makes stages that only count together). Give models that are."
        )
    models = list(members.models if isinstance(members, BootstrapMembers) else members)
    if len(models) < 2:
        raise InputError(f"There are {len(models)} members, and a spread needs at least two.")
    if len({id(model) for model in models}) < len(models):
        raise InputError("One model is among the members twice: copies have no spread.")
    predictors = [
        as_predictor(model, task=task, features=features, classes=_own_classes(model, classes))
        for model in models
    ]
    first = predictors[0]
    if any(predictor.task != first.task for predictor in predictors):
        raise InputError("Some members are classifiers and some regressors. Give one kind.")
    named = _all_classes(predictors, classes)
    samples = np.stack([_matched(predictor, named)(predictor(X)) for predictor in predictors])
    return _as_result(samples, f"{len(models)} bootstrap members", named, noise_variance)


def forest_spread(forest: Any, X: Any) -> PosteriorPredictive:
    """Return what each tree of a fitted forest says of rows.

    Where trees were grown until their leaves are pure, each one is sure of every row: their
    disagreement then holds the noise of the outcomes too, and `aleatoric` is 0. With
    `min_samples_leaf` of 10 or more the two are told apart.

    Parameters
    ----------
    forest
        A fitted RandomForest or ExtraTrees, classifier or regressor, or a pipeline that ends in
        one.
    X
        n rows, as the forest takes them.

    Returns
    -------
    PosteriorPredictive
        One pass a tree. Its mean is the forest's prediction; its `standard_error` is what more
        trees would remove, and not how far the forest is from the truth: see `forest_variance`.

    Raises
    ------
    InputError
        If this is no forest, or it predicts several targets.

    References
    ----------
    [breiman2001random]

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> x = np.arange(20.0)[:, None]
    >>> forest = RandomForestRegressor(30, random_state=0).fit(x, x[:, 0])
    >>> drawn = forest_spread(forest, x)
    >>> bool(np.allclose(drawn.mean, forest.predict(x)))
    True
    """
    trees, rows, classes = as_forest(forest, X)
    asked = "predict_proba" if classes else "predict"
    samples = np.stack([np.asarray(getattr(tree, asked)(rows)) for tree in trees.estimators_])
    return _as_result(samples, f"{len(samples)} trees of a forest", classes, None)


def as_forest(model: Any, X: Any) -> tuple[Any, NDArray[np.float32], tuple[Hashable, ...]]:
    """Return a fitted forest, the rows as its trees take them, and its classes.

    Parameters
    ----------
    model
        A forest, a pipeline that ends in one, or a Predictor of either.
    X
        n rows.

    Raises
    ------
    InputError
        If there is no fitted forest of one target.
    """
    predictor = as_predictor(model)
    forest, rows = predictor.estimator, predictor.selected(X)
    if hasattr(forest, "steps"):
        rows = forest[:-1].transform(rows) if len(forest.steps) > 1 else rows
        forest = forest.steps[-1][1]
    if not _is_a(forest, "BaseForest") or not hasattr(forest, "estimators_"):
        raise InputError(
            f"{predictor.name} is no fitted random forest. Give a RandomForest or ExtraTrees, or "
            "a pipeline that ends in one; for other members use bootstrap_predictive."
        )
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    table = np.asarray(rows, dtype=np.float32)
    if table.ndim != 2 or len(table) == 0 or table.shape[1] != forest.n_features_in_:
        raise InputError(
            f"The forest reads {forest.n_features_in_} columns, and X has shape {table.shape}."
        )
    return forest, table, predictor.classes


def _is_a(model: Any, base: str) -> bool:
    """Whether a class of scikit-learn of this name is among the model's bases."""
    return any(
        each.__name__ == base and each.__module__.startswith("sklearn.ensemble")
        for each in type(model).__mro__
    )


def _taken(table: Any, rows: NDArray[Any]) -> Any:
    return table.iloc[rows] if hasattr(table, "iloc") else np.asarray(table)[rows]


def _own_classes(model: Any, classes: Sequence[Hashable] | None) -> Sequence[Hashable] | None:
    """Return the classes to name for a member that does not name its own."""
    known = isinstance(model, Predictor) or getattr(model, "classes_", None) is not None
    return None if known else classes


def _all_classes(
    predictors: Sequence[Predictor], classes: Sequence[Hashable] | None
) -> tuple[Hashable, ...]:
    if predictors[0].task == "regression":
        return ()
    if classes is not None:
        return tuple(classes)
    # The member that knows most of them gives the order; what it lacks follows.
    longest = max(predictors, key=lambda predictor: len(predictor.classes)).classes
    others = (name for predictor in predictors for name in predictor.classes)
    return tuple(dict.fromkeys([*longest, *others]))


def _matched(predictor: Predictor, classes: tuple[Hashable, ...]) -> Callable[[Floats], Floats]:
    """Return what puts a member's probabilities into the columns of all classes."""
    if not classes:
        return lambda answers: answers
    columns = class_positions(list(predictor.classes), classes)

    def matched(answers: Floats) -> Floats:
        wide = np.zeros((len(answers), len(classes)))
        wide[:, columns] = answers
        return wide

    return matched


def _bagging(bagging: Any, X: Any, noise_variance: ArrayLike | None) -> PosteriorPredictive:
    predictor = as_predictor(bagging)
    rows = np.asarray(predictor.selected(X))
    classes = predictor.classes
    samples = []
    for member, columns in zip(bagging.estimators_, bagging.estimators_features_, strict=True):
        seen = rows[:, columns]
        if not classes:
            samples.append(member.predict(seen))
            continue
        # Members were fitted on the labels' positions, and may lack some.
        wide = np.zeros((len(rows), len(classes)))
        if hasattr(member, "predict_proba"):
            wide[:, np.asarray(member.classes_, dtype=int)] = member.predict_proba(seen)
        else:
            wide[np.arange(len(rows)), np.asarray(member.predict(seen), dtype=int)] = 1.0
        samples.append(wide)
    kind = f"{len(samples)} members of a {type(bagging).__name__}"
    return _as_result(np.stack(samples), kind, classes, noise_variance)


def _as_result(
    samples: Floats, kind: str, classes: tuple[Hashable, ...], noise_variance: ArrayLike | None
) -> PosteriorPredictive:
    return PosteriorPredictive(
        samples,
        kind,
        classes=classes,
        noise_variance=None if noise_variance is None else np.asarray(noise_variance),
        evaluations=samples.shape[0] * samples.shape[1],
    )
