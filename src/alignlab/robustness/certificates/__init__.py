"""Certificates: rows of which it is proved that nothing within a threat changes the decision."""

from alignlab.robustness.certificates.certificate import Certificate
from alignlab.robustness.certificates.certify import certify
from alignlab.robustness.certificates.smoothing import Smoothed, certified_radius, smooth

__all__ = ["Certificate", "Smoothed", "certified_radius", "certify", "smooth"]
