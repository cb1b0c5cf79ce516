"""Trials made up with known behaviour, shared by the tests of reliance."""

from __future__ import annotations

import numpy as np

from alignlab.oversight.reliance import Trials


def simulated(
    people=40, items=16, *, seed=0, skill=0.65, take_right=0.5, take_wrong=0.5, wrong=0.5, **more
):
    """Return two-stage trials: people answer, meet advice, and take what differs at given rates."""
    rng = np.random.default_rng(seed)
    person, item = np.repeat(np.arange(people), items), np.tile(np.arange(items), people)
    truth = (item // 2) % 2
    is_wrong = item % 2 == 1 if wrong == 0.5 else rng.random(items)[item] < wrong
    own = np.where(rng.random(len(person)) < skill, truth, 1 - truth)
    advice = np.where(is_wrong, 1 - truth, truth)
    take = rng.random(len(person)) < np.where(is_wrong, take_wrong, take_right)
    final = np.where(take, advice, own)
    return Trials(
        person=person, item=item, truth=truth, own=own, advice=advice, final=final, **more
    )
