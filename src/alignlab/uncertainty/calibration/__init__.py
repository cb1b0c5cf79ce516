"""Do probabilities mean what they say? Measured on rows kept apart, and mended without a refit."""

from alignlab.uncertainty.calibration.brier import BrierDecomposition, brier_decomposition
from alignlab.uncertainty.calibration.choice import recalibrate
from alignlab.uncertainty.calibration.classwise import ClasswiseCalibration, classwise_calibration
from alignlab.uncertainty.calibration.diagram import Reliability, reliability
from alignlab.uncertainty.calibration.error import CalibrationError, calibration_error
from alignlab.uncertainty.calibration.groups import (
    GroupCalibration,
    GroupError,
    calibration_by_group,
)
from alignlab.uncertainty.calibration.line import CalibrationLine, calibration_line
from alignlab.uncertainty.calibration.log_loss import LogLossDecomposition, log_loss_decomposition
from alignlab.uncertainty.calibration.recalibration_result import RecalibratedResult
from alignlab.uncertainty.calibration.smooth import (
    SmoothCalibrationError,
    smooth_calibration_error,
)

__all__ = [
    "BrierDecomposition",
    "CalibrationError",
    "CalibrationLine",
    "ClasswiseCalibration",
    "GroupCalibration",
    "GroupError",
    "LogLossDecomposition",
    "RecalibratedResult",
    "Reliability",
    "SmoothCalibrationError",
    "brier_decomposition",
    "calibration_by_group",
    "calibration_error",
    "calibration_line",
    "classwise_calibration",
    "log_loss_decomposition",
    "recalibrate",
    "reliability",
    "smooth_calibration_error",
]
