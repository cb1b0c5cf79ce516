"""Local linear explanations of tables, texts and images, and whether to believe them."""

from alignlab.transparency.surrogates.explanation import LimeExplanation
from alignlab.transparency.surrogates.local import lime
from alignlab.transparency.surrogates.sampling import LocalFeature, Trial
from alignlab.transparency.surrogates.superpixels import superpixels

__all__ = ["LimeExplanation", "LocalFeature", "Trial", "lime", "superpixels"]
