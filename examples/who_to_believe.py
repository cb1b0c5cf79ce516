"""Whom to believe, where nine people label 300 cases and one has the labels the wrong way round."""

import numpy as np

from alignlab.oversight.agreement import (
    dawid_skene,
    gold_accuracy,
    krippendorff_alpha,
    majority_vote,
)

PEOPLE = np.array(["Ann", "Bo", "Chidi", "Dana", "Eli", "Farah", "Gus", "Hana", "Ivo"])


def main() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(["fine", "harmful"], 300, p=[0.7, 0.3])
    skill = np.array([0.92, 0.85, 0.8, 0.9, 0.1, 0.75, 0.88, 0.55, 0.8])  # Eli's is inverted
    person = np.argsort(rng.random((300, 9)), axis=1)[:, :4].ravel()  # four people a case
    case = np.repeat(np.arange(300), 4)
    right = rng.random(1200) < skill[person]
    said = np.where(right == (truth[case] == "fine"), "fine", "harmful")

    print(krippendorff_alpha(case, PEOPLE[person], said).headline)
    found = dawid_skene(case, PEOPLE[person], said)
    print(found.to_frame()[["rater", "compared", "reliability", "low", "high"]].round(2))
    print(f"inverted: {', '.join(found.inverted)}")
    vote = majority_vote(case, PEOPLE[person], said)
    print(f"right: {(vote.labels == truth).mean():.0%} by vote, of which {vote.tied} cases are")
    print(f"tied, and {(found.labels == truth).mean():.0%} by what each person is worth")

    gold = case < 60
    checked = gold_accuracy(
        case[gold], PEOPLE[person][gold], said[gold], truth[case[gold]], least=0.6
    )
    print(checked.headline)


if __name__ == "__main__":
    main()
