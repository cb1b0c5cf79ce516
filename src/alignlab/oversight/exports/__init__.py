"""What people said, in files: everything, or comparisons ready to be learned from."""

from alignlab.oversight.exports.exporting import Exported, Format, export
from alignlab.oversight.exports.fragments import Fragments, read_fragments

__all__ = ["Exported", "Format", "Fragments", "export", "read_fragments"]
