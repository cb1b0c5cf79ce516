"""Does the model know what it does not know? Calibration, measured without refitting anything."""

from alignlab.uncertainty.brier import BrierDecomposition, brier_decomposition
from alignlab.uncertainty.calibration import CalibrationError, calibration_error
from alignlab.uncertainty.recalibration import Recalibration, recalibration
from alignlab.uncertainty.reliability import Reliability, reliability

__all__ = [
    "BrierDecomposition",
    "CalibrationError",
    "Recalibration",
    "Reliability",
    "brier_decomposition",
    "calibration_error",
    "recalibration",
    "reliability",
]
