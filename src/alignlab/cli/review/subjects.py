"""What a review is about, read from a person's words: cases, a model's answers, what happened.

With a target the audit's own reading is used, so that what `alignlab audit` takes is taken here and
means the same. Without one (cases whose outcome is not known yet) the model is asked, or its
predictions read, and nothing is known of what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from alignlab.audit.spec import AuditSpec
    from alignlab.datasets import ImageData
    from alignlab.predictors import Predictor

__all__ = ["Subject", "read_subject"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """What a review is about; arrays have one entry a case.

    Attributes
    ----------
    name
        What the data are called.
    classes
        Their names, in the model's order.
    decisions
        The model's, as positions in `classes`.
    probabilities
        Shape (n, n_classes), or `None`.
    frame
        The whole table; of images, their columns.
    features
        What the model reads, or what describes a case.
    images
        The images, or `None`.
    target
        The column of what happened, or `None`.
    truth
        What happened, as class names, or `None`.
    groups
        Each case's slice in words, or `None`; and the columns that it is made of.
    guarded
        The columns of the groups.
    favourable
        The class that people want, or `None`.
    utilities, asking_cost
        As stated, or `None`.
    predictor
        The model, or `None` where there are its predictions only.
    """

    name: str
    classes: tuple[str, ...]
    decisions: NDArray[np.intp]
    probabilities: NDArray[np.float64] | None
    frame: pd.DataFrame
    features: pd.DataFrame
    images: ImageData | None = None
    target: str | None = None
    truth: NDArray[Any] | None = None
    groups: NDArray[Any] | None = None
    guarded: tuple[str, ...] = ()
    favourable: str | None = None
    utilities: NDArray[np.float64] | None = None
    asking_cost: float | None = None
    predictor: Predictor | None = None

    def __len__(self) -> int:
        return len(self.decisions)


def read_subject(
    spec: AuditSpec, *, asking_cost: float | None, allow_pickle: bool, trust: Sequence[str]
) -> Subject:
    """Read cases and a model's answers.

    Parameters
    ----------
    spec
        What was said, as of an audit.
    asking_cost
        What asking costs, where it was said by itself.
    allow_pickle, trust
        As of `load_model`.

    Raises
    ------
    AlignlabError
        If something cannot be used.
    """
    from alignlab.audit.images import images_given
    from alignlab.errors import InputError

    if (spec.model is None) == (spec.predictions is None):
        said = "both are given" if spec.model is not None else "neither is given"
        raise InputError(
            f"a review is about a model (--model) or its predictions (--predictions), and {said}; "
            "pairs to compare are given with --pairs."
        )
    images = None if spec.data is None else images_given(spec.data)
    if spec.target is not None or images is not None:
        return _audited(spec, asking_cost, allow_pickle, trust)
    if spec.task == "regression":
        raise InputError("--task regression: people decide between classes. Give a model of such.")
    if spec.model is not None:
        return _of_model(spec, asking_cost, allow_pickle, trust)
    return _of_predictions(spec, asking_cost)


def _audited(
    spec: AuditSpec, asking_cost: float | None, allow_pickle: bool, trust: Sequence[str]
) -> Subject:
    """Read what an audit would read."""
    from dataclasses import fields

    from alignlab.audit.inputs import Request, read_study
    from alignlab.errors import InputError

    known = {each.name for each in fields(Request)} - {"reference", "review", "checks", "limits"}
    stated = {name: value for name, value in spec.options().items() if name in known}
    if asking_cost is not None:
        stated["utilities"] = {k: v for k, v in (spec.utilities or {}).items() if k != "ask"}
    study = read_study(
        Request(**stated, asking_cost=asking_cost, allow_pickle=allow_pickle, trust=trust)
    )
    context = study.context
    if context.task == "regression":
        raise InputError(
            f"{spec.target!r} is a number, and people decide between classes. Give a target with "
            "classes, or cut it into ranges."
        )
    return Subject(
        name=study.data["name"],
        classes=context.classes,
        decisions=context.decisions.astype("intp"),
        probabilities=context.probabilities,
        frame=context.frame,
        features=context.features,
        images=context.images,
        target=study.data["target"],
        truth=context.outcome_labels,
        groups=_slices(context.frame, spec.groups),
        guarded=_columns(spec.groups),
        favourable=context.favourable_label or None,
        utilities=context.utilities,
        asking_cost=context.asking_cost,
        predictor=context.predictor,
    )


def _of_model(
    spec: AuditSpec, asking_cost: float | None, allow_pickle: bool, trust: Sequence[str]
) -> Subject:
    """Ask a model about rows whose outcome is not known."""
    from alignlab.audit.inputs import stated_utilities
    from alignlab.cli.predicted_data import Reading, opened, read_rows
    from alignlab.datasets import read_table
    from alignlab.errors import InputError

    if spec.data is None:
        raise InputError("A model needs rows to be asked about: give them with --data FILE.")
    reading = Reading(
        model=str(spec.model),
        target=None,
        by=None,
        classes=spec.classes,
        features=spec.features,
        task=spec.task,
        allow_pickle=allow_pickle,
        trust=trust,
    )
    predictor = opened(reading, None)
    rows, predictor = read_rows(spec.data, predictor, reading, labelled=False)
    if predictor.task == "regression":
        raise InputError(
            f"The model {predictor.name!r} predicts numbers, and people decide between classes."
        )
    answers = predictor(rows.X)
    frame = read_table(spec.data).reset_index(drop=True)
    utilities, cost = stated_utilities(spec.utilities, asking_cost, predictor.class_names)
    return Subject(
        name=rows.name,
        classes=predictor.class_names,
        decisions=predictor.decide(answers).astype("intp"),
        probabilities=answers if predictor.probabilistic else None,
        frame=frame,
        features=rows.X.reset_index(drop=True),
        groups=_slices(frame, spec.groups),
        guarded=_columns(spec.groups),
        favourable=_favourable(spec, predictor.class_names),
        utilities=utilities,
        asking_cost=cost,
        predictor=predictor,
    )


def _of_predictions(spec: AuditSpec, asking_cost: float | None) -> Subject:
    """Read what a model answered about rows whose outcome is not known."""
    from alignlab.audit.inputs import stated_utilities
    from alignlab.datasets import read_table
    from alignlab.errors import InputError
    from alignlab.oversight.making import predicted_answers

    path = str(spec.predictions)
    frame = read_table(path).reset_index(drop=True)
    if spec.data is not None:
        beside = read_table(spec.data).reset_index(drop=True)
        if len(beside) != len(frame):
            raise InputError(
                f"{spec.data} has {len(beside)} rows and {path} {len(frame)}: they must be the "
                "same rows in the same order."
            )
        frame = beside.join(frame[[name for name in frame.columns if name not in beside.columns]])
    if spec.prediction is None and spec.probability is None:
        raise InputError(
            f"Say which columns of {Path(path).name} hold the model's answers, with --prediction "
            "or --probability."
        )
    found = predicted_answers(
        frame, prediction=spec.prediction, probability=spec.probability, classes=spec.classes
    )
    utilities, cost = stated_utilities(spec.utilities, asking_cost, found.classes)
    left = [name for name in frame.columns if name not in found.columns]
    return Subject(
        name=Path(spec.data or path).name,
        classes=found.classes,
        decisions=found.decisions,
        probabilities=found.probabilities,
        frame=frame,
        features=frame[left],
        groups=_slices(frame, spec.groups),
        guarded=_columns(spec.groups),
        favourable=_favourable(spec, found.classes),
        utilities=utilities,
        asking_cost=cost,
    )


def _slices(frame: pd.DataFrame, groups: Sequence[str]) -> NDArray[Any] | None:
    """Return each case's slice in words, such as "race Black & sex Female"; by the first named."""
    import numpy as np

    from alignlab.datasets import grouping

    if not groups:
        return None
    found = grouping(frame, groups[0])
    names = groups[0].split("*")
    told = [
        " & ".join(f"{name} {part}" for name, part in zip(names, label.split(" & "), strict=False))
        for label in found.labels
    ]
    return np.array(told, dtype=object)[found.codes]


def _columns(groups: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for name in groups for column in name.split("*")))


def _favourable(spec: AuditSpec, classes: tuple[str, ...]) -> str | None:
    from alignlab.errors import InputError, listed
    from alignlab.predictors import class_positions

    if spec.favourable is None:
        return None
    try:
        return classes[class_positions([spec.favourable], classes)[0]]
    except InputError:
        raise InputError(
            f"--favourable {spec.favourable} is none of the classes {listed(map(repr, classes))}."
        ) from None
