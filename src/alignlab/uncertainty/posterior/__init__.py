"""What does the model not know? Several models drawn from a posterior, and how far they differ."""

from alignlab.uncertainty.posterior.dropout import mc_dropout
from alignlab.uncertainty.posterior.ensembles import deep_ensemble
from alignlab.uncertainty.posterior.estimators import (
    BootstrapMembers,
    bootstrap_members,
    bootstrap_predictive,
    forest_spread,
)
from alignlab.uncertainty.posterior.exact_dropout import (
    DropoutMoments,
    dropout_moments,
    linear_dropout_moments,
)
from alignlab.uncertainty.posterior.jackknife import (
    BaggedVariance,
    forest_variance,
    infinitesimal_jackknife,
)
from alignlab.uncertainty.posterior.laplace import (
    GaussianOutputs,
    LastLayerLaplace,
    last_layer_laplace,
)
from alignlab.uncertainty.posterior.log_odds import gaussian_softmax
from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

__all__ = [
    "BaggedVariance",
    "BootstrapMembers",
    "DropoutMoments",
    "GaussianOutputs",
    "LastLayerLaplace",
    "PosteriorPredictive",
    "bootstrap_members",
    "bootstrap_predictive",
    "deep_ensemble",
    "dropout_moments",
    "forest_spread",
    "forest_variance",
    "gaussian_softmax",
    "infinitesimal_jackknife",
    "last_layer_laplace",
    "linear_dropout_moments",
    "mc_dropout",
]
