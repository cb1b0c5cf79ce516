"""Find out from an experiment whether an explanation keeps people from taking wrong advice."""

import numpy as np

from alignlab.oversight.reliance import (
    Trials,
    compare_arms,
    measure_reliance,
    people_needed,
)

PEOPLE, ITEMS = 60, 16


def main() -> None:
    plan = people_needed(effect=-0.3, base=0.7, items=ITEMS // 2)
    print(f"{plan.people} people show a difference of 30 points with a chance of {plan.power:.0%}")

    # An experiment that has been run: half of the advice is wrong, by design.
    rng = np.random.default_rng(0)
    person, item = np.repeat(np.arange(PEOPLE), ITEMS), np.tile(np.arange(ITEMS), PEOPLE)
    arm = np.where(person % 2, "explanation", "advice")
    truth, wrong = (item // 2) % 2, item % 2 == 1
    advice = np.where(wrong, 1 - truth, truth)
    own = np.where(rng.random(len(item)) < 0.7, truth, 1 - truth)
    takes = np.where(wrong & (arm == "explanation"), 0.3, 0.7)
    final = np.where(rng.random(len(item)) < takes, advice, own)

    trials = Trials(
        person=person,
        item=item,
        truth=truth,
        own=own,
        advice=advice,
        final=final,
        arm=arm,
        stratum=np.where(wrong, "advice wrong", "advice right"),
    )
    print(compare_arms(trials, "over_reliance", reference="advice").headline)
    told = measure_reliance(trials, natural=0.87)
    for name in ("rair", "rsr", "accuracy"):
        print(name, told.at(name, "advice").estimate, told.at(name, "explanation").estimate)


if __name__ == "__main__":
    main()
