"""Does the model know what it does not know? Calibration, measured without refitting anything."""

from alignlab.uncertainty.calibration.brier import BrierDecomposition, brier_decomposition
from alignlab.uncertainty.calibration.error import CalibrationError, calibration_error
from alignlab.uncertainty.calibration.line import CalibrationLine, calibration_line
from alignlab.uncertainty.calibration.reliability import Reliability, reliability

__all__ = [
    "BrierDecomposition",
    "CalibrationError",
    "CalibrationLine",
    "Reliability",
    "brier_decomposition",
    "calibration_error",
    "calibration_line",
    "reliability",
]
