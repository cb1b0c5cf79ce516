"""What does the model not know? Several models drawn from a posterior, and how far they differ."""

from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

__all__ = ["PosteriorPredictive"]
