"""The randomness of a run follows from what the run is: never from a worker, an order or a clock.

    number = SHA-256(study, configuration, replicate, purpose), its first 31 bits

Seeds that count up (0, 1, 2, …) and are shared by the split, the first weights and the order of
batches make runs depend on each other. A hash of names does not: a level or a replicate added later
changes no other run's number, though a factor added later makes all of them other runs. It is what
NumPy's SeedSequence does for streams [salmon2011parallel], done for names, and with numbers below
2³¹ because LightGBM, scikit-learn's `random_state` and `numpy.random.seed` refuse larger ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from alignlab.errors import InputError
from alignlab.plain import canonical

__all__ = ["Seed", "seed_of"]

BELOW = 2**31


class Seed(int):
    """A run's number, and further ones for its purposes.

    An experiment is called with one. `Seed(3)`, made by hand, is for trying the function out.

    Examples
    --------
    >>> seed = Seed(3)
    >>> seed + 0
    3
    >>> seed.of("weights") == seed.of("batches")
    False
    """

    run: str
    pair: str

    def __new__(cls, number: int, run: str = "", pair: str = "") -> Seed:
        """Make a seed of its number and its names.

        Parameters
        ----------
        number
            The run's own, from 0 and below 2³¹.
        run, pair
            What the run is called, and what it shares with the runs that it is compared with.

        Raises
        ------
        InputError
            If the number is not such a number.
        """
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 0 <= number < BELOW:
            raise InputError(f"Seed({number!r}): a seed is a whole number from 0, below 2**31.")
        made = super().__new__(cls, number)
        made.run = run or str(int(number))
        made.pair = pair or str(int(number))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return (Seed, (int(self), self.run, self.pair))

    def of(self, purpose: str) -> int:
        """Return this run's number for one purpose, such as `"weights"`.

        Parameters
        ----------
        purpose
            Names what it is for; another purpose has another number.
        """
        return _number("run", self.run, _named(purpose))

    def shared(self, purpose: str) -> int:
        """Return the number that this replicate has in every configuration.

        Use it for what compared runs are to have in common, such as the rows held out: what the
        split does to both then cancels in their difference.

        Parameters
        ----------
        purpose
            Names what it is for, such as `"split"`.
        """
        return _number("pair", self.pair, _named(purpose))


def seed_of(study: str, configuration: Mapping[str, Any], replicate: int) -> Seed:
    """Return the seed of one run.

    Parameters
    ----------
    study
        The study's name.
    configuration
        A level of every factor; their order is of no matter.
    replicate
        Counted from 0.

    Returns
    -------
    Seed

    References
    ----------
    [salmon2011parallel]

    Examples
    --------
    >>> one = seed_of("study", {"training": "standard"}, 0)
    >>> other = seed_of("study", {"training": "adversarial"}, 0)
    >>> one == other, one.of("split") == other.of("split")
    (False, False)
    >>> one.shared("split") == other.shared("split")
    True
    """
    run = canonical([study, dict(configuration), replicate])
    return Seed(_number("run", run, ""), run, canonical([study, replicate]))


def _number(kind: str, name: str, purpose: str) -> int:
    digest = hashlib.sha256(canonical([kind, name, purpose]).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _named(purpose: str) -> str:
    if not isinstance(purpose, str) or not purpose:
        raise InputError(f'{purpose!r} names no purpose. Give a word, such as seed.of("weights").')
    return purpose
