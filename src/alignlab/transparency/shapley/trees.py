"""Exact Shapley values of trees: what rows have in common is computed once.

    phi_p(x) = mean over background rows b of  sum over leaves of the leaf's game of (x, b)

[lundberg2020local], with features (groups of columns) as players, missing cells,
categories, and preprocessing that works feature by feature. Where branches follow cover instead
[lundberg2020local], the game is another one and is called "path-dependent".

Rows that meet a leaf's conditions in the same way share its game, and so do background rows; see
`tree_kernels`. Before a value is returned the trees' sum is compared with the model's own answers,
on rows put together from both sides and on every row explained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import chunks
from alignlab.transparency.shapley.encoded import (
    MIXED,
    agreement,
    encoded_rows,
    rounding,
    route_of,
)
from alignlab.transparency.shapley.forests import Forest, forest_of
from alignlab.transparency.shapley.values import Game, ShapleyValues

__all__ = ["tree_note", "tree_values"]

Floats = NDArray[np.float64]

BLOCK = 2048
"""Rows that walk a tree together: their masks stay in the second-level cache."""


def tree_values(
    output: Output,
    X: Any,
    background: Any,
    players: Mapping[str, Sequence[Any]],
    *,
    game: Game = "interventional",
) -> ShapleyValues | None:
    """Return the exact Shapley values of a model made of trees, or `None`.

    Use it for the trees, forests and boosted trees of scikit-learn, XGBoost and LightGBM, alone or
    behind a pipeline that works column by column. `shapley_values` tries it by itself.

    Parameters
    ----------
    output
        What is explained (`output_of`). Forests of classifiers add up in probabilities, boosted
        classifiers of two classes in log odds, regressors in values.
    X
        The n rows to explain: a data frame or an array.
    background
        The rows that features not known are taken from, of the same kind.
    players
        The columns of each feature (`players_of`).
    game
        "interventional"; "baseline" with one background row; or "path-dependent", which follows
        the training rows' shares and uses the background to check the model alone.

    Returns
    -------
    ShapleyValues or None
        `None` where the model is no such thing, where its preprocessing mixes features, where its
        trees do not add up on this scale, or where their sum is not what the model answers:
        sampling takes over.

    References
    ----------
    [lundberg2020local]

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from alignlab.transparency.outputs import output_of
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> both = DecisionTreeRegressor().fit(X, [0.0, 0.0, 0.0, 1.0])
    >>> result = tree_values(output_of(both), X[3:], X, {"a": (0,), "b": (1,)})
    >>> result.values[0, :, 0], result.base
    (array([0.375, 0.375]), array([0.25]))
    """
    route = route_of(output) if game != "conditional" and len(X) else None
    forest = forest_of(route.estimator, output) if route is not None else None
    if route is None or forest is None:
        return None
    encoded = encoded_rows(route, X, background, players)
    if encoded is None:
        return None
    asked = forest.column[forest.column >= 0]
    by_cover = game == "path-dependent"
    if by_cover and (encoded.owner[asked] < 0).any():
        return None  # whose the cell is was not seen, and cover gives it a part in the game
    if by_cover and not (forest.cover > 0).all():
        return None  # a library may leave it out, and a tree trained on may have none
    added = len(forest.roots) + 1 if forest.adds_in_single else 0
    sums = forest(forest.cells(encoded.mixed))
    constants = agreement(output, sums, encoded.asked, added=added)
    if constants is None:
        return None
    found = _walked(forest, encoded.owner, encoded.rows, encoded.background, len(players), by_cover)
    if found is None:
        return None
    values, reached = found
    answers = output(X)
    if by_cover:
        base, evaluations = reached + constants, MIXED + len(X)
        around = encoded.asked
    else:
        around = output(background)
        base, evaluations = around.mean(axis=0), MIXED + len(X) + len(background)
    apart = np.abs(answers - base - values.sum(axis=1))
    allowed = rounding(output, answers, answers - constants, added=added)
    allowed += rounding(output, around, around - constants, added=added).mean(axis=0)
    if not (apart <= allowed).all():
        return None
    if added and output.scale == "log odds":
        # A probability of single precision holds few digits of its log odds near 1: the trees' own
        # sum, which it agrees with, is what values add up to.
        start = forest.start
        blurred = rounding(output, encoded.asked, sums, added=added).min(axis=0)
        if (np.abs(start - constants) > 2 * blurred).any():
            return None
        answers = start + forest(forest.cells(encoded.rows))
        behind = forest(forest.cells(encoded.background)).mean(axis=0)
        base = start + (reached if by_cover else behind)
    return ShapleyValues(
        values=values,
        base=base,
        answers=answers,
        standard_errors=np.zeros_like(values),
        background_errors=None,
        features=tuple(players),
        columns=tuple(tuple(columns) for columns in players.values()),
        outputs=output.names,
        rows=X,
        game=game,
        method="exact, by the model's trees",
        scale=output.scale,
        evaluations=evaluations,
        background_rows=0 if by_cover else len(background),
    )


def _walked(
    forest: Forest, owner: NDArray[np.int64], X: Floats, behind: Floats, players: int, cover: bool
) -> tuple[Floats, Floats] | None:
    """Return the values, shape (n, players, outputs), and the trees' answer by cover."""
    from alignlab.transparency.shapley import tree_kernels

    rows = np.ascontiguousarray(forest.cells(X).T)
    background = np.ascontiguousarray(forest.cells(behind).T)
    # Cells of no feature are met alike by all rows: one more player, who is never moved.
    whose = np.where(owner < 0, players, owner)
    phi = np.empty((forest.value.shape[1], players + 1, len(X)))
    tables = (tree_kernels.weights(), *tree_kernels.shares())
    reached = np.zeros(forest.value.shape[1])
    for part in chunks(len(X), max(BLOCK, 4 * len(behind))):
        own = np.zeros((phi.shape[0], players + 1, len(X[part])))
        reached = tree_kernels.values(
            *forest.nodes,
            forest.cover,
            forest.depth,
            whose,
            np.ascontiguousarray(rows[:, part]),
            background,
            cover,
            *tables,
            own,
        )
        phi[:, :, part] = own
        if not len(reached):
            return None
    return np.ascontiguousarray(phi[:, :players].T), reached


def tree_note(output: Output) -> str | None:
    """Return how exact values of a model of trees can be had, where its scale has none.

    Examples
    --------
    >>> from sklearn.ensemble import GradientBoostingClassifier
    >>> from alignlab.transparency.outputs import output_of
    >>> model = GradientBoostingClassifier(n_estimators=2).fit([[0.0], [1.0]], [0, 1])
    >>> print(tree_note(output_of(model)))
    Boosted trees add up in log odds: scale='log odds' gives exact values at once.
    """
    route = route_of(output)
    if route is None or forest_of(route.estimator, output) is not None:
        return None
    if output.scale == "probability":
        other = replace(output, scale="log odds")
        if forest_of(route.estimator, other) is not None:
            return "Boosted trees add up in log odds: scale='log odds' gives exact values at once."
    if output.scale in ("log odds", "decision"):
        other = replace(output, scale="probability")
        if forest_of(route.estimator, other) is not None:
            return (
                "A forest adds up in probabilities: scale='probability' gives exact values at once."
            )
    return None
