"""The planned analysis of a study's runs: estimates, tests, verdicts, tables and figures.

Everything follows from `study.yaml` and `results.jsonl`; the same results give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from alignlab.errors import InputError
from alignlab.files import sha256_of_file, write_all
from alignlab.intervals import Estimate
from alignlab.plain import to_json
from alignlab.study.analysis.arranging import Runs, arrange
from alignlab.study.analysis.figures import Figure, analysis_figures
from alignlab.study.analysis.hypotheses import Answer, answer_hypotheses
from alignlab.study.analysis.measured import Part, measure_parts
from alignlab.study.analysis.tables import analysis_tables
from alignlab.study.folder import StudyFolder
from alignlab.study.plans.registration import deviations
from alignlab.study.runs.loading import study_sources
from alignlab.study.runs.records import Record, line, planned_runs, read_log, read_results
from alignlab.study.spec import StudySpec
from alignlab.tables import Table

__all__ = ["StudyAnalysis", "analyze"]

FORMAT = "alignlab analysis 1"


@dataclass(frozen=True, eq=False)
class StudyAnalysis:
    """What a study's runs say.

    Attributes
    ----------
    study
        Its name.
    results
        The SHA-256 of `results.jsonl`, or of the records as that file would hold them.
    registration
        The registration's digest; `None` where the study is not registered.
    deviations
        What departs from it, a sentence each.
    numbers
        Every number that a paper may ask for, by name.
    hypotheses
        What the runs say of each.
    parts
        Each measure in each part of the study, by name.
    tables, figures
        By name.
    planned, done, failed
        Runs.
    """

    study: str
    results: str
    registration: str | None
    deviations: tuple[str, ...]
    numbers: Mapping[str, Mapping[str, Any]]
    hypotheses: tuple[Answer, ...]
    parts: Mapping[str, Part]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    planned: int
    done: int
    failed: int

    @property
    def headline(self) -> str:
        """How many runs there are, and how many hypotheses are supported."""
        runs = f"{self.done:,} of {self.planned:,} runs gave their measures, {self.failed} failed"
        if not self.hypotheses:
            return f"{runs}; no hypothesis is stated."
        kinds: list[str] = [each.verdict.kind for each in self.hypotheses]
        said = {"supported": "supported", "not supported": "not", "cannot tell": "open"}
        counts = ", ".join(f"{kinds.count(kind)} {word}" for kind, word in said.items())
        word = "hypothesis" if len(kinds) == 1 else "hypotheses"
        return f"{runs}. Of {len(kinds)} {word}: {counts}."

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values: what `analysis.json` holds."""
        return {
            "format": FORMAT,
            "study": self.study,
            "results": self.results,
            "registration": self.registration,
            "deviations": list(self.deviations),
            "numbers": {name: dict(each) for name, each in self.numbers.items()},
            "hypotheses": [each.to_dict() for each in self.hypotheses],
            "tables": {name: each.to_dict() for name, each in self.tables.items()},
            "figures": {name: each.to_dict(_file(name)) for name, each in self.figures.items()},
        }

    def write(self, study: StudyFolder) -> None:
        """Write `analysis.json` and the figures into a study's folder."""
        drawn = {_file(name).partition("/")[2]: e.chart.svg() for name, e in self.figures.items()}
        if drawn:
            write_all(study.figures, drawn)
        write_all(study.root, {study.analysis_path.name: to_json(self.to_dict())})


def analyze(
    study: StudyFolder | StudySpec,
    records: Iterable[Record] | None = None,
    *,
    unfinished: bool = False,
) -> StudyAnalysis:
    """Analyse a study's runs as it was planned.

    Use it once all runs are there. To look before is to choose when to stop; where it is done all
    the same, it is listed among the deviations.

    Parameters
    ----------
    study
        A study's folder, whose `results.jsonl` is read, or a statement.
    records
        With a statement: one a run.
    unfinished
        Whether to go on where runs are not there yet.

    Raises
    ------
    InputError
        If there are no results, or they are another study's, or runs are not there yet.

    References
    ----------
    [agarwal2021deep], [miller2024adding], [holm1979simple]
    """
    registration: str | None = None
    departed: tuple[str, ...] = ()
    if isinstance(study, StudyFolder):
        spec, held = study.spec, read_results(study.records_path)
        name, digest = study.records_path.name, sha256_of_file(study.records_path)
        registration = None if study.registration is None else str(study.registration["digest"])
        _require_logged(study, held)
        departed = _deviations(study, held)
    else:
        spec, held, name = study, tuple(records or ()), "records"
        digest = ""
    runs = arrange(spec, held, name=name)
    digest = digest or _digest(runs)
    missing = runs.planned - len(runs.records)
    if not runs.records:
        raise InputError(f"{name} holds no run. alignlab study run makes them.")
    if missing and not unfinished:
        raise InputError(
            f"{missing} of {runs.planned} runs are not there yet: alignlab study run makes them. "
            "--unfinished looks at the others, which is then listed as a deviation."
        )
    if missing:
        seen = f"Looked at before all runs were there: {len(runs.records)} of {runs.planned}."
        departed = (*departed, seen)
    answers, parts = answer_hypotheses(runs), measure_parts(runs)
    return StudyAnalysis(
        study=spec.study,
        results=digest,
        registration=registration,
        deviations=departed,
        numbers=_numbers(runs, answers, parts),
        hypotheses=answers,
        parts=parts,
        tables=analysis_tables(runs, answers, parts),
        figures=analysis_figures(runs, answers, parts),
        planned=runs.planned,
        done=len(runs.records) - len(runs.failed),
        failed=len(runs.failed),
    )


def _digest(runs: Runs) -> str:
    """Return what the SHA-256 of `results.jsonl` would be, whatever the order of the records."""
    lines = []
    for each in runs.records.values():
        told = each.to_dict()
        for key, names in (
            ("configuration", runs.spec.factors),
            ("measures", sorted(runs.spec.measures)),
        ):
            told[key] = {name: told[key][name] for name in names if name in told[key]}
        lines.append(line(told))
    return sha256("".join(lines).encode()).hexdigest()


def _require_logged(study: StudyFolder, records: Iterable[Record]) -> None:
    """Refuse results that are not what the log says; a folder may have come without its log."""
    if not study.log_path.exists():
        return
    logged = read_log(study.log_path)
    for number, each in enumerate(records, start=1):
        if logged.get(each.run) != each:
            raise InputError(
                f"{study.records_path}:{number} is not what {study.log_path.name} holds: it was "
                "changed by hand, or a run was stopped. alignlab study run writes it anew."
            )


def _deviations(study: StudyFolder, records: Iterable[Record]) -> tuple[str, ...]:
    """Return what departs from the registration, and results that the files no longer give."""
    # A folder that came without its code or data can still be read.
    try:
        said = deviations(study)
        now = {each.run for each in planned_runs(study.spec, study_sources(study.root, study.spec))}
    except InputError as error:
        return (f"What else departs from the plan cannot be told: {error}",)
    stale = sum(each.run not in now for each in records)
    if stale:
        were = "result is" if stale == 1 else "results are"
        said = (*said, f"{stale} {were} of code or data that have changed since.")
    return said


def _numbers(
    runs: Runs, answers: tuple[Answer, ...], parts: Mapping[str, Part]
) -> dict[str, dict[str, Any]]:
    spec = runs.spec
    made: dict[str, dict[str, Any]] = {
        "runs": {"value": runs.planned},
        "done": {"value": len(runs.records) - len(runs.failed)},
        "failed": {"value": len(runs.failed)},
        "missing": {"value": runs.planned - len(runs.records)},
        "configurations": {"value": len(spec.configurations())},
        "runs_per_configuration": {"value": spec.seeds},
        "level": {"value": spec.analysis.level},
        "family": {"value": sum(spec.measures[e.stated.measure].primary for e in answers)},
    }
    for each in answers:
        name, unit = each.name, each.unit
        made |= {
            f"{name}.difference": _estimate(each.difference, unit),
            f"{name}.p": {"value": each.p_value, "method": each.test},
            f"{name}.p_adjusted": {"value": each.p_adjusted},
            f"{name}.effect_size": _estimate(each.effect_size, ""),
            f"{name}.improvement": _estimate(each.improvement, ""),
            f"{name}.exact_p": {"value": each.flips.p_value},
            f"{name}.attainable_p": {"value": each.attainable},
            f"{name}.smallest_effect": {"value": each.stated.smallest_effect, "unit": unit},
            f"{name}.pairs": {"value": each.pairs.planned - each.pairs.lost},
            f"{name}.pairs_planned": {"value": each.pairs.planned},
            f"{name}.says": {"text": each.stated.says},
            f"{name}.verdict": {"text": each.verdict.sentence},
        }
    for name, part in parts.items():
        unit = spec.measures[part.measure].unit
        made[name] = _estimate(part.mean, unit)
        made[f"{name}.iqm"] = _estimate(part.iqm, unit)
    return made


def _estimate(found: Estimate, unit: str) -> dict[str, Any]:
    return {**found.to_dict(), "unit": unit}


def _file(name: str) -> str:
    return f"figures/{name}.svg"
