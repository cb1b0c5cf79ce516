"""LIME: do its intervals cover, is its stability calibrated, and what does it add to the model?

    python benchmarks/local_explanations.py [runs]

Coverage: a curved function of three skewed features, whose regression in the neighbourhood is known
from 2,000,000 samples; the same row explained `runs` times (default 400) with other seeds.
Stability: the mean index over the runs beside the share of pairs of runs that rank alike.
Overhead: CPU seconds in all over CPU seconds inside the model, at 300,000 evaluations.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.predictors import Predictor
from alignlab.transparency.surrogates import lime, sampling
from alignlab.transparency.surrogates.neighbourhood import drawn_pairs
from alignlab.transparency.surrogates.regression import Samples, local_fit
from alignlab.transparency.surrogates.stability import repeats
from alignlab.transparency.surrogates.tables import table_subject


def curved(rows):
    a, b, c = np.asarray(rows).T
    return np.tanh(2 * a) - 0.6 * b + a * b + 0.3 * b**2 + np.sin(3 * c) * a


def population(background, width: float):
    subject = table_subject(Predictor(curved, "regression"), background[0], background)
    place = subject.neighbourhood(width)
    slots = drawn_pairs(np.random.default_rng(1), 1_000_000, 3)
    answers = curved(subject.rows(place.chosen(place.cells(slots).reshape(-1, 3)))).reshape(-1, 2)
    fit = local_fit(
        [Samples(place.designed(place.cells(slots)), answers)], place.mean, place.deviation
    )
    return fit.slopes, fit.fidelity


def coverage(runs: int) -> None:
    background = np.random.default_rng(0).gamma(2.0, 1.0, (500, 3))
    print("width  samples  slopes            fidelity  index  reruns alike")
    for width in (0.25, 0.5, 1.0):
        slopes_known, truth = population(background, width)
        for allowed in (2_000, 6_000):
            told = [
                lime(
                    curved, background[0], background=background, task="regression", width=width,
                    max_evaluations=allowed, seed=seed, top=3,
                )
                for seed in range(runs)
            ]  # fmt: skip
            slopes = np.array([each.coefficients for each in told])
            errors = np.array([each.standard_errors for each in told])
            hit = np.abs(slopes - slopes_known) <= 1.96 * errors
            faithful = np.mean([each.fidelity.low <= truth <= each.fidelity.high for each in told])
            strengths = np.array([each.strengths for each in told])
            alike = np.mean([repeats(each, strengths, top=3).mean() for each in strengths])
            index = np.mean([each.stability for each in told])
            shown = " / ".join(f"{share:.1%}" for share in hit.mean(axis=0))
            samples = int(np.mean([each.samples for each in told]))
            print(f"{width:<6} {samples:<8} {shown} {faithful:.1%}     {index:.2f}   {alike:.2f}")


def overhead() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :12]
    network = MLPClassifier((64, 64), max_iter=500, random_state=0)
    print("model                            us a row inside  overhead")
    for model in (
        make_pipeline(StandardScaler(), network),
        RandomForestClassifier(100, random_state=0),
        HistGradientBoostingClassifier(random_state=0),
    ):
        model.fit(X, y)
        inside, rows_asked = 0.0, 0

        def timed(rows, model=model):
            nonlocal inside, rows_asked
            start = time.process_time()
            answers = model.predict_proba(rows)
            inside += time.process_time() - start
            rows_asked += len(rows)
            return answers

        start = time.process_time()
        lime(timed, X[40], background=X, classes=[0, 1], max_evaluations=300_000)
        whole = time.process_time() - start
        name = type(model[-1] if hasattr(model, "steps") else model).__name__
        cost = 1e6 * inside / rows_asked
        print(f"{name:<32} {cost:<16.2f} {whole / inside:.2f} ({rows_asked:,} rows)")


if __name__ == "__main__":
    # No ranking is stable enough: every run uses its whole allowance.
    sampling.STABLE = 2.0
    coverage(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    overhead()
