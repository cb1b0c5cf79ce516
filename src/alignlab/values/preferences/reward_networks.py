"""Reward networks: r(x) of one step, fitted to comparisons of sums of steps, as an ensemble.

The loss of a minibatch of comparisons is the negative log-likelihood of `comparisons`, with
u_i = sum_t r(x_t). Each item of the minibatch passes the network once, all their steps in one
forward, however many comparisons it is in. A member of the ensemble has its own bootstrap sample of
the comparisons and its own initial weights [christiano2017deep, sec. 2.2.3], and its own optimiser:
nothing is averaged over members before the step is taken.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError
from alignlab.random import as_generator
from alignlab.values.preferences.comparisons import Choices
from alignlab.values.preferences.reward_features import Steps

if TYPE_CHECKING:
    import torch

__all__ = ["NetworkTraining", "RewardNetworks", "choice_loss_of", "fresh", "train_networks"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NetworkTraining:
    """How reward networks are trained.

    Attributes
    ----------
    hidden
        Widths of the hidden layers of the network that `model="network"` makes.
    epochs
        Passes over the comparisons.
    batch
        Comparisons a step.
    learning_rate
        Of Adam, falling to 0 along a cosine.
    """

    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        whole = (*self.hidden, self.epochs, self.batch)
        if min(whole) < 1 or not self.learning_rate > 0:
            raise InputError(f"{self} has a number that is not positive.")


@dataclass(frozen=True, eq=False)
class RewardNetworks:
    """The members of an ensemble, and how their inputs are scaled.

    Attributes
    ----------
    members
        Networks of shape (n, d) -> (n, 1) or (n,).
    centre, scale
        Inputs pass as (x - centre) / scale.
    shift
        What is subtracted from each member's steps, so that a constant per step is 0 where
        comparisons cannot tell it.
    """

    members: tuple[torch.nn.Module, ...]
    centre: Floats
    scale: Floats
    shift: Floats

    def steps(self, inputs: Floats) -> Floats:
        """Return each member's reward of each step, (n_members, n_steps)."""
        import torch

        scaled = torch.from_numpy((inputs - self.centre) / self.scale).float()
        with torch.no_grad():
            made = [_flat(member(scaled), len(inputs)).double().numpy() for member in self.members]
        return np.stack(made) - self.shift[:, None]


@dataclass(frozen=True, eq=False)
class _Batch:
    """Choices of a minibatch, and the steps of its items, as tensors."""

    inputs: torch.Tensor
    owner: torch.Tensor
    weight: torch.Tensor
    alternative: torch.Tensor
    item: torch.Tensor
    share: torch.Tensor
    choice: torch.Tensor
    tie: torch.Tensor
    chosen: torch.Tensor
    n_choices: int


def train_networks(
    choices: Choices,
    steps: Steps,
    *,
    module: torch.nn.Module | None,
    training: NetworkTraining,
    ensemble: int,
    weight_decay: float,
    seed: int | np.random.Generator,
) -> tuple[RewardNetworks, Floats]:
    """Return an ensemble of reward networks, and each member's deltas of ties.

    Parameters
    ----------
    choices, steps
        The comparisons and the items' steps.
    module
        A network to copy and to initialise anew for each member, in single precision; `None` for a
        small one with tanh.
    training
        How.
    ensemble
        How many members; with one, all comparisons are used as they are.
    weight_decay
        Decoupled, of AdamW.
    seed
        Of initial weights, bootstrap samples and the order of minibatches.
    """
    import torch

    rng = as_generator(seed, "reward networks")
    centre = steps.inputs.mean(axis=0)
    scale = steps.inputs.std(axis=0)
    scale = np.where(scale > 1e-8, scale, 1.0)
    scaled = (steps.inputs - centre) / scale
    # Rankings stay whole: their choices are drawn and batched together.
    comparisons, code = np.unique(choices.comparison, return_inverse=True)
    members, deltas = [], []
    for _ in range(ensemble):
        own = np.random.default_rng(rng.integers(2**63))
        start = int(own.integers(2**31))
        network = fresh(module, training, scaled.shape[1], start)
        delta = torch.zeros(len(choices.tie_sizes), dtype=torch.float32, requires_grad=True)
        n = len(comparisons)
        drawn = own.integers(0, n, n) if ensemble > 1 else np.arange(n)
        rows = _grouped(code, n)
        optimiser = torch.optim.AdamW(
            [
                {"params": list(network.parameters()), "weight_decay": weight_decay},
                {"params": [delta], "weight_decay": 0.0},
            ],
            lr=training.learning_rate,
        )
        n_steps = training.epochs * -(-n // training.batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
        with _chance(start):
            for batch in _epochs(training, own, drawn):
                picked = np.concatenate([rows[each] for each in batch])
                part = _batch(choices, steps, scaled, picked)
                loss = choice_loss_of(network, delta, part)
                if not torch.isfinite(loss):
                    raise ModelError(
                        "The reward network's loss is not finite. Lower the learning rate."
                    )
                optimiser.zero_grad()
                (loss / len(batch)).backward()
                optimiser.step()
                schedule.step()
        members.append(network.eval())
        deltas.append(delta.detach().double().numpy())
    networks = RewardNetworks(tuple(members), centre, scale, np.zeros(ensemble))
    return networks, np.stack(deltas)


def choice_loss_of(network: torch.nn.Module, delta: torch.Tensor, batch: Any) -> torch.Tensor:
    """Return the negative log-likelihood of a minibatch, summed over its choices."""
    import torch

    reward = _flat(network(batch.inputs), len(batch.inputs))
    worth = reward.new_zeros(len(batch.weight)).index_add(0, batch.owner, reward) * batch.weight
    eta = worth.new_zeros(len(batch.choice)).index_add(
        0, batch.alternative, worth[batch.item] * batch.share
    )
    if len(delta):
        eta = eta + batch.tie @ delta
    top = eta.new_full((batch.n_choices,), -torch.inf).scatter_reduce(
        0, batch.choice, eta.detach(), "amax"
    )
    below = eta - top[batch.choice]
    total = below.new_zeros(batch.n_choices).index_add(0, batch.choice, below.exp())
    weight = below.new_zeros(batch.n_choices).index_add(0, batch.choice, batch.chosen)
    return (weight * total.log()).sum() - (batch.chosen * below).sum()


def _batch(choices: Choices, steps: Steps, scaled: Floats, rows: NDArray[np.int64]) -> _Batch:
    import torch

    counts = np.diff(choices.starts)[rows]
    starts = np.append(0, np.cumsum(counts))
    where = np.repeat(choices.starts[rows] - starts[:-1], counts) + np.arange(starts[-1])
    members: Any = choices.members[where]
    items, item = np.unique(members.indices, return_inverse=True)
    first, last = np.searchsorted(steps.owner, [items, items + 1])
    lengths = last - first
    ends = np.cumsum(lengths)
    taken = np.repeat(first - ends + lengths, lengths) + np.arange(int(lengths.sum()))

    def tensor(values: Any, kind: Any = torch.float32) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(values)).to(kind)

    return _Batch(
        tensor(scaled[taken]),
        tensor(np.repeat(np.arange(len(items)), lengths), torch.int64),
        tensor(steps.weight[items]),
        tensor(np.repeat(np.arange(len(where)), np.diff(members.indptr)), torch.int64),
        tensor(item, torch.int64),
        tensor(members.data),
        tensor(np.repeat(np.arange(len(rows)), counts), torch.int64),
        tensor(choices.tie_columns[where]),
        tensor(choices.chosen[where]),
        len(rows),
    )


def fresh(
    module: torch.nn.Module | None, training: NetworkTraining, width: int, seed: int
) -> torch.nn.Module:
    """Return a network with its own first weights, in single precision.

    Raises
    ------
    InputError
        If a weight of the module is in no layer that can draw it anew.
    """
    with _chance(seed):
        if module is None:
            return _small(training.hidden, width)
        return _initialised(copy.deepcopy(module).float())


def _small(hidden: tuple[int, ...], width: int) -> torch.nn.Module:
    """Return a network with tanh, in single precision whatever the default is."""
    import torch

    layers: list[torch.nn.Module] = []
    for out in hidden:
        layers += [torch.nn.Linear(width, out, dtype=torch.float32), torch.nn.Tanh()]
        width = out
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1, dtype=torch.float32))


def _initialised(network: torch.nn.Module) -> torch.nn.Module:
    """Return the network with every layer's weights drawn anew."""
    anew: set[int] = set()
    for part in network.modules():
        # Attention names the same thing with a line in front.
        reset = getattr(part, "reset_parameters", getattr(part, "_reset_parameters", None))
        if callable(reset):
            reset()
            anew |= {id(each) for each in part.parameters()}
    kept = [name for name, each in network.named_parameters() if id(each) not in anew]
    if kept:
        raise InputError(
            f"The network's {kept[0]} cannot be drawn anew, so that members would begin alike: "
            "give the module that holds it a method reset_parameters()."
        )
    return network.train()


@contextmanager
def _chance(seed: int) -> Iterator[None]:
    """Draw from a seed of one's own, as dropout does; the global generator is put back.

    `torch.manual_seed` would seed the generators of devices, too, which nobody could put back.
    """
    import torch

    before = torch.random.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.random.set_rng_state(before)


def _flat(made: torch.Tensor, n: int) -> torch.Tensor:
    if made.numel() != n:
        raise ModelError(
            f"The reward network returned shape {tuple(made.shape)} for {n} steps: one number a "
            "step is a reward."
        )
    return made.reshape(n)


def _grouped(code: NDArray[np.int64], n: int) -> list[NDArray[np.int64]]:
    order = np.argsort(code, kind="stable")
    return np.split(order, np.searchsorted(code[order], np.arange(1, n)))


def _epochs(
    training: NetworkTraining, rng: np.random.Generator, drawn: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """Yield the comparisons of each minibatch, all of them once an epoch."""
    for _ in range(training.epochs):
        order = rng.permutation(drawn)
        for start in range(0, len(order), training.batch):
            yield order[start : start + training.batch]
