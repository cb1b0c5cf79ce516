"""The field itself: what has been written, and where alignlab takes its methods from."""

from alignlab.guide.works import Reference, parse_bibtex, references

__all__ = ["Reference", "parse_bibtex", "references"]
