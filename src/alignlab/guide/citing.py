"""References for a paper: BibTeX entries, a list in APA's style, or a bibliography for Typst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from alignlab.errors import InputError, nearest, require_choice
from alignlab.guide.apa import apa_list
from alignlab.guide.bibtex import bibtex_entry
from alignlab.guide.hayagriva import hayagriva_yaml
from alignlab.guide.works import Reference, references

__all__ = ["Format", "cite", "find_reference"]

Format = Literal["bibtex", "apa", "typst"]


def cite(
    keys: str | Iterable[str],
    format: Format = "bibtex",
    *,
    works: Mapping[str, Reference] | None = None,
) -> str:
    """Return references in the form that a paper needs.

    Parameters
    ----------
    keys
        One key, or several; a key that stands twice is written once.
    format
        "bibtex": whole entries, which read back as the same, in the order of the keys. "apa": a
        reference list in plain text, in its alphabetical order. "typst": a bibliography in
        Hayagriva's YAML, for `#bibliography("references.yaml")`.
    works
        Where to look the keys up, as `parse_bibtex` returns it; the guide, if not given.

    Returns
    -------
    str
        Text that ends with a newline.

    Raises
    ------
    InputError
        If a key is unknown; the message names the nearest.

    Examples
    --------
    >>> print(cite("holm1979simple", "apa"), end="")
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian
    Journal of Statistics, 6(2), 65–70. https://www.jstor.org/stable/4615733
    """
    require_choice(format, get_args(Format), what="format")
    asked = [keys] if isinstance(keys, str) else list(keys)
    if not asked:
        raise InputError("No key was given. alignlab guide papers finds some.")
    known = references() if works is None else works
    found = list({(work := find_reference(key, known)).key: work for key in asked}.values())
    if format == "apa":
        return "".join(f"{line}\n" for line in apa_list(found))
    if format == "typst":
        return hayagriva_yaml(found)
    return "\n".join(f"{bibtex_entry(work.kind, work.key, work.fields)}\n" for work in found)


def find_reference(key: str, works: Mapping[str, Reference] | None = None) -> Reference:
    """Return the reference of a key, with or without the brackets or the @ of a citation.

    Parameters
    ----------
    key
        Such as "guo2017calibration".
    works
        Where to look; the guide, if not given.

    Raises
    ------
    InputError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> find_reference("guo2017calibratoin")
    Traceback (most recent call last):
    alignlab.errors.InputError: There is no reference 'guo2017calibratoin'. Did you mean ...
    """
    known = references() if works is None else works
    bare = key.strip().strip("[]").removeprefix("@")
    if bare in known:
        return known[bare]
    near = nearest(bare, known) or " alignlab guide papers WORDS searches them."
    raise InputError(f"There is no reference {key!r:.80}.{near}")
