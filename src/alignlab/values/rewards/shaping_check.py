"""Is my shaping safe? For finite processes an exact answer, for environments one from episodes.

A reward with bonuses added keeps every preference among policies if what was added is a potential
difference, γ Φ(s') - Φ(s) with Φ(terminal) = 0 [ng1999policy, th. 1]. In a finite process that is
decided, and so is what becomes of the optimal policy if it is not (`finite_check.py`). Of an
environment one sees episodes, which can refute it (`sampled_check.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.rewards.finite_check import ShapingCheck, check_finite

if TYPE_CHECKING:
    import gymnasium

    from alignlab.values.rewards.sampled_check import SampledShapingCheck

__all__ = ["check_shaping"]

FINITE_TOLERANCE, SAMPLED_TOLERANCE = 1e-9, 1e-6
"""What is rounding, relative to the largest reward; environments may pay in single precision."""


@overload
def check_shaping(
    original: FiniteMDP,
    shaped: FiniteMDP | sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    tolerance: float | None = None,
) -> ShapingCheck: ...


@overload
def check_shaping(
    original: gymnasium.Env[Any, Any],
    shaped: gymnasium.Env[Any, Any],
    *,
    tolerance: float | None = None,
    discount: float | None = None,
    potential: Callable[[Any], float] | None = None,
    features: Callable[[Any], ArrayLike] | None = None,
    policy: Callable[[Any], Any] | None = None,
    steps: int = 10_000,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
) -> SampledShapingCheck: ...


def check_shaping(
    original: FiniteMDP | gymnasium.Env[Any, Any],
    shaped: FiniteMDP | gymnasium.Env[Any, Any] | sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    tolerance: float | None = None,
    discount: float | None = None,
    potential: Callable[[Any], float] | None = None,
    features: Callable[[Any], ArrayLike] | None = None,
    policy: Callable[[Any], Any] | None = None,
    steps: int = 10_000,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
) -> ShapingCheck | SampledShapingCheck:
    """Say whether a changed reward is a safe shaping of the original one.

    Use it before an agent is trained on a reward with bonuses. In a finite process the answer is
    exact, with a potential or a proof that there is none. In an environment, episodes can refute
    a shaping and never prove one; list its transitions where you can. With discount 1 and no
    horizon policies that end are compared; it is said if going on for ever becomes best, or ceases
    to be.

    Parameters
    ----------
    original
        A `FiniteMDP` with the reward that is meant, or a Gymnasium environment.
    shaped
        The same process with the reward that is trained on; for a `FiniteMDP` its rewards alone, in
        one of the three forms, will do. A second environment, not a wrapper of the first object.
    tolerance
        Up to which differences are rounding, relative to the largest reward; `None` is 1e-9 for a
        `FiniteMDP`, and 1e-6 for environments, which may compute in single precision.
    discount
        For environments: the agent's γ.
    potential
        For environments: a stated potential to be tested, a function of the observation. Like
        `features`, it is not asked where an episode has ended.
    features
        For environments whose observations are not whole numbers: a function of the observation
        whose linear combinations are the potentials tried; `None` takes the observed numbers, their
        squares and products, and a constant.
    policy
        For environments: a function from observation to action; `None` acts at random.
    steps
        For environments: how many to take.
    level
        For environments: the intervals' coverage.
    seed
        For environments: the same one gives the same episodes.

    Returns
    -------
    ShapingCheck or SampledShapingCheck
        `.verdict`, `.summary`, and the evidence.

    Raises
    ------
    InputError
        If original and shaped differ in more than rewards, or something given does not fit.

    References
    ----------
    [ng1999policy], [grzes2017reward]

    Examples
    --------
    Two rooms side by side, and a door out of the second. A bonus for entering the second room makes
    the agent walk in and out for ever:

    >>> rooms = FiniteMDP([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ...                   [[0, 0], [0, 1], [0, 0]], discount=0.9, action_names=["left", "right"])
    >>> check = check_shaping(rooms, [[0, 0.5], [0, 1], [0, 0]])
    >>> check.verdict
    'changes the optimal policy'
    >>> check.witness.better.loop
    (0, 1, 0)
    """
    if isinstance(original, FiniteMDP):
        given = {"discount": discount, "potential": potential, "features": features}
        given["policy"] = policy
        for name, value in given.items():
            if value is not None:
                raise InputError(
                    f"{name} is for environments: a FiniteMDP is checked exactly, as it is."
                )
        least = FINITE_TOLERANCE if tolerance is None else tolerance
        return check_finite(original, shaped, tolerance=least)  # type: ignore[arg-type]
    from alignlab.values.rewards.sampled_check import check_sampled

    return check_sampled(
        original,
        shaped,
        discount=discount,
        potential=potential,
        features=features,
        policy=policy,
        steps=steps,
        level=level,
        tolerance=SAMPLED_TOLERANCE if tolerance is None else tolerance,
        seed=seed,
    )
