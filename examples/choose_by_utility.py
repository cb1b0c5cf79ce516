"""Decide loans by what outcomes are worth to somebody who was asked, and ask where it pays.

    python examples/choose_by_utility.py

The person is simulated; replace `person` by a function that shows the question to a real one.
"""

import numpy as np

from alignlab.values import decision_policy, elicit_outcomes, simulated_person

# What each outcome is worth to the person is not known to the program, only to `person`.
person = simulated_person(
    {"bad loan": 0.0, "good one refused": 0.6, "bad one refused": 0.75, "good loan": 1.0},
    noise=0.02,
)
asked = elicit_outcomes(
    person, ["good one refused", "bad one refused"], worst="bad loan", best="good loan"
)
print(asked.answers[0].question)
print(asked.inconsistency)
for outcome, estimate in zip(asked.items, asked.utility().estimates, strict=True):
    print(f"{outcome}: {estimate}")

utilities = asked.utility().matrix(
    [["bad one refused", "good one refused"], ["bad loan", "good loan"]]
)
repay = np.random.default_rng(0).beta(4, 1.5, 1000)
policy = decision_policy(
    np.column_stack([1 - repay, repay]),
    utilities,
    names=["refuse", "lend"],
    asking_cost=0.05,
    reviewer_accuracy=0.95,
)
for region in policy.regions:
    print(f"{region.action} where repaying has a chance of {region.low:.2f} to {region.high:.2f}")
print(f"cases to ask about: {policy.share_asked}; gain per case: {policy.gain_from_asking}")
