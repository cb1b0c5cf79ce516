"""Did the change help? Five seeds on three data sets, paired, with an interval that is honest.

Run it with `python examples/did_it_help.py`.
"""

import numpy as np

from alignlab.study.statistics import (
    estimate_difference,
    interquartile_mean,
    probability_of_improvement,
    sign_flip_test,
    t_test,
)


def main():
    # Rows are data sets, columns are seeds; a seed's data split is the same before and after.
    before = np.array(
        [
            [0.842, 0.851, 0.838, 0.846, 0.849],
            [0.671, 0.690, 0.664, 0.683, 0.668],
            [0.757, 0.768, 0.771, 0.749, 0.762],
        ]
    )
    after = np.array(
        [
            [0.851, 0.858, 0.849, 0.851, 0.860],
            [0.684, 0.699, 0.671, 0.699, 0.676],
            [0.764, 0.781, 0.775, 0.761, 0.766],
        ]
    )
    for name, values in (("before", before), ("after", after)):
        print(f"{name:7} mean {estimate_difference(values)}   IQM {interquartile_mean(values)}")

    found, test = estimate_difference(after - before), t_test(after - before)
    print(f"paired difference  {found}, p = {test.p_value:.1g}")
    to_others = estimate_difference(after - before, generalise="tasks")
    print(f"for other data sets  {to_others}, from 3 of them")
    print(
        f"a run after beats one before with probability {probability_of_improvement(after, before)}"
    )
    signs = sign_flip_test(after - before)
    print(f"signs alone: p = {signs.p_value:.1g}, at best {signs.attainable:.1g}")


if __name__ == "__main__":
    main()
