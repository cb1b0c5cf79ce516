"""Signs that an attack failed for another reason than that there is nothing to find.

Robust accuracy is an upper bound, and a gradient that says nothing makes it a loose one
[athalye2018obfuscated, sec. 3.1; carlini2019evaluating, sec. 5]. Each sign compares two things that
agree wherever gradients lead: two passes; the gradient and the loss it is taken of; an attack with
gradients and one without; the limit and none. Only rows that nobody has broken or certified are
looked at, for only they can be wrong, so a model that falls at once costs two passes over 64 rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.random import RowStreams, row_streams
from alignlab.robustness.attacked import AttackedModel, BudgetSpentError, Passed
from alignlab.robustness.attacks.losses import margin
from alignlab.robustness.search import Search
from alignlab.robustness.threats import Ball, Linf

if TYPE_CHECKING:
    import torch

__all__ = ["MaskingWarning", "Outcome", "detect_masking", "require_evaluation_mode"]

ROWS = 64
"""Rows looked at: of a sign that half of all rows show, 64 show it for certain."""

FEW = 8
"""Signs that are shares of rows are not read from fewer rows than these."""

ZERO = 0.05
"""A larger share of rows without a gradient is a sign; below it, units died at single rows."""

FOLLOWED = 0.75
"""The gradient beats a random move on nearly all rows where it leads, on half where it does not."""

MISSED = 0.03
"""A larger share of right rows that only moves without gradients break is a sign; a single run of
PGD leaves up to this share to luck on robust models."""

NOISE = 1e-4
"""Answers that differ by more than this share of the largest logit differ on purpose."""

PROBES = 8
"""Random moves, and as many moves towards rows of other classes, for each open row."""

STEPS = 30
"""Gradients that a row is given to break without a limit, and once more from beside it."""


@dataclass(frozen=True, slots=True)
class MaskingWarning:
    """A sign that a robust accuracy is not to be relied on.

    Attributes
    ----------
    name
        "not finite", "randomised", "batch", "probabilities", "saturated", "black box",
        "zero gradients", "flat loss" or "unlimited".
    summary
        One sentence: what was seen, what it means and what to do.
    """

    name: str
    summary: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an evaluation knows when it asks for signs of masking: masks of shape (n,).

    Attributes
    ----------
    right
        Which rows the model gets right as they are.
    open
        Which of these nobody has broken or certified.
    missed
        Which rows an attack with gradients left open and one without gradients then broke.
    gradients
        Whether there was an attack with gradients; without one nothing relied on them.
    """

    right: NDArray[np.bool_]
    open: NDArray[np.bool_]
    missed: NDArray[np.bool_]
    gradients: bool = True


def require_evaluation_mode(attacked: AttackedModel, x: torch.Tensor) -> None:
    """Raise if a module was given in training mode, and answers otherwise there.

    Ask this before the model is entered as a context, which puts it into evaluation mode. It costs
    nothing where no part of the module is in training mode.

    Parameters
    ----------
    attacked
        The model, not entered.
    x
        n rows; the first few are asked about.

    Raises
    ------
    InputError
        If the answers differ: nobody could say which model the verdicts are about.
    """
    import torch

    module = attacked.predictor.module
    given = [] if module is None else [(part, part.training) for part in module.modules()]
    if not attacked.has_gradients or not any(flag for _, flag in given):
        return
    rows = x[:32] if len(x) > 1 else torch.cat([x, x])  # statistics of a batch take two rows
    deadline, attacked.deadline = attacked.deadline, None
    with attacked:
        evaluating, again = attacked.logits(rows), attacked.logits(rows)
        for part, flag in given:
            part.training = flag
        training = attacked.logits(rows)
    attacked.deadline = deadline
    if _differ(evaluating, training) and not _differ(evaluating, again):
        apart = float((training - evaluating).abs().max())
        raise InputError(
            f"The module {attacked.predictor.name!r} is in training mode, where its logits differ "
            f"by up to {apart:.3g} from those in evaluation mode (dropout, batch normalisation). "
            "Say which model is meant: call module.eval() first."
        )


def detect_masking(
    attacked: AttackedModel,
    x: torch.Tensor,
    y: torch.Tensor,
    threat: Any,
    outcome: Outcome,
    *,
    seed: int = 0,
) -> tuple[MaskingWarning, ...]:
    """Return the signs that the rows left open may fall to a better attack.

    Use it after attacks; `evaluate_robustness` does. No sign is no proof: a defence can be made
    against any list of signs, and the test is an attack made for the model [tramer2020adaptive].

    Parameters
    ----------
    attacked
        The model under attack, entered as a context; it counts what this costs. If its time is
        over, the signs seen by then are returned.
    x, y
        n rows as they are, shape (n, ...), and their true classes, shape (n,).
    threat
        What may be done to a row. Signs about gradients take a `Ball` and a module.
    outcome
        What the attacks have found.
    seed
        Decides the random moves.

    Returns
    -------
    tuple of MaskingWarning
        Empty for a model without signs.

    References
    ----------
    [athalye2018obfuscated], [carlini2019evaluating], [croce2020reliable], [tramer2020adaptive]

    Examples
    --------
    >>> import torch
    >>> from alignlab.predictors import as_predictor
    >>> from alignlab.robustness.threats import Linf
    >>> class Steps(torch.nn.Module):
    ...     def forward(self, x):
    ...         return torch.stack([-x.round()[:, 0], x.round()[:, 0] - 1], 1)
    >>> x, all_rows = torch.rand(40, 2), np.ones(40, dtype=bool)
    >>> y = Steps()(x).argmax(1)
    >>> with AttackedModel(as_predictor(Steps(), classes=[0, 1])) as model:
    ...     signs = detect_masking(model, x, y, Linf(0.1), Outcome(all_rows, all_rows, ~all_rows))
    >>> signs[0].name
    'zero gradients'
    """
    found: list[MaskingWarning] = []
    with suppress(BudgetSpentError):
        for sign in _signs(attacked, x, y, threat, outcome, seed):
            found += [sign] if sign else []
    return tuple(found)


def _signs(
    attacked: AttackedModel, x: torch.Tensor, y: torch.Tensor, threat: Any, outcome: Outcome,
    seed: int,
) -> Iterator[MaskingWarning | None]:  # fmt: skip
    yield _unanswered(attacked)
    sample = _spread(np.ones(len(x), dtype=bool))
    pool, right = x[sample], outcome.right[sample]
    logits = attacked.logits(pool)
    unsteady = _unsteady(attacked, pool, logits)
    yield unsteady
    if not attacked.has_gradients:
        return
    yield _single_probabilities(logits)
    if not outcome.gradients:
        return
    yield _saturated(logits[right], y[sample][right])
    yield _missed(outcome)
    at = _spread(outcome.open)
    if not isinstance(threat, Ball) or threat.radius == 0 or not len(at):
        return
    if not _differ(logits, logits[:1].expand_as(logits)):  # a constant has nothing to hide
        return
    decided = attacked.decided(logits)
    search = Search(attacked, threat, x[at], y[at], row_streams(seed, at, "masking"))
    undefined = attacked.undefined
    passed = search.gradient(search.x, margin)
    led = (passed.gradient != 0).flatten(1).any(1)
    yield _without_gradient(led, attacked.undefined - undefined)
    if unsteady is None and int(led.sum()) >= FEW:
        yield _flat(search, threat, passed, led)
    yield _probed(search, threat, pool, decided, outcome)
    if len(decided.unique()) > 1:  # else nobody knows that there is anything to find
        whole = _whole(threat, pool)
        yield _unlimited(Search(attacked, whole, x[at], y[at], search.streams), whole, threat)


def _unanswered(attacked: AttackedModel) -> MaskingWarning | None:
    if not attacked.unanswered:
        return None
    return MaskingWarning(
        "not finite",
        f"On {attacked.unanswered} of the rows asked for the logits were not all finite numbers, "
        "though the threat allows such rows: no decision can be read from them, so find the step "
        "of the model that divides by 0 or overflows.",
    )


def _unsteady(
    attacked: AttackedModel, rows: torch.Tensor, before: torch.Tensor
) -> MaskingWarning | None:
    """Ask again, a few rows at a time; where that differs, again and all at once."""
    size, attacked.batch_rows = attacked.batch_rows, max(1, len(rows) // 4)
    try:
        parted = attacked.logits(rows)
    finally:
        attacked.batch_rows = size
    if not _differ(before, parted):
        return None
    changed = int((attacked.decided(before) != attacked.decided(parted)).sum())
    seen = f"differ by up to {float((parted - before).abs().max()):.3g}"
    others = f"({changed} of {len(rows)} decisions are other ones)"
    if _differ(before, attacked.logits(rows)):
        return MaskingWarning(
            "randomised",
            f"The logits of two passes over the same rows {seen} {others}: a row is broken or not "
            "by luck, so switch the randomness off, or attack the mean over many passes.",
        )
    return MaskingWarning(
        "batch",
        f"The logits of a row {seen} {others} with the rows beside it in a pass: a row is broken "
        "or not by its company, so let the model use fixed statistics.",
    )


def _single_probabilities(logits: torch.Tensor) -> MaskingWarning | None:
    """Look at a single logit, which stands in the second column beside zeros."""
    if logits.shape[1:] != (2,) or len(logits) < FEW or bool((logits[:, 0] != 0).any()):
        return None
    if bool(((logits < 0) | (logits > 1)).any()):
        return None
    return MaskingWarning(
        "probabilities",
        f"All {len(logits)} logits asked for lie between 0 and 1, so that every decision is for "
        "the second class: they look like probabilities, so leave the model's last sigmoid out.",
    )


def _saturated(logits: torch.Tensor, y: torch.Tensor) -> MaskingWarning | None:
    """Look at the cross-entropy's gradient by the logits: softmax less the truth, in floats."""
    import torch

    if not len(y):
        return None
    slope = torch.softmax(logits, 1) - torch.nn.functional.one_hot(y, logits.shape[1])
    share = float((slope == 0).all(1).double().mean())
    if share <= ZERO:
        return None
    return MaskingWarning(
        "saturated",
        f"On {share:.0%} of the rows the cross-entropy's gradient is exactly 0, for the logits are "
        f"too far apart (by {-float(margin(logits, y).median()):.3g} on most rows): attacks on "
        "cross-entropy would see robustness that is not there, so trust only those on margins, "
        "or divide the logits by a number.",
    )


def _missed(outcome: Outcome) -> MaskingWarning | None:
    missed, right = int(outcome.missed.sum()), int(outcome.right.sum())
    if missed < 2 or missed <= MISSED * right:
        return None
    return _beaten(f"an attack without them broke {missed} of {right} rows")


def _beaten(what: str) -> MaskingWarning:
    return MaskingWarning(
        "black box",
        f"Where attacks with gradients found nothing, {what}: the gradients hide what is there, or "
        "were followed too little, so attack with more steps and restarts, and without gradients.",
    )


def _without_gradient(led: torch.Tensor, undefined: int) -> MaskingWarning | None:
    none = int((~led).sum())
    if none < 2 or none <= ZERO * len(led):
        return None
    how = "exactly 0" if not undefined else f"0 or, on {undefined}, not a finite number"
    return MaskingWarning(
        "zero gradients",
        f"On {none} of {len(led)} rows that were not broken the margin's gradient is {how}: there "
        "attacks with gradients search nothing, so attack without them, or replace what has no "
        "slope (rounding, thresholds) by something that has one.",
    )


def _flat(search: Search, threat: Ball, passed: Passed, led: torch.Tensor) -> MaskingWarning | None:
    """Compare the loss along the gradient with that along a random move, at three distances."""
    import torch

    rows, true, slope, losses = search.x[led], search.y[led], passed.gradient[led], passed.losses
    streams = search.streams[led.cpu().numpy()]
    along = torch.full_like(losses[led], -torch.inf)
    anywhere = along.clone()
    for step, share in enumerate((0.25, 0.5, 1.0)):
        for direction, best in ((slope, along), (_noise(rows, streams, step), anywhere)):
            moved = threat.project(threat.step(rows, direction, share * threat.radius), rows)
            best.copy_(torch.maximum(best, margin(search.logits(moved), true)))
    # With few numbers that matter, a random move may be the gradient's own.
    level = (along == anywhere) & (along > losses[led])
    followed = float(((along > anywhere) | level).double().mean())
    if followed >= FOLLOWED:
        return None
    return MaskingWarning(
        "flat loss",
        f"Following the gradient within the radius raises the margin by "
        f"{float((along - losses[led]).mean()):.3g} on average, and by more than a random move "
        f"does on only {followed:.0%} of {len(rows)} rows: the gradient does not say where the "
        "loss grows, so attack without it, or smooth what makes it jump.",
    )


def _probed(
    search: Search, threat: Ball, pool: torch.Tensor, decided: torch.Tensor, outcome: Outcome
) -> MaskingWarning | None:
    """Try random moves, and moves towards rows that the model decides otherwise."""
    n = len(search)
    for probe in range(2 * PROBES):
        if not len(search):
            break
        if probe < PROBES:
            noise = _noise(search.x, search.streams_of_open("random moves"), probe)
            moved = threat.step(search.x, noise, threat.radius)
        else:
            draws = search.streams_of_open("other rows").uniform(1, step=probe)[:, 0]
            moved = pool[_other_rows(decided, search.y, draws)]
        moved = threat.project(moved, search.x)
        search.settle(moved, search.logits(moved))
    broke = int(search.broken.sum())
    if broke < 2 or broke / n * int(outcome.open.sum()) <= MISSED * int(outcome.right.sum()):
        return None
    return _beaten(f"{2 * PROBES} blind moves a row broke {broke} of {n} rows")


def _other_rows(decided: torch.Tensor, y: torch.Tensor, draws: Any) -> torch.Tensor:
    """Return for each class a drawn position of a row that is decided otherwise, if there is."""
    import torch

    drawn = torch.as_tensor(draws, device=y.device)
    at = (drawn * len(decided)).long()
    for one in y.unique():
        others = (decided != one).nonzero()[:, 0]
        mine = y == one
        if len(others):
            at[mine] = others[(drawn[mine] * len(others)).long()]
    return at


def _unlimited(search: Search, whole: Linf, threat: Ball) -> MaskingWarning | None:
    """Follow the gradient from each row, and from beside it, with the whole box to move in."""
    n, size = len(search), whole.radius * 2.5 / STEPS
    for beside in (False, True):
        moved = search.x
        if beside:
            moved = threat.start(search.x, search.streams_of_open("beside"))
        for _ in range(STEPS):
            passed = search.gradient(moved, margin)
            moved, slope = search.settle(moved, passed.logits, passed.gradient)
            if not len(search):
                return None
            moved = whole.project(moved + size * whole.steepest(slope), search.x)
        search.settle(moved, search.logits(moved))
    left = len(search)
    if left < 2 or left <= ZERO * n:
        return None
    return MaskingWarning(
        "unlimited",
        f"With no limit on the change, following the gradient broke only {n - left} of {n} rows, "
        "though other rows are decided otherwise: the search fails and not the limit, so attack "
        "without gradients, or replace what hides them.",
    )


def _whole(threat: Ball, x: torch.Tensor) -> Linf:
    """Return the box as a ball about any of its rows.

    In L∞ whatever the threat's norm: the set is the same, and every number may move at once.
    """
    import torch

    low = torch.as_tensor(threat.low, dtype=x.dtype, device=x.device).expand_as(x[:1])
    high = torch.as_tensor(threat.high, dtype=x.dtype, device=x.device).expand_as(x[:1])
    low = torch.where(low.isfinite(), low, x.amin(0, keepdim=True))
    high = torch.where(high.isfinite(), high, x.amax(0, keepdim=True))
    return Linf(max(float((high - low).max()), threat.radius), threat.low, threat.high)


def _noise(like: torch.Tensor, streams: RowStreams, step: int) -> torch.Tensor:
    import torch

    drawn = streams.normal(like[0].numel(), step=step)
    return torch.as_tensor(drawn, dtype=like.dtype, device=like.device).reshape(like.shape)


def _spread(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return at most `ROWS` of the positions where the mask holds, evenly spread."""
    at = np.flatnonzero(mask)
    return at[np.linspace(0, len(at) - 1, min(ROWS, len(at))).round().astype(int)]


def _differ(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Return whether answers differ by more than the order of a sum does."""
    import torch

    if not len(a):
        return False
    scale = float(torch.maximum(a.abs().max(), b.abs().max()))
    return bool((a - b).abs().max() > NOISE * scale)
