"""The field itself: what has been written, and where alignlab takes its methods from."""

from alignlab.guide.references import Reference, references

__all__ = ["Reference", "references"]
