"""A tree's certificate is the least distance to a wrong leaf, for rows as trees read them."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from alignlab.predictors import as_predictor
from alignlab.robustness.certificates.tree import certify_tree, leaves_of
from alignlab.robustness.threats import L1, L2, Linf

X, DIGIT = load_digits(return_X_y=True)
X = X / 16


def fitted(seed=0, rows=60, columns=2, classes=3, dtype=np.float64):
    drawn = np.random.default_rng(seed)
    given = drawn.random((rows, columns)).astype(dtype)
    y = drawn.integers(0, classes, rows)
    return DecisionTreeClassifier(max_leaf_nodes=9, random_state=0).fit(given, y), given


def first_past(threshold, dtype):
    """Return the least number of a precision that scikit-learn sends to the right, by bisection."""
    whole = np.int32 if dtype == np.float32 else np.int64
    low, high = (np.array(end, dtype).view(whole) for end in (1e-30, 4.0))
    while high - low > 1:
        middle = np.array((int(low) + int(high)) // 2, whole)
        if np.float32(middle.view(dtype)) <= threshold:
            low = middle
        else:
            high = middle
    return high.view(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threat", [Linf(0.06), L2(0.06), L1(0.06)], ids=str)
def test_trying_both_sides_of_every_threshold_says_the_same(threat, dtype):
    """Where a decision changes within the ball it changes at a face, or in a corner of the ball."""
    tree, rows = fitted(dtype=dtype)
    y = tree.predict(rows)
    faces = []
    for column in range(2):
        cuts = tree.tree_.threshold[tree.tree_.feature == column]
        right = np.array([first_past(cut, dtype) for cut in cuts], dtype)
        faces.append(np.concatenate([right, np.nextafter(right, dtype(-1))]))
    x = torch.from_numpy(rows)
    expected = np.zeros(len(rows), dtype=bool)
    for row in range(len(rows)):
        points = itertools.product(*(np.append(faces[c], rows[row, c]) for c in range(2)))
        points = np.array(list(points), dtype)
        allowed = threat.allows(torch.from_numpy(points), x[[row]]).numpy()
        expected[row] = (tree.predict(points[allowed]) != y[row]).any()
    found = certify_tree(as_predictor(tree), x, torch.from_numpy(y), threat)
    assert 10 < expected.sum() < 50
    assert (found.broken.numpy() == expected).all()
    assert (found.holds.numpy() == ~expected).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.2), L1(0.3)], ids=str)
@pytest.mark.parametrize("kind", [DecisionTreeClassifier, ExtraTreeClassifier])
def test_every_row_is_settled_and_its_witness_convinces(kind, threat, dtype):
    tree = kind(random_state=0).fit(X[:800], DIGIT[:800])
    x, y = torch.from_numpy(X[800:]).to(dtype), torch.from_numpy(DIGIT[800:])
    found = certify_tree(as_predictor(tree), x, y, threat)
    assert not found.undecided.any()
    right = torch.from_numpy(tree.predict(x.numpy())) == y
    assert (found.broken & right).sum() > 20
    assert found.holds.sum() > 10
    assert not (found.holds & ~right).any()
    told = torch.from_numpy(tree.predict(found.witnesses.numpy()))
    assert (told[found.broken] != y[found.broken]).all()
    assert threat.allows(found.witnesses, x).all()
    drawn = torch.Generator().manual_seed(0)
    for _ in range(20):  # what holds is not broken by chance, either
        noise = torch.randn(x.shape, generator=drawn, dtype=dtype)
        moved = threat.project(x + noise, x)
        assert not (found.holds & (torch.from_numpy(tree.predict(moved.numpy())) != y)).any()


def test_a_number_just_past_a_threshold_in_float64_is_not_past_it_in_the_tree():
    tree = DecisionTreeClassifier().fit([[0.3], [0.5]], [0, 1])
    (threshold,) = tree.tree_.threshold[:1]
    x, y = torch.tensor([[threshold - 1e-3]], dtype=torch.float64), torch.tensor([0])
    naive = threshold + 1e-9
    assert naive > threshold
    assert tree.predict([[naive]]) == [0]
    reach = float(first_past(threshold, np.float64)) - float(x)
    predictor = as_predictor(tree)
    assert certify_tree(predictor, x, y, Linf(naive - float(x))).holds.all()
    assert certify_tree(predictor, x, y, Linf(np.nextafter(reach, 0))).holds.all()
    found = certify_tree(predictor, x, y, Linf(reach))
    assert found.broken.all()
    assert tree.predict(found.witnesses.numpy()) == [1]


@pytest.mark.parametrize("double", [True, False])
def test_leaves_hold_their_faces_and_touch_without_a_gap(double):
    tree, _ = fitted(columns=3)
    dtype = np.float64 if double else np.float32
    leaves = leaves_of(tree, double=double)
    drawn = np.random.default_rng(1).random((500, 3)).astype(dtype)
    inside = ((drawn[:, None] >= leaves.low) & (drawn[:, None] <= leaves.high)).all(2)
    assert (inside.sum(1) == 1).all()
    assert (leaves.classes[inside.argmax(1)] == tree.predict(drawn)).all()
    for ends in (leaves.low, leaves.high):
        leaf, column = np.nonzero(np.isfinite(ends))
        for one, at in zip(leaf, column, strict=True):
            middle = np.clip(0.5, leaves.low[one], leaves.high[one]).astype(dtype)
            point = middle.copy()
            point[at] = ends[one, at]
            assert tree.predict(point[None]) == leaves.classes[one]
            point[at] = np.nextafter(
                ends[one, at].astype(dtype), dtype(9 if ends is leaves.high else -9)
            )
            assert not (
                (point >= leaves.low[one].astype(dtype)) & (point <= leaves.high[one].astype(dtype))
            ).all()
            assert tree.apply(point[None]) != tree.apply(middle[None])


def test_a_leaf_outside_of_the_box_is_nowhere():
    tree = DecisionTreeClassifier().fit([[0.2], [0.8]], [0, 1])
    x, y = torch.tensor([[0.3]]), torch.tensor([0])
    predictor = as_predictor(tree)
    assert certify_tree(predictor, x, y, Linf(0.3)).broken.all()
    assert certify_tree(predictor, x, y, Linf(0.3, high=0.45)).holds.all()
    assert certify_tree(predictor, x, y, Linf(0.3, high=np.array([0.45]))).holds.all()


def test_a_tie_in_a_leaf_goes_to_the_first_class():
    tree = DecisionTreeClassifier().fit([[0.5], [0.5]], [1, 0])
    x = torch.tensor([[0.5], [0.1]])
    found = certify_tree(as_predictor(tree), x, torch.tensor([0, 1]), Linf(0.2))
    assert found.holds.tolist() == [True, False]
    assert found.broken.tolist() == [False, True]


def test_what_is_not_a_single_tree_has_no_such_certificate():
    forest = RandomForestClassifier(2).fit(X[:100], DIGIT[:100])
    rows, y = torch.from_numpy(X[:2]), torch.from_numpy(DIGIT[:2])
    assert certify_tree(as_predictor(forest), rows, y, Linf(0.1)) is None
    tree = as_predictor(DecisionTreeClassifier().fit(X[:100], DIGIT[:100]))
    assert certify_tree(tree, rows.half(), y, Linf(0.1)) is None
