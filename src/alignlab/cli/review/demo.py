"""`alignlab review demo`: real mortgage decisions, a model's, to judge in a browser at once.

The model is a logistic regression, fitted in a moment on half of the 2,380 applications that come
with alignlab. It reads neither race nor family status, and not the insurance that is refused in the
course of the decision. Of the other half the cases are shown that it is least sure of.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.review.options import Host, NoBrowser, Port, typed

if TYPE_CHECKING:
    from alignlab.cli.review.gathering import Gathered
    from alignlab.oversight.review import Review

__all__ = ["YOU", "borderline", "demo"]

YOU = "you"

TITLE = "Mortgage applications, Boston 1990"

LABELS = {
    "yes": "deny",
    "no": "approve",
    "deny": "the application",
    "pirat": "payments to income",
    "hirat": "housing expense to income",
    "lvrat": "loan to value",
    "chist": "consumer credit score (1 is best)",
    "mhist": "mortgage credit score (1 is best)",
    "phist": "public bad credit record",
    "unemp": "unemployment in the industry (%)",
    "selfemp": "self-employed",
    "condomin": "condominium",
    "hschool": "high-school diploma",
}

NUMBERS = ["pirat", "hirat", "lvrat", "chist", "mhist", "unemp"]
WORDS = ["phist", "selfemp", "condomin", "hschool"]


def demo(
    project: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PROJECT]",
            help="A folder to keep it in, or one that holds a demo. [default: a temporary one]",
            show_default=False,
        ),
    ] = None,
    cases: Annotated[int, typer.Option(metavar="N", help="How many applications.")] = 40,
    arms: Annotated[
        str,
        typer.Option(
            metavar="ARM[,ARM…]",
            help="What is shown beside a case: none, advice, confidence, explanation, on demand, "
            "own first.",
        ),
    ] = "explanation",
    host: Host = "127.0.0.1",
    port: Port = None,
    no_browser: NoBrowser = False,
) -> int:
    """Judge a model's mortgage decisions, at once.

    They are real, and so is the model. Everything stays on this machine.
    Ctrl-C ends it; what you said is kept, and where is printed.
    """
    from alignlab.cli.review.serve import say_the_end
    from alignlab.cli.review.site import link, run
    from alignlab.cli.terminal import printing
    from alignlab.errors import AlignlabError

    _require_site()
    review, place = _review(project, cases, arms)
    with review:
        token = review.invite(YOU, role="owner")

        def listening(address: str) -> str | None:
            target = link(address, token)
            with printing() as console:
                console.print("Open this, and decide with the keyboard:")
                console.print()
                console.print(f"  {target}", soft_wrap=True)
                console.print()
                console.print(f"Ctrl-C ends it. Answers are kept in {place}", soft_wrap=True)
            return None if no_browser else target

        try:
            run(review, host=host, port=port, listening=listening)
        except AlignlabError:
            if project is None:
                shutil.rmtree(place, ignore_errors=True)
            raise
        say_the_end(review)
        kept = project is not None or review.status().answers > 0
    if not kept:  # nobody would look for an empty review in a temporary folder
        shutil.rmtree(place, ignore_errors=True)
    return 0


def borderline(cases: int, *, explain: bool = True) -> Gathered:
    """Return the applications that the demo's model is least sure of, with their cards.

    Parameters
    ----------
    cases
        How many.
    explain
        Whether cards are made.

    Raises
    ------
    InputError
        If there are not so many.
    """
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from alignlab.cli.review.gathering import Wishes, gathered
    from alignlab.cli.review.subjects import Subject
    from alignlab.datasets import load_example
    from alignlab.errors import InputError
    from alignlab.predictors import as_predictor, class_positions

    table = load_example("mortgage").frame
    learned, shown = table[::2], table[1::2].reset_index(drop=True)
    if not 1 <= cases <= len(shown):
        raise InputError(f"--cases {cases}: there are {len(shown):,} applications; give 1 or more.")
    encode = make_column_transformer(
        (StandardScaler(), NUMBERS), (OneHotEncoder(drop="if_binary"), WORDS)
    )
    model = make_pipeline(encode, LogisticRegression(max_iter=1000))
    model.fit(learned[NUMBERS + WORDS], learned["deny"])
    predictor = as_predictor(model)
    features = shown[NUMBERS + WORDS]
    answers = predictor(features)
    subject = Subject(
        name="Boston mortgages, 1990",
        classes=predictor.class_names,
        decisions=predictor.decide(answers).astype("intp"),
        probabilities=answers,
        frame=shown,
        features=features,
        target="deny",
        truth=np.array(predictor.class_names, dtype=object)[
            class_positions(shown["deny"], predictor.classes)
        ],
        groups=np.where(shown["afam"] == "yes", "Black applicant", "other applicant"),
        favourable="no",
        predictor=predictor,
    )
    # Changes of a borderline case are all small, and take most of the time to find.
    wishes = Wishes(most=cases, explain=explain, alternatives=0, word="Application", labels=LABELS)
    return gathered(subject, wishes, seed=0)


def _require_site() -> None:
    """Raise now what serving would raise after a model was fitted."""
    from importlib.util import find_spec

    from alignlab.errors import MissingExtraError

    for name in ("uvicorn", "fastapi", "jinja2", "sqlalchemy", "alembic"):
        if find_spec(name) is None:
            raise MissingExtraError(name, "web", "The review site")


def _review(project: Path | None, cases: int, arms: str) -> tuple[Review, Path]:
    """Return the demo's review, made anew or gone on with, and its folder."""
    from alignlab.cli.review.stating import require_free, settings_of
    from alignlab.errors import InputError
    from alignlab.oversight.review import Review

    stated = {
        "title": TITLE,
        "question": "Would you approve this application?",
    }
    settings = settings_of(stated, arms, default=(), seed=0)
    if project is not None and (project / "project.json").exists():
        review = Review.open(project)
        if review.settings.title != TITLE:
            review.close()
            raise InputError(
                f"{project} holds another review, {review.settings.title!r}. It goes on with: "
                f"{typed('serve', project)}"
            )
        if any(each.name == YOU for each in review.reviewers()):
            review.revoke(YOU)  # the link was shown once: this makes another
        return review, project
    if project is not None:
        require_free(project, None)
    print(f"Fitting a model, and explaining {cases} of its decisions …", file=sys.stderr)
    found = borderline(cases, explain=bool({"explanation", "on demand"} & set(settings.arms)))
    place = project or Path(tempfile.mkdtemp(prefix="alignlab-demo-"))
    return Review.create(place, found.items, settings=settings), place
