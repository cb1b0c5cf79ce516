import numpy as np
import pandas as pd
import pytest
from scipy import special

from alignlab.errors import InputError
from alignlab.robustness import covariate_shift


def test_a_shift_of_normal_numbers_moves_their_mean():
    """Right where z < c: after a shift by d the share is that of z < c - d."""
    z = special.ndtri((np.arange(20_000) + 0.5) / 20_000)
    result = covariate_shift(z < 0.5, pd.DataFrame({"x": np.exp(z)}))  # ranks alone count
    for shifted in result.shifts:
        moved = result.strengths[shifted.severity - 1] * (1 if shifted.towards == "larger" else -1)
        assert shifted.accuracy.value == pytest.approx(special.ndtr(0.5 - moved), abs=2e-3)
    assert result.unshifted == (z < 0.5).mean()
    # Kish: n · exp(-d²) rows are left of n where the weights have nothing to do with the outcome.
    blind = covariate_shift(np.arange(20_000) % 2 == 0, pd.DataFrame({"x": z}))
    sizes = blind.to_frame().query("towards == 'larger'")["size"]
    np.testing.assert_allclose(sizes, 20_000 * np.exp(-np.square(blind.strengths)), rtol=0.03)


def test_a_shift_towards_a_value_makes_it_more_frequent():
    breed = np.repeat(["pug", "boxer"], [100, 300])
    right = np.where(breed == "pug", 0, 1)
    result = covariate_shift(right, pd.DataFrame({"breed": breed}), strengths=[1.0])
    pug = next(each for each in result.shifts if each.towards == "pug")
    odds = 100 / 300 * np.exp(1 / np.sqrt(0.25 * 0.75))
    assert pug.accuracy.value == pytest.approx(1 - odds / (1 + odds))
    assert result.worst(1).towards == "pug"
    assert result.worst(1).accuracy.low <= pug.accuracy.low


def test_the_worst_shift_is_of_what_matters():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"noise": rng.normal(size=2000), "age": rng.normal(size=2000), "one": 1})
    result = covariate_shift(X["age"] > -1, X)
    assert [result.worst(severity).column for severity in (1, 3, 5)] == ["age"] * 3
    assert result.worst(5).towards == "smaller"
    falls = [result.worst(severity).accuracy.value for severity in (1, 2, 3, 4, 5)]
    assert falls == sorted(falls, reverse=True)
    assert set(result.to_frame()["column"]) == {"noise", "age"}
    assert "age: smaller" in str(result.chart().table.rows)
    assert result.chart().svg().startswith("<svg")
    assert result.to_dict()["unshifted"] == result.unshifted


def test_limits_hold_for_all_shifts_together():
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(60):
        z = rng.normal(size=400)
        right = rng.random(400) < 0.8  # whatever the shift, 0.8
        result = covariate_shift(right, pd.DataFrame({"z": z}))
        missed += any(not each.accuracy.low <= 0.8 <= each.accuracy.high for each in result.shifts)
    assert missed <= 8


def test_rows_weights_and_order():
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"x": rng.normal(size=200), "k": rng.choice(list("ab"), 200)})
    X.loc[:9, "x"] = np.nan
    right = rng.random(200) < 0.7
    first = covariate_shift(right, X).to_frame()
    order = rng.permutation(200)
    again = covariate_shift(right[order], X.iloc[order]).to_frame()
    pd.testing.assert_frame_equal(
        first.sort_values(["column", "towards", "severity"], ignore_index=True),
        again.sort_values(["column", "towards", "severity"], ignore_index=True),
    )
    doubled = covariate_shift(right, X, weights=np.full(200, 2.0)).to_frame()
    pd.testing.assert_frame_equal(first, doubled)


def test_what_cannot_be_shifted():
    X = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(InputError, match="no column 'y'"):
        covariate_shift([1, 0], X, columns=["y"])
    with pytest.raises(InputError, match="2 rows in X, 1 answers"):
        covariate_shift([1], X)
    nothing = covariate_shift([1, 0], X)
    assert nothing.shifts == ()
    assert nothing.worst(1) is None
