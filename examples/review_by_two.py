"""Have two people review the tumours that a model is least sure of, and see how far they agree.

python examples/review_by_two.py

The people are simulated here. With real ones, `alignlab review serve` takes the place of the loop.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from alignlab.oversight.agreement import cohen_kappa
from alignlab.oversight.making import case_items, worth_of
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X = X[["mean radius", "mean texture", "mean concavity"]]
model = LogisticRegression(max_iter=1000).fit(X[::2], y[::2])
cases, truth = X[1::2].reset_index(drop=True), y[1::2].reset_index(drop=True)
said = model.predict_proba(cases)
worth = worth_of(uncertainty=1 - said.max(axis=1))

items = case_items(
    cases, said, [0, 1], rows=worth.argsort()[::-1][:40], worth=worth, truth=truth,
    labels={"0": "malignant", "1": "benign", "target": "the tumour"}, called_case="Tumour",
)  # fmt: skip
rules = {
    "ana": lambda cells: float(cells["mean radius"]) < 15,
    "ben": lambda cells: float(cells["mean concavity"]) < 0.08,
}

with TemporaryDirectory() as folder:
    settings = Settings(title="Tumours", overlap=2, arms=("none",))
    with Review.create(Path(folder, "tumours"), items, settings=settings) as review:
        for name, benign in rules.items():
            review.invite(name)
            while (case := review.next(name)) is not None:
                decision = "benign" if benign(dict(case.content["cells"])) else "malignant"
                review.submit(name, case.lease, {"decision": decision})
        answers = list(review.answers())
        print(f"{len(answers)} answers; head {review.head.hash[:12]}")

by_name = {
    name: {each.key: each.answer["decision"] for each in answers if each.reviewer == name}
    for name in rules
}
keys = sorted(by_name["ana"])
kappa = cohen_kappa([by_name["ana"][key] for key in keys], [by_name["ben"][key] for key in keys])
print(kappa.headline)
