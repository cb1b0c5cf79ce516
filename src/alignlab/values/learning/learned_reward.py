"""A reward of observation and action, learned from comparisons of segments by an ensemble.

Each member is a small network r(s, a); a segment's utility is the sum of r over the steps taken,

    u = H^(-1/2) sum_t r(s_t, a_t),

steps after an end adding nothing (`segments`). The members are fitted by `reward_networks`, each to
its own bootstrap sample of the comparisons [christiano2017deep, sec. 2.2.3].

What a policy is paid is mean_m (r_m - c_m) / rms(r_m - c_m), the root mean square being over the
steps that were compared. Members are made alike in scale, because without errors in the answers a
member's scale is a matter of how long it was fitted. The shift c is 0 wherever some comparison is
of segments that took different numbers of steps: the answers then say what having ended is worth
beside going on, which is the zero here, and to subtract a mean would pay for ending early or late
whatever anybody answered. Where no comparison does, a constant per step is unknown and c takes the
mean out: what is left of it is an accident of the first weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import PreferenceDataset
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.values.preferences.comparisons import choices_of
from alignlab.values.preferences.reward_features import Steps
from alignlab.values.preferences.reward_networks import NetworkTraining, train_networks

__all__ = ["LearnedReward", "fit_learned_reward"]

Floats = NDArray[np.float64]

TRAINING = NetworkTraining(hidden=(32, 32), batch=32, learning_rate=1e-2)
WEIGHT_DECAY = 1e-2


@dataclass(frozen=True, eq=False)
class LearnedReward:
    """An ensemble of networks that pays for what was observed and done.

    Attributes
    ----------
    arrays
        The networks' weights ("weight.0", "bias.0", …; the first axis counts the members), the
        inputs' "centre" and "spread", and each member's "shift" and "scale".
    n_states
        How many observations there are if they are numbered; 0 if they are vectors.
    n_actions
        The same for actions.
    segment_length
        H: the steps of the segments that it was fitted to.
    """

    arrays: Mapping[str, NDArray[Any]]
    n_states: int
    n_actions: int
    segment_length: int

    def __repr__(self) -> str:
        """Return the number of members."""
        return f"<LearnedReward: {len(self.arrays['scale'])} networks>"

    def __call__(self, observations: Any, actions: Any) -> NDArray[np.float64]:
        """Return what each of n steps is paid, (n,), in units of its root mean square."""
        steps = self._members(_inputs(observations, actions, self.n_states, self.n_actions))
        shift, scale = self.arrays["shift"][:, None], self.arrays["scale"][:, None]
        return ((steps - shift) / scale).mean(axis=0)

    def utilities(self, segments: Sequence[Trajectory]) -> NDArray[np.float64]:
        """Return each member's utilities u of the segments, (members, n)."""
        inputs, owner = _stacked(segments, self.n_states, self.n_actions)
        steps = self._members(inputs).astype(np.float64)
        sums = [np.bincount(owner, each, minlength=len(segments)) for each in steps]
        return np.array(sums) / np.sqrt(self.segment_length)

    def returns(self, segments: Sequence[Trajectory]) -> NDArray[np.float64]:
        """Return what each segment is paid in all, (n,)."""
        inputs, owner = _stacked(segments, self.n_states, self.n_actions)
        steps = self._members(inputs) - self.arrays["shift"][:, None]
        paid = (steps / self.arrays["scale"][:, None]).mean(axis=0)
        return np.bincount(owner, paid, minlength=len(segments)).astype(np.float64)

    def _members(self, inputs: Floats) -> Floats:
        """Return r of every member and step, (members, n)."""
        hidden = ((inputs - self.arrays["centre"]) / self.arrays["spread"])[None]
        layers = sum(key.startswith("weight.") for key in self.arrays)
        for layer in range(layers):
            hidden = hidden @ self.arrays[f"weight.{layer}"] + self.arrays[f"bias.{layer}"]
            if layer < layers - 1:
                hidden = np.tanh(hidden)
        return hidden[..., 0]


def fit_learned_reward(
    data: PreferenceDataset,
    *,
    segment_length: int,
    n_states: int = 0,
    n_actions: int = 0,
    members: int = 3,
    epochs: int = 30,
    seed: int | np.random.Generator = 0,
) -> LearnedReward:
    """Fit an ensemble of networks to comparisons of segments.

    Use it for the reward of a step in an environment. For a reward of whole items, with standard
    errors and annotators, use `fit_reward`.

    Parameters
    ----------
    data
        Comparisons of trajectories.
    segment_length
        H, the time that each segment stands for.
    n_states, n_actions
        How many there are, where they are numbered and not vectors.
    members
        Networks in the ensemble.
    epochs
        Passes over the comparisons.
    seed
        Of the bootstrap samples, first weights and batches.

    Raises
    ------
    InputError
        If the data are not comparisons of trajectories.

    References
    ----------
    [christiano2017deep, sec. 2.2.3]

    Examples
    --------
    That action 1 is the better one, and that ending is worse than either:

    >>> walks = [Trajectory([0, 0, 0], [a, a]) for a in (0, 1)]
    >>> walks.append(Trajectory([0, 0], [0], ended=True))
    >>> data = PreferenceDataset.from_pairs(walks, [0, 2, 2], [1, 0, 1], [1, 1, 1])
    >>> reward = fit_learned_reward(data, segment_length=2, n_states=1, n_actions=2, members=1)
    >>> paid = reward([0, 0], [0, 1])
    >>> bool(0 < paid[0] < paid[1])
    True
    """
    if data.kind != "trajectories":
        raise InputError(f"A reward of steps is learned from trajectories, not from {data.kind}.")
    inputs, owner = _stacked(data.items, n_states, n_actions)  # type: ignore[arg-type]
    networks, _ = train_networks(
        choices_of(data, ties="davidson"),
        Steps(inputs, owner, np.full(data.n_items, segment_length**-0.5)),
        module=None,
        training=replace(TRAINING, epochs=epochs),
        ensemble=members,
        weight_decay=WEIGHT_DECAY,
        seed=seed,
    )
    arrays = {"centre": networks.centre, "spread": networks.scale}
    layers = [[part for part in m if hasattr(part, "weight")] for m in networks.members]
    for at, alike in enumerate(zip(*layers, strict=True)):
        arrays[f"weight.{at}"] = np.stack([part.weight.detach().numpy().T for part in alike])
        arrays[f"bias.{at}"] = np.stack([part.bias.detach().numpy()[None] for part in alike])
    fitted = LearnedReward(arrays, n_states, n_actions, segment_length)
    steps = fitted._members(inputs)
    pairs, lengths = data.pairs(), np.array([len(each) for each in data.items])
    known = bool(np.any(lengths[pairs.first] != lengths[pairs.second]))
    arrays["shift"] = np.zeros(members) if known else steps.mean(axis=1)
    size = np.sqrt(np.mean((steps - arrays["shift"][:, None]) ** 2, axis=1))
    arrays["scale"] = np.where(size > 0, size, 1.0)
    return fitted


def _stacked(
    segments: Sequence[Trajectory], n_states: int, n_actions: int
) -> tuple[Floats, NDArray[np.intp]]:
    """Return all segments' steps one below the other, and which segment each is from."""
    owner = np.repeat(np.arange(len(segments)), [len(each) for each in segments])
    states = np.concatenate([each.states[:-1] for each in segments])
    actions = np.concatenate([each.actions for each in segments])
    return _inputs(states, actions, n_states, n_actions), owner


def _inputs(states: Any, actions: Any, n_states: int, n_actions: int) -> Floats:
    parts = [_columns(np.asarray(states), n_states), _columns(np.asarray(actions), n_actions)]
    return np.concatenate(parts, axis=1)


def _columns(values: NDArray[Any], count: int) -> Floats:
    """Return numbers as switches and arrays as vectors, one row a step."""
    if count:
        return np.eye(count)[values.ravel().astype(np.intp)]
    return values.reshape(len(values), -1).astype(np.float64)
