"""The field itself: what has been written, who works on it and where, and a path into it."""

from alignlab.guide.citing import cite, find_reference
from alignlab.guide.consistency import Issue, check
from alignlab.guide.kinds import (
    Book,
    Competition,
    Correction,
    Edition,
    Forum,
    Organisation,
    Stage,
    Step,
    Venue,
    books,
    competitions,
    corrections,
    corrections_of,
    forums,
    organisations,
    path,
    venues,
    workflow,
)
from alignlab.guide.link_check import Answer, check_links, links
from alignlab.guide.searching import search, suggestion
from alignlab.guide.works import TOPICS, Reference, parse_bibtex, references

__all__ = [
    "TOPICS",
    "Answer",
    "Book",
    "Competition",
    "Correction",
    "Edition",
    "Forum",
    "Issue",
    "Organisation",
    "Reference",
    "Stage",
    "Step",
    "Venue",
    "books",
    "check",
    "check_links",
    "cite",
    "competitions",
    "corrections",
    "corrections_of",
    "find_reference",
    "forums",
    "links",
    "organisations",
    "parse_bibtex",
    "path",
    "references",
    "search",
    "suggestion",
    "venues",
    "workflow",
]
