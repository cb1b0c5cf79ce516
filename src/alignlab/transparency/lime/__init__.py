"""Local linear explanations of tables, texts and images, and whether to believe them."""

from alignlab.transparency.lime.explanation import LimeExplanation
from alignlab.transparency.lime.local import lime
from alignlab.transparency.lime.sampling import LocalFeature, Trial
from alignlab.transparency.lime.superpixels import superpixels

__all__ = ["LimeExplanation", "LocalFeature", "Trial", "lime", "superpixels"]
