"""Training a model towards what people want: an objective of named terms, and one loop."""

from alignlab.training.data import as_training_data
from alignlab.training.fit import FitResult, fit
from alignlab.training.objective import Batch, Objective, Term, TrainingData
from alignlab.training.terms.cross_entropy import CrossEntropy

__all__ = [
    "Batch",
    "CrossEntropy",
    "FitResult",
    "Objective",
    "Term",
    "TrainingData",
    "as_training_data",
    "fit",
]
