"""Trees of XGBoost and LightGBM, read from what the model itself writes: its JSON or its text.

    XGBoost    left where float32(cell) < float32(threshold)                 [chen2016xgboost]
    LightGBM   left where cell <= threshold, both of double precision        [ke2017lightgbm]

In single precision `cell < threshold` is `cell <= the number just below the threshold`, so both are
one form. Each library has its own rules besides: XGBoost sends the categories of a node's set to
the right and those it never saw to the left; LightGBM sends those of the set to the left and all
others to the right, and takes a missing cell for 0, or 0 for a missing cell, where training met
them so. Neither library is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors.boosters import learner_of
from alignlab.transparency.outputs import Output
from alignlab.transparency.shapley.forests import Forest, Part, joined, signs_of

__all__ = ["BoostedForest", "boosted_forest"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ZERO = float(np.float32(1e-35))
"""What LightGBM takes for zero, where zeros are missing."""

MOST_LEVELS = 2**28
"""Splits by category times codes: beyond this many the table would not fit in memory."""


@dataclass(frozen=True, eq=False)
class BoostedForest(Forest):
    """Trees whose cells are prepared as XGBoost or LightGBM prepares them.

    Attributes
    ----------
    missing
        The value that stands for a missing cell, besides NaN.
    zeros
        The columns in which 0 is a missing cell.
    by_code
        The columns of categories' codes.
    """

    missing: float = np.nan
    zeros: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    by_code: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def cells(self, encoded: Any) -> Floats:
        """Return encoded rows as the trees read them."""
        cells = super().cells(encoded).copy()
        cells[cells == (np.float32(self.missing) if self.single else self.missing)] = np.nan
        for column in self.zeros:
            cells[np.abs(cells[:, column]) <= ZERO, column] = np.nan
        for column in self.by_code:
            codes = np.trunc(cells[:, column])
            # The last code is in no node's set: the one of all that training never saw.
            unseen = (cells[:, column] < 0) | (codes >= self.levels.shape[1])
            cells[:, column] = np.where(unseen, self.levels.shape[1] - 1, codes)
        return cells


def boosted_forest(estimator: Any, output: Output) -> Forest | None:
    """Return the trees of a fitted XGBoost or LightGBM model that add up to an output, or `None`.

    Parameters
    ----------
    estimator
        `XGBClassifier`, `XGBRegressor` (or their forests, `XGBRF…`), `LGBMClassifier`,
        `LGBMRegressor`, or a LightGBM `Booster`.
    output
        What is explained: classifiers of two classes add up in log odds, regressors in values.
    """
    kind = type(estimator).__name__
    library = type(estimator).__module__.partition(".")[0]
    if library == "xgboost" and kind.startswith(("XGBClass", "XGBRegr", "XGBRF")):
        return _xgboost(estimator, output)
    if library == "lightgbm" and kind in ("LGBMClassifier", "LGBMRegressor", "Booster"):
        return _lightgbm(getattr(estimator, "booster_", estimator), output)
    return None


def _xgboost(estimator: Any, output: Output) -> Forest | None:
    learner = learner_of(estimator)
    booster = learner["gradient_booster"]
    # Linear, or with trees left out by chance, which then count by weights of their own.
    if booster["name"] != "gbtree" or booster["model"].get("weight_drop"):
        return None
    trees = booster["model"]["trees"]
    best = learner["attributes"].get("best_iteration")
    if best is not None:
        # Stopped early: the model answers by the rounds up to the best one.
        trees = trees[: booster["model"]["iteration_indptr"][int(best) + 1]]
    several = int(learner["learner_model_param"]["num_class"]) > 1 or any(
        int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in trees
    )
    signs = None if several or not trees else signs_of(1, output)
    if signs is None:
        return None
    sets = [(_whole(tree["categories"]), tree) for tree in trees]
    width = 2 + max(int(codes.max(initial=0)) for codes, _ in sets)
    if width * sum(len(tree["categories_nodes"]) for tree in trees) > MOST_LEVELS:
        return None
    parts = []
    for codes, tree in sets:
        left, right = _whole(tree["left_children"]), _whole(tree["right_children"])
        leaf = left < 0
        # Leaves hold their values where nodes hold their thresholds.
        numbers = np.array(tree["split_conditions"], dtype=np.float32)
        category = np.full(len(leaf), -1)
        category[tree["categories_nodes"]] = np.arange(len(tree["categories_nodes"]))
        levels = np.ones((len(tree["categories_nodes"]), width), dtype=bool)
        sizes = np.array(tree["categories_sizes"], dtype=np.int64)
        levels[np.repeat(np.arange(len(levels)), sizes), codes] = False
        column = np.where(leaf, -1, _whole(tree["split_indices"]))
        parts.append(
            Part(
                column=column,
                threshold=np.nextafter(numbers, np.float32(-np.inf)).astype(np.float64),
                missing_left=np.array(tree["default_left"], dtype=bool),
                category=category,
                left=left,
                right=right,
                value=np.where(leaf, numbers, 0).astype(np.float64)[:, None] * signs,
                cover=np.array(tree["sum_hessian"], dtype=np.float64),
                levels=levels,
                depth=_depth(left, right),
            )
        )
    # A number, or since release 3.1 a list of one.
    start = np.float64(np.float32(learner["learner_model_param"]["base_score"].strip("[]")))
    if output.scale == "log odds":
        start = np.log(start) - np.log1p(-start)
    return _finished(parts, single=True, start=start * signs, missing=float(estimator.missing))


def _lightgbm(booster: Any, output: Output) -> Forest | None:
    # The text is flat, where the JSON nests as deep as the trees do.
    head, *trees = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    said = _lines(head)
    if said["num_tree_per_iteration"] != "1" or not trees:
        return None
    signs = signs_of(1, output)
    if signs is None:
        return None
    if output.scale == "log odds":
        sigmoid = [word for word in said["objective"].split() if word.startswith("sigmoid:")]
        signs = signs * float(sigmoid[0].partition(":")[2]) if sigmoid else signs
    if "average_output" in head.split("\n"):  # a random forest
        signs = signs / len(trees)
    read = [_lines(tree) for tree in trees]
    if any(tree.get("is_linear", "0") != "0" for tree in read):
        return None
    words = [_numbers(tree, "cat_threshold", np.uint32) for tree in read]
    bounds = [_numbers(tree, "cat_boundaries", np.int64) for tree in read]
    width = 1 + 32 * max(int(np.diff(bound).max(initial=0)) for bound in bounds)
    if width * sum(len(bound) for bound in bounds) > MOST_LEVELS:
        return None
    parts, ways = [], []
    for tree, word, bound in zip(read, words, bounds, strict=True):
        inner = int(tree["num_leaves"]) - 1
        leaves = inner + 1
        decision = _numbers(tree, "decision_type", np.int64)
        by_set, default_left = (decision & 1).astype(bool), (decision & 2).astype(bool)
        way = decision >> 2 & 3  # of missing cells: 0 none were met, 1 zeros, 2 NaN
        threshold = _numbers(tree, "threshold", np.float64)
        levels = np.zeros((max(len(bound) - 1, 0), width), dtype=bool)
        for at in range(len(levels)):
            bits = np.unpackbits(
                word[bound[at] : bound[at + 1]].astype("<u4").view(np.uint8), bitorder="little"
            )
            levels[at, : len(bits)] = bits
        asked = _numbers(tree, "split_feature", np.int64)
        ways.append((asked, np.where(by_set, -1, way)))
        none = np.full(leaves, -1)
        left, right = (
            np.concatenate([np.where(down < 0, inner + ~down, down), none])
            for down in (
                _numbers(tree, "left_child", np.int64)[:inner],
                _numbers(tree, "right_child", np.int64)[:inner],
            )
        )
        value = np.concatenate([np.zeros(inner), _numbers(tree, "leaf_value", np.float64)])
        cover = [_numbers(tree, name, np.float64) for name in ("internal_count", "leaf_count")]
        counts = np.concatenate(cover)
        parts.append(
            Part(
                column=np.concatenate([asked, none]),
                threshold=np.concatenate([threshold, np.zeros(leaves)]),
                missing_left=np.concatenate(
                    [
                        np.where(way == 0, threshold >= 0, default_left) & ~by_set,
                        np.zeros(leaves, dtype=bool),
                    ]
                ),
                category=np.concatenate([np.where(by_set, threshold.astype(np.int64), -1), none]),
                left=left,
                right=right,
                value=value[:, None] * signs,
                cover=counts if len(counts) == len(value) else np.zeros(len(value)),
                levels=levels,
                depth=_depth(left, right),
            )
        )
    columns, kinds = (np.concatenate(part) for part in zip(*ways, strict=True))
    zeros = np.unique(columns[kinds == 1])
    if np.isin(columns[(kinds != 1) & (kinds >= 0)], zeros).any():
        return None  # one column, two rules: a model trained on from another
    return _finished(parts, single=False, start=0 * signs, zeros=zeros)


def _finished(parts: Sequence[Part], *, single: bool, start: Floats, **rules: Any) -> Forest:
    forest = joined(parts, single=single)
    held = {each.name: getattr(forest, each.name) for each in fields(Forest)}
    held |= {"adds_in_single": single, "start": start}
    by_code = np.unique(forest.column[forest.category >= 0])
    return BoostedForest(**held, by_code=by_code, **rules)


def _whole(numbers: Any) -> Ints:
    return np.array(numbers, dtype=np.int64)


def _lines(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


def _numbers(tree: dict[str, str], name: str, kind: Any) -> NDArray[Any]:
    return np.array(tree.get(name, "").split(), dtype=kind)


def _depth(left: Ints, right: Ints) -> int:
    """Return the most branches on a path from node 0."""
    depth, level = 0, np.zeros(1, dtype=np.int64)
    while True:
        level = level[left[level] >= 0]
        if not len(level):
            return depth
        level = np.concatenate([left[level], right[level]])
        depth += 1
