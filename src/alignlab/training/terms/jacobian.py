"""Small derivatives of the logits by the row, estimated from random directions.

    (1/n) Σ_i ‖J_i‖_F²  =  C · E_v ‖∂(v·z_i)/∂x_i‖²,   v uniform on the sphere of R^C
                                                         [hoffman2019robust, eq. 9 and alg. 1]

z_i are a row's C logits. One direction a row and step is enough: the estimate is unbiased, and C,
which some implementations leave out, makes it one of the norm itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from alignlab.errors import InputError
from alignlab.training.objective import Batch, Term

if TYPE_CHECKING:
    import torch

__all__ = ["Jacobian"]


@dataclass(eq=False, kw_only=True)
class Jacobian(Term):
    """The mean squared Frobenius norm of the logits' Jacobian.

    Use it for robustness to small noise at the price of one further pass a step, much less than
    adversarial training; it holds near the rows only, so measure robustness by attack. It needs
    second derivatives of whatever the module is made of. Batch normalisation in training mode ties
    rows together, and the derivative then includes what a row does to the others.

    Parameters
    ----------
    projections
        Random directions a row and step.
    weight
        What it is multiplied with; half of the λ of [hoffman2019robust].

    Raises
    ------
    InputError
        If `projections` is not a whole number from 1.

    References
    ----------
    [hoffman2019robust]

    Examples
    --------
    >>> Jacobian(weight=0.01, projections=1)
    Jacobian(weight=0.01, projections=1)
    """

    name: ClassVar[str] = "jacobian"

    weight: float = 0.01
    projections: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.projections, int) or self.projections < 1:
            raise InputError(
                f"projections={self.projections!r} of the term 'jacobian' is not a whole number "
                "from 1."
            )

    def value(self, batch: Batch) -> torch.Tensor:
        """Return an unbiased estimate of the mean squared norm, differentiable once more."""
        import torch

        leaf = batch.x.detach().clone().requires_grad_()
        logits = replace(batch, x=leaf).logits
        total = logits.new_zeros(len(leaf))
        for _ in range(self.projections):
            drawn = torch.randn(logits.shape, generator=batch.generator)
            direction = (drawn / drawn.norm(dim=1, keepdim=True)).to(logits)
            (gradient,) = torch.autograd.grad((direction * logits).sum(), leaf, create_graph=True)
            total = total + gradient.flatten(1).square().sum(1)
        return logits.shape[1] / self.projections * total.mean()
