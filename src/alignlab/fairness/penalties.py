"""How far groups' mean probabilities lie apart, squared, as a number that training can make small.

Rows fall into cells: a stratum, within which groups are compared, and a group. With m_g the mean of
the probabilities z in a cell, averaged over strata and over all pairs of a stratum's K groups,

    Q(m) = 2 / (K (K - 1)) Σ_{g<h} |m_g - m_h|²

All pairs count alike, and with them all groups, however rare; this is twice the sample variance of
the groups' means, so comparing with their overall mean would be the same up to a factor. What is
compared where makes the notion:

    demographic parity    z = p(f), all rows                                 [dwork2012fairness]
    equal opportunity     z = p(f), rows with y = f                         [hardt2016equality]
    equalized odds        z = p(f), strata y = f and y ≠ f                  [hardt2016equality]

for a favourable class f. Without one, the probabilities of all classes are compared, with a stratum
for each true class where the notion asks for it; equal opportunity compares that of the true class.

On a batch, Q of the batch's means is too large by the variances of those means, which soon is most
of it. Two estimates are not. With n rows in the batch, π_c the share of the *data* in cell c, and
t_c = Σ_{i in c} z_i / (n π_c), which is m_c on average, batches without a row of c included,

    unbiased    the terms of Q(t) that join two different rows, times n / (n - 1)
                                                                          [hoeffding1948class]
    running     Q(μ) + ∇Q(μ)·(t - t(μ)), μ the means of earlier batches   [wang2017stochastic]

The first is a U-statistic: its mean over batches is Q, and so is its gradient's. It may be below 0,
and has to be: cut off there it would be biased again. The second is Q to first order around means
that are remembered: where these are the true ones the mean of its gradient is that of Q, and it
lacks the noise of multiplying two means of a few rows. To either, a cell without a row in the batch
adds nothing, and one with a single row needs no variance. Assumes that batches are drawn from the
data without preferring any rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from alignlab.errors import InputError, require_choice

if TYPE_CHECKING:
    import torch

__all__ = [
    "NOTIONS",
    "Notion",
    "RunningGap",
    "compared",
    "gap_of_means",
    "shares_of",
    "unbiased_gap",
]

Notion = Literal["demographic_parity", "equal_opportunity", "equalized_odds"]

NOTIONS: tuple[Notion, ...] = ("demographic_parity", "equal_opportunity", "equalized_odds")


def compared(
    probabilities: torch.Tensor,
    y: torch.Tensor,
    notion: str,
    *,
    favourable: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a notion of fairness compares between groups, and among which rows.

    Parameters
    ----------
    probabilities
        Of each class, shape (n, n_classes). Not logits: a constant added to a row's logits changes
        no prediction, and must change no penalty.
    y
        True classes, shape (n,).
    notion
        One of `NOTIONS`.
    favourable
        The index of the class whose probability is a good to be shared; `None` for all classes.

    Returns
    -------
    values, strata
        Shapes (n, d) and (n,); the stratum -1 is that of rows that are not asked about.

    Raises
    ------
    InputError
        If there is no such notion.

    Examples
    --------
    >>> import torch
    >>> p = torch.tensor([[0.75, 0.25], [0.5, 0.5]])
    >>> values, strata = compared(p, torch.tensor([1, 0]), "equal_opportunity", favourable=1)
    >>> values.tolist(), strata.tolist()
    ([[0.25], [0.5]], [0, -1])
    """
    import torch

    require_choice(notion, NOTIONS, what="notion")
    values = probabilities if favourable is None else probabilities[:, favourable, None]
    if notion == "demographic_parity":
        return values, torch.zeros_like(y)
    if favourable is None:
        return (values.gather(1, y[:, None]) if notion == "equal_opportunity" else values), y
    other = -1 if notion == "equal_opportunity" else 1
    return values, torch.where(y == favourable, 0, other)


def shares_of(strata: torch.Tensor, groups: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Return each cell's share of all rows, shape (n_strata, n_groups).

    Parameters
    ----------
    strata, groups
        Of all rows of the data, shape (n,); -1 where not asked about or not known.
    shape
        The numbers of strata and of groups.

    Raises
    ------
    InputError
        If no stratum has rows of two groups.

    Examples
    --------
    >>> import torch
    >>> shares_of(torch.tensor([0, 0, 0, 0]), torch.tensor([0, 1, 1, -1]), (1, 2)).tolist()
    [[0.25, 0.5]]
    """
    import torch

    cells = torch.where((strata >= 0) & (groups >= 0), strata * shape[1] + groups, -1)
    counts = torch.bincount(cells[cells >= 0], minlength=shape[0] * shape[1])
    shares = counts.double().reshape(shape) / max(len(cells), 1)
    if not bool(((shares > 0).sum(1) > 1).any()):
        raise InputError(
            "There are no two groups to compare among the rows that training sees. Give a column "
            "with at least two values that are known, for rows of one class where a notion "
            "compares within classes."
        )
    return shares


def gap_of_means(means: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return how far groups with these means are apart: Q, a mean of squared differences.

    Parameters
    ----------
    means
        Shape (n_strata, n_groups, d).
    shares
        Each cell's share of the data, shape (n_strata, n_groups); cells with 0 are not compared.

    Examples
    --------
    >>> import torch
    >>> means = torch.tensor([[[0.5], [0.25], [0.0]]])
    >>> float(gap_of_means(means, torch.tensor([[0.5, 0.5, 0.0]])))
    0.0625
    """
    exists = shares > 0
    return 0.5 * (means * _slopes(means, exists, _per_pair(exists))).sum()


def unbiased_gap(
    values: torch.Tensor, strata: torch.Tensor, groups: torch.Tensor, shares: torch.Tensor
) -> torch.Tensor:
    """Estimate Q from a batch: right on average over batches of any size from 2.

    Use it where nothing can be remembered from batch to batch, or batches are large. On small ones
    `RunningGap` is much less noisy.

    Parameters
    ----------
    values
        What is compared, shape (n, d).
    strata, groups
        The rows' cells, shape (n,); -1 where not asked about or not known.
    shares
        Each cell's share of the data, shape (n_strata, n_groups); see `shares_of`.

    Returns
    -------
    torch.Tensor
        A number, which may be below 0; 0 for a batch of one row.

    References
    ----------
    [hoeffding1948class]

    Examples
    --------
    >>> import torch
    >>> p, groups = torch.tensor([[0.25], [0.75], [0.5], [0.5]]), torch.tensor([0, 0, 1, 1])
    >>> float(unbiased_gap(p, torch.zeros_like(groups), groups, torch.tensor([[0.5, 0.5]])))
    -0.375
    """
    n = len(values)
    if n < 2:
        return (values * 0).sum()
    shares = shares.to(values)
    exists = shares > 0
    rows, cells = _known(strata, groups, shares)
    scaled = values[rows] / (n * shares.flatten()[cells, None])
    totals = values.new_zeros((shares.numel(), values.shape[1])).index_add(0, cells, scaled)
    # What a row makes together with itself: its cell's entry on the diagonal of the form Q.
    own = ((exists.sum(1) - 1) * _per_pair(exists)).to(values)[strata[rows], None] * scaled**2
    whole = gap_of_means(totals.reshape(*shares.shape, -1), shares)
    return n / (n - 1) * (whole - own.sum())


class RunningGap:
    """Q around means that are remembered from earlier batches, for batches of any size.

    Parameters
    ----------
    shares
        Each cell's share of the data, shape (n_strata, n_groups); see `shares_of`.
    width
        How many values a row has, d.
    memory
        From about how many rows the means are remembered. More are less noisy, and farther behind
        a model that is being trained.

    Attributes
    ----------
    means
        What is remembered, shape (n_strata, n_groups, d).
    seen
        From how many rows, shape (n_strata, n_groups).

    References
    ----------
    [wang2017stochastic]

    Examples
    --------
    >>> import torch
    >>> gap = RunningGap(torch.tensor([[0.5, 0.5]]), width=1, memory=100)
    >>> p, groups = torch.tensor([[0.25], [0.75]]), torch.tensor([0, 1])
    >>> [float(gap(p, torch.zeros_like(groups), groups)) for _ in range(2)]  # at first, nothing
    [0.0, 0.25]
    """

    def __init__(self, shares: torch.Tensor, *, width: int, memory: int) -> None:
        import torch

        if memory < 1:
            raise InputError(f"memory={memory!r} is not a whole number of rows from 1.")
        self.shares, self.memory = shares, memory
        self.seen = torch.zeros_like(shares)
        self.means = shares.new_zeros((*shares.shape, width))

    def __call__(
        self, values: torch.Tensor, strata: torch.Tensor, groups: torch.Tensor
    ) -> torch.Tensor:
        """Estimate Q from a batch, and remember the batch.

        Parameters
        ----------
        values
            What is compared, shape (n, d).
        strata, groups
            The rows' cells, shape (n,); -1 where not asked about or not known.
        """
        shares, seen, means = (t.to(values) for t in (self.shares, self.seen, self.means))
        slopes = _slopes(means, seen > 0, _per_pair(shares > 0))
        rows, cells = _known(strata, groups, shares)
        away = values[rows] - means.flatten(0, 1)[cells]
        weights = slopes.flatten(0, 1)[cells] / (len(values) * shares.flatten()[cells, None])
        # The batch comes to the memory after it was compared with it: a product of the batch's
        # mean with itself would be too large by its variance.
        self._remember(away.detach(), cells, shares, seen, means)
        return 0.5 * (means * slopes).sum() + (weights * away).sum()

    def _remember(
        self,
        away: torch.Tensor,
        cells: torch.Tensor,
        shares: torch.Tensor,
        seen: torch.Tensor,
        means: torch.Tensor,
    ) -> None:
        import torch

        came = torch.bincount(cells, minlength=shares.numel()).to(away)
        change = means.new_zeros((shares.numel(), means.shape[2])).index_add(0, cells, away)
        came = came.reshape(shares.shape)
        # A plain mean of what came so far, until that is as much as is to be remembered.
        seen = torch.maximum((seen + came).minimum(shares * self.memory), came)
        self.means = means + change.reshape(means.shape) / seen.clamp(min=1e-9)[..., None]
        self.seen = seen

    def state(self) -> dict[str, torch.Tensor]:
        """Return what is remembered."""
        return {"means": self.means, "seen": self.seen}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up what was remembered."""
        self.means, self.seen = state["means"], state["seen"]


def _known(
    strata: torch.Tensor, groups: torch.Tensor, shares: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which rows are compared, and their cells."""
    cells = strata * shares.shape[1] + groups
    known = (strata >= 0) & (groups >= 0)
    # A cell that the data has no rows of has no share to weigh a row with.
    rows = (known & (shares.flatten()[cells.where(known, 0)] > 0)).nonzero()[:, 0]
    return rows, cells[rows]


def _per_pair(exists: torch.Tensor) -> torch.Tensor:
    """Return what one pair of each stratum's groups counts in Q, shape (n_strata,)."""
    groups = exists.double().sum(1)
    strata = (groups > 1).sum().clamp(min=1)
    return 1 / (strata * (groups * (groups - 1) / 2).clamp(min=1))


def _slopes(means: torch.Tensor, among: torch.Tensor, per_pair: torch.Tensor) -> torch.Tensor:
    """Return the gradient of Q at the means, over the pairs of the cells `among`."""
    inside = among[..., None].to(means)
    groups = inside.sum(1, keepdim=True)
    centre = (means * inside).sum(1, keepdim=True) / groups.clamp(min=1)
    return 2 * per_pair.to(means)[:, None, None] * groups * (means - centre) * inside
