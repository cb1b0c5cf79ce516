"""Training a model towards what people want: an objective of named terms, and one loop."""

from alignlab.training.objective import Batch, Objective, Term, TrainingData

__all__ = ["Batch", "Objective", "Term", "TrainingData"]
