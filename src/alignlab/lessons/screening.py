"""Step 5: two people screen the same papers, and say how far they agree beyond chance.

The labels stand in a CSV: key, title, and for each screener a column with include, exclude or
unsure, called by the screener's name, or "NAME decision" as `alignlab study literature` writes it.
What was settled afterwards does not count. Krippendorff's alpha of the labels, with its interval
over papers [hayes2007answering], is computed here anew and held against what the learner read off.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import yaml

from alignlab.errors import listed
from alignlab.lessons.form import Exercise, Files, Held
from alignlab.oversight.agreement import Alpha, krippendorff_alpha

__all__ = ["EXERCISE", "Labels", "agreement_of", "read_labels"]

TABLE, READ_OFF = "screening.csv", "agreement.yaml"
PAPERS = 30
BESIDE = ("key", "title", "abstract", "year", "link", "reason", "agreed", "agreed decision")
LABELS = ("include", "exclude", "unsure")
ROUNDED = 0.0005 + 1e-9
"""Three decimals are enough."""

TOPIC = "human-ai"

STORED = f"{PAPERS} papers screened by two people"
ALPHA = "Krippendorff's alpha as you read it off"
INTERVAL = "its 95% interval as you read it off"

STATEMENT = """\
# Step 5: how far do the two screeners agree beyond chance? Three decimals.
# alignlab study literature agreement prints it; so does alignlab.oversight.krippendorff_alpha.
alpha:
low:        # the lower end of its 95 % interval
high:       # the upper end
"""

Labels = dict[str, list[str | None]]
"""By screener, one label a paper; `None` where there is none yet."""


def _starter() -> Files:
    from alignlab.guide import references

    every = list(references().values())
    about = [each for each in every if TOPIC in each.keywords or "oversight" in each.keywords]
    chosen = [*about, *(each for each in every if each not in about)][:PAPERS]
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["key", "title", "link", "first", "second"])
    table.writerows([each.key, each.title, each.link, "", ""] for each in chosen)
    return {TABLE: stream.getvalue(), READ_OFF: STATEMENT}


def read_labels(path: Path) -> tuple[Labels, str]:
    """Return the screeners' labels of a list, and what is wrong with it; empty if nothing is."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
            columns = list(rows[0]) if rows else []
    except FileNotFoundError:
        return {}, f"there is no {path.name}"
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return {}, f"{path.name} cannot be read: {error}"
    if "key" not in columns:
        return {}, f"{path.name} has no column 'key'"
    screeners = {
        name: name.removesuffix(" decision")
        for name in columns
        if name and name not in BESIDE and not name.endswith(" reason")
    }
    labels: Labels = {name: [] for name in screeners.values()}
    for number, row in enumerate(rows, start=1):
        for column, name in screeners.items():
            said = (row[column] or "").strip().lower()
            if said and said not in LABELS:
                where = f"{path.name}, paper {number}"
                return {}, f"{where}: {said!r:.40} is none of {', '.join(LABELS)}"
            labels[name].append(said or None)
    return labels, ""


def agreement_of(labels: Labels) -> Alpha:
    """Return Krippendorff's alpha of screeners' labels, with its 95 % interval over papers."""
    import numpy as np

    matrix = np.array(list(labels.values()), dtype=object).T
    return krippendorff_alpha(matrix, metric="nominal", level=0.95)


def _check(folder: Path) -> tuple[Held, ...]:
    labels, wrong = read_labels(folder / TABLE)
    if wrong:
        advice = "The columns are key, title, abstract, and one for each screener, called by name."
        return (Held(STORED, False, wrong, advice),)
    pairs = zip(*labels.values(), strict=True) if len(labels) > 1 else iter(())
    both = sum(sum(each is not None for each in pair) >= 2 for pair in pairs)
    found = f"{both} screened twice, by {listed(labels) or 'nobody'}"
    stored = Held(
        STORED,
        both >= PAPERS,
        found,
        "Each screener has a column of their own: include, exclude or unsure. Decide alone.",
    )
    if not both:
        return (stored,)
    alpha = agreement_of(labels)
    if alpha.undefined:
        advice = "Where everybody says the same of every paper there is nothing to agree on."
        return (stored, Held(ALPHA, False, alpha.headline, advice))
    return (stored, *_read_off_held(folder / READ_OFF, alpha, labels))


def _read_off_held(path: Path, alpha: Alpha, labels: Labels) -> tuple[Held, Held]:
    estimate = alpha.estimate
    told, wrong = _numbers(path)
    if wrong:
        advice = "Write alpha, low and high, each with three decimals."
        return Held(ALPHA, False, wrong, advice), Held(INTERVAL, False, wrong, advice)
    right = abs(told["alpha"] - estimate.value) <= ROUNDED
    found = f"you say {told['alpha']:.3f}, recomputed {estimate.value:.3f} on {alpha.items} papers"
    raw = 1 - alpha.observed
    why = (
        f"{raw:.3f} is how often they say the same: alpha takes off what chance alone would give."
        if abs(told["alpha"] - raw) <= ROUNDED
        else "krippendorff_alpha of a matrix, a row a paper and a column a screener."
    )
    ends = max(abs(told["low"] - estimate.low), abs(told["high"] - estimate.high)) <= ROUNDED
    said = (
        f"you say [{told['low']:.3f}, {told['high']:.3f}], recomputed "
        f"[{estimate.low:.3f}, {estimate.high:.3f}]"
    )
    return (
        Held(ALPHA, right, found, why),
        Held(INTERVAL, ends, said, "Its estimate has .low and .high, at the level 0.95."),
    )


def _numbers(path: Path) -> tuple[dict[str, float], str]:
    names: Sequence[str] = ("alpha", "low", "high")
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return {}, f"{path.name} cannot be read: {' '.join(str(error).split())[:120]}"
    told = told if isinstance(told, dict) else {}
    blank = [name for name in names if told.get(name) is None]
    if blank:
        return (
            {},
            f"{listed(blank)} in {path.name} {'is' if len(blank) == 1 else 'are'} still blank",
        )
    bad = [name for name in names if not isinstance(told[name], int | float)]
    if bad or not all(math.isfinite(told[name]) for name in names):
        return {}, f"{listed(bad or names)} in {path.name} is no number"
    return {name: float(told[name]) for name in names}, ""


EXERCISE = Exercise(
    subject="screening",
    do=(
        "{folder}/screening.csv holds thirty works. The question: does it measure what people do "
        "with a model's advice? Two people write include or exclude, each alone, each in a column "
        "that you may name after them.",
        "Read off how far they agree, and write it into {folder}/agreement.yaml. A list of your "
        "own does as well: the screening.csv of alignlab study literature, which imports .bib, "
        ".ris and CSL-JSON, and has a browser for screeners.",
    ),
    starter=_starter,
    check=_check,
)
