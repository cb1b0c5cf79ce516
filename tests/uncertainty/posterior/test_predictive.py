"""What a posterior over models says of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from alignlab.errors import InputError
from alignlab.uncertainty.posterior import PosteriorPredictive

CLASSES = ("a", "b", "c")


def drawn_probabilities(passes, n, seed=0, spread=1.0):
    logits = np.random.default_rng(seed).normal(0, spread, (passes, n, 3))
    return special.softmax(logits + np.array([1.0, 0.0, -1.0]), axis=2)


def test_two_contradicting_passes_by_hand():
    drawn = PosteriorPredictive(
        np.array([[[1.0, 0.0]], [[0.0, 1.0]]]), "two", classes=("no", "yes")
    )
    assert drawn.mean.tolist() == [[0.5, 0.5]]
    assert drawn.entropy == pytest.approx(np.log(2))
    assert drawn.expected_entropy == pytest.approx(0)
    # H(mean) = log 2; leaving one pass out leaves no entropy: 2 log 2 - (2 - 1) * 0.
    assert drawn.mutual_information == pytest.approx(2 * np.log(2))
    assert drawn.epistemic.tolist() == [[0.5, 0.5]]
    assert drawn.aleatoric.tolist() == [[0.0, 0.0]]
    assert drawn.log_likelihood(["yes"]) == pytest.approx(np.log(0.5))


def test_the_jackknife_takes_the_bias_of_few_passes_away():
    few, repeats = 10, 4000
    samples = drawn_probabilities(few, repeats)
    truth = PosteriorPredictive(drawn_probabilities(400_000, 1, seed=1), "many", classes=CLASSES)
    drawn = PosteriorPredictive(samples, "few", classes=CLASSES)
    plug_in = drawn.entropy - drawn.expected_entropy
    error = drawn.mutual_information.std() / np.sqrt(repeats)
    exact = float(truth.mutual_information[0])
    assert abs(drawn.mutual_information.mean() - exact) < 4 * error + 0.002
    assert plug_in.mean() < exact - 10 * error  # the test sees the bias that it is about
    # And the standard error that is stated is the one that is seen.
    stated = np.sqrt(np.mean(drawn.mutual_information_error**2))
    assert stated == pytest.approx(drawn.mutual_information.std(), rel=0.15)
    # Of two passes it cannot be known, and 0 would be taken for certainty.
    pair = PosteriorPredictive(samples[:2], "two", classes=CLASSES)
    assert np.isnan(pair.mutual_information_error).all()
    assert np.isfinite(pair.mutual_information).all()


def test_the_information_is_the_plain_jackknife():
    samples = drawn_probabilities(7, 5)
    drawn = PosteriorPredictive(samples, "seven", classes=CLASSES)

    def plug_in(some):
        mean = some.mean(axis=0)
        return stats.entropy(mean, axis=1) - stats.entropy(some, axis=2).mean(axis=0)

    left_out = [plug_in(np.delete(samples, t, axis=0)) for t in range(7)]
    expected = 7 * plug_in(samples) - 6 * np.mean(left_out, axis=0)
    np.testing.assert_allclose(drawn.mutual_information, expected, atol=1e-13)


def test_the_variance_of_a_class_is_unbiased():
    samples = drawn_probabilities(3, 20_000)
    drawn = PosteriorPredictive(samples, "three", classes=CLASSES)
    many = drawn_probabilities(200_000, 1, seed=2)[:, 0]
    truth = many.mean(axis=0) * (1 - many.mean(axis=0))
    error = drawn.variance.std(axis=0) / np.sqrt(20_000)
    assert np.all(np.abs(drawn.variance.mean(axis=0) - truth) < 4 * error + 4e-4)
    np.testing.assert_allclose(
        drawn.variance, samples.mean(axis=0) * (1 - samples.mean(axis=0)) + drawn.epistemic / 3
    )


@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 1000))
def test_the_order_of_passes_and_of_rows_changes_nothing(passes, n, seed):
    samples = drawn_probabilities(passes, n, seed)
    generator = np.random.default_rng(seed)
    drawn = PosteriorPredictive(samples, "some", classes=CLASSES)
    rows = generator.permutation(n)
    shuffled = PosteriorPredictive(
        samples[generator.permutation(passes)][:, rows], "some", classes=CLASSES
    )
    for name in ("mean", "variance", "mutual_information", "entropy", "standard_error"):
        np.testing.assert_allclose(
            getattr(shuffled, name), getattr(drawn, name)[rows], atol=1e-12, err_msg=name
        )


def test_blocks_of_rows_change_nothing(monkeypatch):
    samples = drawn_probabilities(11, 9)
    whole = PosteriorPredictive(samples, "some", classes=CLASSES)
    wanted = whole.mutual_information, whole.epistemic
    monkeypatch.setattr("alignlab.uncertainty.posterior.predictive.AT_ONCE", 70)
    blocks = PosteriorPredictive(samples, "some", classes=CLASSES)
    np.testing.assert_array_equal(blocks.mutual_information, wanted[0])
    np.testing.assert_array_equal(blocks.epistemic, wanted[1])


def test_the_standard_error_is_that_of_the_mean():
    samples = drawn_probabilities(50, 2000)
    drawn = PosteriorPredictive(samples, "some", classes=CLASSES)
    np.testing.assert_allclose(
        np.sqrt((drawn.standard_error**2).mean(axis=0)), drawn.mean.std(axis=0), rtol=0.1
    )


def test_the_likelihood_is_of_the_mean_and_not_a_mean_of_logs():
    samples = drawn_probabilities(20, 4)
    drawn = PosteriorPredictive(samples, "some", classes=(0, 1, 2))
    logs = drawn.log_likelihood(np.array([0, 2, 1, 1]))
    np.testing.assert_allclose(
        logs, np.log(samples.mean(axis=0)[np.arange(4), [0, 2, 1, 1]]), atol=1e-13
    )
    np.testing.assert_array_equal(drawn.log_likelihood(pd.Series(["0", "2", "1", "1"])), logs)
    impossible = PosteriorPredictive(np.array([[[1.0, 0.0]], [[1.0, 0.0]]]), "sure", classes=(0, 1))
    assert impossible.log_likelihood([1])[0] == -np.inf


def test_regression_against_the_mixture_of_scipy():
    generator = np.random.default_rng(0)
    means, noise = generator.normal(0, 2, (6, 3)), generator.uniform(0.1, 2, (6, 3))
    drawn = PosteriorPredictive(means, "six", noise_variance=noise)
    np.testing.assert_allclose(drawn.variance, noise.mean(axis=0) + means.var(axis=0, ddof=1))
    y = np.array([0.3, -1.0, 2.0])
    density = stats.norm.pdf(y, means, np.sqrt(noise)).mean(axis=0)
    np.testing.assert_allclose(drawn.log_likelihood(y), np.log(density), atol=1e-12)
    for level in (0.001, 0.5, 0.93):
        at = drawn.quantiles(level)
        assert at.shape == (3,)
        share = stats.norm.cdf(at, means, np.sqrt(noise)).mean(axis=0)
        np.testing.assert_allclose(share, level, atol=1e-12)
    assert drawn.quantiles([0.1, 0.9]).shape == (3, 2)
    one_noise = PosteriorPredictive(means, "six", noise_variance=noise[0])
    np.testing.assert_array_equal(one_noise.aleatoric, noise[0])


def test_regression_without_noise_does_not_invent_it():
    means = np.random.default_rng(0).normal(size=(6, 3))
    drawn = PosteriorPredictive(means, "six")
    assert np.isnan(drawn.aleatoric).all()
    assert np.isnan(drawn.variance).all()
    np.testing.assert_allclose(drawn.quantiles(0.5), np.median(means, axis=0))
    assert list(drawn.to_frame()) == ["prediction", "standard_error", "epistemic"]
    with pytest.raises(InputError, match="log_likelihood needs the variance"):
        drawn.log_likelihood(np.zeros(3))
    with pytest.raises(InputError, match="entropy is of classes"):
        _ = drawn.entropy


def test_float32_is_kept_and_summed_in_double():
    samples = drawn_probabilities(200, 3).astype(np.float32)
    drawn = PosteriorPredictive(samples, "some", classes=CLASSES)
    assert drawn.samples.dtype == np.float32
    assert drawn.mean.dtype == np.float64
    np.testing.assert_array_equal(drawn.mean, samples.astype(float).mean(axis=0))


def test_tables_and_charts():
    drawn = PosteriorPredictive(drawn_probabilities(5, 900), "some", classes=CLASSES)
    frame = drawn.to_frame()
    assert len(frame) == 900
    assert set(frame["prediction"]) <= set(CLASSES)
    np.testing.assert_array_equal(frame["p(b)"], drawn.mean[:, 1])
    chart = drawn.chart()
    assert len(chart.table.rows) == 400
    assert chart.question == "Is the case unclear, or does the model not know?"
    told = drawn.to_dict()
    assert told["passes"] == 5
    assert len(told["rows"]) == 900
    numbers = PosteriorPredictive(np.random.default_rng(0).normal(size=(3, 2)), "some")
    assert numbers.chart("Where?").question == "Where?"


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (np.full((1, 2, 3), 1 / 3), {"classes": CLASSES}, "1 passes"),
        (np.full((2, 2, 2), 0.5), {"classes": CLASSES}, "shape"),
        (np.full((2, 2), 0.5), {"classes": CLASSES}, "shape"),
        (np.full((2, 2, 3), 1.0), {"classes": CLASSES}, "not logits"),
        (np.array([[[0.0, 1.0]], [[1.5, -0.5]]]), {"classes": (0, 1)}, "pass 1 on row 0"),
        (np.array([[0.0], [np.nan]]), {}, "pass 1 on row 0 is not a finite"),
        (np.zeros((2, 3)), {"noise_variance": np.zeros(3)}, "not above 0"),
        (np.zeros((2, 3)), {"noise_variance": np.ones(2)}, "shape"),
        (np.full((2, 1, 2), 0.5), {"classes": (0, 1), "noise_variance": [1.0]}, "regression"),
    ],
)
def test_what_cannot_be_used_is_named(samples, options, message):
    with pytest.raises(InputError, match=message):
        PosteriorPredictive(samples, "some", **options)


def test_outcomes_and_levels_that_cannot_be_used():
    drawn = PosteriorPredictive(drawn_probabilities(2, 2), "some", classes=CLASSES)
    with pytest.raises(InputError, match="none of the classes"):
        drawn.log_likelihood(["a", "z"])
    with pytest.raises(InputError, match="2 rows"):
        drawn.log_likelihood(["a"])
    with pytest.raises(InputError, match="of a number"):
        drawn.quantiles(0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        PosteriorPredictive(np.zeros((2, 3)), "some").quantiles([0.5, 95])
