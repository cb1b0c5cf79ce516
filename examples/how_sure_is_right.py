"""Whether a classifier is right as often as it says, for every class and in every region."""

import numpy as np

from alignlab.uncertainty import (
    calibration_by_group,
    calibration_error,
    classwise_calibration,
    log_loss_decomposition,
    smooth_calibration_error,
)

rng = np.random.default_rng(0)
logits = rng.normal(0, 1.5, (3_000, 3))
chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
outcome = (rng.random((3_000, 1)) > chance.cumsum(axis=1)).sum(axis=1)
region = rng.choice(["north", "south"], 3_000)

# A model that is surer than it should be, in the south only.
model_logits = np.where(region[:, None] == "south", 1.6 * logits, logits)

chosen = calibration_error(model_logits, outcome, logits=True)
print(f"{chosen.definition}\n  {chosen} (p = {chosen.p_value:.3f})")
print("without bins:", smooth_calibration_error(model_logits, outcome, logits=True))

classes = classwise_calibration(
    model_logits, outcome, classes=["red", "rosé", "white"], logits=True
)
print(classes.to_frame().round(3).to_string(index=False))

by_region = calibration_by_group(model_logits, outcome, {"region": region}, logits=True)
print("surely off:", [f"{each.group} by {each.error}" for each in by_region.off()])

parts = log_loss_decomposition(model_logits, outcome, logits=True)
print(f"log loss {parts.score:.3f}, of which reliability {parts.reliability:.3f}")
