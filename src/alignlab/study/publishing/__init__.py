"""A finished study, published: one archive that can be checked, cited and built again."""

from alignlab.study.publishing.citation import check_citation
from alignlab.study.publishing.publishing import Published, publish_study
from alignlab.study.publishing.verifying import Verified, verify_archive

__all__ = ["Published", "Verified", "check_citation", "publish_study", "verify_archive"]
