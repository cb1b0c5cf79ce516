"""What does the model not know? Several models drawn from a posterior, and how far they differ."""

from alignlab.uncertainty.posterior.dropout import mc_dropout
from alignlab.uncertainty.posterior.ensembles import deep_ensemble
from alignlab.uncertainty.posterior.gaussian_softmax import gaussian_softmax
from alignlab.uncertainty.posterior.laplace import (
    GaussianOutputs,
    LastLayerLaplace,
    last_layer_laplace,
)
from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

__all__ = [
    "GaussianOutputs",
    "LastLayerLaplace",
    "PosteriorPredictive",
    "deep_ensemble",
    "gaussian_softmax",
    "last_layer_laplace",
]
