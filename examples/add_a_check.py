"""Add a check of your own: how often the model is sure of itself and wrong.

python examples/add_a_check.py

In a package of yours, put the function into a module and name that module as an entry point of the
group `alignlab.checks`; then every `alignlab audit` on the machine runs it.
"""

import alignlab
from alignlab.audit import AuditContext, Check, Finding, Limit, check, verdict
from alignlab.audit.conformance import assert_conforms
from alignlab.intervals import share_estimate
from alignlab.measures import effective_size

SURE = 0.95


@check(
    "performance.sure_and_wrong",
    question="How often is the model sure of itself, and wrong?",
    needs=("classification", "probabilities"),
    limit=Limit(0.02, "at most", "share of rows decided surely and wrongly", "our house rule"),
    limit_range=(0, 1),
)
def sure_and_wrong(check: Check, context: AuditContext) -> Finding:
    """Count the rows that are decided wrongly with a high probability."""
    answers = context.answers
    wrong = (answers.probabilities.max(axis=1) >= SURE) & (answers.decisions != answers.outcomes)
    effective = effective_size(answers.shares)  # as many as the rows, unless they are weighted
    share = share_estimate(
        answers.shares @ wrong, effective, rows=len(answers), level=context.level
    )
    limit = check.limit_in(context)
    summary = f"{share.value:.1%} of the decisions are sure ({SURE:.0%} or more) and wrong."
    return check.finding(verdict(share, limit), summary, estimates={"share": share}, limit=limit)


if __name__ == "__main__":
    assert_conforms("performance.sure_and_wrong")

    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer(as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(data.data[::2], data.target[::2])
    result = alignlab.audit(
        model, data.frame[1::2], target="target", checks=["performance.sure_and_wrong"]
    )
    (finding,) = result.findings
    print(f"{finding.status}: {finding.summary}")
