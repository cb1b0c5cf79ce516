"""What should be known of a fitted reward before it is used: held-out answers, circles, lengths.

People's preferences may go round in circles; that is no error, and no reward explains it. How many
triples of items do is compared with how many would if the reward were right, by drawing answers
from it, its spread reduced by that of its errors. Trajectories of different lengths are compared by
sums, so that a constant per step counts for the difference in length: it is said, and the mean per
step is offered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import Pairs, PreferenceDataset
from alignlab.random import as_generator
from alignlab.values.preferences.comparisons import Choices, Ties, choice_loss, choices_of
from alignlab.values.preferences.fitted_reward import FittedReward, Triads
from alignlab.values.preferences.held_out import circular_triads, judge, questions_of
from alignlab.values.preferences.maximum_likelihood import ChoiceModel, maximise

__all__ = ["checked"]

Floats = NDArray[np.float64]

MOST_ITEMS = 200
"""Of more items, so many are drawn to look for circles among."""

DRAWS = 99
"""Simulated sets of answers; with 99 a p-value of 0.01 can be reached."""


def checked(
    reward: FittedReward,
    preferences: PreferenceDataset,
    train: PreferenceDataset,
    held_out: PreferenceDataset | None,
    *,
    ties: Ties,
    level: float,
    seed: int,
) -> FittedReward:
    """Return the reward with its held-out report, its circles and its notes."""
    notes = list(reward.notes)
    members = reward.utilities(None if reward.encoder is None else preferences.items)
    reward, members, more = _lengths(reward, train, members)
    notes += more
    if reward.networks is not None:
        compared = np.unique(train.members)
        reward = replace(
            reward,
            centre=members[:, compared].mean(axis=1),
            log_loss=_log_loss(reward, train, members),
        )
    triads = _triads(reward, preferences, members, seed)
    if triads is not None and triads.p_value is not None and triads.p_value <= 0.05:
        notes.append(
            f"Preferences go round in circles in {triads.circular:,} of {triads.complete:,} "
            f"triples, more than this reward explains ({triads.expected:.1f} expected): no single "
            "scale fits them."
        )
    report = None
    if held_out is not None and len(held_out):
        pairs, tied = held_out.pairs(), train.pairs().preferred == 0.5
        asked = questions_of(held_out, by_content=reward.encoder is not None)
        report = judge(
            pairs,
            _mean_log(reward, members, pairs.first, pairs.second, _attention(reward, pairs)),
            # Nothing is certain: half a tie and half of none are added to what was seen.
            tie_share=float((tied.sum() + 0.5) / (len(tied) + 1)),
            lengths=preferences.lengths,
            utilities=members.mean(axis=0),
            order_known=preferences.order_known,
            level=level,
            question=asked[pairs.comparison],
            rankings=_rankings(reward, train, held_out, members, asked, ties),
        )
        accuracy, longer = report.accuracy, report.longer_wins
        if accuracy and longer and longer.value >= accuracy.value:
            notes.append(
                "Preferring the longer item predicts held-out answers as well as this reward does."
            )
    return replace(reward, triads=triads, held_out=report, notes=tuple(notes))


def _rankings(
    reward: FittedReward,
    train: PreferenceDataset,
    held_out: PreferenceDataset,
    members: Floats,
    asked: NDArray[np.int64],
    ties: Ties,
) -> tuple[Floats, Floats, NDArray[np.int64]] | None:
    """Return how likely whole rankings were, that by ties alone, and their questions.

    Rankings with ties of a size that was not fitted are left out. `None` for pairs.
    """
    sizes, tied = np.diff(held_out.starts), reward.tie_sizes
    if sizes.max() == 2:
        return None
    own = np.arange(len(held_out))
    if ties == "davidson":
        each = np.bincount(np.repeat(held_out.starts[:-1], sizes) + held_out.ranks)
        strange = np.flatnonzero((each > 1) & ~np.isin(each, tied))
        own = np.setdiff1d(own, np.searchsorted(held_out.starts, strange, side="right") - 1)
        if not len(own):
            return None
    part = held_out.at(own)
    choices = choices_of(part, ties=ties, tie_sizes=tied)
    attention = np.ones(len(own)) * _attention(reward, part)
    eta = attention[choices.comparison[choices.choice]] * (choices.members @ members.T).T
    eta = eta + reward.tie_logs @ choices.tie_columns.T
    logs = np.stack([-_by_comparison(each, choices) for each in eta])
    nothing = ChoiceModel(
        choices_of(train, ties=ties, tie_sizes=tied), np.zeros((train.n_items, 0)), None, 0.01
    )
    blind = maximise(nothing).parameters
    return (
        np.log(len(logs)) - np.logaddexp.reduce(logs, axis=0),
        _by_comparison(choices.tie_columns @ blind, choices),
        asked[own],
    )


def _by_comparison(eta: Floats, choices: Choices) -> Floats:
    return np.asarray(np.bincount(choices.comparison, choice_loss(eta, choices).each), float)


def _lengths(
    reward: FittedReward, train: PreferenceDataset, members: Floats
) -> tuple[FittedReward, Floats, list[str]]:
    """Say what a constant per step means here; set it to 0 where comparisons cannot tell it."""
    lengths = train.lengths
    summed = reward.encoder is not None and reward.encoder.normalise == "none"
    if train.kind != "trajectories" or lengths is None or reward.encoder is None:
        return reward, members, []
    pairs = train.pairs()
    differ = lengths[pairs.first] != lengths[pairs.second]
    if summed and differ.any():
        return reward, members, [
            f"In {100 * differ.mean():.0f} % of pairs the trajectories have different lengths, so "
            "that a constant reward per step decides between them; normalise='length' compares "
            "means."
        ]  # fmt: skip
    if reward.networks is None:
        return reward, members, []
    steps = reward.encoder.steps(train.items)
    shift = reward.networks.steps(steps.inputs).mean(axis=1)
    shifted = replace(reward.networks, shift=shift)
    moved = members - shift[:, None] * steps.total(np.ones(len(steps.owner)))
    return replace(reward, networks=shifted), moved, [
        "A constant reward per step changes no comparison here: the mean over the steps is set "
        "to 0."
    ]  # fmt: skip


def _attention(reward: FittedReward, pairs: Pairs | PreferenceDataset) -> Floats | float:
    """Return the reliability of who answered each; 1 where nobody was told apart."""
    if pairs.annotators is None or not reward.reliabilities:
        return 1.0
    tau = {each.annotator: each.reliability.value for each in reward.reliabilities}
    return np.array([tau.get(name, 1.0) for name in pairs.annotators])


def _mean_log(
    reward: FittedReward,
    members: Floats,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    attention: Floats | float = 1.0,
) -> Floats:
    """Return the log of the ensemble's mean probabilities of first, tie, second; (n, 3)."""
    each = reward.log_answers(attention * members[:, first], attention * members[:, second])
    return np.logaddexp.reduce(each, axis=0) - np.log(len(each))


def _log_loss(reward: FittedReward, data: PreferenceDataset, members: Floats) -> float:
    pairs = data.pairs()
    logs = _mean_log(reward, members, pairs.first, pairs.second)
    said = pairs.preferred
    half = (logs[:, 0] + logs[:, 2]) / 2
    tie = np.where(np.isfinite(logs[:, 1]), logs[:, 1], half)
    return float(-np.where(said == 0, logs[:, 0], np.where(said == 1, logs[:, 2], tie)).mean())


def _unspread(reward: FittedReward, data: PreferenceDataset, members: Floats) -> Floats:
    """Return utilities that vary as much as the true ones do, by what is known of the errors.

    Estimates vary by their errors, too, so that answers drawn from them go round too seldom and a
    right reward would be refuted; the share of their variance that is error is taken out.
    """
    if reward.regularization and not reward.reliabilities:
        return members
    compared = np.unique(data.members)
    at: Any = compared if reward.encoder is None else data.items
    errors = reward.uncertainty(at)
    errors = errors if reward.encoder is None else errors[compared]
    errors = errors[np.isfinite(errors)]
    spread = float(members[:, compared].var(axis=1).mean())
    share = 1 - float(np.mean(errors**2)) / spread if spread > 0 and len(errors) else 1.0
    return members * np.sqrt(max(share, 0.0))


def _triads(
    reward: FittedReward, data: PreferenceDataset, members: Floats, seed: int
) -> Triads | None:
    """Return the circles among all items, or among some of them where there are many."""
    rng = as_generator(seed, "reward", "triads")
    pairs, compared = data.pairs(), np.unique(data.members)
    place = np.full(data.n_items, -1)
    n = min(len(compared), MOST_ITEMS)
    place[rng.permutation(compared)[:n] if len(compared) > n else compared] = np.arange(n)
    kept = (place[pairs.first] >= 0) & (place[pairs.second] >= 0)
    first, second = pairs.first[kept], pairs.second[kept]
    one, two = place[first], place[second]
    circular, complete = circular_triads(one, two, 1 - 2 * pairs.preferred[kept], n)
    if complete == 0:
        return None
    if reward.covariance is None:
        return Triads(circular, complete, None, None)
    attention = _attention(reward, pairs)
    attention = attention if isinstance(attention, float) else attention[kept]
    right = _unspread(reward, data, members)
    chance = np.exp(_mean_log(reward, right, first, second, attention))
    drawn = []
    for _ in range(DRAWS):
        at = rng.random(len(first))
        lead = (at < chance[:, 0]).astype(float) - (at >= chance[:, 0] + chance[:, 1])
        drawn.append(circular_triads(one, two, lead, n)[0])
    at_least = 1 + sum(each >= circular for each in drawn)
    return Triads(circular, complete, float(np.mean(drawn)), at_least / (DRAWS + 1))
