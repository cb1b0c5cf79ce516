"""Images for models that take a row of numbers, and few enough of them at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from alignlab.predictors.predictor import Predictor

__all__ = ["taking_images"]

AT_ONCE = 256
"""Images in one call of a model that does not say how many: networks make much of each."""


def taking_images(predictor: Predictor, shape: tuple[int, ...]) -> Predictor:
    """Return a predictor that takes images, shape (n, channels, H, W).

    Parameters
    ----------
    predictor
        The model. One that says that it takes as many columns as an image has numbers is given
        each image as a row.
    shape
        (channels, H, W).

    Examples
    --------
    >>> model = Predictor(lambda rows: rows.mean(1), "classification", classes=("dark", "light"))
    >>> taking_images(replace(model, width=4), (1, 2, 2))(np.full((1, 1, 2, 2), 0.75))
    array([[0.25, 0.75]])
    """
    width = getattr(predictor.estimator, "n_features_in_", None)
    if width is None and predictor.features is not None:
        width = len(predictor.features)
    if width is None and predictor.module is None:
        width = predictor.width
    at_once = predictor.batch_rows or AT_ONCE
    if width != int(np.prod(shape)):
        known = predictor.batch_rows is not None
        return predictor if known else replace(predictor, batch_rows=at_once)

    def answer(images: Any) -> Any:
        return predictor(np.asarray(images).reshape(len(images), -1))

    # As images are not what its parameters are about, it is no longer known by its estimator.
    return replace(
        predictor, answer=answer, features=None, width=None, estimator=None, batch_rows=at_once
    )
