"""Agreement: whether people who judge the same cases of this model judge them alike."""

from typing import Any

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.charts import Table
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.oversight.agreement import dawid_skene, krippendorff_alpha
from alignlab.oversight.statistics import labels_of

FEWEST = 20
"""Cases that two people answered: of fewer, nothing is said."""

TENTATIVE = 0.667
"""Below this alpha even tentative conclusions are unsafe [krippendorff2004reliability]."""


@check(
    "oversight.agreement",
    question="Do people who judge the same cases agree?",
    needs=("review",),
    limit=Limit(float("nan"), "at least", "Krippendorff's alpha of people's answers", "none"),
    limit_range=(-1, 1),
    evidence=("nist.govern-3.2", "nist.map-3.5", "eu.annex-iv-2e", "iso.a-9-3"),
)
def agreement(check: Check, context: AuditContext) -> Finding:
    """Measure how far people agree in the review that came with the audit."""
    assert context.review is not None
    # Everybody may be right on planted cases, which were chosen to be clear.
    plain = [each for each in context.review if each.gold is None]
    cases = [each for each in plain if each.kind == "decide"]
    item, person, label = labels_of(cases or plain)
    if not item:
        return check.finding("not applicable", "Not applicable: no case was answered.")
    found = krippendorff_alpha(item, person, label, level=context.level)
    if found.items < FEWEST:
        return check.finding(
            "not enough data",
            f"{found.items} cases were answered by two people or more, too few to say whether "
            "people agree.",
        )
    if found.undefined:
        return check.finding("not enough data", found.headline)
    limit = check.limit_in(context)
    return check.finding(
        verdict(found.estimate, limit),
        _summary(found.estimate, found.items, found.raters),
        estimates={"Krippendorff's alpha": found.estimate},
        limit=limit,
        advice=_advice(found.estimate),
        tables=_tables(item, person, label, context.level),
    )


def _summary(alpha: Estimate, items: int, people: int) -> str:
    said = f"alpha {alpha.value:.2f}, where 1 is full agreement and 0 that of chance"
    about = f"{people} people, {items:,} cases that two or more of them answered"
    if alpha.low > 0:
        return f"People agree more than by chance ({said}): {about}."
    if alpha.high < 0:
        return f"People agree less than by chance ({said}): {about}."
    return f"That people agree more than by chance cannot be seen ({said}): {about}."


def _advice(alpha: Estimate) -> tuple[str, ...]:
    if alpha.low > TENTATIVE:
        return ()
    return (
        "Write down how the cases that people disagree on are to be decided, and let several "
        "people answer each (alignlab review create --overlap 3).",
    )


def _tables(
    item: list[str], person: list[str], label: list[Any], level: float
) -> tuple[Table, ...]:
    """Return each person's reliability, under a number: a report travels, names need not."""
    try:
        found = dawid_skene(item, person, label, level=level)
    except InputError:
        return ()
    frame = found.to_frame()
    rows = tuple(
        (f"person {at}", *(_cell(value) for value in row[1:]))
        for at, row in enumerate(frame.itertuples(index=False), start=1)
    )
    columns = ("person", *(str(column) for column in frame.columns[1:]))
    return (Table("What each person's answers are worth, by all people's answers", columns, rows),)


def _cell(value: object) -> str | float | int | None:
    if isinstance(value, float):
        return value if value == value else None
    return value if isinstance(value, int) else str(value)
