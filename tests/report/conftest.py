"""A result with everything a report must bear: all statuses, all charts, hostile strings."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.audit import AuditResult, Finding, Limit
from alignlab.charts import Chart, Table, bar_chart, interval_chart, line_chart
from alignlab.intervals import Estimate, share_estimate

NASTY = "<script>alert('x')</script> & \"Ω\" | *b* </script>"


LONG_METHOD = "pairs of rows; noncentral chi-square; the unbiased square is below 0, shown as 0"


def estimate(value: float, half: float = 0.03, n: int = 2380, method: str = "Clopper–Pearson"):
    return Estimate(value, value - half, value + half, 0.95, n, method)


def group_rows(names: list[str], seed: int) -> list[dict]:
    generator = np.random.default_rng(seed)
    rows = []
    for name in names:
        n = int(generator.integers(12, 900))
        found = share_estimate(round(float(generator.uniform(0.55, 0.95)), 2), n, rows=n)
        rows.append(
            {
                "group": name,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": n,
                "quiet": n < 100,
            }
        )
    return rows


def rate_chart() -> Chart:
    rows = [
        {**row, "grouping": grouping}
        for grouping, names in {
            "sex": ["female", "male", "(missing)"],
            "race": ["Black", "white", NASTY],
            "race*sex": ["Black & female", "Black & male", "white & female", "white & male"],
        }.items()
        for row in group_rows(names, len(names))
    ]
    return interval_chart(
        "Which share of each group is approved?",
        rows,
        x="approved (%)",
        facet="grouping",
        reference=0.82,
        reference_label="all rows",
    )


def calibration_chart() -> Chart:
    rows = [
        {"said": x, "was": min(1, x**1.15), "low": max(0, x - 0.06), "high": min(1, x + 0.06)}
        for x in (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
    ]
    return line_chart(
        "Does what is said happen as often?",
        rows,
        x="said",
        y="was",
        x_title="probability said (%)",
        y_title="share approved (%)",
        band=("low", "high"),
        diagonal=True,
    )


def flips_chart() -> Chart:
    rows = [
        {"size": size, "flips": size * slope, "group": name}
        for name, slope in (("Black", 0.31), ("white", 0.18), (NASTY[:20], 0.25))
        for size in (0.0, 0.05, 0.1, 0.2, 0.4)
    ]
    return line_chart(
        "How many decisions flip as the noise grows?",
        rows,
        x="size",
        y="flips",
        x_title="noise, in standard deviations",
        y_title="decisions that flip",
        series="group",
        percent=False,
    )


def importance_chart() -> Chart:
    names = ["debt to income", "credit history", "loan to value", "self employed", "insurance"]
    rows = [
        {"feature": name, "drop": 0.09 / rank, "low": 0.08 / rank, "high": 0.1 / rank}
        for rank, name in enumerate(names, start=1)
    ]
    return bar_chart(
        "Which columns do the answers depend on?",
        rows,
        x="accuracy lost (%)",
        y="feature",
        value="drop",
    )


@pytest.fixture(scope="session")
def result() -> AuditResult:
    gap = Limit(0.1, "at most", "largest gap in selection rate between groups")
    ratio = Limit(0.8, "at least", "smallest ratio of selection rates", "29 CFR 1607.4(D)")
    pairs = Table(
        "Pairs of groups, widest first",
        ("grouping", "group", "compared with", "gap", "from", "to", "rows"),
        tuple(
            (
                "race*sex",
                f"group {i}",
                NASTY if i == 3 else "white & male",
                0.19 - i / 100,
                0.1,
                0.25,
                90,
            )
            for i in range(30)
        ),
    )
    small = Table("Groups too small to tell", ("group", "rows"), (("(missing)", 4), (NASTY, 12)))
    findings = (
        Finding(
            "performance.accuracy",
            "performance",
            "How many answers are right?",
            "measured",
            "The model is right for 88.2% of the rows.",
            {"accuracy": estimate(0.882, 0.013)},
            evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
        ),
        Finding(
            "performance.baseline",
            "performance",
            "Is it better than always giving the same answer?",
            "pass",
            "The model removes 24% of the errors that the best constant answer makes.",
            {"skill": estimate(0.24, 0.06, method="influence function")},
            Limit(0.0, "at least", "skill over the best constant answer", "a constant answer"),
            evidence=("nist.measure-2.3",),
        ),
        Finding(
            "fairness.selection_rate",
            "fairness",
            "Are some groups given the favourable decision more often?",
            "fail",
            "Black applicants are approved 19.1 percentage points less often than white ones, and "
            "the limit is 10.",
            {
                "largest gap": estimate(0.191, 0.045, method="simultaneous, Bonferroni"),
                "gap by sex": estimate(0.012, 0.03, method="simultaneous, Bonferroni"),
                f"gap by {NASTY}": estimate(0.191, 0.045, method="simultaneous, Bonferroni"),
            },
            gap,
            advice=(
                "Look at the applicants between the two rates: alignlab audit --checks oversight.",
                f"Ask why {NASTY} matters here.",
            ),
            charts=(rate_chart(),),
            tables=(pairs, small),
            evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
        ),
        Finding(
            "fairness.four_fifths",
            "fairness",
            "Does every group reach four fifths of the highest rate?",
            "not enough data",
            "The lowest rate is 79% of the highest, and these rows cannot tell it from 80%.",
            {"smallest ratio": estimate(0.79, 0.06)},
            ratio,
            evidence=("nist.measure-2.11",),
        ),
        Finding(
            "fairness.group_error",
            "fairness",
            "Are the errors of a number larger for some groups?",
            "not applicable",
            "Not applicable: the model predicts a class, not a number.",
            evidence=("nist.measure-2.11",),
        ),
        Finding(
            "uncertainty.calibration",
            "uncertainty",
            "Do its probabilities come true as often as they say?",
            "measured",
            "On average the probabilities are 2.1 percentage points away from what happens.",
            {"calibration error": Estimate(0.021, 0.0, float("inf"), 0.95, 2380, LONG_METHOD)},
            charts=(calibration_chart(),),
            evidence=("nist.measure-2.9",),
        ),
        Finding(
            "transparency.importance",
            "transparency",
            "Which columns do the answers depend on?",
            "measured",
            "The answers depend most on the debt to income.",
            {
                "debt to income": estimate(0.09, 0.01),
                "nothing": Estimate(*[float("nan")] * 3, 0.95, 0, "none"),
            },
            charts=(importance_chart(),),
            evaluations=71_400,
            evidence=("nist.measure-2.9", "eu.annex-iv-2b"),
        ),
        Finding(
            "robustness.noise",
            "robustness",
            "Do small changes of the inputs flip decisions?",
            "pass",
            "At most 4.1% of the decisions flip when every number is off by a tenth.",
            {"share that flips": estimate(0.041, 0.008)},
            Limit(0.05, "at most", "share of decisions that flip"),
            charts=(flips_chart(),),
            evaluations=23_800,
            evidence=("nist.measure-2.6",),
        ),
        Finding(
            "oversight.asking",
            "oversight",
            "Which cases should a person see?",
            "not applicable",
            "Not applicable: nobody has stated utilities (utilities).",
            evidence=("nist.map-3.5",),
        ),
    )
    subject = {
        "alignlab": "0.1.0",
        "model": {
            "name": "mortgage model",
            "kind": "scikit-learn pipeline",
            "task": "classification",
            "classes": ["no", "yes"],
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "rows_evaluated": 97_580,
            "reading": "predict_proba",
        },
        "data": {
            "name": "Boston mortgage applications",
            "rows": 2380,
            "target": "approved",
            "groups": ["sex", "race", "race*sex"],
            "favourable": "yes",
            "weights": None,
            "control": None,
            "sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        },
        "settings": {
            "limits": {"fairness.selection_rate": 0.1},
            "level": 0.95,
            "seed": 0,
            "utilities": None,
            "asking_cost": None,
            "checks": None,
        },
        "reproduce": "alignlab audit --model model.skops --data mortgage.csv --target approved "
        "--groups 'sex,race,race*sex' --favourable yes --limit fairness.selection_rate=0.1",
    }
    return AuditResult(findings, subject, {"n": 2380, "fingerprint": "abc"})
