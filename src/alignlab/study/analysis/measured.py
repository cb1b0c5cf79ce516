"""Each measure in each part of the study: its mean and its interquartile mean, with intervals.

The parts are the conditions (all factors but those that are tasks), each configuration, and each
level of each factor. Runs of one replicate and task share its seeds, so where a part holds several
they are averaged first and count as one; the mean is over tasks, each weighted alike. An interval
is cut where the measure cannot go on: that holds no less often.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from alignlab.intervals import Estimate
from alignlab.study.analysis.arranging import Runs, Sample
from alignlab.study.reading import level_text
from alignlab.study.spec import Level, Measure
from alignlab.study.statistics import estimate_difference, interquartile_mean

__all__ = ["Part", "conditions", "measure_parts", "name_of"]

Levels = Mapping[str, Level]


@dataclass(frozen=True, eq=False)
class Part:
    """One measure in one part of the study.

    Attributes
    ----------
    name
        Such as "accuracy.training=adversarial".
    measure, levels
        Which measure, and the levels that the part is of.
    mean, iqm
        Over its replicates.
    sample
        The numbers.
    """

    name: str
    measure: str
    levels: Levels
    mean: Estimate
    iqm: Estimate
    sample: Sample


def conditions(runs: Runs) -> tuple[Levels, ...]:
    """Return all combinations of the factors that are not tasks, in the statement's order."""
    tasks = runs.spec.analysis.tasks
    kept = [
        {name: level for name, level in each.items() if name not in tasks}
        for each in runs.spec.configurations()
    ]
    return tuple(each for at, each in enumerate(kept) if each not in kept[:at])


def measure_parts(runs: Runs) -> dict[str, Part]:
    """Return each measure in each part, by name; parts that are the same come once."""
    found: dict[str, Part] = {}
    for measure, stated in runs.spec.measures.items():
        for levels in _parts(runs):
            name = name_of(measure, levels)
            if name not in found:
                found[name] = _part(runs, name, measure, stated, levels)
    return found


def name_of(measure: str, levels: Levels) -> str:
    """Return what a measure in a part of the study is called.

    Examples
    --------
    >>> name_of("accuracy", {"training": "adversarial", "data": "pets"})
    'accuracy.training=adversarial.data=pets'
    """
    return ".".join([measure, *(f"{name}={level_text(level)}" for name, level in levels.items())])


def _parts(runs: Runs) -> Iterator[Levels]:
    yield from conditions(runs)
    yield from runs.spec.configurations()
    for name, levels in runs.spec.factors.items():
        for level in levels:
            yield {name: level}


def _part(runs: Runs, name: str, measure: str, stated: Measure, levels: Levels) -> Part:
    sample = runs.sample(measure, levels)
    plan = runs.spec.analysis
    mean = estimate_difference(
        list(sample.values),
        generalise=plan.generalise if len(sample.tasks) > 1 else "seeds",
        clusters=list(sample.clusters),
        level=plan.level,
    )
    iqm = interquartile_mean(list(sample.values), level=plan.level)
    return Part(name, measure, levels, _cut(mean, stated), _cut(iqm, stated), sample)


def _cut(estimate: Estimate, stated: Measure) -> Estimate:
    """Return an estimate whose limits are what the measure can be; NaN stays NaN."""
    low, high = estimate.low, estimate.high
    if stated.low is not None and low < stated.low:
        low = stated.low
    if stated.high is not None and high > stated.high:
        high = stated.high
    return replace(estimate, low=low, high=high)
