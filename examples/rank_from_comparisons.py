"""Rank ten answers from 600 comparisons by six people, two of whom do not help."""

import numpy as np

from alignlab.datasets import PreferenceDataset
from alignlab.values.preferences import fit_reward, select_queries


def main() -> None:
    # How good the answers are, and how far each person's comparisons follow it: the fifth clicks at
    # random and the sixth has the two buttons mixed up.
    rng = np.random.default_rng(0)
    quality = np.linspace(-1.5, 1.5, 10)
    attention = np.array([2.0, 1.5, 1.5, 1.0, 0.0, -1.0])
    first = rng.integers(0, 10, 600)
    second = (first + rng.integers(1, 10, 600)) % 10
    person = rng.integers(0, 6, 600)
    gap = attention[person] * (quality[first] - quality[second])
    preferred = (rng.random(600) > 1 / (1 + np.exp(-gap))).astype(float)

    answers = [f"answer {letter}" for letter in "ABCDEFGHIJ"]
    said = PreferenceDataset.from_pairs(
        answers, first, second, preferred, annotators=[f"person {k + 1}" for k in person]
    )
    reward = fit_reward(said, annotators="reliability")

    print(reward)
    for each in reward.reliabilities:
        print(f"{each.annotator}: reliability {each.reliability}, {each.verdict}")
    best = int(np.argmax(reward.predict()))
    print(f"The best is {answers[best]}: {reward.estimates[best]} log odds above the mean.")

    queries = select_queries(reward, n=3)
    for one, two in zip(queries.first, queries.second, strict=True):
        print(f"Ask next: {answers[one]} or {answers[two]}?")


if __name__ == "__main__":
    main()
