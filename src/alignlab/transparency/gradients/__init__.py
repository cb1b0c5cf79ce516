"""Attributions by gradients, and by taking parts of the input away."""

from alignlab.transparency.gradients.attribution import Attribution
from alignlab.transparency.gradients.expected import expected_gradients
from alignlab.transparency.gradients.layers import grad_cam
from alignlab.transparency.gradients.noise import smooth_gradients
from alignlab.transparency.gradients.paths import integrated_gradients
from alignlab.transparency.gradients.windows import occlusion

__all__ = [
    "Attribution",
    "expected_gradients",
    "grad_cam",
    "integrated_gradients",
    "occlusion",
    "smooth_gradients",
]
