"""Does a model hold within a threat? Each row is broken, certified or undecided.

Certificates first, for nothing is cheaper than a proof; then the attacks in their order, each on
the rows that are still open; then the model is asked again about every finished row, as a person
would ask it, and only what it gets wrong there, within the threat to the last bit, is broken.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from alignlab.errors import InputError, require_choice
from alignlab.progress import ProgressCallback, track
from alignlab.random import RowStreams, row_streams
from alignlab.robustness.attacked import AttackedModel, BudgetSpentError
from alignlab.robustness.attacks.auto import VERSIONS, planned
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.masking import (
    MaskingWarning,
    Outcome,
    detect_masking,
    require_evaluation_mode,
)
from alignlab.robustness.neighbours import nearby_rows
from alignlab.robustness.results import ANOTHER_ROW, AS_IT_IS, AttackRun, RobustnessResult
from alignlab.robustness.search import Attack, Search
from alignlab.robustness.subjects import Subject, as_subject
from alignlab.robustness.threats import Threat

if TYPE_CHECKING:
    import torch

__all__ = ["auto_attack", "evaluate_robustness"]

SLAB_BYTES = 2**25
"""Bytes of rows that one search holds; it keeps about ten numbers for each."""

ROWS, ROWS_OF_OTHERS = 256, 10_000
"""Rows in one pass through a module, and through any other model."""


def evaluate_robustness(
    model: Any,
    X: Any,
    y: Any,
    threat: Threat,
    *,
    attacks: str | Attack | Sequence[str | Attack] = "efficient",
    classes: Sequence[Hashable] | None = None,
    certify: bool = True,
    masking: bool = True,
    batch_rows: int | None = None,
    seed: int = 0,
    level: float = 0.95,
    seconds: float | None = None,
    known: RobustnessResult | None = None,
    progress: ProgressCallback | None = None,
) -> RobustnessResult:
    """Attack a model, certify it where that is possible, and say what is known of each row.

    Use it for any classifier: with gradients (a torch module), or without (a scikit-learn
    estimator, a function from rows to probabilities). For a table whose columns have limits of
    their own give a `TabularThreat`.

    Parameters
    ----------
    model
        A torch module in evaluation mode that returns logits, a fitted estimator, a function from
        rows to probabilities, or a Predictor. It is not changed.
    X
        n rows: floats of shape (n, ...), or a data frame.
    y
        Their true classes, shape (n,).
    threat
        What may be done to a row, such as `Linf(0.1)`.
    attacks
        "efficient", "standard" (AutoAttack as published), or attacks by name or as objects, in
        order.
    classes
        The classes of a module or function, in the order of its answers; `None` numbers them.
    certify
        Whether to prove what can be proved.
    masking
        Whether to look for signs that gradients are hidden rather than absent.
    batch_rows
        Rows in one pass; changes no verdict. `None` takes 256 for modules, and for other models,
        whose calls cost more than their rows, 10,000.
    seed
        Decides all starts and draws, for each row by itself.
    level
        The level of the intervals.
    seconds
        When to stop attacking; what was found by then stands. `None` for never.
    known
        An earlier result for the same rows, whose witnesses are tried before anything else.
    progress
        Told of each attack.

    Returns
    -------
    RobustnessResult

    Raises
    ------
    InputError
        If something given cannot be used; the message says what to do.
    ModelError
        If the model raises or answers something else than it should.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from alignlab.robustness.threats import Linf
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X, y)
    >>> result = evaluate_robustness(model, X, y, Linf(0.2, low=0, high=8))
    >>> result.accuracy.value > result.robust_accuracy.value
    True
    """
    started = perf_counter()
    _require_settings(batch_rows, seconds, level)
    subject = as_subject(model, X, y, threat, classes=classes)
    asked = subject.predictor.rows_evaluated
    chosen = planned(attacks, subject)
    attacked = AttackedModel(
        subject.predictor,
        decode=None if subject.has_gradients else subject.for_model,
        batch_rows=batch_rows or (ROWS if subject.has_gradients else ROWS_OF_OTHERS),
        deadline=None if seconds is None else started + seconds,
    )
    require_evaluation_mode(attacked, subject.x)
    for attack in chosen:  # without rows it does nothing but refuse a threat that it does not know
        attack(_search(attacked, subject, [], row_streams(seed, 0)))
    with attacked:
        verdicts = _Verdicts(subject, attacked)
        method = _certified(verdicts) if certify or threat.radius == 0 else ""
        if known is not None:
            _take_up(known, verdicts)
        nearby = nearby_rows(subject.x, subject.y, verdicts.decisions, verdicts.open, threat)
        verdicts.offer(*nearby, ANOTHER_ROW)
        runs: list[AttackRun] = []
        names = [attack.name for attack in chosen]
        stopped = False
        for attack in track(chosen, total=len(chosen), name=_name, callback=progress):
            if len(verdicts.open) and not stopped:
                again = names[: len(runs)].count(attack.name)
                run, stopped = _attack(attacked, attack, verdicts, (seed, again))
                runs.append(run)
        warnings = _signs(attacked, chosen, verdicts, seed) if masking and runs else ()
    return RobustnessResult(
        threat=str(threat),
        radius=float(threat.radius),
        status=verdicts.status,
        broken_by=verdicts.by,
        witnesses=subject.as_given(verdicts.witnesses),
        certificate=method,
        attacks=tuple(runs),
        warnings=warnings,
        forward_rows=subject.predictor.rows_evaluated - asked,
        backward_rows=attacked.backward_rows,
        seconds=perf_counter() - started,
        model_seconds=attacked.seconds,
        stopped=stopped,
        level=level,
    )


def auto_attack(
    model: Any,
    X: Any,
    y: Any,
    threat: Threat,
    *,
    version: Literal["efficient", "standard"] = "standard",
    **options: Any,
) -> RobustnessResult:
    """Attack with AutoAttack as published, or with our own order of it, and certify nothing.

    Use "standard" to compare with published numbers, "efficient" for the same verdicts at a small
    part of the passes.

    Parameters
    ----------
    model, X, y, threat
        As for `evaluate_robustness`.
    version
        "standard" or "efficient"; see `attacks.auto`.
    **options
        Further options of `evaluate_robustness`.

    Returns
    -------
    RobustnessResult

    References
    ----------
    [croce2020reliable]

    Examples
    --------
    >>> import torch
    >>> from alignlab.robustness.threats import Linf
    >>> module = torch.nn.Linear(2, 4).eval()
    >>> x = torch.tensor([[0.2, 0.4], [0.6, 0.9]])
    >>> auto_attack(module, x, module(x).argmax(1), Linf(0.0), version="efficient").accuracy.value
    1.0
    """
    require_choice(version, VERSIONS, what="version")
    return evaluate_robustness(model, X, y, threat, attacks=version, certify=False, **options)


@dataclass(eq=False)
class _Verdicts:
    """What is known of each row so far.

    Attributes
    ----------
    subject
        The model and the rows.
    attacked
        The same model, which says how many rows it takes at once and how long it takes.
    witnesses
        Rows that it gets wrong, beside rows as they are.
    status, by
        As in the result.
    decisions
        What the model decides for the rows as they are.
    """

    subject: Subject
    attacked: AttackedModel
    witnesses: torch.Tensor = field(init=False)
    status: Any = field(init=False)
    by: Any = field(init=False)
    decisions: Any = field(init=False)

    def __post_init__(self) -> None:
        x, n = self.subject.x, len(self.subject.x)
        self.witnesses = x.clone()
        self.status = np.full(n, "undecided", dtype="<U9")
        self.by = np.full(n, "", dtype="<U40")
        self.decisions = self._decided(x)
        wrong = np.flatnonzero(self.decisions != self.subject.y.cpu().numpy())
        self._break(wrong, x[wrong], AS_IT_IS)

    @property
    def open(self) -> Any:
        """Positions of the rows of which nothing is known."""
        return np.flatnonzero(self.status == "undecided")

    def offer(self, at: Any, candidates: torch.Tensor, name: str) -> int:
        """Break rows by candidates that hold when the model is asked again; return how many."""
        if not len(at):
            return 0
        wrong = self._decided(candidates) != self.subject.y[at].cpu().numpy()
        inside = self.subject.threat.allows(candidates, self.subject.x[at]).cpu().numpy()
        held = wrong & inside
        self._break(at[held], candidates[held], name)
        return int(held.sum())

    def _decided(self, x: torch.Tensor) -> Any:
        started, predictor = perf_counter(), self.subject.predictor
        parts = [self.subject.for_model(part) for part in x.split(self.attacked.batch_rows)]
        decided = np.concatenate([predictor.decide(predictor(part)) for part in parts])
        self.attacked.seconds += perf_counter() - started
        return decided

    def _break(self, at: Any, candidates: torch.Tensor, name: str) -> None:
        self.witnesses[at] = candidates
        self.status[at] = "broken"
        self.by[at] = name


def _take_up(known: RobustnessResult, verdicts: _Verdicts) -> None:
    """Break what an earlier result's witnesses break."""
    if len(known) != len(verdicts.status):
        raise InputError(f"known= is of {len(known)} rows and X has {len(verdicts.status)}.")
    at = np.flatnonzero(known.broken & (verdicts.status == "undecided"))
    moved = verdicts.subject.moved(known.witnesses)[at]
    for name in np.unique(known.broken_by[at]):
        mine = known.broken_by[at] == name
        verdicts.offer(at[mine], moved[mine], str(name))


def _certified(verdicts: _Verdicts) -> str:
    """Certify what can be certified, break what an exact method breaks; say how."""
    subject, at = verdicts.subject, verdicts.open
    if subject.threat.radius == 0:
        verdicts.status[at] = "certified"
        return "the row itself is all that is allowed"
    from alignlab.robustness.certificates import certify

    found = certify(subject.predictor, subject.x[at], subject.y[at], subject.threat)
    if found is None:
        return ""
    verdicts.status[at[found.holds.cpu().numpy()]] = "certified"
    broken = found.broken.cpu().numpy()
    if broken.any():
        verdicts.offer(at[broken], found.witnesses[broken], found.method)
    return str(found.method)


def _search(model: AttackedModel, subject: Subject, at: Any, streams: RowStreams) -> Search:
    return Search(model, subject.threat, subject.x[at], subject.y[at], streams)


def _attack(
    model: AttackedModel, attack: Attack, verdicts: _Verdicts, seed: tuple[int, int]
) -> tuple[AttackRun, bool]:
    """Run one attack on the open rows; return what it did, and whether the time is over."""
    started, asked, backward = perf_counter(), model.predictor.rows_evaluated, model.backward_rows
    subject, open_rows = verdicts.subject, verdicts.open
    reported = broke = 0
    stopped = False
    for at in _slabs(open_rows, subject.x):
        streams = row_streams(seed[0], at, "attack", attack.name, str(seed[1]))
        search = _search(model, subject, at, streams)
        try:
            attack(search)
        except BudgetSpentError:
            stopped = True
        broken = search.broken.cpu().numpy()
        reported += int(broken.sum())
        broke += verdicts.offer(at[broken], search.witnesses[broken], attack.name)
        if stopped:
            break
    run = AttackRun(
        attack.name if not seed[1] else f"{attack.name} {seed[1] + 1}",
        asked=len(open_rows),
        broke=broke,
        forward_rows=model.predictor.rows_evaluated - asked,
        backward_rows=model.backward_rows - backward,
        seconds=perf_counter() - started,
        unconfirmed=reported - broke,
    )
    return run, stopped


def _signs(
    model: AttackedModel, chosen: Sequence[Attack], verdicts: _Verdicts, seed: int
) -> tuple[MaskingWarning, ...]:
    """Return the signs that gradients hide something from the attacks that follow them."""
    gradients = [attack.needs_gradients for attack in chosen]
    after = chosen[gradients.index(True) :] if any(gradients) else []
    blind = [attack.name for attack in after if not attack.needs_gradients]
    outcome = Outcome(
        right=verdicts.by != AS_IT_IS,
        open=verdicts.status == "undecided",
        missed=np.isin(verdicts.by, blind),
        gradients=any(gradients),
    )
    subject = verdicts.subject
    return detect_masking(model, subject.x, subject.y, subject.threat, outcome, seed=seed)


def _slabs(rows: Any, x: torch.Tensor) -> Iterator[Any]:
    size = max(1, SLAB_BYTES // max(1, x[0].numel() * x.element_size()))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _name(attack: Attack) -> str:
    return attack.name


def _require_settings(batch_rows: int | None, seconds: float | None, level: float) -> None:
    if batch_rows is not None:
        require_whole(batch_rows=batch_rows)
    if not 0 < level < 1:  # said before hours of attacks, not after
        raise InputError(f"level={level!r} is not between 0 and 1. Give one, such as level=0.95.")
    if seconds is not None and not seconds > 0:
        raise InputError(f"seconds={seconds!r} is not above 0; None sets no limit.")
