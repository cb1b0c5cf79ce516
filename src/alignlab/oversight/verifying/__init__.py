"""Verifying a review: the chain, and all that follows from it, computed again."""
