"""What a paper may say of the results: every number, table and figure by its name.

    {{ H1.difference }}              0.081, 95% CI [0.042, 0.120]
    {{ H1.difference.low | .1% }}    4.2%
    {{ table main }}   {{ figure H1 }}   {{ see table main }}   {{ typed 0.05 }}

They are read from `analysis.json`, which says which results it was made from; if those have changed
since, nothing is printed. An estimate is written with two significant digits of its interval's half
width, so that no digit is shown that the data do not carry; a limit that is not 0 is not written 0.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignlab.errors import InputError, nearest
from alignlab.files import sha256_of_file
from alignlab.study.digits import decimals, enough

__all__ = ["ANALYSIS_FORMAT", "Findings", "number_text", "read_findings"]

ANALYSIS_FORMAT = "alignlab analysis 1"

PARTS = ("value", "low", "high", "level", "n", "method", "unit", "text")
"""What may follow a number's name."""

FORM = re.compile(r"\+?,?(?:\.\d{1,2})?[dfeg%]?")
"""The formats that may follow a bar, in Python's words."""


@dataclass(frozen=True)
class Findings:
    """What the analysis found, by name.

    Attributes
    ----------
    numbers, tables, figures
        As `analysis.json` has them.
    deviations
        What departs from the registration, a sentence each.
    folder
        The study's folder, where the figures' files are.
    """

    numbers: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, Any]]
    deviations: tuple[str, ...]
    folder: Path

    def said(self, name: str, form: str = "") -> str:
        """Return a number as the paper prints it.

        Parameters
        ----------
        name
            Such as "H1.difference", or "H1.difference.low" for one part of it.
        form
            A format in Python's words, such as ".1%"; empty for as many digits as are known.

        Raises
        ------
        InputError
            If there is no such number, it is not known, or the format does not fit.
        """
        held, part = self._found(name)
        if form and (not FORM.fullmatch(form) or form in ("+", ",")):
            raise InputError(f"the format {form!r} is none; write one such as .3f, .1% or ,d.")
        if part in ("method", "unit", "text") or (not part and "text" in held):
            if form:
                raise InputError(f"{name} is words, which take no format {form!r}.")
            return str(held[part or "text"])
        interval = not part and "low" in held and "high" in held
        digits = _decimals(held) if interval or part in ("value", "low", "high") else None

        def text(key: str) -> str:
            value = held.get(key)
            if value is None:
                raise InputError(f"{name} has no number in analysis.json: it could not be told.")
            known = digits if digits is None or key == "value" else enough(value, digits)
            return number_text(value, form, digits=known)

        if not interval:
            return text(part or "value")
        level = number_text(100 * float(held["level"]), ".4g")
        return f"{text('value')}, {level}% CI [{text('low')}, {text('high')}]"

    def _found(self, name: str) -> tuple[Mapping[str, Any], str]:
        if name in self.numbers:
            return self.numbers[name], ""
        stem, _, part = name.rpartition(".")
        if stem in self.numbers and part in PARTS:
            if part not in self.numbers[stem]:
                raise InputError(f"{stem} has no {part}; it has {', '.join(self.numbers[stem])}.")
            return self.numbers[stem], part
        names = list(self.numbers)
        if stem in self.numbers:
            names = [f"{stem}.{each}" for each in self.numbers[stem]]
        raise InputError(f"there is no number {name!r} in analysis.json.{nearest(name, names)}")

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a table."""
        return self._of("table", self.tables, name)

    def figure(self, name: str) -> Mapping[str, Any]:
        """Return a figure's title, description and file."""
        return self._of("figure", self.figures, name)

    @staticmethod
    def _of(kind: str, held: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
        if name in held:
            return held[name]
        known = f" There are {', '.join(held)}." if held else " It has none."
        raise InputError(
            f"there is no {kind} {name!r} in analysis.json.{nearest(name, held) or known}"
        )


def read_findings(path: Path, records: Path) -> Findings:
    """Read `analysis.json`.

    Parameters
    ----------
    path
        The file.
    records
        `results.jsonl`, from which it must have been made.

    Raises
    ------
    InputError
        If there is none, it is damaged, or the results have changed since.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"No {path.name} in {path.parent}: run alignlab study analyze first; every number of "
            "the paper comes from it."
        ) from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise InputError(
            f"{path} is damaged: {error}. Run alignlab study analyze again."
        ) from error
    if not isinstance(held, dict) or held.get("format") != ANALYSIS_FORMAT:
        raise InputError(
            f"{path} is not of the format {ANALYSIS_FORMAT!r}. Run alignlab study analyze again."
        )
    if not records.is_file() or sha256_of_file(records) != held.get("results"):
        raise InputError(
            f"{path} was made from other results than {records.name} holds now. Run alignlab "
            "study analyze again."
        )
    return Findings(
        numbers=held.get("numbers", {}),
        tables=held.get("tables", {}),
        figures=held.get("figures", {}),
        deviations=tuple(held.get("deviations", ())),
        folder=path.parent,
    )


def number_text(value: float, form: str = "", *, digits: int | None = None) -> str:
    """Return a number as people print it: a true minus, commas from a thousand, no `e-05`.

    Parameters
    ----------
    value
        The number.
    form
        A format in Python's words; empty for three significant digits, whole numbers in full.
    digits
        Decimals to show instead, where an interval says how many are known.

    Examples
    --------
    >>> number_text(-0.08123), number_text(30), number_text(0.0000123), number_text(0.5, ".0%")
    ('−0.0812', '30', '1.23 × 10⁻⁵', '50%')
    """
    if form:
        if form.endswith("d"):
            if value != int(value):
                raise InputError(f"{value} is not a whole number, as the format {form!r} wants.")
            value = int(value)
        text = format(value, form)
    elif digits is not None:
        text = f"{value:,.{digits}f}"
    elif float(value).is_integer() and abs(value) < 1e15:
        text = f"{int(value):,}"
    elif 1e-4 <= abs(value) < 1e6:
        places = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:.2e}"
    if not re.search(r"[1-9]", text):
        text = text.removeprefix("-")
    base, _, power = text.partition("e")
    if power and "e" not in form:
        raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        text = f"{base} × 10{raised}"
    return text.replace("-", "−")


def _decimals(held: Mapping[str, Any]) -> int | None:
    """Return the decimals at which the interval's half width has two significant digits."""
    low, high = held.get("low"), held.get("high")
    if low is None or high is None or not high > low:
        return None
    return decimals(float(low), float(high))
