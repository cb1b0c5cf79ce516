"""A paper before it is set: who wrote it, its sections, and the works that it cites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alignlab.guide import Reference
from alignlab.study.paper.nodes import Block
from alignlab.study.spec import Author

__all__ = ["ANONYMOUS", "NOBODY", "Manuscript", "Style"]

Style = Literal["ieee", "apa", "chicago-author-date"]

ANONYMOUS = "Anonymous authors"
"""In place of names, where those who review must not know them."""

NOBODY = "Authors not stated"
"""In place of names, where the statement has none."""


@dataclass(frozen=True)
class Manuscript:
    """A paper, ready to be set.

    Attributes
    ----------
    title
        The paper's.
    authors
        Who wrote it; empty where the paper is anonymous.
    byline
        What stands there in place of names.
    abstract
        In blocks; empty for none.
    keywords
        The paper's.
    sections
        Headings and what stands below them.
    works
        What is cited, and nothing else.
    style
        Of citations and of the list of works.
    columns
        1 or 2.
    unwritten
        The titles of sections without text.
    """

    title: str
    authors: tuple[Author, ...]
    abstract: tuple[Block, ...]
    keywords: tuple[str, ...]
    sections: tuple[Block, ...]
    works: tuple[Reference, ...]
    style: Style
    columns: Literal[1, 2]
    unwritten: tuple[str, ...] = ()
    byline: str = ANONYMOUS
