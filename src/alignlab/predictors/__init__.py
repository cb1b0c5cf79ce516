"""The model under study: one protocol, an adapter a kind, safe loading, counted evaluations."""

from alignlab.predictors.adapt import as_predictor
from alignlab.predictors.endpoint import Endpoint
from alignlab.predictors.labels import class_positions, class_text
from alignlab.predictors.load import load_model
from alignlab.predictors.modules import rows_as_tensor, undisturbed
from alignlab.predictors.pictures import taking_images
from alignlab.predictors.predictions import (
    PredictionTable,
    probability_columns,
    read_predictions,
)
from alignlab.predictors.predictor import Predictor, Task

__all__ = [
    "Endpoint",
    "PredictionTable",
    "Predictor",
    "Task",
    "as_predictor",
    "class_positions",
    "class_text",
    "load_model",
    "probability_columns",
    "read_predictions",
    "rows_as_tensor",
    "taking_images",
    "undisturbed",
]
