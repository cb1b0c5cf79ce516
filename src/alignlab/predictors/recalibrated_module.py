"""A torch module whose logits are mapped: the module itself, then numbers that nothing trains."""

from __future__ import annotations

from typing import Any

import torch

from alignlab.predictors.probability_maps import ProbabilityMap, recalibrated_scores

__all__ = ["RecalibratedModule"]


class RecalibratedModule(torch.nn.Module):  # type: ignore[misc]
    """A module that returns recalibrated logits in the shape of its base's.

    Parameters
    ----------
    base
        Returns logits, shape (n, n_classes), or (n, 1) or (n,) for two classes. It is held as it
        is, neither copied nor changed.
    probability_map
        What is done to its log-probabilities.
    keep_decisions
        Whether the largest logit stays the largest in every row.
    """

    def __init__(
        self, base: torch.nn.Module, probability_map: ProbabilityMap, *, keep_decisions: bool
    ) -> None:
        super().__init__()
        self.base = base
        self.probability_map = probability_map
        self.keep_decisions = keep_decisions
        self.train(base.training)

    def forward(self, *rows: Any, **options: Any) -> torch.Tensor:
        """Return logits: log-probabilities, or log-odds where the base gives one number a row."""
        logits: torch.Tensor = self.base(*rows, **options)
        single = logits.ndim == 1 or logits.shape[1:] == (1,)
        # Half a unit in the last place of 32 bits is a visible step where 1 - p is small.
        exact = logits if logits.device.type == "mps" else logits.double()
        if single:
            odds = exact.reshape(-1, 1)
            exact = torch.cat([torch.zeros_like(odds), odds], dim=1)
        scores = recalibrated_scores(
            self.probability_map, exact, keep_decisions=self.keep_decisions
        )
        if single:
            scores = (scores[:, 1] - scores[:, 0]).reshape(logits.shape)
        return scores.to(logits.dtype)
