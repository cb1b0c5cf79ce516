"""`alignlab train`: train a model by a file, and audit it before and after on rows held out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import torch

    from alignlab.training.fit import FitResult
    from alignlab.training.setup import Setup

__all__ = ["train"]

TEMPLATE = """\
# A training by alignlab. Run it with: alignlab train THIS_FILE

data = "digits"                    # a table, a .npz file or a folder of images, digits, mnist-5k
# target = "income"                # of a table: the column to learn
# groups = ["sex"]                 # columns to compare in the audit; the model does not read them
# favourable = ">50K"              # the target's value that people want to receive

model = "mlp"                      # linear, mlp, cnn, or package.module:Class
epochs = 20
measure = "robust accuracy"        # accuracy, loss, robust accuracy, worst gap in <column>
patience = 5
seed = 0
out = "trained"

[objective.adversarial]            # each term is a table; without any, cross_entropy alone
threat = "linf:0.1"                # of images: no pixel moves by more than 0.1
"""
"""A file to begin with."""

MODEL, BEFORE = "model", "before"
"""Folders of the trained model and of the one that it is compared with."""

TRAINING = {MODEL: "training", BEFORE: "training-before"}
"""Folders of their checkpoints and metrics."""

TEST = {False: "test.csv", True: "test.npz"}
"""The rows held out, of a table and of images."""


def train(
    context: typer.Context,
    spec: Annotated[
        Path,
        typer.Argument(
            metavar="TRAIN.toml", help="Says what is wanted: the data, the model, the objective."
        ),
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was stopped.")
    ] = False,
    init: Annotated[
        bool, typer.Option("--init", help="Write TRAIN.toml to begin with, and stop.")
    ] = False,
) -> int:
    """Train a model by a file, and audit it before and after.

    The directory that the file names as out gets model/ (which every command opens as a model),
    before/ (what it is compared with), their checkpoints and metrics, the rows held out as test.csv
    or test.npz, the reports of both, and comparison.json. Without a model to start from, "before"
    is the same network trained on the task alone.
    """
    from alignlab.errors import InputError, StoppedError
    from alignlab.files import require_writable, write_whole

    if init:
        if spec.exists():
            raise InputError(f"{spec} exists already: name another file.")
        write_whole(spec, TEMPLATE)
        print(f"{spec} is written. Edit it, and run: alignlab train {spec}")
        return 0
    from alignlab.cli.audit import _require_directory
    from alignlab.training.checkpoints import CHECKPOINT, holds_epochs
    from alignlab.training.setup import set_up
    from alignlab.training.spec import read_train_spec

    asked = read_train_spec(spec)
    out = Path(asked.out)
    _require_directory(out, named="as out")
    if holds_epochs(out / TRAINING[MODEL]) and not resume:
        raise InputError(
            f"{out} holds a training already. Go on with it by --resume, or name another "
            "directory as out."
        )
    if resume and not (out / TRAINING[MODEL] / CHECKPOINT).exists():
        raise InputError(
            f"There is no training to go on with in {out}. Leave --resume out to begin one."
        )
    require_writable(out)
    setup = set_up(asked)
    _say_setup(setup)
    module = setup.build()
    result = _fit(setup, module, MODEL, setup.objective, asked.measure, resume=resume)
    if len(result.history) > asked.epochs:
        raise InputError(
            f"{out} holds {len(result.history)} epochs, and {spec} asks for {asked.epochs}. Ask "
            "for at least as many, or name another directory as out."
        )
    try:
        before, name = _before(setup)
        _keep(setup, {MODEL: module, BEFORE: before}, learned=name != "untrained")
        _keep_test_rows(setup)
        modules = {MODEL: module, BEFORE: before}
        command = f"alignlab train {shlex.quote(str(spec))}"
        _deliver(setup, result, {name: BEFORE, "trained": MODEL}, modules, command)
    except KeyboardInterrupt:
        raise StoppedError(
            f"stopped after the training, which is kept in {out}; the reports are not all there. "
            f"Make them with: alignlab train {spec} --resume"
        ) from None
    return 0


def _fit(
    setup: Setup,
    module: torch.nn.Module,
    folder: str,
    objective: Any,
    measure: str,
    *,
    resume: bool,
) -> FitResult:
    from alignlab.training.fit import fit

    spec = setup.spec
    return fit(
        module,
        setup.train,
        objective,
        validation=setup.validation,
        epochs=spec.epochs,
        batch_rows=spec.batch_rows,
        optimizer=spec.optimizer,
        learning_rate=spec.learning_rate,
        schedule=spec.schedule,
        clip=spec.clip,
        measure=measure,
        threat=setup.threat,
        patience=spec.patience,
        out=Path(spec.out) / TRAINING[folder],
        resume=resume,
        seed=spec.seed,
        device=spec.device,
    )


def _before(setup: Setup) -> tuple[torch.nn.Module, str]:
    """Return the model to compare with, and what it is called."""
    from alignlab.training.checkpoints import CHECKPOINT
    from alignlab.training.terms.cross_entropy import CrossEntropy

    module = setup.build()
    if setup.start is not None:
        return module, "as it was"
    task_alone = list(setup.spec.objective) == [CrossEntropy.name]
    if task_alone or not setup.spec.baseline:
        return module, "untrained"
    place = Path(setup.spec.out) / TRAINING[BEFORE]
    resume = (place / CHECKPOINT).exists()
    _fit(setup, module, BEFORE, [CrossEntropy()], "accuracy", resume=resume)
    return module, "task alone"


def _keep(setup: Setup, modules: dict[str, torch.nn.Module], *, learned: bool) -> None:
    """Write both models; `learned` says whether the one before has seen rows, too."""
    import safetensors.torch

    from alignlab.files import write_all
    from alignlab.predictors.model_folder import WEIGHTS, model_files

    for folder, module in modules.items():
        if setup.architecture is not None:
            files = model_files(
                module,
                setup.architecture,
                inputs=setup.inputs,
                classes=setup.classes,
                trained_on=setup.trained_on if folder == MODEL or learned else None,
            )
        else:
            state = {
                name: value.detach().cpu().contiguous().clone()
                for name, value in module.state_dict().items()
            }
            files = {WEIGHTS: safetensors.torch.save(state)}
        write_all(Path(setup.spec.out) / folder, files)


def _keep_test_rows(setup: Setup) -> None:
    """Write the rows held out as people have them: to attack, to recalibrate, to explain."""
    from alignlab.datasets import write_images
    from alignlab.files import write_whole

    path = Path(setup.spec.out) / TEST[setup.images]
    if setup.images:
        write_images(path, setup.test_rows)  # type: ignore[arg-type]
    else:
        write_whole(path, setup.test_rows.to_csv(index=False, lineterminator="\n"))  # type: ignore


def _deliver(
    setup: Setup,
    result: FitResult,
    named: dict[str, str],
    modules: dict[str, torch.nn.Module],
    command: str,
) -> None:
    """Audit both models, write the reports and print what changed."""
    from alignlab.cli.before_after import audited, compared
    from alignlab.cli.terminal import printing
    from alignlab.files import write_all
    from alignlab.plain import to_json
    from alignlab.predictors import load_model

    out = Path(setup.spec.out)
    audits = {}
    for name, folder in named.items():
        if setup.architecture is not None:
            predictor = load_model(out / folder)  # what is measured is what was kept
        else:
            predictor = setup.predictor(modules[folder])
            predictor.name = setup.spec.model
        audits[name] = audited(setup, predictor, command=command)
        report = "report" if folder == MODEL else "report-before"
        audits[name].report.save(out / report)
    rows = compared(setup, audits)
    content = {"training": result.to_dict(), "rows": rows}
    write_all(out, {"comparison.json": to_json(content)})
    with printing() as console:
        _show(console, setup, result, list(audits), rows)


def _say_setup(setup: Setup) -> None:
    from alignlab.cli.terminal import printing

    with printing() as console:
        console.print(
            f"{Path(setup.spec.data).name}: {len(setup.train):,} rows to learn from, "
            f"{len(setup.validation):,} to choose the epoch by, {len(setup.test):,} to audit on."
        )


def _show(
    console: Any, setup: Setup, result: FitResult, names: list[str], rows: list[dict[str, Any]]
) -> None:
    from rich.table import Table

    from alignlab.errors import listed
    from alignlab.fairness import SMALLEST_GROUP

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(f"on {len(setup.test):,} held-out rows")
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(row["measure"], *(row[name]["said"] for name in names))
    if result.best_epoch:
        console.print(
            f"The best epoch is {result.best_epoch} of {len(result.history)} "
            f"({result.measure} {result.best:.3f} on the rows to choose by)."
        )
    else:
        console.print("No epoch could be kept: the model is as it was before training.")
    if result.stopped:
        console.print(f"Stopped early: {result.stopped}")
    console.print()
    console.print(table)
    for row in rows:
        if left_out := row.get("left_out"):
            console.print(
                f"{row['measure']}: without {listed(left_out)}, which have fewer than "
                f"{SMALLEST_GROUP} rows here."
            )
    console.print()
    out = Path(setup.spec.out)
    if setup.architecture is not None:
        console.print(f"Model: {out / MODEL}", soft_wrap=True)
    else:
        weights = out / MODEL / "weights.safetensors"
        console.print(f"Model: {weights}@{setup.spec.model}", soft_wrap=True)
    console.print(f"Held-out rows: {out / TEST[setup.images]}", soft_wrap=True)
    reports = [out / each / "report.json" for each in ("report-before", "report")]
    console.print(f"Row by row: alignlab compare {reports[0]} {reports[1]}", soft_wrap=True)
    console.print(f"Report: {out / 'report' / 'report.html'}", style="bold", soft_wrap=True)
