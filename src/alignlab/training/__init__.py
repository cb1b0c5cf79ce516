"""Training a model towards what people want: an objective of named terms, and one loop."""

from alignlab.training.data import as_training_data
from alignlab.training.fit import FitResult, fit
from alignlab.training.history import Epoch, History
from alignlab.training.objective import Batch, Objective, Term, TrainingData
from alignlab.training.terms import all_terms
from alignlab.training.terms.adversarial import Adversarial
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.dropout import Dropout
from alignlab.training.terms.fast_adversarial import FastAdversarial
from alignlab.training.terms.group_parity import GroupParity
from alignlab.training.terms.jacobian import Jacobian
from alignlab.training.terms.l1 import L1
from alignlab.training.terms.l2 import L2
from alignlab.training.terms.label_smoothing import LabelSmoothing
from alignlab.training.terms.member_parity import MemberParity
from alignlab.training.terms.spectral import Spectral
from alignlab.training.terms.trades import Trades
from alignlab.training.terms.weighted_cross_entropy import WeightedCrossEntropy

__all__ = [
    "L1",
    "L2",
    "Adversarial",
    "Batch",
    "CrossEntropy",
    "Dropout",
    "Epoch",
    "FastAdversarial",
    "FitResult",
    "GroupParity",
    "History",
    "Jacobian",
    "LabelSmoothing",
    "MemberParity",
    "Objective",
    "Spectral",
    "Term",
    "Trades",
    "TrainingData",
    "WeightedCrossEntropy",
    "all_terms",
    "as_training_data",
    "fit",
]
