"""Records as numbers: by task and replicate, in pairs, with what failed counted.

A hypothesis' difference is taken within pairs: the same task, the same levels of all other factors,
the same replicate. Where a task holds several such pairs of one replicate, they share its seeds, so
they are averaged first and count as one. A pair of which a run failed is missing, or the run counts
as its measure's `failed` says; either way it is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.study.reading import level_text
from alignlab.study.runs.records import Record
from alignlab.study.runs.seeds import seed_of
from alignlab.study.spec import Hypothesis, Level, StudySpec

__all__ = ["Pairs", "Runs", "Sample", "arrange", "said_levels"]

Floats = NDArray[np.float64]
Levels = Mapping[str, Level]
Key = tuple[Level, ...]


@dataclass(frozen=True, eq=False)
class Sample:
    """A measure's numbers in a part of the study, by task.

    Attributes
    ----------
    tasks
        Each task's levels; one empty mapping where there are none.
    clusters
        Each task's level of the outermost factor of tasks.
    values
        One number a replicate for each task: the mean over its configurations.
    planned, done, failed
        Runs asked for, those that gave their measures, and those that failed.
    """

    tasks: tuple[Levels, ...]
    clusters: tuple[str, ...]
    values: tuple[Floats, ...]
    planned: int
    done: int
    failed: int


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs that a hypothesis is about, by task.

    Attributes
    ----------
    tasks, clusters
        As in `Sample`.
    differences
        One number a replicate for each task: the measure at `of` less that at `against`.
    of, against
        The measure at each of the two levels.
    planned, lost
        Replicates by task asked for, and those missing for a run failed or is not there yet.
    counted
        Failed runs that count as what `measure.failed` says.
    """

    tasks: tuple[Levels, ...]
    clusters: tuple[str, ...]
    differences: tuple[Floats, ...]
    of: Sample
    against: Sample
    planned: int
    lost: int
    counted: int


@dataclass(frozen=True, eq=False)
class Runs:
    """The records of one study, checked against its statement.

    Attributes
    ----------
    spec
        The statement.
    records
        By configuration, then by replicate.
    """

    spec: StudySpec
    records: Mapping[tuple[Key, int], Record]

    @property
    def planned(self) -> int:
        """How many runs the statement asks for."""
        return len(self.spec.configurations()) * self.spec.seeds

    @property
    def failed(self) -> tuple[Record, ...]:
        """The runs that failed."""
        return tuple(each for each in self.records.values() if each.status == "failed")

    def sample(self, measure: str, levels: Levels) -> Sample:
        """Return a measure's numbers at some levels, over all levels of the other factors."""
        tasks = self._combined(self.spec.analysis.tasks, levels)
        values, keys = [], []
        for task in tasks:
            rest = self._combined(self.spec.factors, {**levels, **task})
            values.append(_means(np.array([self._row(measure, each) for each in rest])))
            keys += [(self._key(each), k) for each in rest for k in range(self.spec.seeds)]
        held = [self.records[key].status for key in keys if key in self.records]
        return Sample(
            tasks,
            self._clusters(tasks, levels),
            tuple(values),
            planned=len(keys),
            done=held.count("done"),
            failed=held.count("failed"),
        )

    def pairs(self, stated: Hypothesis) -> Pairs:
        """Return the pairs that a hypothesis is about."""
        where = dict(stated.where)
        tasks = self._combined(self.spec.analysis.tasks, where)
        differences = []
        for task in tasks:
            rest = self._combined(
                [name for name in self.spec.factors if name != stated.factor], {**where, **task}
            )
            grid = np.array(
                [
                    self._row(stated.measure, {**each, stated.factor: stated.of})
                    - self._row(stated.measure, {**each, stated.factor: stated.against})
                    for each in rest
                ]
            )
            differences.append(_means(grid))
        planned = self.spec.seeds * len(tasks)
        of, against = (
            self.sample(stated.measure, {**where, stated.factor: level})
            for level in (stated.of, stated.against)
        )
        counts = self.spec.measures[stated.measure].failed is not None
        return Pairs(
            tasks,
            self._clusters(tasks, where),
            tuple(differences),
            of,
            against,
            planned,
            planned - sum(map(len, differences)),
            of.failed + against.failed if counts else 0,
        )

    def _row(self, measure: str, configuration: Levels) -> Floats:
        """Return one number a replicate, NaN where there is none."""
        key = self._key(configuration)
        counts_as = self.spec.measures[measure].failed
        row = np.full(self.spec.seeds, np.nan)
        for replicate in range(self.spec.seeds):
            record = self.records.get((key, replicate))
            if record is not None and record.status == "done":
                row[replicate] = record.measures[measure]
            elif record is not None and counts_as is not None:
                row[replicate] = counts_as
        return row

    def _key(self, configuration: Levels) -> Key:
        return tuple(configuration[name] for name in self.spec.factors)

    def _combined(self, factors: Iterable[str], fixed: Levels) -> tuple[Levels, ...]:
        """Return all combinations of some factors' levels, in the statement's order."""
        names = [name for name in self.spec.factors if name in set(factors) or name in fixed]
        choices = [(fixed[name],) if name in fixed else self.spec.factors[name] for name in names]
        return tuple(dict(zip(names, each, strict=True)) for each in product(*choices))

    def _clusters(self, tasks: Sequence[Levels], fixed: Levels) -> tuple[str, ...]:
        free = [name for name in self.spec.analysis.tasks if name not in fixed]
        return tuple(level_text(task[free[0]]) if free else "" for task in tasks)


def arrange(spec: StudySpec, records: Iterable[Record], *, name: str = "results.jsonl") -> Runs:
    """Return the records of a study, checked against its statement.

    Parameters
    ----------
    spec
        The statement.
    records
        One a run.
    name
        What the records' file is called, for errors.

    Raises
    ------
    InputError
        If a record is of another study, comes twice, or lacks a measure.
    """
    known = {tuple(each.values()) for each in spec.configurations()}
    found: dict[tuple[Key, int], Record] = {}
    for number, record in enumerate(records, start=1):
        at = f"{name}:{number}"
        if set(record.configuration) != set(spec.factors):
            raise InputError(
                f"{at}: a run of the factors {', '.join(record.configuration) or 'none'}, and "
                f"study.yaml states {', '.join(spec.factors)}: these are results of another study. "
                "alignlab study run makes this one's."
            )
        key = tuple(record.configuration[factor] for factor in spec.factors)
        said = said_levels(record.configuration)
        if key not in known or not 0 <= record.replicate < spec.seeds:
            raise InputError(
                f"{at}: study.yaml asks for no run of {said}, replicate {record.replicate}. "
                "alignlab study run writes the results that it does ask for."
            )
        if record.seed != seed_of(spec.study, record.configuration, record.replicate):
            raise InputError(
                f"{at}: the seed {record.seed} is not that of {said}, replicate "
                f"{record.replicate}, in the study {spec.study!r}: these are results of another "
                "study. alignlab study run makes this one's."
            )
        if (key, record.replicate) in found:
            raise InputError(f"{at}: a second run of {said}, replicate {record.replicate}.")
        lacking = [each for each in spec.measures if each not in record.measures]
        if record.status == "done" and lacking:
            raise InputError(
                f"{at}: the run has no measure {lacking[0]!r}, which study.yaml states. alignlab "
                "study run makes it again."
            )
        found[key, record.replicate] = record
    order = {tuple(each.values()): at for at, each in enumerate(spec.configurations())}
    ordered = sorted(found, key=lambda each: (order[each[0]], each[1]))
    return Runs(spec, {key: found[key] for key in ordered})


def said_levels(levels: Levels) -> str:
    """Return levels as a person reads them.

    Examples
    --------
    >>> said_levels({"training": "adversarial", "frozen": True})
    'training = adversarial, frozen = true'
    """
    return ", ".join(f"{name} = {level_text(level)}" for name, level in levels.items())


def _means(grid: Floats) -> Floats:
    """Return the mean of each replicate over configurations, where all of them have a number."""
    means = grid.mean(axis=0)
    return means[np.isfinite(means)]
