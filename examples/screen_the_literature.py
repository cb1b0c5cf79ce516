"""Two people screen papers; what is likely missed when they stop at a third is said."""

import numpy as np

from alignlab.study.literature import Decision, Screening, Work, recall_of, screening_order

rng = np.random.default_rng(7)
relevant = rng.random(400) < 0.1
papers = tuple(
    Work(
        key=f"paper{n}",
        title=f"On {'fairness between groups' if is_ else 'fast hardware'}, {n}",
        abstract=" ".join(rng.choice(["model", "data", "groups", "speed", "fairness"], 4)),
    )
    for n, is_ in enumerate(relevant)
)

screening = Screening(papers, {"ana": {}, "bo": {}})
for _ in range(7):
    order = screening_order(screening)
    decided = {
        key: Decision("include") if relevant[int(key[5:])] else Decision("exclude", "off topic")
        for key in order.keys[:20]
    }
    screening = screening.by("ana", decided).by("bo", decided)

print(recall_of(screening, screening_order(screening).sample))
print(f"In truth, {relevant.sum()} are relevant.")
