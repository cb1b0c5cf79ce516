"""Trees of any library in one form: nodes in flat arrays, judged exactly as the library judges.

A forest's answer is   offset + sum_t value[leaf of tree t that the row reaches].

scikit-learn rounds cells to float32 and compares them with float64 thresholds; its histogram
boosting compares in float64, follows missing cells by a flag of the node, and splits categories by
a set of codes. One cell judged otherwise sends a row down another branch, without a word: so the
form holds what each library does, and whoever uses a forest compares it with the model first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors.tree_form import TreeForm, tree_form
from alignlab.transparency.outputs import Output

__all__ = ["Forest", "Part", "forest_of", "joined", "signs_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees laid end to end: node i of them all.

    Attributes
    ----------
    column
        The encoded column that a node asks; -1 at a leaf.
    threshold
        A cell goes left where it is at most this.
    missing_left
        Whether a missing cell goes left.
    category
        The row of `levels` that decides instead of the threshold; -1 where none does.
    left, right
        The nodes below.
    value
        What a leaf adds, shape (nodes, outputs).
    cover
        The weight of the training rows that came by.
    roots
        The first node of each tree.
    levels
        Whether a category's code goes left, shape (splits by category, 256).
    depth
        The most branches on a path.
    single
        Whether cells are rounded to float32 first.
    adds_in_single
        Whether the library adds its leaves up, and answers, in float32.
    start
        What is added to the trees' sum, for each output, where `adds_in_single`.
    """

    column: Ints
    threshold: Floats
    missing_left: Bools
    category: Ints
    left: Ints
    right: Ints
    value: Floats
    cover: Floats
    roots: Ints
    levels: Bools
    depth: int
    single: bool
    adds_in_single: bool = False
    start: Floats = field(default_factory=lambda: np.zeros(1))

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The arrays in the order in which the kernels take them."""
        return (
            self.column,
            self.threshold,
            self.missing_left,
            self.category,
            self.levels,
            self.left,
            self.right,
            self.value,
            self.roots,
        )

    def cells(self, encoded: Any) -> Floats:
        """Return encoded rows as the trees read them: rounded, where they round."""
        if self.single:
            encoded = np.asarray(encoded, dtype=np.float32)
        return np.ascontiguousarray(encoded, dtype=np.float64)

    def __call__(self, cells: Floats) -> Floats:
        """Return the trees' sum for rows of cells, without the offset, shape (n, outputs)."""
        from alignlab.transparency.shapley.tree_kernels import answers

        return np.asarray(answers(*self.nodes, cells))


def forest_of(estimator: Any, output: Output) -> Forest | None:
    """Return the trees of a fitted estimator that add up to an output, or `None`.

    Parameters
    ----------
    estimator
        A tree, random or extremely random forest, gradient boosting or histogram gradient boosting
        of scikit-learn, or a model of XGBoost or LightGBM.
    output
        What is explained: forests add up in probabilities, boosted classifiers of two classes in
        log odds, regressors in values.
    """
    library = type(estimator).__module__.partition(".")[0]
    if library in ("xgboost", "lightgbm"):
        from alignlab.transparency.shapley.boosted import boosted_forest

        return boosted_forest(estimator, output)
    reader = _READERS.get(type(estimator).__name__)
    if reader is None or library != "sklearn" or output.scale == "decision":
        return None
    return reader(estimator, output)


def _plain(estimator: Any, output: Output) -> Forest | None:
    """Return a tree, or a forest whose answer is its trees' mean."""
    trees = [each.tree_ for each in getattr(estimator, "estimators_", [estimator])]
    if output.scale == "log odds" or any(tree.n_outputs > 1 for tree in trees):
        return None
    own = [0] if output.scale == "value" else list(output.positions)
    forms = [tree_form(tree) for tree in trees]
    return joined([_part(form, form.value[:, own] / len(trees)) for form in forms], single=True)


def _boosted(estimator: Any, output: Output) -> Forest | None:
    """Return gradient boosting: trees of residuals, shrunken."""
    signs = signs_of(estimator.estimators_.shape[1], output)
    if signs is None:
        return None
    # The exponential loss fits half the log odds.
    rate = estimator.learning_rate * (2 if getattr(estimator, "loss", "") == "exponential" else 1)
    forms = [tree_form(each.tree_) for each in estimator.estimators_[:, 0]]
    return joined([_part(form, form.value * rate * signs) for form in forms], single=True)


def _histogram(estimator: Any, output: Output) -> Forest | None:
    predictors = getattr(estimator, "_predictors", None)
    if not predictors:
        return None
    signs = signs_of(len(predictors[0]), output)
    if signs is None:
        return None
    parts = []
    for (predictor,) in predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        by_set = nodes["is_categorical"].astype(bool) & ~leaf
        words = np.ascontiguousarray(predictor.raw_left_cat_bitsets, dtype="<u4")
        levels = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little").astype(bool)
        parts.append(
            Part(
                column=np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
                threshold=nodes["num_threshold"].astype(np.float64),
                missing_left=nodes["missing_go_to_left"].astype(bool),
                category=np.where(by_set, nodes["bitset_idx"].astype(np.int64), -1),
                left=nodes["left"].astype(np.int64),
                right=nodes["right"].astype(np.int64),
                value=nodes["value"].astype(np.float64)[:, None] * signs,
                cover=nodes["count"].astype(np.float64),
                levels=levels.reshape(-1, 256),
                depth=int(nodes["depth"].max()),
            )
        )
    return joined(parts, single=False)


def signs_of(trees: int, output: Output) -> Floats | None:
    """Return by what a tree's values count for each output; `None` where they do not add up."""
    if output.scale == "value":
        return np.ones(1)
    # Of three classes and more, no class's log odds are a sum over trees.
    if output.scale != "log odds" or trees != 1:
        return None
    return np.where(np.array(output.positions) == 1, 1.0, -1.0)


@dataclass(frozen=True, eq=False)
class Part:
    """One tree, with the attributes of a `Forest`."""

    column: Ints
    threshold: Floats
    missing_left: Bools
    category: Ints
    left: Ints
    right: Ints
    value: Floats
    cover: Floats
    levels: Bools
    depth: int


def _part(form: TreeForm, value: Floats) -> Part:
    return Part(
        column=form.column,
        threshold=form.threshold,
        missing_left=form.missing_left,
        category=np.full(len(form), -1, dtype=np.int64),
        left=form.left,
        right=form.right,
        value=value,
        cover=form.cover,
        levels=np.zeros((0, 256), dtype=bool),
        depth=form.depth,
    )


def joined(parts: Sequence[Part], *, single: bool) -> Forest:
    """Return trees laid end to end; `single` says whether they round cells to float32."""
    starts = np.cumsum([0, *(len(part.column) for part in parts)])
    sets = np.cumsum([0, *(len(part.levels) for part in parts)])

    def end_to_end(of: Callable[[Part], NDArray[Any]]) -> Any:
        return np.ascontiguousarray(np.concatenate([of(part) for part in parts]))

    def moved(of: Callable[[Part], Ints], by: Ints) -> Ints:
        moves = zip(parts, by, strict=False)
        return np.concatenate([np.where(of(p) < 0, -1, of(p) + move) for p, move in moves])

    return Forest(
        column=end_to_end(lambda part: part.column),
        threshold=end_to_end(lambda part: part.threshold),
        missing_left=end_to_end(lambda part: part.missing_left),
        category=moved(lambda part: part.category, sets),
        left=moved(lambda part: part.left, starts),
        right=moved(lambda part: part.right, starts),
        value=end_to_end(lambda part: part.value),
        cover=end_to_end(lambda part: part.cover),
        roots=starts[:-1].astype(np.int64),
        levels=end_to_end(lambda part: part.levels),
        depth=max(part.depth for part in parts),
        single=single,
    )


_READERS: dict[str, Callable[[Any, Output], Forest | None]] = {
    **dict.fromkeys(
        (
            "DecisionTreeClassifier",
            "DecisionTreeRegressor",
            "ExtraTreeClassifier",
            "ExtraTreeRegressor",
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "RandomForestClassifier",
            "RandomForestRegressor",
        ),
        _plain,
    ),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _boosted),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _histogram
    ),
}
