import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from alignlab.errors import InputError
from alignlab.uncertainty.outliers.measures import auroc, fpr_at_tpr


def test_five_rows_by_hand():
    assert auroc([0.0, 1.0, 1.0], [1.0, 2.0]).value == pytest.approx((1 + 0.5 + 0.5 + 3) / 6)
    # To find 2 of 2 the threshold is 1, which 2 of 3 usual rows reach.
    assert fpr_at_tpr([0.0, 1.0, 1.0], [1.0, 2.0]).value == pytest.approx(2 / 3)
    assert fpr_at_tpr([0.0, 1.0, 1.0], [1.0, 2.0], tpr=0.5).value == 0


def test_a_constant_score_tells_nothing():
    same = auroc([3.0] * 40, [3.0] * 9)
    assert same.value == 0.5
    assert same.low <= 0.5 <= same.high
    assert fpr_at_tpr([3.0] * 40, [3.0] * 9).value == 1.0
    assert fpr_at_tpr([3.0] * 40, [3.0] * 9, positive="usual").value == 1.0


@pytest.mark.parametrize("ties", [False, True])
def test_the_values_are_those_of_the_curve(ties):
    rng = np.random.default_rng(3)
    for _ in range(30):
        usual, unusual = rng.normal(size=47), rng.normal(1, 1.5, size=33)
        if ties:
            usual, unusual = np.round(usual), np.round(unusual)
        which = np.repeat([0, 1], [47, 33])
        scores = np.concatenate([usual, unusual])
        assert auroc(usual, unusual).value == pytest.approx(roc_auc_score(which, scores))
        fpr, tpr, _ = roc_curve(which, scores, drop_intermediate=False)
        assert fpr_at_tpr(usual, unusual).value == pytest.approx(fpr[np.argmax(tpr >= 0.95)])
        fpr, tpr, _ = roc_curve(1 - which, -scores, drop_intermediate=False)
        assert fpr_at_tpr(usual, unusual, positive="usual").value == pytest.approx(
            fpr[np.argmax(tpr >= 0.95)]
        )


def test_the_two_conventions_are_different_numbers():
    usual, unusual = np.random.default_rng(0).normal(0, 1, 500), np.full(500, 2.0)
    assert fpr_at_tpr(usual, unusual).value < 0.05
    assert fpr_at_tpr(usual, unusual, positive="usual").value == 0.0
    assert (
        fpr_at_tpr(usual, usual[:20] * 3).value
        != fpr_at_tpr(usual, usual[:20] * 3, positive="usual").value
    )


@pytest.mark.parametrize(("n", "m"), [(30, 30), (200, 60), (60, 400)])
def test_intervals_cover(n, m):
    rng = np.random.default_rng(n)
    truth = stats.norm.sf(stats.norm.ppf(0.05, loc=1.5))
    area = stats.norm.cdf(1.5 / np.sqrt(2))
    covered = np.zeros(2)
    draws = 400
    for _ in range(draws):
        usual, unusual = rng.normal(size=n), rng.normal(1.5, 1, size=m)
        for at, (estimate, right) in enumerate(
            [(fpr_at_tpr(usual, unusual), truth), (auroc(usual, unusual), area)]
        ):
            covered[at] += estimate.low <= right <= estimate.high
    assert (covered / draws >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / draws)).all()


def test_what_cannot_be_used_is_said():
    with pytest.raises(InputError, match="unusual has the shape"):
        auroc([1.0], [])
    with pytest.raises(InputError, match="positive='ood' is not one of"):
        fpr_at_tpr([1.0], [1.0], positive="ood")
    with pytest.raises(InputError, match="tpr=95 is not between"):
        fpr_at_tpr([1.0], [1.0], tpr=95)
    with pytest.raises(InputError, match="not a number"):
        fpr_at_tpr([np.nan], [1.0])
