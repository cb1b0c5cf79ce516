"""Randomness enters through one door: a seed becomes a generator; no global state is touched."""

from __future__ import annotations

import numpy as np

from alignlab.errors import InputError

__all__ = ["as_generator"]


def as_generator(seed: int | np.random.Generator, *purpose: str) -> np.random.Generator:
    """Turn a seed into a generator.

    Parameters
    ----------
    seed
        A whole number from 0, or a generator, which is returned as it is.
    *purpose
        Words that name what the numbers are for. Two purposes under one seed get independent
        streams, so that adding a check to an audit changes no other check's numbers.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    InputError
        If the seed is not a whole number from 0.

    Examples
    --------
    >>> bool(as_generator(0).random() == as_generator(0).random())
    True
    >>> bool(as_generator(0, "a").random() == as_generator(0, "b").random())
    False
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed={seed!r} is not a whole number from 0. Give one, such as seed=0.")
    words = [int.from_bytes(word.encode(), "big") for word in purpose]
    return np.random.default_rng(np.random.SeedSequence([int(seed), *words]))
