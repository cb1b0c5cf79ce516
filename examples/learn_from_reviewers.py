"""People correct a model's decisions; it learns from them, each as far as they can be trusted.

python examples/learn_from_reviewers.py

Here three made-up reviewers answer through the same door as the site: two are careful, one hardly
looks. Who is which is found out from their answers alone, and `alignlab review serve loans` would
let people take their place.
"""

import numpy as np

from alignlab.oversight import (
    Advice,
    Item,
    Review,
    Settings,
    corrected_labels,
    dawid_skene,
    export,
)

CAREFUL = {"ana": 0.95, "bo": 0.9, "cy": 0.55}


def application(row, label):
    return Item(
        key=f"row {row}",
        content={"form": "text", "text": f"Application {row}"},
        choices=["no", "yes"],
        advice=Advice(label, 0.7),
        source={"row": row},
    )


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    truth = np.where(rng.random(80) < 0.5, "yes", "no")
    wrong = rng.random(80) < 0.25
    labels = np.where(wrong, np.where(truth == "yes", "no", "yes"), truth)

    review = Review.create(
        "loans",
        [application(row, str(label)) for row, label in enumerate(labels)],
        settings=Settings(overlap=3, arms=("none",)),
    )
    for name, care in CAREFUL.items():
        review.invite(name)
        while (case := review.next(name)) is not None:
            right = str(truth[int(case.key[4:])])
            other = "no" if right == "yes" else "yes"
            said = right if rng.random() < care else other
            review.submit(name, case.lease, {"decision": said})

    answers = list(review.answers())
    found = dawid_skene(
        [each.key for each in answers],
        [each.reviewer for each in answers],
        [each.answer["decision"] for each in answers],
    )
    trusted = dict(zip(found.raters, found.accuracy.tolist(), strict=True))
    for name, accuracy in trusted.items():
        print(f"{name} is right in {accuracy:.0%}")
    after = corrected_labels(answers, reliability=trusted).applied(labels)
    print(f"{len(after.changed)} labels changed")
    print(
        f"right before: {(labels == truth).mean():.0%}, now: {(after.labels == truth).mean():.0%}"
    )
    print(export(review, "loans.parquet", format="parquet", pseudonyms=True))
