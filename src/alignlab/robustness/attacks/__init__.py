"""Attacks: each searches for a row that the model gets wrong, within what a threat allows."""

from alignlab.robustness.attacks.pgd import PGD

__all__ = ["PGD"]
